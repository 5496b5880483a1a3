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

// The patience of Supervise with a driver that does not answer.
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
// emit gets src's events, one at a time, but no KindAlive, and of repeated KindUp or
// KindDown events only the first, so that a device that stays away is told once. state
// is told nil when the device works (again), and what is wrong with it each time that
// it does not; it must not wait. What is wrong is logged when it changes.
//
// A source that may be silent for ever (see Expecter) works when it says KindUp; one
// that may not, when its device has answered: that the port is open is no proof. What
// the watchdog does when a source is silent or says nothing but faults is drawn beside
// its type; when that has helped, KindUp is emitted in any case. A device that can be
// helped by it works again within 10 s: each round of Silence (3 s at most), the end of
// Run (2 s), reset (0.5 s) and pause (4 s) is shorter.
//
// A Run that does not return within 2 s after its end was asked for is stuck in a
// driver. It is reported and left behind: what it says later is dropped. But it may
// still hold the device, and it shares what decodes the bytes, so that a second Run
// beside it could harm both. The next one therefore begins as soon as it has returned.
func Supervise(ctx context.Context, src Source, emit func(Event), state func(error), log *slog.Logger) {
	s := newSupervisor(src, emit, state, log)
	wait := backOffMin
	for {
		a := s.attempt(ctx)
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
			s.reset(ctx)
		}
	}
}

// jitter gives 50 to 100 % of d, so that many readers do not knock together.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

// sleep waits for d and reports whether ctx still lives.
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
