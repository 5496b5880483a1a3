package terminal

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"badged/enroll/store"
	"badged/internal/clock"
	"badged/internal/health"
)

// Issue 14, 1.3: a terminal that stored a time by mistake says what it doubts while the hub
// tells another one, and stores that when it holds out: the next start knows the time.
func TestATimeThatWasStoredByMistakeIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "badged.db")
		open := func() *store.Store {
			s, err := store.Open(t.Context(), store.Options{Path: path, Terminal: "hall", Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		s := open()
		if err := s.KeepTime(context.Background(), clock.From(time.Now().AddDate(1, 0, 0)).Kept); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		term := &terminal{
			store: s, clock: clock.New(clock.Options{Kept: s.KeptTime()}), health: &health.Register{},
			log: slog.New(slog.NewTextHandler(&log, nil)),
		}
		hubClock{term}.HubTime(time.Now())
		it := describeClock(term.clock.Now().State, term.clock.Belief())
		if it.State != health.Warn || !strings.Contains(it.Text, "the hub says 2000-01-01 00:00") {
			t.Errorf("the technician is told %+v", it)
		}
		for range 30 {
			time.Sleep(10 * time.Second)
			hubClock{term}.HubTime(time.Now())
		}
		if it := describeClock(term.clock.Now().State, term.clock.Belief()); it.State != health.OK {
			t.Errorf("afterwards the technician is told %+v", it)
		}
		if n := strings.Count(log.String(), "not believed"); n != 1 {
			t.Errorf("the log tells it %d times:\n%s", n, &log)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open()
		defer s.Close()
		if k := s.KeptTime(); k.Floor.After(time.Now()) || k.Floor.Before(time.Now().Add(-time.Minute)) {
			t.Errorf("the next start has %v, now is %v", k, time.Now())
		}
	})
}
