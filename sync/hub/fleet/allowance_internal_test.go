package fleet

import (
	"testing"
	"time"
)

// Issue 8, 3: the events of a terminal are bounded, each terminal's apart.
func TestATerminalsEventsAreBounded(t *testing.T) {
	a, now := make(allowance), time.Now()
	for range allowedAtOnce / 64 {
		if !a.take("hall", 64, now) {
			t.Fatal("what a box brings after a year is refused")
		}
	}
	if a.take("hall", 64, now) {
		t.Error("there is no bound")
	}
	if !a.take("front", 64, now) {
		t.Error("another terminal pays for it")
	}
	if a.take("hall", 64, now.Add(time.Second)) || !a.take("hall", 64, now.Add(2*time.Second)) {
		t.Error("it does not refill by 50 a second")
	}
	if a.take("hall", 64, now.Add(-time.Hour)) {
		t.Error("a clock that was set back gives events")
	}
	if !a.take("hall", 64, now.Add(100*24*time.Hour)) || a["hall"].left > allowedAtOnce {
		t.Error("after a long time it has not the whole, and no more")
	}
}
