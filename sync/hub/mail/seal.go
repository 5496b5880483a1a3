package mail

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
)

// Key seals what mails say. It is one of the hub's own keys, and not in the database: a copy
// of the database alone gives no link and no PIN away. It cannot be printed.
type Key struct{ b [32]byte }

// NewKey makes a key of 32 secret bytes.
func NewKey(b [32]byte) Key { return Key{b} }

// RandomKey makes a key that nobody else has.
func RandomKey() (k Key) {
	_, _ = rand.Read(k.b[:]) // never fails
	return k
}

// Format implements fmt.Formatter, so that no verb reaches the key.
func (Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[hidden]")) }

// LogValue implements slog.LogValuer.
func (Key) LogValue() slog.Value { return slog.StringValue("[hidden]") }

// MarshalText implements encoding.TextMarshaler.
func (Key) MarshalText() ([]byte, error) { return []byte("[hidden]"), nil }

func (k Key) cipher() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.b[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal encrypts fields with AES-256-GCM for one mail: they open for no other.
func (k Key) seal(id ID, f Fields) ([]byte, error) {
	text, err := json.Marshal(map[string]string(f))
	if err != nil {
		return nil, err
	}
	c, err := k.cipher()
	if err != nil {
		return nil, err
	}
	return c.Seal(nil, nil, text, id[:]), nil
}

// ErrSealed means that what a mail says cannot be read with the keys of this hub.
var ErrSealed = errors.New("what the mail says was sealed with other keys than this hub's")

// ErrWiped means that what a mail said is gone.
var ErrWiped = errors.New("what the mail said is wiped")

// Open gives the fields of a mail.
func (k Key) Open(m Mail) (Fields, error) {
	if m.Sealed == nil {
		return nil, ErrWiped
	}
	c, err := k.cipher()
	if err != nil {
		return nil, err
	}
	text, err := c.Open(nil, nil, m.Sealed, m.ID[:])
	if err != nil {
		return nil, ErrSealed
	}
	var f map[string]string
	err = json.Unmarshal(text, &f)
	return f, err
}
