package supervisor_test

import (
	"context"
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
