package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"badged/firmware/site"
	"badged/sync/hub/api"
	"badged/sync/identity"
)

// Issue 12, 3: `badgehub terminal add --roster` makes all terminals of a roster, and writes tokens
// into its file that are those of their rows. Again, it changes nothing; and no token is printed.
func TestARosterGetsItsTokens(t *testing.T) {
	p := serveIn(t, t.TempDir())
	path := filepath.Join(t.TempDir(), "terminals.csv")
	text := "name,kind,address\n"
	for i := range api.MaxRoster + 2 { // more than one request
		text += "t" + strings.Repeat("x", i/26) + string(rune('a'+i%26)) + ",door,dhcp\n"
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := p.run("terminal", "add", "--roster", path, "--json"); err != nil || !strings.Contains(out, `"state":"new"`) || strings.Contains(out, "badged-join") {
		t.Fatalf("%.500s, %v", out, err)
	}
	if out, err := p.run("terminal", "add", "--roster", path); err != nil || !strings.Contains(out, "keep it like a key") || strings.Contains(out, "badged-join") {
		t.Errorf("%.500s, %v", out, err)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	roster, err := site.ParseRoster(path, first)
	if err != nil || len(roster) != api.MaxRoster+2 {
		t.Fatalf("%d rows, %v", len(roster), err)
	}
	for _, r := range roster {
		if token, err := identity.ParseToken(r.Token.Reveal()); err != nil || token.Terminal != r.Name {
			t.Errorf("the row of %s: %v, %v", r.Name, token, err)
		}
	}
	for _, got := range get[api.RosterTokens](p, "terminal", "add", "--roster", path).Items {
		if got.State != "kept" || got.Token != "" {
			t.Errorf("again, %s: %s", got.Name, got.State)
		}
	}
	if again, err := os.ReadFile(path); err != nil || string(again) != string(first) {
		t.Errorf("the roster changed: %v", err)
	}
	if list := rows[api.Terminal](p, "terminal", "list"); len(list) != len(roster) {
		t.Errorf("%d terminals", len(list))
	}
	for _, args := range [][]string{{"--roster", path, "hall"}, {"--roster", path, "--replace"}, {"hall", "--days", "3"}, {"--roster", path, "--days", "31"}, {}} {
		if out, err := p.run(append([]string{"terminal", "add"}, args...)...); err == nil {
			t.Errorf("%v: %s", args, out)
		}
	}
}
