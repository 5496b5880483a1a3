package printjobs

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// Titles come from computers of all kinds: they are shown as one line among others.
func TestTitlesAreCleaned(t *testing.T) {
	for in, want := range map[string]string{
		"Rapport annuel.pdf": "Rapport annuel.pdf", "  a \t\r\n b\u2028c ": "a b c", "تقرير سنوي": "تقرير سنوي",
		"👩\u200d👩\u200d👧 🇨🇦 été": "👩\u200d👩\u200d👧 🇨🇦 été", "نمی\u200cخواهم": "نمی\u200cخواهم",
		"\u202egpj.exe": "gpj.exe", "a\x00\x1b[31mb": "a[31mb", "\u200b\ufeff": "", "": "", "\u200d": "",
		"<b>x</b>": "<b>x</b>", "a\xff\xfeb": "a\ufffd\ufffdb",
		"H\u0300\u0301\u0302\u0303\u0304\u0305!": "H\u0300\u0301\u0302\u0303!",
	} {
		if got := CleanTitle(in); got != want {
			t.Errorf("%+q: %+q, want %+q", in, got, want)
		}
	}
	if got := CleanTitle(strings.Repeat("é", 5000)); got != strings.Repeat("é", maxTitle)+"…" {
		t.Errorf("a long title has %d characters", utf8.RuneCountInString(got))
	}
}

func TestNoTitleIsDirty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		got := CleanTitle(rapid.OneOf(rapid.String(), rapid.StringOf(rapid.RuneFrom(nil, unicode.Mn, unicode.Cf, unicode.Cc, unicode.Zl, unicode.Arabic))).Draw(t, "title"))
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > maxTitle+1 || got != strings.TrimSpace(got) {
			t.Fatalf("%+q", got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.In(r, unicode.Zl, unicode.Zp) {
				t.Fatalf("%+q has %U", got, r)
			}
		}
	})
}
