package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"badged/internal/ctl"
)

// TestMain lets a test run this binary as badgectl, in a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("BADGECTL_IS_RUN") != "" {
		main()
	}
	os.Exit(m.Run())
}

const hallURL = "http://127.0.0.1:8631/p/hall?t=abc"

// Issue 7, 1.4: badgectl panel prints the address that the panel's browser opens.
func TestPanelPrintsTheAddress(t *testing.T) {
	socket := agent(t, box{})
	if got := run(t, "", "panel", "--socket", socket); got.code != 0 || got.out != hallURL+"\n" {
		t.Errorf("code %d, %q %s", got.code, got.out, got.stderr)
	}
	if got := run(t, "", "panel", "--socket", socket, "--point", "hall", "--json"); got.out != `{"point":"hall","url":"`+hallURL+`"}`+"\n" {
		t.Errorf("%q %s", got.out, got.stderr)
	}
	if got := run(t, "", "panel", "--socket", socket, "--point", "front"); got.code != 1 || !strings.Contains(got.stderr, `no print point is called "front"; there are: hall`) {
		t.Errorf("of a door: code %d, %q %s", got.code, got.out, got.stderr)
	}
	if got := run(t, "", "panel", "--socket", filepath.Join(t.TempDir(), "none")); got.code != 1 || !strings.Contains(got.stderr, "systemctl start badged") {
		t.Errorf("without an agent: code %d, %s", got.code, got.stderr)
	}
}

// Issue 10, 6: badgectl panel --status prints the address of the technician's page, or says
// what tells the same where there is none.
func TestPanelPrintsTheTechniciansPage(t *testing.T) {
	const page = "http://127.0.0.1:8631/status?t=def"
	socket := agent(t, box{page: page})
	if got := run(t, "", "panel", "--status", "--socket", socket); got.code != 0 || got.out != page+"\n" {
		t.Errorf("code %d, %q %s", got.code, got.out, got.stderr)
	}
	if got := run(t, "", "panel", "--status", "--json", "--socket", socket); got.out != `{"url":"`+page+`"}`+"\n" {
		t.Errorf("%q %s", got.out, got.stderr)
	}
	if got := run(t, "", "panel", "--status", "--point", "hall", "--socket", socket); got.code != 64 {
		t.Errorf("of a point: code %d, %s", got.code, got.stderr)
	}
	if got := run(t, "", "panel", "--status", "--socket", agent(t, box{})); got.code != 1 || !strings.Contains(got.stderr, "badgectl status") {
		t.Errorf("without the page: code %d, %s", got.code, got.stderr)
	}
	if got := run(t, "", "status", "--socket", socket); strings.Contains(got.out, "t=def") {
		t.Error("the screen shows the token of the page")
	}
}

func TestPanelOfSeveral(t *testing.T) {
	s := ctl.Status{Terminal: "box", Points: []ctl.Point{{Name: "front"}, {Name: "hall", Kiosk: "http://h"}, {Name: "room", Kiosk: "http://r"}}}
	if all, err := panelsOf(s, ""); err != nil || len(all) != 2 {
		t.Errorf("%v, %v", all, err)
	}
	if one, err := panelsOf(s, "room"); err != nil || len(one) != 1 || one[0].URL != "http://r" {
		t.Errorf("%v, %v", one, err)
	}
	all, _ := panelsOf(s, "")
	if err := become([]string{"true"}, all); err == nil || !strings.Contains(err.Error(), "--point: hall, room") {
		t.Errorf("a browser of two panels: %v", err)
	}
	s.Points = []ctl.Point{{Name: "hall", Kind: "print"}, {Name: "front", Kind: "door"}}
	if _, err := panelsOf(s, ""); err == nil || !strings.Contains(err.Error(), "is not served now") {
		t.Errorf("a panel whose port somebody else has: %v", err)
	}
	s.Points = s.Points[1:]
	if _, err := panelsOf(s, ""); err == nil || !strings.Contains(err.Error(), `of kind "print"`) {
		t.Errorf("no panel: %v", err)
	}
}

// Issue 7, 1.4: with --exec, badgectl becomes the browser: the same process, with the flags
// that were written and the address behind them.
func TestPanelBecomesTheBrowser(t *testing.T) {
	dir := t.TempDir()
	browser := filepath.Join(dir, "browser")
	script := "#!/bin/sh\nprintf '%s|' \"$$\" \"$@\"\nexit 7\n"
	if err := os.WriteFile(browser, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	socket := agent(t, box{})
	for name, args := range map[string][]string{
		"as words":    {browser, "--kiosk", "--json", "-x"},
		"as one text": {browser + " --kiosk --json  -x"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"panel", "--exec"}, args...)...)
			cmd.Env = append(os.Environ(), "BADGECTL_IS_RUN=1", "BADGED_SOCKET="+socket)
			var out, stderr strings.Builder
			cmd.Stdout, cmd.Stderr = &out, &stderr
			err := cmd.Run()
			words := strings.Split(out.String(), "|")
			if cmd.ProcessState.ExitCode() != 7 || len(words) != 6 {
				t.Fatalf("%v: %q %s", err, words, &stderr)
			}
			if got := strings.Join(words[1:5], " "); got != "--kiosk --json -x "+hallURL {
				t.Errorf("the browser was given %q", got)
			}
		})
	}
	got := run(t, "", "panel", "--socket", socket, "--exec", filepath.Join(dir, "none"))
	if got.code != 1 || !strings.Contains(got.stderr, "start the browser of the panel") {
		t.Errorf("a browser that is not there: code %d, %s", got.code, got.stderr)
	}
	for _, args := range [][]string{{"panel", "--exec"}, {"panel", "chromium"}} {
		if got := run(t, "", append(args, "--socket", socket)...); got.code != 64 {
			t.Errorf("%q: code %d, %s", args, got.code, got.stderr)
		}
	}
}
