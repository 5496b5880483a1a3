package reader

import (
	"context"
	"time"
)

// Expecter is a Source, or the Decoder in one, that must say something, KindAlive at
// least. Silence is the longest time between two of its events; zero: it may be silent
// for ever. With more than AnswerTime it is not found to work again within 10 s. It may
// change in a run: it is asked again when it is over, and every AnswerTime while it is
// zero. It must be safe for concurrent use with Run.
type Expecter interface {
	Silence() time.Duration
}

// AnswerTime is the Silence of a device that is asked, if nothing else is known of it.
const AnswerTime = 3 * time.Second

// Resetter is a Source that can reset its device. Reset is called while no Run is
// under way.
type Resetter interface {
	Reset(ctx context.Context) error
}

// When the watchdog finds a source bad, and good.
const (
	garbageFaults = 20               // more than these, with nothing clean between,
	garbageTime   = 3 * time.Second  // over so long, are garbage
	calmTime      = 10 * time.Second // without a fault ends garbage
)

// rung is how far the watchdog has gone with a source.
type rung int

const (
	well     rung = iota
	reopened      // run again at once
	reset         // reset, and run again at once
	reported      // KindDown; then reset and run again, with back-off
)

// watchdog finds out that a source is silent where it must not be, or says nothing
// but faults. It is pure: Supervise does what its rung says.
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
// Progress is what only a device that works says: a card, a key, KindUp, KindAlive.
// A fault is none, nor an alarm by a device that must not be trusted.
type watchdog struct {
	silence time.Duration // 0: for ever
	rung    rung
	heard   time.Time // the last word in this run, or its begin
	faults  int       // since the last progress, or calm
	first   time.Time // of them
	last    time.Time // of them, or the begin of the run
}

// startRun tells that the source was run.
func (w *watchdog) startRun(now time.Time, silence time.Duration) {
	*w = watchdog{silence: silence, rung: w.rung, heard: now, last: now}
}

// expect tells how long the source may be silent now. When that is new, it counts from
// now on.
func (w *watchdog) expect(now time.Time, silence time.Duration) {
	if silence != w.silence {
		w.silence, w.heard = silence, now
	}
}

// progress tells that the device works, and reports whether it is good again.
func (w *watchdog) progress(now time.Time) (again bool) {
	again = w.rung != well
	w.rung, w.faults = well, 0
	w.noteSign(now)
	return again
}

// noteSign tells that the device is there, whether it works or not.
func (w *watchdog) noteSign(now time.Time) { w.heard = now }

// answers reports whether a device that is down for this is there all the same: it says
// something, and must not be trusted.
func (w Why) answers() bool { return w != Lost && w != Silent && w != Garbage }

// explained reports whether a KindDown for this is the port's word: what went wrong
// follows as Run's error.
func (w Why) explained() bool { return w == Lost || w == Ambiguous }

// held tells that a word was waited with for d: that is not the device's silence.
func (w *watchdog) held(d time.Duration) { w.heard = w.heard.Add(d) }

// proof reports whether an event is progress. That a port is open is proof of a device
// that may be silent, as long as it has not gone wrong.
func (w *watchdog) proof(e Event) bool {
	switch {
	case e.Kind != KindUp:
		return e.Kind == KindCard || e.Kind == KindKey || e.Kind == KindAlive
	case w.silence > 0:
		return e.Unit != Line
	}
	return w.rung == well
}

// fault tells of one, and reports whether deadline is earlier now.
func (w *watchdog) fault(now time.Time) (sooner bool) {
	if w.faults == 0 || now.Sub(w.last) >= calmTime {
		w.faults, w.first = 0, now
	}
	w.faults++
	w.last = now
	return w.faults == garbageFaults+1
}

// deadline is when to look at the source; zero: not before deadline is earlier.
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

// bad says what is wrong with the source; empty: nothing.
func (w *watchdog) bad(now time.Time) Why {
	switch {
	case w.faults > garbageFaults && now.Sub(w.first) >= garbageTime:
		return Garbage
	case w.silence > 0 && now.Sub(w.heard) >= w.silence:
		return Silent
	}
	return ""
}

// calm reports whether a source that may be silent is good again by being so.
func (w *watchdog) calm(now time.Time) bool {
	return w.rung != well && w.silence == 0 && now.Sub(w.last) >= calmTime
}

// bite goes one rung further.
func (w *watchdog) bite() { w.rung = min(w.rung+1, reported) }
