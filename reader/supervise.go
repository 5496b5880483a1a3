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
	backOffMax = 5 * time.Second
)

// Supervise runs src until ctx ends, again and again with jittered back-off. It is
// the only place that does so. It emits src's events, and of repeated KindUp or
// KindDown events only the first, so that a device that stays away is told once.
// What went wrong is logged when it changes.
//
//	          Run fails                    ctx ends
//	(running) ---------> (waiting) ------------------> return
//	    ^                    | 0.1 s, 0.2 s ... 5 s, each 50 to 100 % of it;
//	    +--------------------+ from 0.1 s again after a KindUp
func Supervise(ctx context.Context, src Source, emit func(Event), log *slog.Logger) {
	s := &supervisor{emit: emit, log: log.With("reader", src.Name())}
	wait := backOffMin
	for {
		s.up = false
		err := src.Run(ctx, s.event)
		if ctx.Err() != nil {
			return
		}
		if s.up {
			wait = backOffMin
		}
		s.failed(err)
		if !sleep(ctx, jitter(wait)) {
			return
		}
		wait = min(2*wait, backOffMax)
	}
}

// supervisor is what Supervise remembers from one run to the next.
type supervisor struct {
	emit func(Event)
	log  *slog.Logger
	up   bool   // KindUp came in this run
	told Kind   // the last of KindUp and KindDown that was emitted
	last string // the last failure that was logged
}

func (s *supervisor) event(e Event) {
	if e.Kind == KindUp || e.Kind == KindDown {
		if e.Kind == KindUp {
			s.up = true
			s.recovered()
		}
		if e.Kind == s.told {
			return
		}
		s.told = e.Kind
	}
	s.emit(e)
}

func (s *supervisor) failed(err error) {
	text := "device ended"
	if err != nil {
		text = err.Error()
	}
	if text == s.last {
		return
	}
	s.last = text
	s.log.Warn("reader failed, trying again", "err", text)
}

func (s *supervisor) recovered() {
	if s.last != "" {
		s.log.Info("reader works again")
	}
	s.last = ""
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
