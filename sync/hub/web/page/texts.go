package page

import "maps"

// texts are those that all parts share.
var texts = Texts{"fr": french, "en": english}

// Shared is what all parts share, as a part: its texts and templates.
func Shared() Part { return Part{Name: "page", Texts: texts} }

// MergeTexts puts the texts of several files together.
func MergeTexts(all ...map[string]string) map[string]string {
	out := make(map[string]string)
	for _, texts := range all {
		maps.Copy(out, texts)
	}
	return out
}
