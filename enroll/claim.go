package enroll

import (
	"context"
	"crypto/subtle"
	"slices"

	"badged/internal/clock"
	"badged/keypad"
)

// Code decides about a typed claim code. The answer and the work are the same whether the
// code is wrong, used, ended or of another site, or claiming is closed.
//
// While a claim is live, Code counts the try on disk before it compares, and only a good code
// takes its own count back: a power cut refunds nothing. While no claim is live, no code can
// succeed, so typing does not close claiming.
//
// At a muted point, Code leaves codes that could not succeed out of the events, with the same
// work; it never leaves out a guess.
func (e *Engine) Code(ctx context.Context, p Point, code keypad.Code) Decision {
	shown := e.takeHalf(p.Name).card
	e.guesses = nil // read again at the end of the turn
	live := e.liveClaims(p, e.clock.Now())
	tally := e.tallyName(len(live) > 0)
	spent, err := e.countTry(ctx, tally)
	if err != nil {
		return refusedDecision(StoreFailed)
	}
	claim, good := e.matchClaim(code, live)
	switch {
	case len(live) == 0:
		return e.refuseCode(ctx, p, CodeIdle)
	case spent:
		return e.refuseCode(ctx, p, CodeRefused)
	case !good:
		p.Muted = false // it was a guess, and the hub counts them too
		return e.refuseCode(ctx, p, CodeRefused)
	default:
		return e.awaitCard(ctx, p, claim, shown, refundTry(tally))
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

// matchClaim finds the claim that the code belongs to, looking at all of them.
func (e *Engine) matchClaim(code keypad.Code, live []Claim) (found Claim, ok bool) {
	for _, c := range live {
		mac := e.key.Claim(c.ID, code.Reveal())
		if subtle.ConstantTimeCompare(mac[:], c.MAC[:]) == 1 {
			found, ok = c, true
		}
	}
	return found, ok
}

// refuseCode is the same answer to every code that does not work; only the event says why. A
// code that is left out of the events is counted instead, so that the time of an answer does
// not show whether a claim is live.
func (e *Engine) refuseCode(ctx context.Context, p Point, why Reason) Decision {
	ev := e.newEvent(p, EventPresentation, Refused, why)
	d := e.commitChange(ctx, p, &ev, func(tx Tx) (err error) {
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
