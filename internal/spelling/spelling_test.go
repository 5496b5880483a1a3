package spelling_test

import (
	"strings"
	"testing"

	"badged/internal/spelling"
)

func TestNear(t *testing.T) {
	known := []string{"open_for", "held_after", "log", "kind", "name", "protocol", "port", "hid"}
	for _, tt := range []struct{ written, want string }{
		{"open_fro", "open_for"}, // two exchanged
		{"openfor", "open_for"},  // one too few
		{"open-for", "open_for"}, // another sign
		{"Protokol", "protocol"}, // a capital and another letter
		{"naame", "name"},        // one too many
		{"lgo", "log"},           //
		{"heldafer", "held_after"},
		{"colour", ""},
		{"prot", "port"},
		{"xyz", ""},
		{"hi", ""},
		{"h", ""},
		{"", ""},
		{strings.Repeat("log", 2000), ""},
	} {
		if got := spelling.Near(tt.written, known); got != tt.want {
			t.Errorf("%.20q: got %q, want %q", tt.written, got, tt.want)
		}
	}
}

func TestHint(t *testing.T) {
	if got := spelling.Hint("kidn", []string{"kind"}); got != ` (did you mean "kind"?)` {
		t.Error(got)
	}
	if got := spelling.Hint("kind", nil); got != "" {
		t.Error(got)
	}
}

// FuzzNear: a known word is its own nearest, and no other is when it shares no letter.
func FuzzNear(f *testing.F) {
	f.Add("open_for")
	f.Add("éé")
	f.Fuzz(func(t *testing.T, word string) {
		want := word
		if len(word) < 2 || len(word) > 40 {
			want = ""
		}
		if got := spelling.Near(word, []string{"", word}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
