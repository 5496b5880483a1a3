package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"badged/internal/secret"
)

func TestTextIsNeverPrinted(t *testing.T) {
	const text = "7365"
	type holder struct{ Code secret.Text }
	s := secret.New(text)
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "code", s, "in", holder{s})
	js, err := json.Marshal(holder{s})
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{s, &s, holder{s}, []secret.Text{s}, map[string]secret.Text{"a": s}} {
			if out := fmt.Sprintf(verb, v); strings.Contains(out, text) || strings.Contains(out, "37333635") {
				t.Errorf("%s of %T prints the text: %s", verb, v, out)
			}
		}
	}
	for _, out := range []string{log.String(), string(js), fmt.Sprint(s), s.String()} {
		if strings.Contains(out, text) {
			t.Errorf("the text is printed: %s", out)
		}
	}
	if s.Reveal() != text || s.Len() != 4 || s.IsZero() {
		t.Error("Reveal, Len or IsZero lost the text")
	}
}

// Wipe reaches the memory of all copies, and nothing that the text was made of.
func TestWipeOverwritesTheText(t *testing.T) {
	source := "7365"
	s := secret.New(source)
	copied, memory := s, s.Reveal()
	s.Wipe()
	if zeros := "\x00\x00\x00\x00"; memory != zeros || copied.Reveal() != zeros || s.Len() != 4 || source != "7365" {
		t.Error("the text is still there, or the source is gone")
	}
	secret.Text{}.Wipe()
	secret.New("1").Wipe() // not the runtime's own "1"
	if b := []byte{'1'}; string(b) != "1" {
		t.Error("somebody else's memory was wiped")
	}
}
