package enroll

import (
	"context"
	"errors"

	"badged/reader"
)

// AddCard decides about a badge that somebody presents to add it to their account, in a
// session that a PIN opened: Granted, or Waiting if it must be confirmed first. A PIN alone
// opens no door, so a badge that only a PIN vouches for opens none either: if its owner may
// use a door, the badge waits. AddCard refuses another person's badge without naming them.
func (e *Engine) AddCard(ctx context.Context, p Point, id AccountID, n reader.Number, c reader.Card) Decision {
	b := badge{CardID(e.key.Card(n.Reveal())), c}
	known, found := e.index.Card(b.id, "")
	owner, _ := e.index.Account(id)
	ev := e.newEvent(p, EventEnrolment, Refused, ReasonNone)
	ev.Account, ev.Card = id, b.id
	switch {
	case !owner.mayOwn():
		ev.Reason = AccountInactive
	case found && known.Account.ID == id && known.Binding.State <= BindingPending:
		ev.Reason = KnownCard
	case found && !known.mayMoveTo(owner):
		ev.Reason = CardTaken
	case b.unfitReason() != ReasonNone:
		ev.Reason = b.unfitReason()
	default:
		return e.bindAdded(ctx, p, ev, b, known.Account.ID)
	}
	return e.recordEvent(ctx, p, ev)
}

// bindAdded binds the badge, and ends the anonymous account that it belonged to.
func (e *Engine) bindAdded(ctx context.Context, p Point, ev Event, b badge, former AccountID) Decision {
	ev.Outcome, ev.Reason, ev.Assurance = Granted, CardAdded, assuranceOf(b.card)
	binding := Binding{Card: b.id, Account: ev.Account, State: BindingActive, Assurance: ev.Assurance}
	if e.index.Site().Confirm != ConfirmNone || e.index.OpensDoors(ev.Account) {
		binding.State = BindingPending
	}
	err := e.changeWithEvent(ctx, p, &ev, func(tx Tx) error { return errors.Join(tx.PutBinding(binding), mergeAnonymous(tx, former)) })
	switch {
	case errors.Is(err, ErrTaken):
		ev.Outcome, ev.Reason = Refused, CardTaken
		return e.recordEvent(ctx, p, ev)
	case err != nil:
		return refusedDecision(StoreFailed)
	}
	d := decisionOf(p, ev)
	if binding.State == BindingPending {
		d.Outcome = Waiting
	}
	return d
}

// OpensDoors reports whether an account or one of its groups has a right at any door.
func (ix *Index) OpensDoors(id AccountID) bool {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	place, ok := ix.accounts.placeOf(id)
	if !ok {
		return false
	}
	a := ix.accounts.at(place)
	if ix.grants.hasAllowing(a.value.grants) {
		return true
	}
	for group := range ix.groups.at(a.value.marks.groups()).All() {
		if first := ix.grants.groups[group]; first != nil && ix.grants.hasAllowing(*first) {
			return true
		}
	}
	return false
}
