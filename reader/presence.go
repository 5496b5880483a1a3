package reader

import "time"

// Presence decides when a badge on a reader is a new presentation: once for the whole time
// that it stays. The zero value has seen none.
type Presence struct {
	card   Mark
	last   time.Time
	misses int
}

// Seen records that the reader read c, and reports whether that is a new presentation: c is
// another badge than the last, or was not read for the time away.
func (p *Presence) Seen(at time.Time, c Card, away time.Duration) bool {
	card := c.Mark()
	again := card == p.card && at.Sub(p.last) < away
	p.card, p.last, p.misses = card, at, 0
	return !again
}

// Missed records that a polled reader has no badge in its field. After that many times in a
// row the badge is gone.
func (p *Presence) Missed(times int) {
	if p.misses++; p.misses >= times {
		p.card = Mark{}
	}
}
