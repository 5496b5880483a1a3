package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"badged/sync/hub/api"
)

// S5.03, S5.04: an operator assigns what the organisation has to people and groups, and sees
// who has what; what it does not have is refused with what there is.
func TestAnOperatorAssignsServices(t *testing.T) {
	p := serveIn(t, filepath.Join(t.TempDir(), "hub"))
	for _, line := range [][]string{
		{"account", "add", "Ada Byron", "--email", "ada@example.com", "--active"},
		{"account", "add", "Bob Boss", "--email", "bob@example.com", "--active", "--admin"},
		{"group", "add", "Staff"},
		{"service", "add", "copy", "--en", "Copies", "--fr", "Copie"},
		{"service", "add", "link", "--en", "Help", "--fr", "Aide", "--link", "https://example.com/"},
		{"service", "give", "Copies", "ada@example.com"},
		{"service", "give", "Help", "Staff", "--group"},
		{"service", "edit", "Printing", "--everyone=false"},
	} {
		if out, err := p.run(line...); err != nil {
			t.Fatalf("%q: %v %s", line, err, out)
		}
	}
	for who, want := range map[string][]string{"ada@example.com": {"Copies"}, "bob@example.com": {"Printing", "Copies", "Help"}} {
		var names []string
		for _, s := range rows[api.Service](p, "service", "has", who) {
			names = append(names, s.English)
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s sees %v, want %v", who, names, want)
		}
	}
	if who := rows[api.Account](p, "service", "who", "Copie"); len(who) != 1 || who[0].Email != "ada@example.com" {
		t.Errorf("who has Copies: %+v", who)
	}
	if _, err := p.run("service", "give", "Coffee", "ada@example.com"); err == nil || !strings.Contains(err.Error(), "It has: Printing, Copies, Help.") {
		t.Errorf("a service that there is not: %v", err)
	}
	if out, err := p.run("service", "list"); err != nil || !strings.Contains(out, "Help      Aide        link   Staff  https://example.com/") {
		t.Errorf("the list: %v\n%s", err, out)
	}
}

// S5.03: rights beside the roles.
func TestAnOperatorGivesRights(t *testing.T) {
	p := serveIn(t, filepath.Join(t.TempDir(), "hub"))
	for _, line := range [][]string{
		{"account", "add", "Bob Boss", "--email", "bob@example.com", "--active"},
		{"account", "add", "Dee Desk", "--email", "dee@example.com", "--active"},
		{"role", "set", "bob@example.com", "admin"},
		{"role", "allow", "dee@example.com", "members"},
		{"role", "allow", "dee@example.com", "cards"},
		{"role", "forbid", "dee@example.com", "members"},
	} {
		if out, err := p.run(line...); err != nil {
			t.Fatalf("%q: %v %s", line, err, out)
		}
	}
	out, err := p.run("role", "list")
	if err != nil || !strings.Contains(out, "everything (admin)") || !strings.Contains(out, "active  cards\n") {
		t.Errorf("the list: %v\n%s", err, out)
	}
	if _, err := p.run("role", "allow", "dee@example.com", "coffee"); err == nil || !strings.Contains(err.Error(), "settings") {
		t.Errorf("a right that there is not: %v", err)
	}
}

// S5.08: a notice is published out of two text files, as editors on Windows write them.
func TestAnOperatorPublishesANotice(t *testing.T) {
	p := serveIn(t, filepath.Join(t.TempDir(), "hub"))
	dir := t.TempDir()
	fr, en := filepath.Join(dir, "notice.fr.txt"), filepath.Join(dir, "notice.en.txt")
	for path, text := range map[string]string{fr: "\ufeff# Vos données\r\n\r\nNous gardons…\r\n", en: "# Your data\n\nWe keep…\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.run("notice", "publish", fr, en); err == nil || !strings.Contains(err.Error(), "French and English") {
		t.Errorf("without the short texts: %v", err)
	}
	n := get[api.Notice](p, "notice", "publish", fr, en, "--short-fr", "Court", "--short-en", "Short", "--link", "https://example.com/")
	if n.Version != 1 || n.French != "# Vos données\n\nNous gardons…" || n.English != "# Your data\n\nWe keep…" {
		t.Errorf("published: %+v", n)
	}
	if all := rows[api.Notice](p, "notice", "list"); len(all) != 1 || all[0].ShortFrench != "Court" {
		t.Errorf("notices: %+v", all)
	}
}
