package access

import (
	"slices"

	"badged/sync/hub/people"
)

// AddCard gives a card to somebody who presented it at a panel, logged in by PIN. A PIN opens
// no door, so that where they may use one the card waits until it is confirmed: else a stolen
// terminal could make any card open their doors. Nor does a PIN contest a card: another's
// stays theirs, and works.
func AddCard(tx Tx, r Report) error {
	a, err := accountOrNone(tx, r.Account)
	if err != nil {
		return err
	}
	if !a.MayOwn() {
		return recordConflict(tx, r, ConflictAccount)
	}
	if anothers, err := isAnothers(tx, a, r.Card); err != nil || anothers {
		if err == nil {
			err = recordConflict(tx, r, ConflictTaken)
		}
		return err
	}
	state, err := addedState(tx, a)
	if err != nil {
		return err
	}
	return bind(tx, r, state)
}

// isAnothers reports whether a card belongs to somebody whom an account does not outrank.
func isAnothers(tx Tx, a people.Account, card ID) (bool, error) {
	c, found, err := cardOrNone(tx, card)
	if err != nil || !found || c.Account == a.ID {
		return false, err
	}
	had, err := accountOrNone(tx, c.Account)
	return !outranks(a, had), err
}

// addedState is the state of a card that a PIN vouches for.
func addedState(tx Tx, a people.Account) (CardState, error) {
	rights, err := rightsOf(tx, a)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(rights, func(g Grant) bool { return !g.Deny }) {
		return CardPending, nil
	}
	return firstState(tx, a.ID)
}
