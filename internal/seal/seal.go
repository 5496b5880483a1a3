// Package seal hides short texts so that only the holder of a key can read them again: the
// database keeps the sealed bytes, and the key stands elsewhere.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"

	"badged/internal/secret"
)

// ErrOther is the error of bytes that were sealed with another key or for another place, or
// were changed.
var ErrOther = errors.New("sealed with another key, or for another place")

// Box seals and opens. It cannot be printed.
type Box struct{ aead cipher.AEAD }

// NewBox derives the key of a box from a secret of at least 16 random bytes. Boxes of
// different purposes do not open what the others sealed.
func NewBox(key []byte, purpose string) (Box, error) {
	if len(key) < 16 {
		return Box{}, fmt.Errorf("make a box for %s: its key has %d bytes, 16 at least", purpose, len(key))
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "badged "+purpose, 32)
	if err != nil {
		return Box{}, fmt.Errorf("make a box for %s: %w", purpose, err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return Box{}, fmt.Errorf("make a box for %s: %w", purpose, err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return Box{aead}, err
}

// Seal hides a text. Open needs the same place, so that sealed bytes cannot be moved to
// another row.
func (b Box) Seal(text secret.Text, place []byte) []byte {
	return b.aead.Seal(nil, nil, []byte(text.Reveal()), place)
}

// Open gives a text that the same box sealed for the same place, or ErrOther.
func (b Box) Open(sealed, place []byte) (secret.Text, error) {
	plain, err := b.aead.Open(nil, nil, sealed, place)
	if err != nil {
		return secret.Text{}, ErrOther
	}
	return secret.New(string(plain)), nil
}

// Format implements fmt.Formatter, so that no verb reaches the key.
func (Box) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[box]") }
