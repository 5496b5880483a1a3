package people

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
)

// Seal encrypts a short text for the browser whose cookie holds a token: the hub keeps it and
// cannot read it without that cookie. about says what it is, and must be the same to open it.
func Seal(t SessionToken, about string, text []byte) ([]byte, error) {
	c, err := sealer(t)
	if err != nil {
		return nil, err
	}
	return c.Seal(nil, nil, text, []byte(about)), nil
}

// Unseal gives the text that Seal encrypted; false: it was for another browser or another
// purpose.
func Unseal(t SessionToken, about string, sealed []byte) ([]byte, bool) {
	c, err := sealer(t)
	if err != nil {
		return nil, false
	}
	text, err := c.Open(nil, nil, sealed, []byte(about))
	return text, err == nil
}

// sealer is AES-256-GCM under a key of the token's own: the token's hash, which the hub
// keeps, gives it not.
func sealer(t SessionToken) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, t[:], nil, "badged seal", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
