package people

import (
	"errors"
	"time"

	"badged/internal/profile"
	"badged/sync/hub/audit"
)

// NewAnon is an anonymous account to make.
type NewAnon struct {
	ID      ID        // made of its card
	Number  uint64    // assigned to ID; 0: the next free one
	Lang    string    // empty or unknown: the site's
	Expires time.Time // zero: never
}

// NewAnonymous makes anonymN.
func NewAnonymous(tx Tx, n NewAnon) (Account, error) {
	a := Account{
		ID: n.ID, Kind: Anonymous, State: Active, Number: n.Number, Role: User, Source: ByBadge,
		Expires: n.Expires, Created: tx.Now,
	}
	if profile.IsLang(n.Lang) {
		a.Lang = n.Lang
	}
	if a.Number == 0 {
		number, err := tx.TakeNumbers(1)
		if err != nil {
			return a, err
		}
		a.Number = number
	}
	if _, err := tx.AssignNumber(a.Number, a.ID); err != nil {
		return a, err
	}
	if err := tx.PutAccount(a); err != nil {
		return a, err
	}
	return a, tx.Record(audit.Change{Action: "account.add", Object: HexID(a.ID), Subject: a.ID, After: a.facts()})
}

// BringBack makes an anonymous account again that was purged before the hub heard that
// somebody had made it their own. It goes by its last number.
func BringBack(tx Tx, n NewAnon) (Account, error) {
	number, err := tx.LastNumber(n.ID)
	if err != nil {
		return Account{}, err
	}
	n.Number = number
	return NewAnonymous(tx, n)
}

// AddNumber lets an account, or the one that it was merged into, go by one more number that
// was assigned to it. Without the account it does nothing.
func AddNumber(tx Tx, id ID) error {
	a, err := tx.Account(id)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if a.State == Merged {
		if a, err = survivor(tx, a); err != nil {
			return err
		}
		if err := tx.MoveNumbers(id, a.ID); err != nil {
			return err
		}
	}
	if a, err = tx.Account(a.ID); err != nil || a.State == Erased {
		return err
	}
	return tx.PutAccount(a)
}

// Purge removes an account as if it had never been, with what was typed at it, its groups
// and what the audit log says of it. Its numbers keep their owner, so that nobody gets them
// again. Rights and cards are access's to remove.
func Purge(tx Tx, id ID) error {
	if err := errors.Join(dropOffers(tx, id), dropLogin(tx, id)); err != nil {
		return err
	}
	for _, drop := range []func(ID) error{tx.DropEdits, tx.DropMergeRequests, tx.DropAnswers, tx.DropMailsOf, tx.DropAccount, tx.Erase} {
		if err := drop(id); err != nil {
			return err
		}
	}
	return tx.Record(audit.Change{Action: "account.purge", Object: HexID(id)})
}
