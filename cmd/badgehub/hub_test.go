package main

import (
	"bytes"
	"strings"
	"testing"

	"badged/internal/cli"
	"badged/sync/hub/api"
)

// Issue 7, 4.5: who lists terminals sees that claiming is closed, and what to do.
func TestClosedClaimingShowsBelowTheTerminals(t *testing.T) {
	p := &program{env: func(string) string { return "" }, stdio: cli.Stdio{Out: new(bytes.Buffer)}}
	for _, closed := range []bool{false, true} {
		var out bytes.Buffer
		p.showTroubles(&out, []api.Terminal{{Name: "front", Connected: true, ClaimsClosed: closed}})
		if got := strings.Contains(out.String(), "CLOSED") && strings.Contains(out.String(), "badgehub site reopen"); got != closed {
			t.Errorf("closed %v:\n%s", closed, out.String())
		}
	}
}

// Issue 8, 1: who lists terminals sees which are too old for what the hub says, and what to
// do.
func TestATerminalThatIsTooOldShowsBelowTheTerminals(t *testing.T) {
	p := &program{env: func(string) string { return "" }, stdio: cli.Stdio{Out: new(bytes.Buffer)}}
	for _, rows := range []uint64{0, 3} {
		var out bytes.Buffer
		p.showTroubles(&out, []api.Terminal{{Name: "hall"}, {Name: "front", Vector: []api.Collection{{Name: "grants", NotUnderstood: rows}, {Name: "cards"}}}})
		if got := strings.Contains(out.String(), "front does not understand everything (grants: 3)") && strings.Contains(out.String(), "update badged on front"); got != (rows > 0) {
			t.Errorf("%d rows:\n%s", rows, out.String())
		}
	}
}

// A sum of what a terminal did not list says how many.
func TestAnEventThatStandsForManySaysSo(t *testing.T) {
	for _, e := range []api.Event{{Kind: "presentation", Reason: "code_refused", Count: 4990}, {Kind: "device", Reason: "device_alarm", Count: 4990}} {
		if line := tabbed(inEnglish.eventColumns(e)...); !strings.Contains(line, "4990 more") {
			t.Errorf("%q", line)
		}
	}
	if line := tabbed(inEnglish.eventColumns(api.Event{Kind: "enrolment", Reason: "new_account", Number: 7})...); strings.Contains(line, "more") {
		t.Errorf("%q", line)
	}
}
