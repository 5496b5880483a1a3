package enroll

import (
	"context"
	"time"

	"badged/internal/clock"
	"badged/keypad"
	"badged/reader"
)

// A PIN alone names its person: a wrong one names nobody, and any PIN that is tried may be
// somebody's. So the bound on guessing is per point: the first wrong PINs cost nothing, each
// further one a longer wait, at most maxPINWait, so that nobody can keep others out for long. A
// good PIN takes only its own count back, so that its owner gets no more guesses than others.
//
//	wrong PINs in a row   1  2   3   4   5 ...  9 and more
//	wait in seconds       0  0   1   2   4     60
const (
	freePINs   = 2
	maxPINWait = time.Minute
	// pinsForgotten is the time without a wrong PIN after which the count starts again.
	pinsForgotten = time.Hour
)

// pinTally names the count of wrong PINs of a point, which stands before it.
const pinTally = "wrong-pins/"

// pinWait is how many wrong PINs were typed in a row at a point, and what follows.
type pinWait struct {
	wrong int64
	last  time.Time // the last of them, or the start of the process
}

// nextAllowed is when the point accepts a PIN again.
func (w pinWait) nextAllowed() time.Time { return w.last.Add(waitAfter(w.wrong)) }

func waitAfter(wrong int64) time.Duration {
	if wrong <= freePINs {
		return 0
	}
	return min(time.Second<<min(wrong-freePINs-1, 10), maxPINWait)
}

// PIN decides about a typed PIN: at a print point its person logs in; at a door a PIN alone
// opens nothing. The answer and the work are the same for every reason of a refusal; only the
// event says why. PIN counts the try on disk before it looks the PIN up, so that a power cut
// refunds nothing.
func (e *Engine) PIN(ctx context.Context, p Point, pin keypad.PIN) Decision {
	if p.Kind != Print {
		return e.recordEvent(ctx, p, e.newEvent(p, EventPresentation, Refused, PINUnknown))
	}
	wait, err := e.pinWait(ctx, p)
	if err != nil {
		return refusedDecision(StoreFailed)
	}
	if time.Now().Before(wait.nextAllowed()) {
		ev := e.newEvent(p, EventPresentation, Refused, PINDelayed)
		ev.Count = uint64(wait.wrong)
		return e.recordEvent(ctx, p, ev)
	}
	if err := e.store.Update(ctx, func(tx Tx) error { return tx.PutTally(pinTally+p.Name, Tally{Count: wait.wrong + 1}) }); err != nil {
		return refusedDecision(StoreFailed)
	}
	account, found := e.index.PIN(e.key.PIN(pin.Reveal()))
	if why := e.mayLogIn(account, found, e.clock.Now()); why != KnownPIN {
		return e.refusePIN(ctx, p, wait, account, why)
	}
	return e.logIn(ctx, p, wait, account)
}

// mayLogIn decides about the account of a PIN.
func (e *Engine) mayLogIn(a Account, found bool, at clock.Stamp) Reason {
	switch {
	case !found:
		return PINUnknown
	case a.Kind == Service:
		return ServiceAccount
	case a.State == AccountNotUnderstood:
		return NotUnderstood
	case !a.mayUse(), hasEnded(a.Expires, at):
		return AccountInactive
	default:
		return KnownPIN
	}
}

// logIn answers a good PIN, and takes back its count.
func (e *Engine) logIn(ctx context.Context, p Point, wait pinWait, a Account) Decision {
	ev := e.newEvent(p, EventPresentation, Granted, KnownPIN)
	ev.Account = a.ID
	d := e.commitChange(ctx, p, &ev, func(tx Tx) error { return tx.PutTally(pinTally+p.Name, Tally{Count: wait.wrong}) })
	if d.Outcome != Granted {
		return d
	}
	d.Account = e.readProfile(ctx, a)
	return d.withAdmission(p)
}

// refusePIN refuses a PIN. When the wait reaches maxPINWait, it also records an event for the
// operator.
func (e *Engine) refusePIN(ctx context.Context, p Point, wait pinWait, a Account, why Reason) Decision {
	ev := e.newEvent(p, EventPresentation, Refused, why)
	ev.Account = a.ID
	longest := waitAfter(wait.wrong) < maxPINWait && waitAfter(wait.wrong+1) == maxPINWait
	d := e.commitChange(ctx, p, &ev, func(tx Tx) error {
		if !longest {
			return nil
		}
		told := e.newEvent(p, EventDevice, Outcome(0), PINDelayed)
		told.Count = uint64(wait.wrong + 1)
		return tx.Append(told)
	})
	e.pinWaits[p.Name] = pinWait{wait.wrong + 1, time.Now()}
	if d.Reason == why {
		d.Reason, d.Cue = PINUnknown, reader.CueRefused
	}
	return d
}

// pinWait returns the wrong PINs of a point. Those from before the process started count as if
// they were typed at its start, because the time since is not known.
func (e *Engine) pinWait(ctx context.Context, p Point) (pinWait, error) {
	wait, ok := e.pinWaits[p.Name]
	if !ok {
		var t Tally
		err := e.store.View(ctx, func(tx Tx) (err error) {
			t, err = tx.Tally(pinTally + p.Name)
			return err
		})
		if err != nil {
			return wait, err
		}
		wait = pinWait{t.Count, e.started}
		e.pinWaits[p.Name] = wait
	}
	if time.Since(wait.last) >= pinsForgotten {
		wait.wrong = 0
	}
	return wait, nil
}
