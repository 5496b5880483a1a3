package main

import (
	"badged/sync/hub/api"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// noFiles is the last line of what a program offers, when a shell may add no files to it.
const noFiles = ":4"

// complete gives what a shell offers behind words, without the descriptions.
func complete(t *testing.T, socket string, words ...string) []string {
	t.Helper()
	out, err := runHub(t, append([]string{"__complete", "--socket", socket}, words...)...)
	if err != nil {
		t.Fatalf("complete %q: %v", words, err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	last := len(lines) - 1
	if lines[last] != noFiles {
		t.Errorf("%q: a shell may offer files too: %s", words, lines[last])
	}
	var offered []string
	for _, line := range lines[:last] {
		word, _, _ := strings.Cut(line, "\t")
		offered = append(offered, word)
	}
	return offered
}

// Issue 12, 1: a shell offers the accounts, doors and terminals that the hub has, the ids of
// claims, cards and grants, and the words that a setting takes. It never offers files for them.
func TestShellsOfferTheNamesThatTheHubHas(t *testing.T) {
	p := serveIn(t, filepath.Join(t.TempDir(), "hub"))
	for _, line := range [][]string{
		{"account", "add", "Ada Byron", "--email", "ada@example.com", "--active"},
		{"account", "add", "Bob Builder"},
		{"door", "add", "front"},
		{"terminal", "add", "hall"},
		{"grant", "add", "Bob Builder", "front"},
		{"claim", "add", "ada@example.com"},
	} {
		if out, err := p.run(line...); err != nil {
			t.Fatalf("%q: %v %s", line, err, out)
		}
	}
	grant := rows[api.Grant](p, "grant", "list")[0].ID
	claim := rows[api.Claim](p, "claim", "list")[0].ID
	accounts := []string{"Bob Builder", "ada@example.com"}
	for _, tt := range []struct {
		line string
		want []string
	}{
		{"account state |", accounts},
		{"account state Bob |", []string{"active", "invited", "suspended"}},
		{"account edits |", accounts},
		{"account edits Bob |", nil},
		{"account add |", nil},
		{"claim add |", accounts},
		{"claim add Bob --door |", []string{"front"}},
		{"claim remove |", []string{claim}},
		{"grant add |", accounts},
		{"grant add Bob |", []string{"front"}},
		{"grant remove |", []string{grant}},
		{"door add |", []string{"front"}},
		{"door add front --stale |", []string{"allow", "deny", "staff"}},
		{"terminal remove |", []string{"hall"}},
		{"terminal add --replace |", []string{"hall"}},
		{"card state |", nil},
		{"card state 41c0ffee |", []string{"active", "lost", "pending", "replaced", "revoked"}},
		{"card state 41c0ffee lost --account |", accounts},
		{"account add --lang |", []string{"en", "fr"}},
		{"group join |", nil},
		{"event list --format |", []string{"csv", "json", "text"}},
	} {
		got := complete(t, p.Socket, append(strings.Fields(strings.TrimSuffix(tt.line, "|")), "")...)
		slices.Sort(got)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: a shell offers %q, want %q", tt.line, got, tt.want)
		}
	}
}

// A shell at a machine without a hub offers nothing, and says nothing about it.
func TestShellsOfferNothingWithoutAHub(t *testing.T) {
	if got := complete(t, filepath.Join(t.TempDir(), "none.sock"), "grant", "add", ""); len(got) != 0 {
		t.Errorf("a shell offers %q", got)
	}
}
