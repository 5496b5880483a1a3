package enroll

import (
	"context"
	"errors"

	"badged/reader"
)

// AddCard answers a badge that somebody presented to have it added to their account, in a
// session that a PIN opened: Granted, or Waiting where it must be confirmed first. A PIN
// alone opens no door, so neither does a badge that only a PIN vouches for: where its owner
// may use one, the badge waits. Another's badge is refused without a name.
func (e *Engine) AddCard(ctx context.Context, p Point, id AccountID, n reader.Number, c reader.Card) Decision {
	b := badge{CardID(e.key.Card(n.Reveal())), c}
	known, found := e.index.Card(b.id, "")
	owner, _ := e.index.Account(id)
	ev := e.event(p, EventEnrolment, Refused, ReasonNone)
	ev.Account, ev.Card = id, b.id
	switch {
	case !owner.mayOwn():
		ev.Reason = AccountInactive
	case found && known.Account.ID == id && known.Binding.State <= BindingPending:
		ev.Reason = KnownCard
	case found && !known.movesTo(owner):
		ev.Reason = CardTaken
	case b.unfit() != ReasonNone:
		ev.Reason = b.unfit()
	default:
		return e.add(ctx, p, ev, b, known.Account.ID)
	}
	return e.record(ctx, p, ev)
}

// add binds the badge, and ends the anonymous account that it belonged to.
func (e *Engine) add(ctx context.Context, p Point, ev Event, b badge, former AccountID) Decision {
	ev.Outcome, ev.Reason, ev.Assurance = Granted, CardAdded, assurance(b.card)
	binding := Binding{Card: b.id, Account: ev.Account, State: BindingActive, Assurance: ev.Assurance}
	if e.index.Site().Confirm != ConfirmNone || e.index.OpensDoors(ev.Account) {
		binding.State = BindingPending
	}
	err := e.change(ctx, p, &ev, func(tx Tx) error { return errors.Join(tx.PutBinding(binding), merge(tx, former)) })
	switch {
	case errors.Is(err, ErrTaken):
		ev.Outcome, ev.Reason = Refused, CardTaken
		return e.record(ctx, p, ev)
	case err != nil:
		return refuse(StoreFailed)
	}
	d := answer(p, ev)
	if binding.State == BindingPending {
		d.Outcome = Waiting
	}
	return d
}

// OpensDoors reports whether an account or one of its groups has a right at any door.
func (ix *Index) OpensDoors(id AccountID) bool {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	place, ok := ix.accounts.place(id)
	if !ok {
		return false
	}
	a := ix.accounts.at(place)
	if ix.grants.allows(a.value.grants) {
		return true
	}
	for group := range ix.groups.at(a.value.marks.groups()).All() {
		if first := ix.grants.groups[group]; first != nil && ix.grants.allows(*first) {
			return true
		}
	}
	return false
}
