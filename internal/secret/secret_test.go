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
