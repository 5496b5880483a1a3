package printjobs

import (
	"strings"
	"unicode"
)

const (
	maxTitle = 120 // runes
	maxMarks = 4   // accents above one another, before they leave the line
	zwnj     = '\u200c'
	zwj      = '\u200d'
)

// CleanTitle makes of what a computer sent a text of one line that can be shown among others:
// no control characters, nothing that turns the direction of what follows, no towers of
// accents, and an end. Empty: nothing is left.
func CleanTitle(s string) string {
	var b strings.Builder
	n, marks := 0, 0
	for _, r := range strings.Join(strings.FieldsFunc(s, isBreak), " ") {
		switch {
		case unicode.IsMark(r):
			marks++
		default:
			marks = 0
		}
		if !unicode.IsPrint(r) && r != zwj && r != zwnj || marks > maxMarks {
			continue
		}
		if n++; n > maxTitle {
			b.WriteRune('…')
			break
		}
		b.WriteRune(r)
	}
	return strings.Trim(b.String(), " \u200c\u200d")
}

func isBreak(r rune) bool {
	return unicode.IsSpace(r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
}
