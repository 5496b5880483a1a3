package access

import (
	"badged/sync/hub/people"
)

// Merge ends an account whose owner has another one, with all that follows for rights: its
// cards and grants are the other's from then on, its PIN and codes end.
func Merge(tx Tx, from, into ID) (people.Account, error) {
	a, err := people.Merge(tx.Tx, from, into)
	if err != nil {
		return a, err
	}
	return a, moveRights(tx, from, into)
}

// AnswerMerge uses a link up that asks the owner of an address whether an account in which it
// was typed is theirs: it becomes one with their own, or stays another's without it.
func AnswerMerge(tx Tx, t people.Token, theirs bool) error {
	l, err := people.UseLink(tx.Tx, t, people.JoinOwn)
	if err != nil {
		return err
	}
	tx.By = people.OwnerOf(l.Account)
	if !theirs {
		return people.RefuseMerge(tx.Tx, l.About, l.Account)
	}
	if _, err := people.ConfirmMerge(tx.Tx, l.About, l.Account); err != nil {
		return err
	}
	return moveRights(tx, l.About, l.Account)
}

// moveRights moves cards and grants to the account that stays.
func moveRights(tx Tx, from, into ID) error {
	if err := moveCards(tx, from, into); err != nil {
		return err
	}
	if err := moveGrants(tx, from, into); err != nil {
		return err
	}
	if err := dropOwn(tx, from); err != nil {
		return err
	}
	_, err := VoidClaims(tx, from, "merged")
	return err
}

func moveCards(tx Tx, from, into ID) error {
	cards, err := tx.CardsOf(from)
	if err != nil {
		return err
	}
	for _, c := range cards {
		before := c
		c.Account = into
		if err := tx.PutCard(c); err != nil {
			return err
		}
		if err := recordCard(tx, "card.move", before, c, ""); err != nil {
			return err
		}
	}
	return nil
}

// moveGrants gives each grant a new owner; one that the owner has already goes.
func moveGrants(tx Tx, from, into ID) error {
	q := GrantQuery{Account: from, Limit: pageOfAll}
	for {
		page, next, err := tx.ListGrants(q)
		if err != nil {
			return err
		}
		for _, g := range page {
			if err := moveGrant(tx, g, into); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		q.After = next
	}
}

func moveGrant(tx Tx, g Grant, into ID) error {
	if err := dropGrant(tx, g); err != nil {
		return err
	}
	g.ID, g.Account = randomID(), into
	_, err := keepGrant(tx, g)
	return err
}

// BeginsAnew reports whether the anonymous account of a card starts from nothing when the
// card is seen again: it was merged or erased, and nobody has the card any more.
func BeginsAnew(tx Tx, a people.Account, card ID) (bool, error) {
	if !a.State.Final() {
		return false, nil
	}
	_, owned, err := cardOrNone(tx, card)
	return !owned, err
}
