package main

import (
	"testing"

	"badged/sync/hub/api"
)

// TestNoFilterOfCardsIsPassedOver: a list that ignores a filter shows cards of others.
func TestNoFilterOfCardsIsPassedOver(t *testing.T) {
	p := serveIn(t, t.TempDir())
	for _, flags := range [][]string{
		{"--unknown", "--account", "nobody@example.com"}, {"--unknown", "--state", "lost"}, {"--unknown", "--contested"},
	} {
		if out, err := p.run(append([]string{"card", "list"}, flags...)...); err == nil {
			t.Errorf("%v is taken:\n%s", flags, out)
		}
	}
	if out, err := p.run("card", "list", "--contested", "--account", "nobody@example.com"); err == nil {
		t.Errorf("the account is passed over:\n%s", out)
	}
	if all := rows[api.Card](p, "card", "list", "--contested", "--limit", "1"); len(all) != 0 {
		t.Errorf("cards %v", all)
	}
}
