package enroll

import (
	"context"
	"time"

	"badged/internal/clock"
	"badged/keypad"
	"badged/reader"
)

// A PIN alone names its person, so that a wrong one names nobody, and any that is tried
// might be somebody's. What bounds guessing is the point at which it happens: the first
// wrong PINs cost nothing, each further one a longer wait, and none waits for more than
// maxPINWait, so that nobody keeps others out for long. A good PIN takes only its own count
// back: who has one gets no more guesses than others.
//
//	wrong PINs in a row   1  2   3   4   5 ...  9 and more
//	wait in seconds       0  0   1   2   4     60
const (
	freePINs   = 2
	maxPINWait = time.Minute
	// pinsForgotten is how long nobody must have typed a wrong PIN for all to be forgotten.
	pinsForgotten = time.Hour
)

// pinTally names the count of wrong PINs of a point, which stands before it.
const pinTally = "wrong-pins/"

// pinWait is how many wrong PINs were typed in a row at a point, and what follows.
type pinWait struct {
	wrong int64
	last  time.Time // the last of them, or the start of the process
}

// until is when the point takes a PIN again.
func (w pinWait) until() time.Time { return w.last.Add(waitAfter(w.wrong)) }

func waitAfter(wrong int64) time.Duration {
	if wrong <= freePINs {
		return 0
	}
	return min(time.Second<<min(wrong-freePINs-1, 10), maxPINWait)
}

// PIN answers a typed PIN: at a print point its person logs in. At a door a PIN alone opens
// nothing. Whatever a PIN is refused for, the person is told the same, and the work is the
// same; only the event tells why. A try is counted on disk before the PIN is looked up, so
// that a power cut refunds nothing.
func (e *Engine) PIN(ctx context.Context, p Point, pin keypad.PIN) Decision {
	if p.Kind != Print {
		return e.record(ctx, p, e.event(p, EventPresentation, Refused, PINUnknown))
	}
	wait, err := e.pinWait(ctx, p)
	if err != nil {
		return refuse(StoreFailed)
	}
	if time.Now().Before(wait.until()) {
		ev := e.event(p, EventPresentation, Refused, PINDelayed)
		ev.Count = uint64(wait.wrong)
		return e.record(ctx, p, ev)
	}
	if err := e.store.Update(ctx, func(tx Tx) error { return tx.PutTally(pinTally+p.Name, Tally{Count: wait.wrong + 1}) }); err != nil {
		return refuse(StoreFailed)
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
	case !a.mayUse(), ended(a.Expires, at):
		return AccountInactive
	default:
		return KnownPIN
	}
}

// logIn answers a good PIN, and takes back its count.
func (e *Engine) logIn(ctx context.Context, p Point, wait pinWait, a Account) Decision {
	ev := e.event(p, EventPresentation, Granted, KnownPIN)
	ev.Account = a.ID
	d := e.commit(ctx, p, &ev, func(tx Tx) error { return tx.PutTally(pinTally+p.Name, Tally{Count: wait.wrong}) })
	if d.Outcome != Granted {
		return d
	}
	d.Account = e.profile(ctx, a)
	return d.admit(p)
}

// refusePIN answers a PIN that logs nobody in. When the wait has become as long as it gets,
// the operator is told.
func (e *Engine) refusePIN(ctx context.Context, p Point, wait pinWait, a Account, why Reason) Decision {
	ev := e.event(p, EventPresentation, Refused, why)
	ev.Account = a.ID
	longest := waitAfter(wait.wrong) < maxPINWait && waitAfter(wait.wrong+1) == maxPINWait
	d := e.commit(ctx, p, &ev, func(tx Tx) error {
		if !longest {
			return nil
		}
		told := e.event(p, EventDevice, Outcome(0), PINDelayed)
		told.Count = uint64(wait.wrong + 1)
		return tx.Append(told)
	})
	e.pinWaits[p.Name] = pinWait{wait.wrong + 1, time.Now()}
	if d.Reason == why {
		d.Reason, d.Cue = PINUnknown, reader.CueRefused
	}
	return d
}

// pinWait gives how many wrong PINs were typed at a point. Those of a former run of the
// process count as if they had been typed when this one started: how long it was off,
// nobody knows.
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
