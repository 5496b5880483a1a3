package people

import (
	"cmp"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/refusal"
)

// Changes are what an operator changes of an account; nil: left as it is.
type Changes struct {
	First, Last *string
	Email       *string // empty: none
	Lang        *string // empty: the site's
	Role        *Role
	External    *string
	Expires     *time.Time // zero: never
}

// Change changes an account as an operator wants it, who attests a name that they give.
// Without a first or a last name the rights to doors rest (see Account.IsNamed).
func Change(tx Tx, id ID, c Changes) (Account, error) {
	was, err := getLive(tx, id)
	if err != nil {
		return was, err
	}
	if err := NeedRank(tx, was); err != nil {
		return was, err
	}
	a := was
	if err := a.apply(c); err != nil {
		return was, err
	}
	if a.Role != was.Role {
		if err := NeedAdministrator(tx); err != nil {
			return was, err
		}
	}
	if err := a.check(tx.Now); err != nil {
		return was, err
	}
	if err := keepAdministrator(tx, was, a); err != nil {
		return was, err
	}
	if c.First != nil || c.Last != nil {
		if err := tx.SettleEdits(id); err != nil {
			return was, err
		}
	}
	return a, replace(tx, "account.change", was, a)
}

func (a *Account) apply(c Changes) error {
	if c.First != nil || c.Last != nil {
		if err := a.setName(*cmp.Or(c.First, &a.First), *cmp.Or(c.Last, &a.Last)); err != nil {
			return err
		}
		a.NameAttested = true
	}
	if c.Email != nil {
		former := a.EmailKey
		if err := a.setEmail(*c.Email); err != nil {
			return err
		}
		if a.EmailKey != former {
			a.Verified = time.Time{}
		}
	}
	a.Lang = *cmp.Or(c.Lang, &a.Lang)
	a.Role = *cmp.Or(c.Role, &a.Role)
	a.External = *cmp.Or(c.External, &a.External)
	a.Expires = *cmp.Or(c.Expires, &a.Expires)
	return nil
}

// Erase forgets who an account was: name, addresses, groups, what was typed at panels, its
// mails, and what the audit log says of it. It is final, and the same e-mail starts from nothing. Cards
// and rights are access's to remove.
func Erase(tx Tx, id ID) error {
	was, err := get(tx, id)
	if err != nil {
		return err
	}
	if was.State == Erased {
		return refuse(refusal.Conflict, CodeFinal, refusal.Fields{"account": HexID(id), "state": Erased})
	}
	if err := NeedRank(tx, was); err != nil {
		return err
	}
	a := Account{ID: id, Kind: was.Kind, State: Erased, Role: User, Source: was.Source, Created: was.Created}
	if err := keepAdministrator(tx, was, a); err != nil {
		return err
	}
	if err := leaveGroups(tx, id); err != nil {
		return err
	}
	if err := dropOffers(tx, id); err != nil {
		return err
	}
	if err := eraseMerged(tx, id); err != nil {
		return err
	}
	if err := dropLogin(tx, id); err != nil {
		return err
	}
	for _, drop := range []func(ID) error{tx.DropEdits, dropRequests(tx), tx.DropAnswers, tx.DropMailsOf, tx.Erase} {
		if err := drop(id); err != nil {
			return err
		}
	}
	if err := tx.MoveNumbers(id, ID{}); err != nil {
		return err
	}
	if err := tx.PutAccount(a); err != nil {
		return err
	}
	return tx.Record(audit.Change{Action: "account.erase", Object: HexID(id)})
}

// eraseMerged erases the accounts that were merged into one: they were the same person's.
func eraseMerged(tx Tx, id ID) error {
	for {
		merged, err := tx.MergedInto(id, maxMerges)
		if err != nil || len(merged) == 0 {
			return err
		}
		for _, a := range merged {
			if err := Erase(tx, a.ID); err != nil {
				return err
			}
		}
	}
}

// dropRequests forgets the merge requests that an account made and those that wait for it.
func dropRequests(tx Tx) func(ID) error {
	return func(id ID) error {
		waiting, err := tx.MergeRequests(id)
		if err != nil {
			return err
		}
		for _, r := range waiting {
			if err := tx.DropMergeRequests(r.Account); err != nil {
				return err
			}
		}
		return tx.DropMergeRequests(id)
	}
}

func leaveGroups(tx Tx, id ID) error {
	groups, err := tx.GroupsOf(id)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if err := tx.SetMember(g, id, false); err != nil {
			return err
		}
	}
	return nil
}
