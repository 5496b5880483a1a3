// Package sitekey turns card numbers and claim codes into the 16-byte ids that a
// site stores and sends in their place (DESIGN: "at rest and on the wire a card is
// HMAC-SHA256(site key, number)[:16]"). The hub and every terminal of a site hold the
// same key; who lacks it learns nothing from an id.
package sitekey

import (
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

// PIN is what a site keeps of a PIN, in place of its digits.
func (k Key) PIN(digits string) [16]byte { return k.mac([]byte("pin"), []byte(digits)) }

// Code is what the hub alone keeps of a code beside Claim: the same code gives the same
// value in all claims, so that codes that are too near are found.
func (k Key) Code(code string) [16]byte { return k.mac([]byte("code"), []byte(code)) }

// mac is HMAC-SHA256 of the parts, cut to 16 bytes, written out over Sum256 (RFC
// 2104, §2; the key is shorter than a block). It stands between a badge and its door:
// crypto/hmac makes several objects for each call, which costs a lone swipe, with cold
// caches, 9 µs instead of 2.
func (k Key) mac(parts ...[]byte) (id [16]byte) {
	var room [4 * sha256.BlockSize]byte
	inner := pad(room[:0], k.b, 0x36)
	for _, p := range parts {
		inner = append(inner, p...)
	}
	sum := sha256.Sum256(inner)
	clear(inner) // a number or a code
	var outer [sha256.BlockSize + sha256.Size]byte
	sum = sha256.Sum256(append(pad(outer[:0], k.b, 0x5c), sum[:]...))
	copy(id[:], sum[:])
	return id
}

// pad appends the key as a block in which every byte is XORed with by.
func pad(to []byte, key [Size]byte, by byte) []byte {
	for _, b := range key {
		to = append(to, b^by)
	}
	for range sha256.BlockSize - Size {
		to = append(to, by)
	}
	return to
}
