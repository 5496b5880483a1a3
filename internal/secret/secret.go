// Package secret holds text that must never be printed: card numbers, claim
// codes, PINs, one-time secrets. A Text shows itself as "[hidden]" to fmt, slog,
// JSON and TOML; the only way to the text is Reveal, which is easy to search for.
package secret

import (
	"fmt"
	"log/slog"
	"strings"
	"unsafe"
)

const hidden = "[hidden]"

// Text is a string that cannot be printed. It is comparable; the zero value is
// the empty text.
type Text struct{ s string }

// New hides a copy of s.
func New(s string) Text { return Text{strings.Clone(s)} }

// Wipe overwrites the text with zeros, in all copies of this Text: they share its memory.
// What made the text, and what Reveal gave to code that copied it, is beyond reach. The
// caller is the last who needs it.
func (t Text) Wipe() {
	if t.s != "" {
		clear(unsafe.Slice(unsafe.StringData(t.s), len(t.s))) // New made it on the heap, for this Text alone
	}
}

// Reveal returns the text. Callers hash it, compare it or hand it to the person
// whom it belongs to; they never log it.
func (t Text) Reveal() string { return t.s }

// Len is the number of bytes of the text.
func (t Text) Len() int { return len(t.s) }

// IsZero reports whether the text is empty.
func (t Text) IsZero() bool { return t.s == "" }

// String implements fmt.Stringer.
func (Text) String() string { return hidden }

// Format implements fmt.Formatter, so that no verb reaches the text.
func (Text) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue implements slog.LogValuer.
func (Text) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText implements encoding.TextMarshaler, for JSON and TOML.
func (Text) MarshalText() ([]byte, error) { return []byte(hidden), nil }
