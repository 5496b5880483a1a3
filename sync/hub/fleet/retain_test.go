package fleet_test

import (
	"testing"
	"time"
)

// S5.10: passages are kept 3 months by default, and what a terminal tells again of those
// that are forgotten makes none of them anew.
func TestEventsAreKeptAsLongAsTheSiteSays(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	hall.report(swipe(), swipe())
	now := time.Now()
	at := func(when time.Time) {
		w.now.Store(&when)
		w.must(w.hub.Retain(t.Context()))
	}
	at(now.AddDate(0, 2, 0))
	if n := len(w.events()); n != 2 {
		t.Errorf("after two months %d events are left, want 2", n)
	}
	later := now.AddDate(0, 3, 1)
	w.now.Store(&later)
	hall.report(swipe())
	at(later)
	if events := w.events(); len(events) != 1 || events[0].Seq != 3 {
		t.Errorf("after three months %d events are left, want the new one", len(events))
	}
	hall.hello()
	hall.report(swipe())
	if events := w.events(); len(events) != 2 || events[1].ID != 4 {
		t.Errorf("the next event: %+v", events)
	}
	at(later.AddDate(1, 0, 0))
	if n := len(w.events()); n != 0 {
		t.Errorf("a year later %d events are left", n)
	}
}
