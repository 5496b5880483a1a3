package terminal

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/clock"
)

// While it runs, a terminal removes its own accounts that lapsed, at the start and hourly,
// and tells how many (S1.27).
func TestARunningTerminalPurgesWhatLapsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "badged.db")})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		add := func(n byte, life time.Duration) {
			a := enroll.Account{ID: enroll.AccountID{n}, Kind: enroll.Anonymous, State: enroll.Active, Number: uint64(n), Expires: time.Now().Add(life)}
			b := enroll.Binding{Card: enroll.CardID{n}, Account: a.ID, State: enroll.BindingActive}
			err := s.Update(t.Context(), func(tx enroll.Tx) error { return errors.Join(tx.PutAccount(a), tx.PutBinding(b)) })
			if err != nil {
				t.Fatal(err)
			}
		}
		add(1, -2*time.Hour)
		add(2, time.Hour)
		var log bytes.Buffer
		term := &terminal{store: s, clock: clock.New(clock.From(time.Now())), log: slog.New(slog.NewTextHandler(&log, nil))}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); _ = term.purgeLapsed(ctx) }()
		left := func(want int) {
			t.Helper()
			synctest.Wait()
			if cards, _, unclaimed := s.Index().Counts(); cards != want || unclaimed != want {
				t.Errorf("%d cards and %d accounts are left, want %d", cards, unclaimed, want)
			}
		}
		left(1)
		time.Sleep(3*time.Hour + time.Minute)
		left(0)
		cancel()
		<-ended
		if strings.Count(log.String(), "accounts=1") != 2 {
			t.Errorf("told as %s", &log)
		}
	})
}
