package cli

import (
	"errors"
	"strings"
	"testing"
)

// TestErrorsInAnotherLanguage: the words change, what an error is and holds does not.
func TestErrorsInAnotherLanguage(t *testing.T) {
	dictionary := map[string]string{
		"read %s: %w": "lire %s : %w", "it takes %s": "il prend %s", "at least %d arguments": "au moins %d arguments", "lost %s": "perdu %s",
	}
	words := func(format string) string {
		if said, ok := dictionary[format]; ok {
			return said
		}
		return format
	}
	cause := errors.New("cause")
	for want, err := range map[string]error{
		"lire x : cause":                Errorf("read %s: %w", "x", cause),
		"lire x : perdu y":              Errorf("read %s: %w", "x", Errorf("lost %s", "y")),
		"il prend au moins 2 arguments": Usagef("it takes %s", Phrase{"at least %d arguments", []any{2}}),
		"cause":                         cause,
	} {
		got := InWords(err, words)
		if got.Error() != want || IsUsage(got) != IsUsage(err) || errors.Is(got, cause) != errors.Is(err, cause) {
			t.Errorf("%q became %q, want %q", err, got, want)
		}
	}
	if p := flagPhrase(errors.New("unknown flag: --x")); p.Format != "unknown flag: %s" || p.String() != "unknown flag: --x" {
		t.Errorf("%+v", p)
	}
	if p := flagPhrase(errors.New(`invalid argument "x" for "--n" flag: strconv.ParseInt: parsing "x": invalid syntax`)); strings.Contains(p.String(), "strconv") {
		t.Errorf("%+v", p)
	}
}
