package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

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

// S2.03: an operator prepares cards by their numbers; each has a link of its own that nobody
// can guess, and a sheet to print. Numbers are shown nowhere.
func TestCardsArePreparedWithQRLabels(t *testing.T) {
	p := serveIn(t, t.TempDir())
	dir := t.TempDir()
	numbers, sheet := filepath.Join(dir, "numbers.txt"), filepath.Join(dir, "labels.html")
	if err := os.WriteFile(numbers, []byte("62E3086CED\n\n62E3086CEE\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := p.run("card", "prepare", "--numbers", numbers, "--batch", "box 3", "--sheet", sheet)
	if err != nil {
		t.Fatal(err)
	}
	links := regexp.MustCompile(`(?m)^[0-9a-f]{8}  https://\S+/c/([A-Za-z0-9_-]{22})$`).FindAllStringSubmatch(out, -1)
	if len(links) != 2 || links[0][1] == links[1][1] || strings.Contains(out, "62E3086CE") {
		t.Errorf("%s", out)
	}
	page, err := os.ReadFile(sheet)
	if err != nil || strings.Count(string(page), "<svg") != 2 || strings.Contains(string(page), "62E3086CE") {
		t.Errorf("%v\n%.300s", err, page)
	}
	if info, err := os.Stat(sheet); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	for name, args := range map[string][]string{
		"nothing": {}, "an unknown card": {"5c2f8b60"}, "a sheet that is there": {"--numbers", numbers, "--sheet", sheet},
		"no file": {"--numbers", filepath.Join(dir, "none")},
	} {
		if out, err := p.run(append([]string{"card", "prepare"}, args...)...); err == nil {
			t.Errorf("%s is taken:\n%s", name, out)
		}
	}
	if err := os.WriteFile(numbers, []byte("62E3086CED\n62 E3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := p.run("card", "prepare", "--numbers", numbers); err == nil || strings.Contains(out+err.Error(), "62 E3") {
		t.Errorf("a number with a space: %v\n%s", err, out)
	}
}

// A sheet that cannot be written is found out before labels are made, which end those that are on
// cards; labels that are not made leave no sheet.
func TestNoLabelIsMadeForASheetThatCannotBe(t *testing.T) {
	p := serveIn(t, t.TempDir())
	dir := t.TempDir()
	numbers, empty, sheet := filepath.Join(dir, "numbers.txt"), filepath.Join(dir, "empty.txt"), filepath.Join(dir, "labels.html")
	for path, text := range map[string]string{numbers: "62E3086CED\n", empty: "\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := p.run("card", "prepare", "--numbers", numbers, "--sheet", sheet); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	log := rows[api.AuditEntry](p, "audit", "list")
	for _, path := range []string{sheet, filepath.Join(dir, "none", "labels.html")} {
		if _, err := p.run("card", "prepare", "--numbers", numbers, "--sheet", path); err == nil || !strings.Contains(err.Error(), "no label was made") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if now := rows[api.AuditEntry](p, "audit", "list"); len(log) == 0 || len(now) != len(log) {
		t.Errorf("the log has %d lines, and had %d: labels were made", len(now), len(log))
	}
	other := filepath.Join(dir, "other.html")
	if _, err := p.run("card", "prepare", "5c2f8b60", "--sheet", other); err == nil || !strings.Contains(err.Error(), "badgehub card list") {
		t.Errorf("an unknown card: %v", err)
	}
	if _, err := os.Stat(other); !os.IsNotExist(err) {
		t.Errorf("a sheet without labels is left: %v", err)
	}
	if _, err := p.run("card", "prepare", "--numbers", empty); err == nil || !strings.Contains(err.Error(), empty+" has no number") {
		t.Errorf("a file without numbers: %v", err)
	}
}

// Issue 14, 2.1: what an operator reads of a revocation under way, and at its end.
func TestCardShowTellsWhereARevocationHasArrived(t *testing.T) {
	at := api.Time{Time: time.Date(2026, 11, 30, 14, 3, 7, 0, time.UTC)}
	for want, s := range map[string]*api.Spread{
		"no terminal has to know of it\n":                                                nil,
		"lost 2026-11-30 14:03:07, applied at 12 of 14 doors; not yet: cellar, gate\n":   {Terminals: 2, OfTerminals: 4, Doors: 12, OfDoors: 14, Missing: []string{"cellar", "gate"}},
		"lost 2026-11-30 14:03:07, applied at 1 of 2 terminals; not yet: hall\n":         {Terminals: 1, OfTerminals: 2, Missing: []string{"hall"}},
		"lost 2026-11-30 14:03:07, applied at 14 of 14 doors at 2026-11-30 14:03:07\n":   {Terminals: 4, OfTerminals: 4, Doors: 14, OfDoors: 14, At: at},
		"lost 2026-11-30 14:03:07, applied at 2 of 2 terminals at 2026-11-30 14:03:07\n": {Terminals: 2, OfTerminals: 2, At: at},
	} {
		var out strings.Builder
		if saySpread(&out, api.Card{State: "lost", Changed: at, Spread: s}); out.String() != want {
			t.Errorf("%+v: %q, want %q", s, out.String(), want)
		}
	}
}
