package reader

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"
)

// The back-off of Supervise. A device that comes back is found within backOffMax.
const (
	backOffMin = 100 * time.Millisecond
	backOffMax = 4 * time.Second
)

// How long Supervise waits for a driver that does not answer.
const (
	endBound   = 2 * time.Second // from the end of a run's context to the end of Run
	resetBound = 500 * time.Millisecond
)

// Supervise runs src until ctx ends, again and again with jittered back-off. It is
// the only place that does so.
//
//	      Run fails, or the watchdog's third time and later
//	  +-----------------------------------------------------+
//	  |                                                     v      ctx ends
//	(running) --- the watchdog's first and second time --+ (waiting) -------> return
//	  ^ ^                                                |  | 0.1 s, 0.2 s ... 4 s, each 50
//	  | +------------------------------------------------+  | to 100 % of it; from 0.1 s
//	  +-----------------------------------------------------+ again when the device worked
//
// Supervise passes src's events to emit, one at a time, but no KindAlive, and of repeated
// KindUp or KindDown events only the first, so that an absent device is reported once. It
// calls state with nil when the device works (again), and with the error each time that it
// fails; state must not block. It logs an error when it changes.
//
// A source that may be silent for ever (see Expecter) works when it emits KindUp; any other
// works when its device has answered, because an open port is no proof. The drawing at
// watchdog shows what happens when a source is silent or emits nothing but faults; when that
// has helped, Supervise always emits KindUp. A device that a reset can revive works again
// within 10 s: one round of Silence (at most 3 s), the end of Run (2 s), reset (0.5 s) and
// pause (4 s) is shorter.
//
// A Run that does not return within 2 s after its context ended is stuck in a driver.
// Supervise reports it and drops its later events. But it may still hold the device, and it
// shares the decoder, so that a second Run beside it could harm both. The next Run therefore
// begins only when the stuck one has returned.
func Supervise(ctx context.Context, src Source, emit func(Event), state func(error), log *slog.Logger) {
	s := newSupervisor(src, emit, state, log)
	wait := backOffMin
	for {
		a := s.runSource(ctx)
		if ctx.Err() != nil {
			return
		}
		if a.worked {
			wait = backOffMin
		}
		next := s.chooseRung(a)
		if next == well || next == reported {
			if !sleep(ctx, jitter(wait)) {
				return
			}
			wait = min(2*wait, backOffMax)
		}
		if next >= reset {
			s.resetDevice(ctx)
		}
	}
}

// jitter returns 50 to 100 % of d, so that many readers do not try at the same moment.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

// sleep waits for d. It reports false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
