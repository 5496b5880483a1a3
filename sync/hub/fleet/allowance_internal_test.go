package fleet

import (
	"testing"
	"time"
)

// Issue 8, 3: the events of a terminal are bounded, each terminal's apart.
func TestATerminalsEventsAreBounded(t *testing.T) {
	a, now := make(allowance), time.Now()
	for range allowedAtOnce / 64 {
		if !a.spend("hall", 64, now) {
			t.Fatal("what a box brings after a year is refused")
		}
	}
	if a.spend("hall", 64, now) {
		t.Error("there is no bound")
	}
	if !a.spend("front", 64, now) {
		t.Error("another terminal pays for it")
	}
	if a.spend("hall", 64, now.Add(time.Second)) || !a.spend("hall", 64, now.Add(2*time.Second)) {
		t.Error("it does not refill by 50 a second")
	}
	if a.spend("hall", 64, now.Add(-time.Hour)) {
		t.Error("a clock that was set back gives events")
	}
	for _, days := range []time.Duration{100, 200} {
		if !a.spend("hall", 64, now.Add(days*24*time.Hour)) || a["hall"].left > allowedAtOnce {
			t.Errorf("after %d days it has not the whole, and no more: %v", days, a["hall"].left)
		}
	}
}
