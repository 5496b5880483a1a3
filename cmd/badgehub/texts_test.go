package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"badged/internal/cli"
	"badged/sync/hub/api"
)

// runIn runs a command as somebody whose shell speaks a language.
func (p *process) runIn(lang string, args ...string) (string, error) {
	var out bytes.Buffer
	env := func(name string) string { return map[string]string{"LANG": lang}[name] }
	err := Run(p.t.Context(), append(args, "--socket", p.Socket), env, cli.Stdio{Out: &out, Err: &out})
	return out.String(), err
}

// TestTheCommandLineSpeaksTheShellsLanguage (issue 8): heads of tables, refusals and what to
// do about them.
func TestTheCommandLineSpeaksTheShellsLanguage(t *testing.T) {
	p := serveIn(t, t.TempDir())
	get[api.Door](p, "door", "add", "front")
	for lang, want := range map[string][3]string{
		"fr_FR.UTF-8": {"HEURE INCONNUE", "Il n’y a pas de porte", "Voyez `badgehub door list`."},
		"en_GB.UTF-8": {"UNKNOWN TIME", "There is no door", "See `badgehub door list`."},
	} {
		if out, err := p.runIn(lang, "door", "list"); err != nil || !strings.Contains(out, want[0]) {
			t.Errorf("%s: %v\n%s", lang, err, out)
		}
		if out, err := p.runIn(lang, "door", "remove", "back"); err == nil || !strings.Contains(err.Error()+out, want[1]) || !strings.Contains(err.Error()+out, want[2]) {
			t.Errorf("%s: %v\n%s", lang, err, out)
		}
	}
}

var headLine = regexp.MustCompile(`"([A-Z][A-Z >-]*(?:\\t[A-Z][A-Z >-]*)+)"`)

// TestEveryHeadOfATableIsInFrench: and none is that no table has.
func TestEveryHeadOfATableIsInFrench(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range headLine.FindAllStringSubmatch(string(src), -1) {
			for head := range strings.SplitSeq(m[1], `\t`) {
				used[head] = true
			}
		}
	}
	if len(used) < 20 {
		t.Fatalf("only %d heads are found in the source", len(used))
	}
	for head := range used {
		if headings[head] == "" {
			t.Errorf("the head %s is not in French", head)
		}
	}
	for head := range headings {
		if !used[head] {
			t.Errorf("no table has the head %s", head)
		}
	}
	for code, a := range advice {
		if a.fr == "" || a.en == "" {
			t.Errorf("the advice about %s is not in both languages", code)
		}
	}
}

// TestTimesAreThoseOfTheSite (issue 8): whatever the zone of the machine that shows them.
func TestTimesAreThoseOfTheSite(t *testing.T) {
	p := serveIn(t, t.TempDir())
	get[api.Door](p, "door", "add", "front")
	get[api.Account](p, "account", "add", "Ada Byron")
	get[api.Grant](p, "grant", "add", "Ada Byron", "front", "--to", "2030-01-31")
	for zone, want := range map[string]string{"Europe/Paris": "2030-02-01 00:00:00", "Asia/Kathmandu": "2030-02-01 04:45:00"} {
		get[api.Site](p, "site", "set", "time_zone="+zone)
		if out, err := p.run("grant", "list"); err != nil || !strings.Contains(out, "until "+want) {
			t.Errorf("%s: %v\n%s", zone, err, out)
		}
		if out, err := p.run("door", "try", "front", "Ada Byron", "--at", "2030-01-31T23:59"); err != nil || !strings.Contains(out, "2030-01-31 23:59:00") {
			t.Errorf("%s: %v\n%s", zone, err, out)
		}
	}
	if g := rows[api.Grant](p, "grant", "list"); len(g) != 1 || g[0].To.Format("15:04 MST") != "23:00 UTC" {
		t.Errorf("JSON: %v", g)
	}
}

// TestNamesStandInPlaceOfIds (issue 8): where a person reads who it is.
func TestNamesStandInPlaceOfIds(t *testing.T) {
	p := serveIn(t, t.TempDir())
	ada := get[api.Account](p, "account", "add", "Ada Byron")
	if _, err := p.run("claim", "add", ada.ID); err != nil {
		t.Fatal(err)
	}
	for _, list := range [][]string{{"claim", "list"}, {"audit", "list"}} {
		if out, err := p.run(list...); err != nil || !strings.Contains(out, "Ada Byron") || strings.Contains(out, ada.ID) {
			t.Errorf("%v: %v\n%s", list, err, out)
		}
	}
}
