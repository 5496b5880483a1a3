package hub

import (
	"slices"

	"badged/sync/wire"
)

// bind gives a card to an account if nobody has it. Somebody else's card stays: a
// person's binding outranks an anonymous one, and two of equal rank contest it.
func bind(e happening, card, account ID, state wire.BindingState) error {
	c, found, err := get[wire.Binding](e.tx, wire.Cards, card[:])
	switch {
	case err != nil:
		return err
	case !found:
		return put(e.tx, wire.Cards, card[:], wire.Binding{Account: account, State: state, Assurance: e.assurance()})
	case ID(c.Account) == account:
		return nil
	case c.State >= wire.BindingLost:
		return note(e, card, c.Account, account, ConflictDead, false)
	}
	had, _, err := get[wire.Account](e.tx, wire.Accounts, c.Account[:])
	if err != nil {
		return err
	}
	wants, _, err := get[wire.Account](e.tx, wire.Accounts, account[:])
	if err != nil {
		return err
	}
	switch {
	case outranks(wants, had):
		former := ID(c.Account)
		c.Account, c.State, c.Assurance = account, state, e.assurance()
		if err := put(e.tx, wire.Cards, card[:], c); err != nil {
			return err
		}
		return merge(e, card, former, account)
	case outranks(had, wants):
		return merge(e, card, account, c.Account)
	default:
		return contest(e, card, account, ConflictBoundTwice)
	}
}

// outranks reports whether a's claim takes a card from b: a person's outranks an
// anonymous account, which nobody has shown to be theirs, unless it was suspended: a
// code lifts no suspension. Terminals follow the same rule.
func outranks(a, b wire.Account) bool {
	return a.Kind == wire.KindPerson && b.Kind == wire.KindAnonymous && (b.State == wire.AccountActive || b.State == wire.AccountMerged)
}

// merge ends an anonymous account whose card is a person's. The person goes by its
// number from then on too: anonymN is nobody else's, ever.
func merge(e happening, card, former, into ID) error {
	a, _, err := get[wire.Account](e.tx, wire.Accounts, former[:])
	if err != nil {
		return err
	}
	if err := addAliases(e.tx, into, append(a.Aliases, a.Number)...); err != nil {
		return err
	}
	a.State, a.Aliases = wire.AccountMerged, nil
	if err := put(e.tx, wire.Accounts, former[:], a); err != nil {
		return err
	}
	return note(e, card, former, into, ConflictBoundTwice, true)
}

// addAliases lets an account go by more numbers.
func addAliases(tx Tx, account ID, numbers ...uint64) error {
	a, found, err := get[wire.Account](tx, wire.Accounts, account[:])
	if err != nil || !found {
		return err
	}
	for _, n := range numbers {
		if n != 0 && n != a.Number && !slices.Contains(a.Aliases, n) {
			a.Aliases = append(a.Aliases, n)
		}
	}
	return put(tx, wire.Accounts, account[:], a)
}
