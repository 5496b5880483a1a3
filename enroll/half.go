package enroll

import (
	"context"
	"time"

	"badged/reader"
)

// half is what a point remembers while it waits for the rest of a claim: a claim whose
// code was typed, a card that nobody has, or both, when the card was shown before the
// code and must be shown once more. A card is remembered by its id only.
type half struct {
	claim ClaimID // zero: no code was typed
	card  CardID  // zero: any card will do
	until time.Time
}

// takes reports whether a card is the one that the point waits for.
func (h half) takes(card CardID) bool {
	return !h.claim.IsZero() && (h.card.IsZero() || h.card == card)
}

// takeHalf gives what a point waits with, if its time has not passed, and forgets it.
func (e *Engine) takeHalf(point string) half {
	h, ok := e.halves[point]
	delete(e.halves, point)
	if !ok || !time.Now().Before(h.until) {
		return half{}
	}
	return h
}

// Forget drops what a point waits with: who began it has gone.
func (e *Engine) Forget(p Point) { delete(e.halves, p.Name) }

// wait remembers a half for the site's window.
func (e *Engine) wait(p Point, h half) {
	h.until = time.Now().Add(e.index.Site().ClaimWindow)
	e.halves[p.Name] = h
}

// awaitCard answers a good code. A card that was shown before must be shown once more:
// whoever typed the code need not be who left it waiting.
func (e *Engine) awaitCard(ctx context.Context, p Point, c Claim, shown CardID, also func(Tx) error) Decision {
	ev := e.event(p, EventPresentation, Waiting, AwaitCard)
	if !shown.IsZero() {
		ev.Reason = AwaitSameCard
	}
	ev.Account, ev.Claim = c.Account, c.ID
	d := e.commit(ctx, p, &ev, also)
	if d.Outcome == Waiting {
		e.wait(p, half{claim: c.ID, card: shown})
	}
	return d
}

// cardAfterCode answers the card that a good code awaits. Somebody's own card works as
// ever, and the code stays good; another person's is refused without a name.
func (e *Engine) cardAfterCode(ctx context.Context, p Point, b badge, k Known, found bool, h half) Decision {
	claim, live := e.stillLive(p, h.claim)
	owner, _ := e.index.Account(claim.Account)
	switch {
	case !live && !found:
		return e.refuseCode(ctx, p, CodeRefused)
	case !live:
		return e.known(ctx, p, k)
	case found && k.Account.ID == claim.Account:
		e.halves[p.Name] = h
		return e.known(ctx, p, k)
	case found && !k.movesTo(owner):
		return e.refuseTaken(ctx, p, claim, b)
	case b.unfit() != ReasonNone:
		return e.refuseUnfit(ctx, p, claim, b)
	default:
		return e.bind(ctx, p, claim, b, k.Account.ID)
	}
}

// stillLive looks a claim up again: it may have ended since its code was typed.
func (e *Engine) stillLive(p Point, id ClaimID) (Claim, bool) {
	for _, c := range e.liveClaims(p, e.clock.Now()) {
		if c.ID == id {
			return c, true
		}
	}
	return Claim{}, false
}

// Expired is an answer that nobody asked for: the other half did not come.
type Expired struct {
	Point    string
	Decision Decision
}

// Deadline is when Tick has something to do; zero: never.
func (e *Engine) Deadline() time.Time {
	var first time.Time
	for _, h := range e.halves {
		if first.IsZero() || h.until.Before(first) {
			first = h.until
		}
	}
	return first
}

// Tick forgets what waited too long. Only a point that awaits a card says so: nobody
// promised anything to an unknown card.
func (e *Engine) Tick(ctx context.Context, now time.Time) []Expired {
	var out []Expired
	for point, h := range e.halves {
		if now.Before(h.until) {
			continue
		}
		delete(e.halves, point)
		if h.claim.IsZero() {
			continue
		}
		ev := e.event(Point{Name: point}, EventPresentation, Refused, EntryTimeout)
		ev.Claim = h.claim
		d := e.record(ctx, Point{Name: point}, ev)
		d.Cue = reader.CueReset
		out = append(out, Expired{point, d})
	}
	return out
}
