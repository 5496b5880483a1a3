package enroll

import (
	"context"
	"errors"
)

// Outranks reports whether a claim of the account takes a card from former: a person's
// claim outranks an anonymous account, which nobody has shown to be theirs. One that
// was suspended keeps its card, so that a code lifts no suspension.
func (a Account) Outranks(former Account) bool {
	return a.Kind == Person && former.Kind == Anonymous && former.State == Active
}

// movesTo reports whether a claim of owner takes the card from who has it.
func (k Known) movesTo(owner Account) bool {
	return k.Binding.State == BindingActive && owner.Outranks(k.Account)
}

// bind makes the card the claim's account's and uses the claim up, in one transaction.
// If the card was an anonymous account's, that account is merged into the claim's:
// former names it. The card then opens with its account's grants, at once.
func (e *Engine) bind(ctx context.Context, p Point, c Claim, b badge, former AccountID) Decision {
	owner, ok := e.index.Account(c.Account)
	if !ok || !owner.mayOwn() {
		return e.refuseCode(ctx, p, CodeRefused)
	}
	binding := Binding{Card: b.id, Account: c.Account, State: BindingActive, Assurance: assurance(b.card)}
	if e.index.Site().Confirm != ConfirmNone {
		binding.State = BindingPending
	}
	ev := e.event(p, EventEnrolment, Granted, ClaimBound)
	ev.Account, ev.Card, ev.Claim, ev.Assurance = c.Account, b.id, c.ID, binding.Assurance
	used := c
	used.State = ClaimUsed
	err := e.change(ctx, p, &ev, func(tx Tx) error {
		return errors.Join(tx.PutClaim(used), tx.PutBinding(binding), merge(tx, former))
	})
	switch {
	case errors.Is(err, ErrTaken):
		return e.refuseTaken(ctx, p, c, b)
	case err != nil:
		return refuse(StoreFailed)
	}
	d := answer(p, ev)
	d.Account = e.profile(ctx, owner)
	if outcome, _ := e.mayEnter(p, Known{binding, owner, e.index.Grants(owner.ID, p.Door)}, ev.At); outcome == Granted {
		return d.admit(p)
	}
	return d
}

// merge ends an anonymous account whose card a person has claimed. Its number stays
// its own for ever; the hub makes it an alias of the person's. A zero id is nobody.
func merge(tx Tx, former AccountID) error {
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

// refuseTaken refuses a card that is somebody else's, tells the operator on the
// security stream, and ends the claim: the person goes away without a card, and whoever
// saw the code being typed must not find it live.
func (e *Engine) refuseTaken(ctx context.Context, p Point, c Claim, b badge) Decision {
	ev := e.refusedBinding(p, c, b, CardTaken)
	c.State = ClaimVoid
	return e.commit(ctx, p, &ev, func(tx Tx) error { return tx.PutClaim(c) })
}

// refuseUnfit refuses a card whose number is not its own. The claim stays: the person
// may show a fit one.
func (e *Engine) refuseUnfit(ctx context.Context, p Point, c Claim, b badge) Decision {
	return e.record(ctx, p, e.refusedBinding(p, c, b, b.unfit()))
}

func (e *Engine) refusedBinding(p Point, c Claim, b badge, r Reason) Event {
	ev := e.event(p, EventEnrolment, Refused, r)
	ev.Account, ev.Card, ev.Claim = c.Account, b.id, c.ID
	return ev
}
