package reader

import "time"

// Presence tells a badge once for the whole time that it stays on a reader. The zero
// value has seen none.
type Presence struct {
	card   Mark
	last   time.Time
	misses int
}

// Seen tells that the reader said c, and gives whether that is a new presentation: c is
// another badge than the last, or was not seen for the time given.
func (p *Presence) Seen(at time.Time, c Card, away time.Duration) bool {
	card := c.Mark()
	again := card == p.card && at.Sub(p.last) < away
	p.card, p.last, p.misses = card, at, 0
	return !again
}

// Missed tells that a reader that is asked has no badge in its field. After that many
// times in a row the badge is gone.
func (p *Presence) Missed(times int) {
	if p.misses++; p.misses >= times {
		p.card = Mark{}
	}
}
