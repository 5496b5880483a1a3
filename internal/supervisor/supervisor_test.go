package supervisor_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"badged/internal/supervisor"
)

// An agent that hangs does not feed its watchdog.
func TestWatchdogIsFedByProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var progress, fed atomic.Uint64
		go supervisor.FeedWatchdog(ctx, time.Second, progress.Load, func() { fed.Add(1) })
		for i, works := range []bool{true, true, false, false, true} {
			synctest.Wait()
			before := fed.Load()
			if works {
				progress.Add(1)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			if (fed.Load() != before) != works {
				t.Errorf("second %d: fed %v, works %v", i, fed.Load() != before, works)
			}
		}
	})
}

// A start that takes long says so each second, and more often only to itself.
func TestAStartSaysThatItGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		goesOn := supervisor.ExtendStart(func(state string) { told = append(told, state) })
		for rows := range 26 {
			goesOn(rows * 1000)
			time.Sleep(100 * time.Millisecond)
		}
		want := []string{"starting, 0 rows read", "starting, 10000 rows read", "starting, 20000 rows read"}
		for i := range want {
			want[i] = "EXTEND_TIMEOUT_USEC=120000000\nSTATUS=" + want[i]
		}
		if !slices.Equal(told, want) {
			t.Errorf("the supervisor was told %q, want %q", told, want)
		}
	})
}
