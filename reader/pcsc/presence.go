package pcsc

import (
	"time"

	"badged/reader"
)

// bounce is how long a card must be away: at the edge of a field it comes and goes.
const bounce = 500 * time.Millisecond

// Presence decides when a card is a new presentation, on a reader that reports when cards come
// and go: once for the whole time that it stays. The zero value has seen none.
type Presence struct {
	card reader.Mark
	away bool
	gone time.Time // when it went away
}

// Left records that there is no card, or another one.
func (p *Presence) Left(at time.Time) {
	if !p.away {
		p.away, p.gone = true, at
	}
}

// New reports whether c, which is there, is a new presentation.
func (p *Presence) New(at time.Time, c reader.Card) bool {
	card := c.Mark()
	again := card == p.card && (!p.away || at.Sub(p.gone) < bounce)
	p.card, p.away = card, false
	return !again
}
