package reader

import (
	"context"
	"time"
)

// Expecter is a Source, or the Decoder in one, that must emit something, at least KindAlive.
// Silence is the longest time between two of its events; zero: it may be silent for ever.
// With more than AnswerTime, Supervise does not revive it within 10 s. The value may change
// during a run: Supervise reads it again when it is over, and every AnswerTime while it is
// zero. Silence must be safe for concurrent use with Run.
type Expecter interface {
	Silence() time.Duration
}

// AnswerTime is the usual Silence of a polled device.
const AnswerTime = 3 * time.Second

// Resetter is a Source that can reset its device. Supervise calls Reset while no Run runs.
type Resetter interface {
	Reset(ctx context.Context) error
}

// When the watchdog counts a source as failed, and as working again.
const (
	garbageFaults = 20               // more than these, with nothing clean between,
	garbageTime   = 3 * time.Second  // over so long, are garbage
	calmTime      = 10 * time.Second // without a fault ends garbage
)

// rung is the last step that the watchdog took with a failed source.
type rung int

const (
	well     rung = iota
	reopened      // run again at once
	reset         // reset, and run again at once
	reported      // KindDown; then reset and run again, with back-off
)

// watchdog detects a source that is silent for too long, or that emits nothing but faults. It
// is pure: Supervise carries out what its rung says.
//
//	        bad              bad           bad
//	(well) -----> (reopened) -----> (reset) -----> (reported) ---+ bad
//	  ^               |                |              |   ^------+
//	  +---------------+----------------+--------------+
//	                         good
//
//	bad:  no progress for as long as the source may be silent; or garbage
//	good: progress; or, of a source that may be silent for ever, calm
//
// Progress is an event that only a working device causes: a card, a key, KindUp, KindAlive.
// A fault is no progress, nor is an alarm, which may come from a device that must not be
// trusted.
type watchdog struct {
	silence time.Duration // 0: for ever
	rung    rung
	heard   time.Time // of the last event in this run, or its start
	faults  int       // since the last progress, or calm
	first   time.Time // of them
	last    time.Time // of them, or the start of the run
}

// startRun begins a new run of the source.
func (w *watchdog) startRun(now time.Time, silence time.Duration) {
	*w = watchdog{silence: silence, rung: w.rung, heard: now, last: now}
}

// setSilence sets how long the source may be silent. A changed time counts from now.
func (w *watchdog) setSilence(now time.Time, silence time.Duration) {
	if silence != w.silence {
		w.silence, w.heard = silence, now
	}
}

// noteProgress records that the device works, and reports whether it had failed before.
func (w *watchdog) noteProgress(now time.Time) (again bool) {
	again = w.rung != well
	w.rung, w.faults = well, 0
	w.noteSign(now)
	return again
}

// noteSign records that the device is present, whether it works or not.
func (w *watchdog) noteSign(now time.Time) { w.heard = now }

// meansPresent reports whether a device that is down for this reason is present: it answers, but
// must not be trusted.
func (w Why) meansPresent() bool { return w != Lost && w != Silent && w != Garbage }

// isExplained reports whether a KindDown for this reason comes from the port, so that Run's
// error explains it.
func (w Why) isExplained() bool { return w == Lost || w == Ambiguous }

// excuseWait extends the allowed silence by d, the time that delivering an event took.
func (w *watchdog) excuseWait(d time.Duration) { w.heard = w.heard.Add(d) }

// provesWork reports whether an event is progress. An open port is progress for a device that may
// be silent, unless the watchdog has acted on it.
func (w *watchdog) provesWork(e Event) bool {
	switch {
	case e.Kind != KindUp:
		return e.Kind == KindCard || e.Kind == KindKey || e.Kind == KindAlive
	case w.silence > 0:
		return e.Unit != Line
	}
	return w.rung == well
}

// countFault counts a fault, and reports whether deadline is earlier now.
func (w *watchdog) countFault(now time.Time) (sooner bool) {
	if w.faults == 0 || now.Sub(w.last) >= calmTime {
		w.faults, w.first = 0, now
	}
	w.faults++
	w.last = now
	return w.faults == garbageFaults+1
}

// deadline is when to check the source next; zero: never, as far as is known now.
func (w *watchdog) deadline() time.Time {
	var due time.Time
	sooner := func(t time.Time) {
		if due.IsZero() || t.Before(due) {
			due = t
		}
	}
	if w.silence > 0 {
		sooner(w.heard.Add(w.silence))
	}
	if w.faults > garbageFaults {
		sooner(w.first.Add(garbageTime))
	}
	if w.rung != well && w.silence == 0 {
		sooner(w.last.Add(calmTime))
	}
	return due
}

// findFailure returns what is wrong with the source; empty: nothing.
func (w *watchdog) findFailure(now time.Time) Why {
	switch {
	case w.faults > garbageFaults && now.Sub(w.first) >= garbageTime:
		return Garbage
	case w.silence > 0 && now.Sub(w.heard) >= w.silence:
		return Silent
	}
	return ""
}

// isCalm reports whether a source that may be silent counts as working again, because it had no
// fault for calmTime.
func (w *watchdog) isCalm(now time.Time) bool {
	return w.rung != well && w.silence == 0 && now.Sub(w.last) >= calmTime
}

// climbRung climbs to the next rung.
func (w *watchdog) climbRung() { w.rung = min(w.rung+1, reported) }
