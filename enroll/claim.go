package enroll

import (
	"context"
	"crypto/subtle"
	"slices"

	"badged/internal/clock"
	"badged/keypad"
)

// Code answers a typed claim code. Whether it is wrong, used, ended, of another site
// or whether claiming is closed, the answer and the work for it are the same.
//
// While a claim is live, the try is counted on disk before the comparison is made,
// and only a good code takes its own count back: a power cut refunds nothing. While
// nothing is live no code can succeed, so that typing then closes nothing.
//
// At a muted point, codes that could not succeed are left out of the events, at the same
// work; a guess never is.
func (e *Engine) Code(ctx context.Context, p Point, code keypad.Code) Decision {
	shown := e.takeHalf(p.Name).card
	e.guesses = nil // read again at the end of the turn
	live := e.liveClaims(p, e.clock.Now())
	tally := e.tally(len(live) > 0)
	spent, err := e.countTry(ctx, tally)
	if err != nil {
		return refuse(StoreFailed)
	}
	claim, good := e.match(code, live)
	switch {
	case len(live) == 0:
		return e.refuseCode(ctx, p, CodeIdle)
	case spent:
		return e.refuseCode(ctx, p, CodeRefused)
	case !good:
		p.Muted = false // it was a guess, and the hub counts them too
		return e.refuseCode(ctx, p, CodeRefused)
	default:
		return e.awaitCard(ctx, p, claim, shown, refund(tally))
	}
}

// liveClaims are the claims that can be used at a point now. With an unknown time
// nobody can tell whether a claim has ended, so none is; nor is one where the terminal is
// too old for what the hub says of the site or the door.
func (e *Engine) liveClaims(p Point, at clock.Stamp) []Claim {
	if e.index.Site().NotUnderstood || e.index.Door(p.Door).NotUnderstood {
		return nil
	}
	return slices.DeleteFunc(e.index.Claims(), func(c Claim) bool {
		scope := len(c.Doors) == 0 || slices.Contains(c.Doors, p.Door)
		return c.State != ClaimLive || !scope || at.State == clock.Unknown || at.Passed(c.Ends)
	})
}

// match finds the claim that the code belongs to, looking at all of them.
func (e *Engine) match(code keypad.Code, live []Claim) (found Claim, ok bool) {
	for _, c := range live {
		mac := e.key.Claim(c.ID, code.Reveal())
		if subtle.ConstantTimeCompare(mac[:], c.MAC[:]) == 1 {
			found, ok = c, true
		}
	}
	return found, ok
}

// refuseCode is the one answer to every code that does not work; only the event tells
// why. One that is left out of the events is counted in its place: who measures how long
// an answer takes must not learn whether a claim is live.
func (e *Engine) refuseCode(ctx context.Context, p Point, why Reason) Decision {
	ev := e.event(p, EventPresentation, Refused, why)
	d := e.commit(ctx, p, &ev, func(tx Tx) (err error) {
		if p.leavesOut(ev) {
			_, err = addTries(tx, "unlisted-codes", 1)
		}
		return err
	})
	if d.Reason == why {
		d.Reason = CodeRefused
	}
	return d
}
