package enroll

import (
	"context"
	"errors"
)

// Outranks reports whether a claim of the account takes a card from former: a person's
// claim outranks an active anonymous account, which nobody has shown to be theirs. A
// suspended one keeps its card, so that a code cannot lift a suspension.
func (a Account) Outranks(former Account) bool {
	return a.Kind == Person && former.Kind == Anonymous && former.State == Active
}

// mayMoveTo reports whether a claim of owner takes the card from its present account.
func (k Known) mayMoveTo(owner Account) bool {
	return k.Binding.State == BindingActive && owner.Outranks(k.Account)
}

// bindClaim gives the card to the claim's account and marks the claim as used, in one transaction.
// If the card belonged to an anonymous account, named by former, it merges that account into
// the claim's. The card then works with its account's grants at once.
func (e *Engine) bindClaim(ctx context.Context, p Point, c Claim, b badge, former AccountID) Decision {
	owner, ok := e.index.Account(c.Account)
	if !ok || !owner.mayOwn() {
		return e.refuseCode(ctx, p, CodeRefused)
	}
	binding := Binding{Card: b.id, Account: c.Account, State: BindingActive, Assurance: assuranceOf(b.card)}
	if e.index.Site().Confirm != ConfirmNone {
		binding.State = BindingPending
	}
	ev := e.newEvent(p, EventEnrolment, Granted, ClaimBound)
	ev.Account, ev.Card, ev.Claim, ev.Assurance = c.Account, b.id, c.ID, binding.Assurance
	used := c
	used.State = ClaimUsed
	err := e.changeWithEvent(ctx, p, &ev, func(tx Tx) error {
		return errors.Join(tx.PutClaim(used), tx.PutBinding(binding), mergeAnonymous(tx, former))
	})
	switch {
	case errors.Is(err, ErrTaken):
		return e.refuseTaken(ctx, p, c, b)
	case err != nil:
		return refusedDecision(StoreFailed)
	}
	d := decisionOf(p, ev)
	d.Account = e.readProfile(ctx, owner)
	if outcome, _ := e.mayEnter(p, Known{binding, owner, e.index.Grants(owner.ID, p.Door)}, ev.At); outcome == Granted {
		return d.withAdmission(p)
	}
	return d
}

// mergeAnonymous ends an anonymous account whose card a person has claimed. Nobody else ever gets its
// number; the hub makes it an alias of the person's account. A zero id is nobody.
func mergeAnonymous(tx Tx, former AccountID) error {
	if former.IsZero() {
		return nil
	}
	a, err := tx.Account(former)
	if err != nil {
		return err
	}
	a.State = Merged
	return tx.PutAccount(a)
}

// refuseTaken refuses a card that belongs to somebody else, reports that on the security
// stream, and ends the claim: the person leaves without a card, and somebody who saw the code
// must not be able to use it.
func (e *Engine) refuseTaken(ctx context.Context, p Point, c Claim, b badge) Decision {
	ev := e.refusedBinding(p, c, b, CardTaken)
	c.State = ClaimVoid
	return e.commitChange(ctx, p, &ev, func(tx Tx) error { return tx.PutClaim(c) })
}

// refuseUnfit refuses a card without a unique number. The claim stays live, because the person
// may present another card.
func (e *Engine) refuseUnfit(ctx context.Context, p Point, c Claim, b badge) Decision {
	return e.recordEvent(ctx, p, e.refusedBinding(p, c, b, b.unfitReason()))
}

func (e *Engine) refusedBinding(p Point, c Claim, b badge, r Reason) Event {
	ev := e.newEvent(p, EventEnrolment, Refused, r)
	ev.Account, ev.Card, ev.Claim = c.Account, b.id, c.ID
	return ev
}
