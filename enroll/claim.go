package enroll

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"strconv"
	"time"

	"badged/internal/clock"
	"badged/keypad"
	"badged/reader"
)

// half is what a point remembers while it waits for the other half of a claim: a
// claim whose code was typed, or a card that nobody has.
type half struct {
	claim ClaimID
	badge badge
	until time.Time
}

func (h half) isCode() bool { return !h.claim.IsZero() }

// takeHalf takes what a point waits with, if its time has not passed.
func (e *Engine) takeHalf(point string) (half, bool) {
	h, ok := e.halves[point]
	delete(e.halves, point)
	return h, ok && time.Now().Before(h.until)
}

// Code answers a typed claim code. Whether it is wrong, used, ended, of another site
// or whether claiming is closed, the answer and the work for it are the same.
//
// While a claim is live, the try is counted on disk before the comparison is made,
// and only a good code takes its own count back: a power cut refunds nothing. While
// nothing is live no code can succeed, so that typing then closes nothing.
func (e *Engine) Code(ctx context.Context, p Point, code keypad.Code) Decision {
	h, waiting := e.takeHalf(p.Name)
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
	case waiting && !h.isCode():
		return e.bind(ctx, p, claim, h.badge, refund(tally))
	default:
		return e.awaitCard(ctx, p, claim, refund(tally))
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

// awaitCard takes a good code: the next unknown card gets bound.
func (e *Engine) awaitCard(ctx context.Context, p Point, c Claim, also func(Tx) error) Decision {
	ev := e.event(p, EventPresentation, Waiting, AwaitCard)
	ev.Account, ev.Claim = c.Account, c.ID
	d := e.commit(ctx, p, &ev, also)
	if d.Outcome == Waiting {
		e.halves[p.Name] = half{claim: c.ID, until: time.Now().Add(e.index.Site().ClaimWindow)}
	}
	return d
}

// cardAfterCode answers a card at a point where a good code was typed. Somebody's own
// card works as ever, and the code stays good; another's is refused without a name.
func (e *Engine) cardAfterCode(ctx context.Context, p Point, b badge, k Known, found bool, h half) Decision {
	claim, live := e.stillLive(p, h.claim)
	switch {
	case !live && !found:
		return e.refuseCode(ctx, p, CodeRefused)
	case !live:
		return e.known(ctx, p, k)
	case found && k.Account.ID == claim.Account:
		e.halves[p.Name] = h
		return e.known(ctx, p, k)
	case found:
		return e.refuseBinding(ctx, p, claim, b, CardTaken)
	case b.unfit() != ReasonNone:
		return e.refuseBinding(ctx, p, claim, b, b.unfit())
	default:
		return e.bind(ctx, p, claim, b, func(Tx) error { return nil })
	}
}

// refuseBinding tells the operator, on the security stream, why a card was not bound.
func (e *Engine) refuseBinding(ctx context.Context, p Point, c Claim, b badge, r Reason) Decision {
	ev := e.event(p, EventEnrolment, Refused, r)
	ev.Account, ev.Card, ev.Claim = c.Account, b.id, c.ID
	return e.record(ctx, p, ev)
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

// bind makes the card the claim's account's and uses the claim up, in one
// transaction with also. The card then opens with its account's grants, at once.
func (e *Engine) bind(ctx context.Context, p Point, c Claim, b badge, also func(Tx) error) Decision {
	owner, ok := e.index.Account(c.Account)
	if !ok || !owner.mayOwn() {
		return e.refuseCode(ctx, p, CodeRefused)
	}
	binding := Binding{Card: b.id, Account: c.Account, State: BindingActive, Assurance: assurance(b.card)}
	if e.index.Site().Confirm != ConfirmNone {
		binding.State = BindingPending
	}
	ev := e.event(p, EventEnrolment, Granted, ClaimBound)
	ev.Account, ev.Card, ev.Claim = c.Account, b.id, c.ID
	d := e.commit(ctx, p, &ev, func(tx Tx) error {
		c.State = ClaimUsed
		return errors.Join(also(tx), tx.PutClaim(c), tx.PutBinding(binding))
	})
	if d.Outcome != Granted {
		return d
	}
	d.Account = e.profile(ctx, owner)
	if outcome, _ := e.mayEnter(p, Known{binding, owner, e.index.Grants(owner.ID, p.Door)}, ev.At); outcome == Granted {
		return d.admit(p)
	}
	return d
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
		if !h.isCode() {
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
