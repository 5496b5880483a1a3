package people

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
)

// hidden stands for a token wherever one would be printed.
const hidden = "[hidden]"

// Token is the secret of a link: 128 random bits, of which the hub keeps a hash only. It
// cannot be printed.
type Token [16]byte

// NewToken draws a token.
func NewToken() (t Token) {
	_, _ = rand.Read(t[:]) // never fails
	return t
}

// ParseToken reads a token as Reveal writes it.
func ParseToken(s string) (t Token, ok bool) { return t, decodeToken(t[:], s) }

// Reveal is the token for the address of a link: 22 letters, digits, "-" and "_".
func (t Token) Reveal() string { return base64.RawURLEncoding.EncodeToString(t[:]) }

// Path is where the link of the token is on the hub's web.
func (t Token) Path() string { return "/lien/" + t.Reveal() }

// Hash is what the hub keeps of the token.
func (t Token) Hash() [32]byte { return sha256.Sum256(t[:]) }

// IsZero reports whether there is no token.
func (t Token) IsZero() bool { return t == Token{} }

// String implements fmt.Stringer.
func (Token) String() string { return hidden }

// Format implements fmt.Formatter, so that no verb reaches the token.
func (Token) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue implements slog.LogValuer.
func (Token) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText implements encoding.TextMarshaler, for JSON.
func (Token) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// SessionToken is the secret of a session: 256 random bits in a browser's cookie. It cannot
// be printed.
type SessionToken [32]byte

// NewSessionToken draws a token.
func NewSessionToken() (t SessionToken) {
	_, _ = rand.Read(t[:]) // never fails
	return t
}

// ParseSessionToken reads a token as Reveal writes it.
func ParseSessionToken(s string) (t SessionToken, ok bool) { return t, decodeToken(t[:], s) }

// Reveal is the token for a cookie: 43 letters, digits, "-" and "_".
func (t SessionToken) Reveal() string { return base64.RawURLEncoding.EncodeToString(t[:]) }

// Hash is what the hub keeps of the token.
func (t SessionToken) Hash() [32]byte { return sha256.Sum256(t[:]) }

// String implements fmt.Stringer.
func (SessionToken) String() string { return hidden }

// Format implements fmt.Formatter, so that no verb reaches the token.
func (SessionToken) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue implements slog.LogValuer.
func (SessionToken) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText implements encoding.TextMarshaler, for JSON.
func (SessionToken) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// decodeToken fills a token from its only text form, and reports whether it is one.
func decodeToken(into []byte, s string) bool {
	if len(s) != base64.RawURLEncoding.EncodedLen(len(into)) {
		return false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && copy(into, b) == len(into)
}
