package enroll

import (
	"context"
	"crypto/subtle"
	"slices"
	"strconv"

	"badged/internal/clock"
	"badged/keypad"
)

// Code answers a typed claim code. Whether it is wrong, used, ended, of another site
// or whether claiming is closed, the answer and the work for it are the same.
//
// While a claim is live, the try is counted on disk before the comparison is made,
// and only a good code takes its own count back: a power cut refunds nothing. While
// nothing is live no code can succeed, so that typing then closes nothing.
func (e *Engine) Code(ctx context.Context, p Point, code keypad.Code) Decision {
	shown := e.takeHalf(p.Name).card
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
	case !good || spent:
		return e.refuseCode(ctx, p, CodeRefused)
	default:
		return e.awaitCard(ctx, p, claim, shown, refund(tally))
	}
}

// liveClaims are the claims that can be used at a point now. With an unknown time
// nobody can tell whether a claim has ended, so none is.
func (e *Engine) liveClaims(p Point, at clock.Stamp) []Claim {
	return slices.DeleteFunc(e.index.Claims(), func(c Claim) bool {
		scope := len(c.Doors) == 0 || slices.Contains(c.Doors, p.Door)
		return c.State != ClaimLive || !scope || at.State == clock.Unknown || !at.Wall.Before(c.Ends)
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

// tally names the count of tries: while a claim is live the guess budget, which an
// operator renews by starting another epoch; otherwise one that keeps the work the same.
func (e *Engine) tally(live bool) string {
	if live {
		return "wrong-codes/" + strconv.FormatUint(e.index.Site().ClaimsEpoch, 10)
	}
	return "idle-codes"
}

// countTry counts a code before it is compared and reports whether the budget was
// spent already.
func (e *Engine) countTry(ctx context.Context, tally string) (spent bool, err error) {
	site := e.index.Site()
	err = e.store.Update(ctx, func(tx Tx) error {
		t, err := addTries(tx, tally, 1)
		spent = site.ClaimsClosed || t.Count > int64(site.GuessBudget)
		return err
	})
	return spent, err
}

// refund takes back the count of a code that was good.
func refund(tally string) func(Tx) error {
	return func(tx Tx) error {
		_, err := addTries(tx, tally, -1)
		return err
	}
}

func addTries(tx Tx, name string, n int64) (Tally, error) {
	t, err := tx.Tally(name)
	if err != nil {
		return t, err
	}
	t.Count += n
	return t, tx.PutTally(name, t)
}

// refuseCode is the one answer to every code that does not work; only the event tells
// why.
func (e *Engine) refuseCode(ctx context.Context, p Point, why Reason) Decision {
	ev := e.event(p, EventPresentation, Refused, why)
	d := e.commit(ctx, p, &ev, func(Tx) error { return nil })
	if d.Reason == why {
		d.Reason = CodeRefused
	}
	return d
}

// PIN answers a typed PIN. No account of this terminal has one yet.
func (e *Engine) PIN(ctx context.Context, p Point, _ keypad.PIN) Decision {
	ev := e.event(p, EventPresentation, Refused, PINUnknown)
	return e.record(ctx, p, ev)
}
