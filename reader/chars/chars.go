// Package chars describes the text of badges that readers send or type as characters.
package chars

import (
	"bytes"
	"cmp"
	"fmt"

	"badged/internal/spelling"
	"badged/reader"
)

// Charset is the characters that a badge may have.
type Charset string

// The charsets.
const (
	Digits    Charset = "digits" // 0-9
	Hex       Charset = "hex"    // 0-9 A-F a-f
	Printable Charset = "text"   // of ASCII
)

// Has reports whether a badge may have the character.
func (c Charset) Has(b byte) bool {
	digit := '0' <= b && b <= '9'
	switch c {
	case Digits:
		return digit
	case Hex:
		return digit || 'A' <= b && b <= 'F' || 'a' <= b && b <= 'f'
	default:
		return ' ' <= b && b <= '~'
	}
}

// The bounds and defaults of a Shape.
const (
	MaxLength  = 256 // no badge is longer, whatever a Shape says
	DefaultMax = 64
)

// Shape describes a badge's text and what stands around it. The zero value, with its
// defaults, is 1 to 64 characters of printable ASCII and nothing around them.
type Shape struct {
	Prefix  string  // must stand in front of each badge, and is not part of it: ";"
	Suffix  string  // must stand behind each badge, and is not part of it: "?"
	Charset Charset // "": Printable
	Min     int     // characters without prefix and suffix; 0: 1
	Max     int     // the same; 0: DefaultMax
}

// WithDefaults returns the Shape with defaults for its zero fields.
func (s Shape) WithDefaults() Shape {
	s.Charset = cmp.Or(s.Charset, Printable)
	s.Min = cmp.Or(s.Min, 1)
	s.Max = cmp.Or(s.Max, max(DefaultMax, s.Min))
	return s
}

// Check fails if an option is out of range. Its error starts with the option's name.
func (s Shape) Check() error {
	if err := spelling.Word("charset", s.Charset, Digits, Hex, Printable); err != nil {
		return err
	}
	switch {
	case s.Min < 1 || s.Min > MaxLength:
		return fmt.Errorf("min %d: must be 1 to %d", s.Min, MaxLength)
	case s.Max < s.Min || s.Max > MaxLength:
		return fmt.Errorf("max %d: must be min (%d) to %d", s.Max, s.Min, MaxLength)
	}
	return nil
}

// Longest is the number of characters of the longest badge with prefix and suffix.
func (s Shape) Longest() int { return len(s.Prefix) + s.Max + len(s.Suffix) }

// Inside returns what stands between prefix and suffix; BadFrame if one is missing.
func (s Shape) Inside(p []byte) ([]byte, reader.Why) {
	p, prefixed := bytes.CutPrefix(p, []byte(s.Prefix))
	p, suffixed := bytes.CutSuffix(p, []byte(s.Suffix))
	if !prefixed || !suffixed {
		return nil, reader.BadFrame
	}
	return p, ""
}

// Wrong returns what is wrong with a badge without prefix and suffix; "": nothing.
func (s Shape) Wrong(badge []byte) reader.Why {
	for _, b := range badge {
		if !s.Charset.Has(b) {
			return reader.BadDigit
		}
	}
	if len(badge) < s.Min || len(badge) > s.Max {
		return reader.BadLength
	}
	return ""
}
