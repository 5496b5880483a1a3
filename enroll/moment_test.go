package enroll

import (
	"testing"
	"time"

	"badged/internal/clock"
)

// An end is the first moment that is over, for cards, accounts and grants alike; with an
// unknown time nothing has ended, and no end is for ever.
func TestAnEndIsTheFirstMomentThatIsOver(t *testing.T) {
	end := time.Date(2026, 11, 30, 18, 0, 0, 0, time.UTC)
	for at, over := range map[time.Time]bool{end.Add(-1): false, end: true, end.Add(1): true} {
		stamp := clock.Stamp{Wall: at, State: clock.Holdover}
		if got := ended(end, stamp); got != over {
			t.Errorf("%v from its end: over %v", at.Sub(end), got)
		}
		if (Grant{To: end}).within(at) == over {
			t.Errorf("%v from its end: a grant is in force: %v", at.Sub(end), !over)
		}
		if (Grant{From: end}).within(at) != over {
			t.Errorf("%v from its begin: a grant is in force: %v", at.Sub(end), !over)
		}
		if ended(time.Time{}, stamp) || ended(end, clock.Stamp{Wall: at}) {
			t.Error("what has no end, or no known time, has ended")
		}
	}
}
