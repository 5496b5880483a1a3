package password

import (
	"crypto/rand"
	"strings"

	"badged/internal/secret"
)

// letters are those of a proposed password: none looks like another.
const letters = "abcdefghjkmnpqrstuvwxyz23456789"

// The form of a proposed password, "k7pm-x4tq-9wzd-h2rn": 16 letters of 31, 79 bits.
const (
	groups    = 4
	groupSize = 4
)

// Propose draws a strong password that is easy to copy by hand.
func Propose() secret.Text {
	var b strings.Builder
	for i := range groups * groupSize {
		if i > 0 && i%groupSize == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(drawLetter())
	}
	return secret.New(b.String())
}

// drawLetter draws bytes until one stands for a letter, so that none comes more often.
func drawLetter() byte {
	var b [1]byte
	for {
		_, _ = rand.Read(b[:]) // never fails
		if n := int(b[0] & 31); n < len(letters) {
			return letters[n]
		}
	}
}
