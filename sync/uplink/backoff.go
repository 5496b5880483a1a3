package uplink

import (
	"math/rand/v2"
	"time"
)

// The bounds of the time between two attempts to connect.
const (
	minWait = time.Second
	maxWait = 5 * time.Minute
)

// backoff gives the time to wait before the next attempt: within 1 to 2 s at first,
// within 2 to 4 s, and so on to within 2.5 to 5 min. The jitter keeps a thousand
// terminals from coming back in one moment.
type backoff struct{ top time.Duration }

func (b *backoff) next() time.Duration {
	b.top = min(max(2*b.top, 2*minWait), maxWait)
	return b.top/2 + rand.N(b.top/2)
}

// reset starts again with the shortest wait. The uplink calls it after a good welcome.
func (b *backoff) reset() { b.top = 0 }
