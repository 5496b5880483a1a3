package api

import (
	"testing"

	"badged/internal/secret"
	"badged/sync/hub/pki"
	"badged/sync/identity"
)

// A roster may have tokens of a hub that has another address or certificate by now, or of another
// terminal: cards with them would never join.
func TestATokenOfARosterMustLeadToThisHub(t *testing.T) {
	token := func(site, terminal, hub string, keys *pki.Keys) identity.Token {
		made, err := identity.NewToken(site, terminal, hub, keys.CA)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	ours, err := pki.Load(t.TempDir(), "site")
	if err != nil {
		t.Fatal(err)
	}
	other, err := pki.Load(t.TempDir(), "site")
	if err != nil {
		t.Fatal(err)
	}
	now := token("site", "hall", "hub:8443", ours)
	if same := token("site", "hall", "hub:8443", ours); usable(same.Reveal(), now) != same.Secret {
		t.Error("a token that leads here is not used")
	}
	for what, wrong := range map[string]identity.Token{
		"site": token("other", "hall", "hub:8443", ours), "terminal": token("site", "front", "hub:8443", ours),
		"hub": token("site", "hall", "old:8443", ours), "CA": token("site", "hall", "hub:8443", other),
	} {
		if usable(wrong.Reveal(), now) != (secret.Text{}) {
			t.Errorf("a token with another %s is used", what)
		}
	}
	if usable("nonsense", now) != (secret.Text{}) {
		t.Error("nonsense is used")
	}
}
