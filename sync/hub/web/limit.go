package web

import (
	"sync"
	"time"
)

// joinsPerMinute is how often one address may try to join. A secret has 128 bits, so
// this guards the hub's time, not the secret.
const joinsPerMinute = 20

// maxHosts bounds what a limiter remembers. Beyond it, all others share one count.
const maxHosts = 10000

// limiter counts tries by address, in windows of fixed length.
type limiter struct {
	most   int
	window time.Duration

	mu    sync.Mutex // guards what follows
	since time.Time
	tries map[string]int
}

func newLimiter(most int, window time.Duration) *limiter {
	return &limiter{most: most, window: window, tries: make(map[string]int)}
}

// allow counts a try and reports whether it is not one too many.
func (l *limiter) allow(host string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.since) >= l.window {
		l.since = now
		clear(l.tries)
	}
	if _, known := l.tries[host]; !known && len(l.tries) >= maxHosts {
		host = ""
	}
	l.tries[host]++
	return l.tries[host] <= l.most
}
