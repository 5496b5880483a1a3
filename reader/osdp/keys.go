package osdp

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"badged/internal/secret"
)

const keyLen = 16

// Key is a secure channel base key (SCBK), which one reader and its host share. It
// cannot be printed; its text is the 16 bytes.
type Key struct{ secret.Text }

// scbkD is the default key that every reader is made with (SIA OSDP 2.2, annex D.3.1).
var scbkD = Key{secret.New("0123456789:;<=>?")}

var (
	errKeyText = errors.New("a key is 32 hex digits")
	errWeakKey = errors.New("the key can be guessed: make a random one, for example with `openssl rand -hex 16`")
)

// ParseKey reads a key from 32 hex digits; white space around them does not count. Its
// error does not show them. A weak key is no error: see Weak.
func ParseKey(text string) (Key, error) {
	p, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil || len(p) != keyLen {
		return Key{}, errKeyText
	}
	return newKey(p), nil
}

// NewKey makes a key of random bytes.
func NewKey(random io.Reader) (Key, error) {
	var p [keyLen]byte
	if _, err := io.ReadFull(random, p[:]); err != nil {
		return Key{}, fmt.Errorf("make an OSDP key: %w", err)
	}
	if k := newKey(p[:]); !k.Weak() {
		return k, nil
	}
	return Key{}, fmt.Errorf("make an OSDP key: the random numbers are none")
}

func newKey(p []byte) Key { return Key{secret.New(string(p))} }

// Hex is the key in hex digits, for the file that it is kept in. It never goes to a log.
func (k Key) Hex() string { return hex.EncodeToString([]byte(k.Reveal())) }

// Weak reports whether the key is the default one or of the kinds that people make up
// and attackers try first: few different bytes, bytes that rise or fall by few different
// steps (the default key is one), a few bytes over and over, and letters and digits that
// were typed. (Bishop Fox, «Badge of Shame: Breaking into Secure Facilities with OSDP»,
// 2023, attack 4.) Of random keys, fewer than one in a billion is taken for weak.
func (k Key) Weak() bool {
	const fewBytes, fewSteps = 7, 6
	p := k.Reveal()
	return len(p) != keyLen || countKinds([]byte(p)) <= fewBytes || countKinds(byteSteps(p)) <= fewSteps || isRepeating(p) || isTyped(p)
}

// countKinds counts the different bytes.
func countKinds(p []byte) (n int) {
	var seen [256]bool
	for _, b := range p {
		if !seen[b] {
			seen[b] = true
			n++
		}
	}
	return n
}

// byteSteps gives by how much each byte is more than the one before.
func byteSteps(p string) []byte {
	d := make([]byte, len(p)-1)
	for i := range d {
		d[i] = p[i+1] - p[i]
	}
	return d
}

// isRepeating reports whether p is the same bytes over and over, up to three quarters of it.
func isRepeating(p string) bool {
	for n := 1; n <= len(p)*3/4; n++ {
		if p[n:] == p[:len(p)-n] {
			return true
		}
	}
	return false
}

// isTyped reports whether p is letters and digits in ASCII.
func isTyped(p string) bool {
	return !strings.ContainsFunc(p, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// tryGuesses gives the weak keys that are tried first: bytes that are the same, rise or
// fall by 1. It stops when try is true.
func tryGuesses(try func(Key) bool) (Key, bool) {
	var p [keyLen]byte
	for _, step := range []byte{1, 0, 0xFF} {
		for first := range 256 {
			for i := range p {
				p[i] = byte(first) + byte(i)*step
			}
			if k := newKey(p[:]); try(k) {
				return k, true
			}
		}
	}
	return Key{}, false
}
