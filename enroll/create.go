package enroll

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"badged/internal/clock"
	"badged/reader"
)

// createAccount makes an account for an unknown card: one transaction makes anonymN, binds
// the card and appends the event; then the panel logs in.
func (e *Engine) createAccount(ctx context.Context, p Point, b badge) Decision {
	ev := e.newEvent(p, EventEnrolment, Granted, NewAccount)
	ev.Card = b.id
	ev.Account = AccountID(e.key.Anonymous(b.id))
	site := e.index.Site()
	if had, ok := e.index.Account(ev.Account); ok && !had.mayUse() {
		if had.State == AccountNotUnderstood {
			return e.refuseNew(ctx, p, ev, NotUnderstood)
		}
		return e.refuseNew(ctx, p, ev, AccountInactive)
	}
	var made Account
	var spent spending
	d := e.commitChange(ctx, p, &ev, func(tx Tx) (err error) {
		if spent, err = e.spendQuotas(tx, p, ev.At); err != nil {
			return err
		}
		if spent.refused {
			ev.Kind, ev.Outcome, ev.Reason, ev.Account = EventPresentation, Refused, QuotaReached, AccountID{}
			return nil
		}
		if made, err = e.putAnonymous(tx, ev, site, p.Lang); err != nil {
			return err
		}
		ev.Number, ev.Label, ev.Edit, ev.Assurance = made.Number, made.Label, &Edit{Lang: made.Lang}, assuranceOf(b.card)
		return tx.PutBinding(Binding{Card: b.id, Account: made.ID, State: BindingActive, Assurance: ev.Assurance})
	})
	if d.Reason == NewAccount || d.Reason == QuotaReached {
		e.tallies = spent.tallies
	}
	if d.Outcome != Granted {
		return d
	}
	d.Account = made
	d.Login = p.Kind == Print
	if p.Kind == DoorP {
		d.Outcome, d.Cue = Refused, reader.CueRefused // an account, but no grant yet
	}
	return d
}

// refuseNew refuses to make an account, and records why.
func (e *Engine) refuseNew(ctx context.Context, p Point, ev Event, r Reason) Decision {
	ev.Kind, ev.Outcome, ev.Reason, ev.Account = EventPresentation, Refused, r, AccountID{}
	return e.recordEvent(ctx, p, ev)
}

// putAnonymous stores the account of an unknown card. It reuses an account that exists already,
// because its former card was taken away; a lapsed one starts again with a new number. A new
// account has the language of the panel.
func (e *Engine) putAnonymous(tx Tx, ev Event, site Site, lang string) (Account, error) {
	had, err := tx.Account(ev.Account)
	switch {
	case err == nil && !had.mayUse():
		return Account{}, ErrTaken
	case err == nil && !had.hasLapsed(ev.At):
		return had, nil
	case err != nil && !errors.Is(err, ErrNotFound):
		return had, err
	}
	n, err := tx.TakeNumber()
	if err != nil {
		return Account{}, err
	}
	a := Account{
		ID: ev.Account, Kind: Anonymous, State: Active, Number: n, Lang: cmp.Or(lang, site.Lang),
		Expires: endOf(ev.At, site.AnonymousLife),
	}
	if n == 0 {
		a.Label = fmt.Sprintf("anonym-%s-%x", e.terminal, a.ID[:2])
	}
	return a, tx.PutAccount(a)
}

// endOf is when an account that is made now ends. If the time is not known, it ends as late as
// possible until the hub corrects that, so that a wrong clock does not end it at once.
func endOf(at clock.Stamp, life time.Duration) time.Time {
	if at.State == clock.Unknown {
		return fromUnix(math.MaxUint32)
	}
	return at.Wall.Add(life)
}
