package sitekey

import (
	"crypto/hmac"
	"crypto/sha256"
	"testing"

	"pgregory.net/rapid"
)

// The ids are HMAC-SHA256 whatever the length of what is hashed.
func TestMACIsHMAC(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b [Size]byte
		copy(b[:], rapid.SliceOfN(rapid.Byte(), Size, Size).Draw(t, "key"))
		parts := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 300), 0, 3).Draw(t, "parts")
		h := hmac.New(sha256.New, b[:])
		for _, p := range parts {
			h.Write(p)
		}
		if want := [16]byte(h.Sum(nil)[:16]); New(1, b).mac(parts...) != want {
			t.Fatal("differs from crypto/hmac")
		}
	})
}
