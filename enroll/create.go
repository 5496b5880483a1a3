package enroll

import (
	"context"
	"errors"
	"fmt"
	"time"

	"badged/internal/clock"
)

// The windows of the quotas against floods of new accounts.
const (
	burstWindow = 10 * time.Minute
	dayWindow   = 24 * time.Hour
)

// create makes an account of an unknown card: one transaction makes anonymN, binds
// the card and logs the event; then the panel logs in.
func (e *Engine) create(ctx context.Context, p Point, b badge) Decision {
	ev := e.event(p, EventEnrolment, Granted, NewAccount)
	ev.Card = b.id
	ev.Account = AccountID(e.key.Anonymous(b.id))
	site := e.index.Site()
	if had, ok := e.index.Account(ev.Account); ok && !had.mayUse() {
		return e.refuseNew(ctx, p, ev, AccountInactive)
	}
	if _, _, unclaimed := e.index.Counts(); unclaimed >= site.QuotaSite {
		return e.refuseNew(ctx, p, ev, QuotaReached)
	}
	var made Account
	full := false
	d := e.commit(ctx, p, &ev, func(tx Tx) (err error) {
		if full, err = spendQuota(tx, site, ev.At); err != nil {
			return err
		}
		if full {
			ev.Kind, ev.Outcome, ev.Reason, ev.Account = EventPresentation, Refused, QuotaReached, AccountID{}
			return nil
		}
		if made, err = e.anonymous(tx, ev, site); err != nil {
			return err
		}
		ev.Number, ev.Label = made.Number, made.Label
		return tx.PutBinding(Binding{Card: b.id, Account: made.ID, State: BindingActive, Assurance: assurance(b.card)})
	})
	if d.Outcome != Granted {
		return d
	}
	d.Account = made
	d.Login = p.Kind == Print
	if p.Kind == DoorP {
		d.Outcome, d.Cue = Refused, cue(Refused) // an account, but no grant yet
	}
	return d
}

// refuseNew records that no account is made, and why.
func (e *Engine) refuseNew(ctx context.Context, p Point, ev Event, r Reason) Decision {
	ev.Kind, ev.Outcome, ev.Reason, ev.Account = EventPresentation, Refused, r, AccountID{}
	return e.record(ctx, p, ev)
}

// anonymous puts the account of an unknown card. One that exists already, because its
// former card was taken away, is used again.
func (e *Engine) anonymous(tx Tx, ev Event, site Site) (Account, error) {
	had, err := tx.Account(ev.Account)
	switch {
	case err == nil && !had.mayUse():
		return Account{}, ErrTaken
	case !errors.Is(err, ErrNotFound):
		return had, err
	}
	n, err := tx.TakeNumber()
	if err != nil {
		return Account{}, err
	}
	a := Account{
		ID: ev.Account, Kind: Anonymous, State: Active, Number: n, Lang: site.Lang,
		Expires: ev.At.Wall.Add(site.AnonymousLife),
	}
	if n == 0 {
		a.Label = fmt.Sprintf("anonym-%s-%x", e.terminal, a.ID[:2])
	}
	return a, tx.PutAccount(a)
}

// spendQuota counts one new account of this terminal, or reports that there were
// enough.
func spendQuota(tx Tx, site Site, at clock.Stamp) (full bool, err error) {
	for _, q := range []struct {
		name   string
		window time.Duration
		limit  int
	}{
		{"new-accounts-burst", burstWindow, site.QuotaBurst},
		{"new-accounts-day", dayWindow, site.QuotaDay},
	} {
		t, err := tx.Tally(q.name)
		if err != nil {
			return false, err
		}
		switch {
		case t.Since.IsZero() || at.Wall.Sub(t.Since) >= q.window:
			t = Tally{Since: at.Wall}
		case at.Wall.Before(t.Since): // the clock was set back: the window begins anew, spent as it is
			t.Since = at.Wall
		}
		if t.Count >= int64(q.limit) {
			return true, tx.PutTally(q.name, t)
		}
		t.Count++
		if err := tx.PutTally(q.name, t); err != nil {
			return false, err
		}
	}
	return false, nil
}
