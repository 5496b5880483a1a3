package fleet

import "time"

// How many events a terminal may send: a box that was away for a year brings what it has at
// once, and a busy one never needs what comes anew. A stolen identity fills no disk.
const (
	allowedAtOnce   = 1_000_000
	allowedASecond  = 50
	secondsToRefill = allowedAtOnce / allowedASecond
)

// allowance is what each terminal may still send.
type allowance map[string]*credit

type credit struct {
	left float64
	at   time.Time
}

// spend uses n of the events up that a terminal may send, or reports that it has fewer left.
func (a allowance) spend(terminal string, n int, now time.Time) bool {
	c := a[terminal]
	if c == nil {
		c = &credit{left: allowedAtOnce, at: now}
		a[terminal] = c
	}
	passed := min(max(now.Sub(c.at).Seconds(), 0), secondsToRefill)
	c.left, c.at = min(c.left+passed*allowedASecond, allowedAtOnce), now
	if c.left < float64(n) {
		return false
	}
	c.left -= float64(n)
	return true
}
