package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"badged/sync/hub/api"
)

// Issue 8, 4: every list has filter, order and pages, on the command line too.
func TestListsOfNamesHaveFilterAndOrder(t *testing.T) {
	dir := t.TempDir()
	p := serveIn(t, filepath.Join(dir, "hub"))
	file := filepath.Join(dir, "staff.csv")
	if err := os.WriteFile(file, []byte("First name,Last name\nAda,Byron\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range [][]string{
		{"group", "add", "Night watch"}, {"group", "add", "Staff"}, {"group", "add", "Office staff"},
		{"door", "add", "lab-1", "--group", "labs"}, {"door", "add", "lab-2", "--group", "attic"}, {"door", "add", "front"},
		{"schedule", "set", "Office hours", "mon/08:00-12:00"}, {"schedule", "set", "always", "mon/00:00-24:00"},
		{"holiday", "add", "2026-12-25", "Noël"}, {"holiday", "add", "2126-05-01", "May day"},
		{"account", "import", file}, {"terminal", "add", "hall"}, {"terminal", "add", "b-hall"}, {"terminal", "add", "annex"},
	} {
		if out, err := p.run(line...); err != nil {
			t.Fatalf("%q: %v %s", line, err, out)
		}
	}
	for line, want := range map[string]string{
		"group list":                              "Night watch, Office staff, Staff",
		"group list --search staff":               "Office staff, Staff",
		"group list --order created --limit 2":    "Office staff, Staff",
		"door list --order group":                 "front, lab-2, lab-1",
		"door list --group labs --search lab":     "lab-1",
		"schedule list --search hours":            "Office hours",
		"schedule list --order created":           "always, Office hours",
		"holiday list --order latest":             "2126-05-01, 2026-12-25",
		"holiday list --since 2100-01-01":         "2126-05-01",
		"holiday list --search noel":              "2026-12-25",
		"terminal list --search hall":             "b-hall, hall",
		"terminal list --order created --limit 1": "annex",
		"account imports --order name":            "staff.csv",
		"account imports --search people":         "",
	} {
		var got []string
		for _, row := range rows[map[string]any](p, strings.Fields(line)...) {
			for _, field := range []string{"day", "name", "id"} {
				if name, ok := row[field].(string); ok {
					got = append(got, name)
					break
				}
			}
		}
		if names := strings.Join(got, ", "); names != want {
			t.Errorf("%s: %s, want %s", line, names, want)
		}
	}
	if i := rows[api.Import](p, "account", "imports"); len(i) != 1 || i[0].New != 1 || i[0].Done != 1 {
		t.Errorf("imports %+v", i)
	}
	if out, err := p.run("account", "imports"); err != nil || !strings.Contains(out, "staff.csv") || !strings.Contains(out, "1/1") {
		t.Errorf("imports: %v\n%s", err, out)
	}
	if _, err := p.run("door", "list", "--order", "number"); err == nil {
		t.Error("doors have no numbers to be listed by")
	}
	for line, want := range map[string]string{
		"door list --order": "group name", "group list --order": "created name", "holiday list --order": "day latest", "account list --order": "created name number",
	} {
		got := complete(t, p.Socket, append(strings.Fields(line), "")...)
		slices.Sort(got)
		if offered := strings.Join(got, " "); offered != want {
			t.Errorf("%s: a shell offers %s, want %s", line, offered, want)
		}
	}
}
