// Package sitekey turns card numbers and claim codes into the 16-byte ids that a
// site stores and sends in their place (DESIGN: "at rest and on the wire a card is
// HMAC-SHA256(site key, number)[:16]"). The hub and every terminal of a site hold the
// same key; who lacks it learns nothing from an id.
package sitekey

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
)

// Size is the length of a key in bytes.
const Size = 32

// Key is the secret of one site. It is versioned, so that it can be rotated, and
// cannot be printed.
type Key struct {
	Version uint32
	b       [Size]byte
}

// New takes the bytes of a key.
func New(version uint32, b [Size]byte) Key { return Key{version, b} }

// Reveal gives the bytes, to store them or to hand them to a joining terminal.
func (k Key) Reveal() [Size]byte { return k.b }

// Format implements fmt.Formatter, so that no verb reaches the key.
func (Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[site key]") }

// MarshalText implements encoding.TextMarshaler with the same reticence.
func (Key) MarshalText() ([]byte, error) { return []byte("[site key]"), nil }

// Card is the id of the card with this canonical number.
func (k Key) Card(number string) [16]byte { return k.mac([]byte(number)) }

// Anonymous is the id of the account that an unknown card gets: two terminals that
// meet the same card while offline make the same account.
func (k Key) Anonymous(card [16]byte) [16]byte { return k.mac([]byte("anon"), card[:]) }

// Claim is what a site keeps of a claim's code, in place of its digits.
func (k Key) Claim(id [16]byte, code string) [16]byte {
	return k.mac([]byte("claim"), id[:], []byte(code))
}

func (k Key) mac(parts ...[]byte) (id [16]byte) {
	h := hmac.New(sha256.New, k.b[:])
	for _, p := range parts {
		h.Write(p)
	}
	copy(id[:], h.Sum(nil))
	return id
}
