package seal_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"badged/internal/seal"
	"badged/internal/secret"
)

func newBox(t *testing.T, key, purpose string) seal.Box {
	t.Helper()
	b, err := seal.NewBox([]byte(key), purpose)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// S2.04: what is kept of a code shows it to the session that asked for it, and to nobody else.
func TestOnlyTheSameBoxOpensWhatItSealed(t *testing.T) {
	const key = "0123456789abcdef"
	box, place := newBox(t, key, "codes"), []byte("row 1")
	sealed := box.Seal(secret.New("7365"), place)
	if bytes.Contains(sealed, []byte("7365")) {
		t.Error("the sealed bytes show the text")
	}
	if text, err := newBox(t, key, "codes").Open(sealed, place); err != nil || text.Reveal() != "7365" {
		t.Errorf("the same box: %v", err)
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	for name, open := range map[string]func() (secret.Text, error){
		"another key":     func() (secret.Text, error) { return newBox(t, "0123456789abcdeF", "codes").Open(sealed, place) },
		"another purpose": func() (secret.Text, error) { return newBox(t, key, "mails").Open(sealed, place) },
		"another place":   func() (secret.Text, error) { return box.Open(sealed, []byte("row 2")) },
		"changed bytes":   func() (secret.Text, error) { return box.Open(changed, place) },
		"no bytes":        func() (secret.Text, error) { return box.Open(nil, place) },
	} {
		if text, err := open(); !errors.Is(err, seal.ErrOther) || !text.IsZero() {
			t.Errorf("%s: %v", name, err)
		}
	}
	if bytes.Equal(sealed, box.Seal(secret.New("7365"), place)) {
		t.Error("the same text is sealed alike twice")
	}
}

func TestABoxNeedsAKeyAndIsNeverPrinted(t *testing.T) {
	if _, err := seal.NewBox([]byte("short"), "codes"); err == nil {
		t.Error("a short key was taken")
	}
	if out := fmt.Sprintf("%v %+v", newBox(t, "0123456789abcdef", "codes"), newBox(t, "0123456789abcdef", "codes")); out != "[box] [box]" {
		t.Errorf("a box is printed: %s", out)
	}
}
