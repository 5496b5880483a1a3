package page

// texts are those that all parts share.
var texts = Texts{"fr": french, "en": english}

// Shared is what all parts share, as a part: its texts and templates.
func Shared() Part { return Part{Name: "page", Texts: texts} }
