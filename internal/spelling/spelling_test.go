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

// TestWord (issue 7, 5): a value that may be some words only.
func TestWord(t *testing.T) {
	for _, tt := range []struct {
		written string
		words   []string
		want    string
	}{
		{"off", []string{"on", "off"}, ""},
		{"of", []string{"on", "off"}, `secure "of" (did you mean "off"?): must be on or off`},
		{"OFF", []string{"on", "off"}, `secure "OFF" (did you mean "off"?): must be on or off`},
		{"frr", []string{"us", "fr", "de"}, `secure "frr" (did you mean "fr"?): must be us, fr or de`},
		{"o", []string{"on", "off"}, `secure "o": must be on or off`},
		{"yes", []string{"on", "off"}, `secure "yes": must be on or off`},
	} {
		if err := spelling.Word("secure", tt.written, tt.words...); err == nil && tt.want != "" || err != nil && err.Error() != tt.want {
			t.Errorf("%s: got %v, want %s", tt.written, err, tt.want)
		}
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
