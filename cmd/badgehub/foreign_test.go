package main

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"badged/sync/hub/api"
	"badged/sync/wire"
)

// hostile is what a terminal that was taken over might say.
const hostile = "\x1b[2J\x1b[1;31mhall\nFAILED \u202e\u009b31m"

// `event list` passed ESC and line feeds of a terminal's event on to the operator's screen.
func TestWhatAnEventSaysReachesTheScreenEscaped(t *testing.T) {
	p := serveIn(t, t.TempDir())
	b := p.join("hall")
	if err := b.connect(1); err != nil {
		t.Fatal(err)
	}
	event, err := wire.Marshal(wire.Event{
		Order: 1, Kind: 1, Point: hostile, Device: hostile, Why: hostile, Label: hostile, Outcome: 1, Reason: 1, At: 1, Clock: 2, Boot: make([]byte, 8),
	})
	if err != nil {
		t.Fatal(err)
	}
	frame, err := wire.PackFrame(b.id.Incarnation, wire.StreamEvents, wire.Batch{First: 1, Events: [][]byte{event}})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.send(wire.MsgEvents, frame); err != nil || !b.ack(1) {
		t.Fatalf("the event was not taken: %v", err)
	}
	for _, args := range [][]string{{"event", "list"}, {"--json", "event", "list"}} {
		out, err := p.run(args...)
		if err != nil || !strings.Contains(out, "hall") {
			t.Fatalf("%v: %v, %q", args, err, out)
		}
		_, row, headed := strings.Cut(out, "WHO\n")
		if !headed {
			row = out
		}
		if strings.Count(row, "\n") != 1 || hidden(out) {
			t.Errorf("%v shows %q", args, out)
		}
		var e api.Event
		if args[0] == "--json" && (json.Unmarshal([]byte(out), &e) != nil || e.Point != hostile) {
			t.Errorf("JSON means %q", e.Point)
		}
	}
}

// hidden reports whether something is in a text that nobody sees.
func hidden(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsGraphic(r) })
}

// What an operator or an import wrote is somebody else's text too.
func TestNamesAndErrorsReachTheScreenEscaped(t *testing.T) {
	p := serveIn(t, t.TempDir())
	if _, err := p.run("account", "add", "Ada\u200bByron\u2028", "--active"); err == nil || hidden(err.Error()) {
		t.Errorf("a name with invisible characters: %v", err)
	}
	if _, err := p.run("account", "show", "Ada\u200bByron\u2028"); err == nil {
		t.Error("somebody has that name")
	}
	get[api.Account](p, "account", "add", "Ada Byron", "--active")
	for _, args := range [][]string{{"account", "list"}, {"--json", "account", "list"}, {"site", "show"}} {
		if out, err := p.run(args...); err != nil || hidden(out) {
			t.Errorf("%v shows %q, %v", args, out, err)
		}
	}
}
