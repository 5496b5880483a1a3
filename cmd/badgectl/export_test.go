package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/cli"
	"badged/internal/clock"
)

func TestUnsentEventsAreExported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "badged.db")
	s, err := store.Open(t.Context(), store.Options{Path: path, Terminal: "hall"})
	if err != nil {
		t.Fatal(err)
	}
	for _, reason := range []enroll.Reason{enroll.KnownCard, enroll.UnknownCard} {
		err := s.Queue(t.Context(), enroll.Event{
			Kind: enroll.EventPresentation, Reason: reason, Outcome: enroll.Refused, Point: "hall", Card: enroll.CardID{1, 2, 3},
			Account: enroll.AccountID{0xab, 0xcd}, At: clock.Stamp{Wall: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	export := func(args ...string) (out, told string, err error) {
		var o, e strings.Builder
		err = Run(t.Context(), append([]string{"outbox", "export"}, args...), os.Getenv, cli.Stdio{Out: &o, Err: &e})
		return o.String(), e.String(), err
	}
	out, told, err := export(path)
	if err != nil || strings.Count(out, "\n") != 2 || !strings.Contains(out, "unknown_card") || !strings.Contains(told, "2 events") {
		t.Errorf("got %v\n%s%s", err, out, told)
	}
	out, _, err = export("--json", path)
	if err != nil || !strings.Contains(out, `"reason":"known_card"`) || !strings.Contains(out, `"account_id":"abcd0000`) || !strings.Contains(out, `"card_id":"010203`) {
		t.Errorf("got %v\n%s", err, out)
	}
	if _, _, err := export(path + ".none"); err == nil || !strings.Contains(err.Error(), path+".none") {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("junk", 2000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := export(path); err == nil || cli.IsUsage(err) {
		t.Errorf("got %v", err)
	}
}
