package access

import (
	"slices"

	"badged/sync/hub/audit"
	"badged/sync/hub/people"
)

// pageOfAll is how many rows are read at once where all are wanted.
const pageOfAll = 500

// Purge takes all that an account has away: cards, grants, PIN and codes. A card that is
// lost, replaced, revoked or contested stays what it is.
func Purge(tx Tx, account ID) error {
	if err := PurgeGrants(tx, account); err != nil {
		return err
	}
	return purgeHeld(tx, account)
}

// purgeHeld takes all that somebody holds or knows: cards, PIN, registrations and codes.
func purgeHeld(tx Tx, account ID) error {
	if err := PurgeCards(tx, account); err != nil {
		return err
	}
	if err := dropOwn(tx, account); err != nil {
		return err
	}
	_, err := VoidClaims(tx, account, "purged")
	return err
}

// ChoosePassword uses a link up whose owner chose a password, see people.ChoosePassword. When
// that confirms an address for the first time, what the account got before goes: whoever typed
// the address at the web may be a stranger, who knows the PIN and the codes.
func ChoosePassword(tx Tx, t people.Token, phc string) error {
	l, _, err := people.LookUpLink(tx.Tx, t)
	if err != nil {
		return err
	}
	was, err := accountOrNone(tx, l.Account)
	if err != nil {
		return err
	}
	a, err := people.ChoosePassword(tx.Tx, t, phc)
	if err != nil || !was.IsUnconfirmed() || a.IsUnconfirmed() {
		return err
	}
	tx.By = people.OwnerOf(a.ID)
	return purgeHeld(tx, a.ID)
}

// dropOwn takes away what no other account can have of an account.
func dropOwn(tx Tx, account ID) error {
	for _, drop := range []func(ID) error{tx.DropPIN, tx.DropEnrolments, tx.DropLabelsOf, tx.UnmuteMails} {
		if err := drop(account); err != nil {
			return err
		}
	}
	return nil
}

// Erase forgets who an account was, with all that it has. It is final.
func Erase(tx Tx, account ID) error {
	if err := Purge(tx, account); err != nil {
		return err
	}
	return people.Erase(tx.Tx, account) // last: it forgets what the audit log says of the rest too
}

// RemoveGroup ends a group with its grants; routes put nobody in it any more.
func RemoveGroup(tx Tx, ref string) error {
	g, err := people.FindGroup(tx.Tx, ref)
	if err != nil {
		return err
	}
	if err := dropGrants(tx, GrantQuery{Group: g.ID}); err != nil {
		return err
	}
	if err := leaveRoutes(tx, g.ID); err != nil {
		return err
	}
	return people.RemoveGroup(tx.Tx, g)
}

// leaveRoutes takes a group out of the settings that name it.
func leaveRoutes(tx Tx, group uint64) error {
	s, err := Settings(tx)
	if err != nil {
		return err
	}
	before, after := make(map[string]string), make(map[string]string)
	for _, d := range Descriptors {
		groups, ok := d.field(&s).(*[]uint64)
		if !ok || !slices.Contains(*groups, group) {
			continue
		}
		before[d.Name] = d.Value(s)
		*groups = slices.DeleteFunc(*groups, func(g uint64) bool { return g == group })
		after[d.Name] = d.Value(s)
	}
	_, err = keepSettings(tx, before, after)
	return err
}

// PurgeCards makes the working cards of an account unknown again.
func PurgeCards(tx Tx, account ID) error {
	cards, err := tx.CardsOf(account)
	if err != nil {
		return err
	}
	for _, c := range cards {
		if c.State != CardActive && c.State != CardPending {
			continue
		}
		if err := tx.DropCard(c.ID); err != nil {
			return err
		}
		if err := tx.Record(audit.Change{Action: "card.purge", Object: ShortCard(c.ID), Subject: account, Before: lineOf(c)}); err != nil {
			return err
		}
	}
	return nil
}

// PurgeGrants ends the grants of an account.
func PurgeGrants(tx Tx, account ID) error {
	if account == (ID{}) {
		return nil
	}
	return dropGrants(tx, GrantQuery{Account: account})
}

// dropGrants ends all grants that a query finds.
func dropGrants(tx Tx, q GrantQuery) error {
	q.Limit = pageOfAll
	for {
		page, next, err := tx.ListGrants(q)
		if err != nil {
			return err
		}
		for _, g := range page {
			if err := dropGrant(tx, g); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		q.After = next
	}
}
