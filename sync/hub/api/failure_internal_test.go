package api

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"badged/sync/hub/fleet"
)

// Whoever made a change is told when nobody knows whether it was made, or another hub serves
// the site now, and what to do; of other failures only the log tells.
func TestFailuresOfTheDatabaseSayWhatToDo(t *testing.T) {
	s := &server{Options: Options{Log: slog.New(slog.DiscardHandler)}}
	for _, c := range []struct {
		err  error
		says map[string]string
	}{
		{fleet.ErrUnknown, map[string]string{"en": "Look before you make it again", "fr": "Regardez avant de le refaire"}},
		{fleet.ErrReplaced, map[string]string{"en": "Use the other one", "fr": "Adressez-vous à l’autre"}},
		{fleet.ErrNoBackup, map[string]string{"en": "pg_dump", "fr": "pg_dump"}},
		{errors.New("secret"), map[string]string{"en": "Its log tells why", "fr": "Son journal"}},
	} {
		for lang, says := range c.says {
			r := httptest.NewRequest("POST", "/v1/accounts", nil)
			r.Header.Set("Accept-Language", lang)
			p, status := s.describeProblem(r, fmt.Errorf("commit: %w", c.err))
			if status != 500 || p.Kind != "failed" || !strings.Contains(p.Text, says) || strings.Contains(p.Text, "secret") {
				t.Errorf("%v: %d %+v, want %q", c.err, status, p, says)
			}
		}
	}
}
