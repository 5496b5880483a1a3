package enroll

import (
	"context"
	"time"

	"badged/reader"
)

// half is the state of a point that waits for the rest of a claim: a claim whose code was
// typed, a card that nobody has, or both, if the card was presented before the code and must
// be presented once more. It holds only the id of a card.
type half struct {
	claim ClaimID // zero: no code was typed
	card  CardID  // zero: any card will do
	until time.Time
}

// acceptsCard reports whether a card is the one that the point waits for.
func (h half) acceptsCard(card CardID) bool {
	return !h.claim.IsZero() && (h.card.IsZero() || h.card == card)
}

// takeHalf removes and returns the half of a point, if its time has not passed.
func (e *Engine) takeHalf(point string) half {
	h, ok := e.halves[point]
	delete(e.halves, point)
	if !ok || !time.Now().Before(h.until) {
		return half{}
	}
	return h
}

// Forget drops the half of a point, because the person who began it has gone.
func (e *Engine) Forget(p Point) { delete(e.halves, p.Name) }

// awaitHalf stores a half for the site's claim window.
func (e *Engine) awaitHalf(p Point, h half) {
	h.until = time.Now().Add(e.index.Site().ClaimWindow)
	e.halves[p.Name] = h
}

// awaitCard answers a good code. A card that was presented before must be presented once more,
// because the person who typed the code may be another one.
func (e *Engine) awaitCard(ctx context.Context, p Point, c Claim, shown CardID, also func(Tx) error) Decision {
	ev := e.newEvent(p, EventPresentation, Waiting, AwaitCard)
	if !shown.IsZero() {
		ev.Reason = AwaitSameCard
	}
	ev.Account, ev.Claim = c.Account, c.ID
	d := e.commitChange(ctx, p, &ev, also)
	if d.Outcome == Waiting {
		e.awaitHalf(p, half{claim: c.ID, card: shown})
	}
	return d
}

// cardAfterCode decides about the card after a good code. A card of the claim's own account
// works as usual, and the code stays good; another person's card is refused without a name.
func (e *Engine) cardAfterCode(ctx context.Context, p Point, b badge, k Known, found bool, h half) Decision {
	claim, live := e.stillLive(p, h.claim)
	owner, _ := e.index.Account(claim.Account)
	switch {
	case !live && !found:
		return e.refuseCode(ctx, p, CodeRefused)
	case !live:
		return e.decideKnown(ctx, p, k)
	case found && k.Account.ID == claim.Account:
		e.halves[p.Name] = h
		return e.decideKnown(ctx, p, k)
	case found && !k.mayMoveTo(owner):
		return e.refuseTaken(ctx, p, claim, b)
	case b.unfitReason() != ReasonNone:
		return e.refuseUnfit(ctx, p, claim, b)
	default:
		return e.bindClaim(ctx, p, claim, b, k.Account.ID)
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

// Expired is the decision of a point whose other half did not come in time.
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

// Tick drops halves whose time is over. It returns a decision only for points that wait for a
// card: nothing was promised for an unknown card.
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
		ev := e.newEvent(Point{Name: point}, EventPresentation, Refused, EntryTimeout)
		ev.Claim = h.claim
		d := e.recordEvent(ctx, Point{Name: point}, ev)
		d.Cue = reader.CueReset
		out = append(out, Expired{point, d})
	}
	return out
}
