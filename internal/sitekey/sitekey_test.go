package sitekey_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"badged/internal/sitekey"
)

func testKey() sitekey.Key {
	var b [sitekey.Size]byte
	for i := range b {
		b[i] = byte(0xA0 + i)
	}
	return sitekey.New(1, b)
}

// The expected values come from another implementation:
//
//	printf '62E3086CED' | openssl dgst -sha256 -mac HMAC -macopt hexkey:A0A1...BF
func TestIDsAgainstOpenSSL(t *testing.T) {
	k := testKey()
	card := k.Card("62E3086CED")
	id := [16]byte{15: 1}
	for _, c := range []struct {
		what string
		got  [16]byte
		want string
	}{
		{"card", card, "349f4cde7d031622db95c5aa5545d638"},
		{"anonymous", k.Anonymous(card), "c3d88635bf4997f485ad39602279316d"},
		{"claim", k.Claim(id, "7365"), "efded257a8021b94367d83550d38c1e9"},
		{"pin", k.PIN("123456"), "0d27150daf07c2f0824bc9f505d8ae31"},
		{"code", k.Code("7365"), "ad34cca80a1ffc98825e8464e38855f4"},
	} {
		if got := hex.EncodeToString(c.got[:]); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}

func TestAKeyIsNeverPrinted(t *testing.T) {
	k := testKey()
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", k)
	js, _ := json.Marshal(struct{ K sitekey.Key }{k})
	for _, out := range []string{log.String(), string(js), fmt.Sprintf("%v %+v %#v %x %d %s", k, k, k, k, k, k)} {
		if low := strings.ToLower(out); strings.Contains(low, "a0a1") || strings.Contains(low, "160 161") || strings.Contains(low, "0xa0") {
			t.Errorf("the key is printed: %s", out)
		}
	}
}
