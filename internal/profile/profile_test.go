package profile_test

import (
	"strings"
	"testing"
	"unicode"

	"badged/internal/profile"
)

// Issue 8, 3: one set of rules: reserved names, format characters, empty names.
func TestNamesThatAreRefused(t *testing.T) {
	for name, want := range map[string]profile.Problem{
		"":                         "",
		"Ada Byron":                "",
		"Łukasz Ğ. O’Brien-Müller": "",
		"李雷":                       "",
		"R2":                       "",
		"anonymous":                "",
		"anonym":                   "",
		strings.Repeat("a", 200):   "",
		strings.Repeat("a", 201):   profile.TooLong,
		"anonym7":                  profile.Reserved,
		"Anonym007":                profile.Reserved,
		"ANONYM 7":                 profile.Reserved,
		"anonym 1 2":               profile.Reserved,
		"ａｎｏｎｙｍ７":                  profile.Reserved,
		"anonym٧":                  profile.Reserved,
		"anonym𝟟":                  profile.Reserved,
		"ada@example.com":          profile.Reserved,
		"...":                      profile.Empty,
		"Ada\x00Byron":             profile.BadText,
		"Ada\x1b[31m":              profile.BadText,
		"Ada \u202e":               profile.BadText, // right to left
		"Ada\u200bByron":           profile.BadText, // no width
		"Ada\u00adByron":           profile.BadText, // soft hyphen
		"Ada\ufe0f":                profile.BadText, // variation
		"\u3164":                   profile.BadText, // Hangul filler
		"\u2800":                   profile.BadText, // Braille blank
		"\xff":                     profile.BadText,
		"\ue000":                   profile.BadText, // private use
		"Ada\U000e0041":            profile.BadText, // tag
	} {
		if got := profile.CheckName(name); got != want {
			t.Errorf("name %q: %q, want %q", name, got, want)
		}
	}
}

func TestAddressesThatAreRefused(t *testing.T) {
	for email, want := range map[string]profile.Problem{
		"":                                     "",
		"ada@example.com":                      "",
		"zoé@exämple.fr":                       "",
		"ada@example":                          profile.BadEmail,
		"Ada <ada@example.com>":                profile.BadEmail,
		"ada":                                  profile.BadEmail,
		"ada\u200b@example.com":                profile.BadEmail,
		"a@" + strings.Repeat("b", 251) + ".c": profile.TooLong,
	} {
		if got := profile.CheckEmail(email); got != want {
			t.Errorf("address %q: %q, want %q", email, got, want)
		}
	}
}

func TestNamesAreCleanedSplitAndJoined(t *testing.T) {
	if got := profile.CleanName(" Ada \t\u00a0 King  Byron "); got != "Ada King Byron" {
		t.Errorf("cleaned: %q", got)
	}
	if first, last := profile.SplitName("Ada King Byron"); first != "Ada" || last != "King Byron" {
		t.Errorf("split: %q, %q", first, last)
	}
	for _, want := range []string{"", "Ada", "Ada King Byron"} {
		if got := profile.JoinName(profile.SplitName(want)); got != want {
			t.Errorf("split and joined: %q, want %q", got, want)
		}
	}
}

// A reserved name is one whatever the script of its digits.
func TestDigitsOfAllScriptsAreKnown(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if unicode.Is(unicode.Nd, r) && !profile.IsReserved("anonym"+string(r)) {
			t.Errorf("anonym%c (%U) is not reserved", r, r)
		}
	}
}
