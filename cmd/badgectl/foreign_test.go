package main

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"badged/internal/cli"
	"badged/internal/ctl"
	"badged/internal/health"
)

// hostile is what a device may call itself, or an error may quote.
const hostile = "hall\x1b[2J\nFAILED \u202e\u009b31m\x7f"

// Whatever events, readers and errors say, the screen gets visible characters.
func TestForeignTextReachesTheScreenEscaped(t *testing.T) {
	var out, stderr strings.Builder
	a := &app{env: func(string) string { return "" }, io: cli.Stdio{Out: &out, Err: &stderr}}
	show := func(name string, lines int, fn func() error) {
		out.Reset()
		if err := fn(); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsGraphic(r) }) || strings.Count(text, "\n") != lines ||
			!strings.Contains(text, "hall") {
			t.Errorf("%s shows %q", name, text)
		}
	}
	event := ctl.Event{Point: hostile, Device: hostile, Why: hostile, Reason: hostile, Account: hostile}
	show("tail", 1, func() error { return a.event(event) })
	status := func(text string) ctl.Status {
		return ctl.Status{
			Terminal: text, Site: text, Version: text, Health: []health.Item{{Name: text, State: health.Warn, Text: text, Do: text}},
			Points: []ctl.Point{{Name: text, Kiosk: text}}, Readers: []ctl.Reader{{Name: text, Port: text}},
		}
	}
	out.Reset()
	if err := a.screen(status("hall")); err != nil {
		t.Fatal(err)
	}
	show("status", strings.Count(out.String(), "\n"), func() error { return a.screen(status(hostile)) })
	lines := func(text string) error {
		return a.readersText([]ctl.Reader{{Name: text, Port: text, Text: text}}, []found{{Device: text, What: text, Config: "port = 1\n"}})
	}
	out.Reset()
	if err := lines("hall"); err != nil {
		t.Fatal(err)
	}
	show("readers", strings.Count(out.String(), "\n"), func() error { return lines(hostile) })
	a.json = true
	show("JSON", 1, func() error { return a.event(event) })
	program.Exit(errors.New(hostile), &stderr)
	if text := stderr.String(); strings.ContainsAny(text, "\x1b\x7f\u202e\u009b") || !strings.Contains(text, `\x1b`) {
		t.Errorf("an error shows %q", text)
	}
}
