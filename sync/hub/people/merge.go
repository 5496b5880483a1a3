package people

import (
	"errors"

	"badged/sync/hub/refusal"
)

// Merge ends an account whose owner has another one, which goes by its numbers from then on
// and gets its groups. The one that stays keeps its name and e-mail; without an e-mail it
// gets that of the other. Cards and rights are access's to move.
func Merge(tx Tx, from, into ID) (Account, error) {
	a, b, err := mergePair(tx, from, into)
	if err != nil {
		return Account{}, err
	}
	if err := errors.Join(NeedRank(tx, a), NeedRank(tx, b)); err != nil {
		return Account{}, err
	}
	ended := a
	ended.State, ended.MergedTo, ended.Role = Merged, into, User
	ended.Email, ended.EmailKey, ended.TypedEmail, ended.Aliases, ended.Rights = "", "", "", nil, nil
	if err := keepAdministrator(tx, a, ended); err != nil {
		return Account{}, err
	}
	if err := dropLogin(tx, from); err != nil {
		return Account{}, err
	}
	if err := tx.DropMergeRequests(from); err != nil {
		return Account{}, err
	}
	for _, move := range []func(Tx, ID, ID) error{moveGroups, moveOffers, moveAnswers, moveNumbers} {
		if err := move(tx, from, into); err != nil {
			return Account{}, err
		}
	}
	if err := replace(tx, "account.merge", a, ended); err != nil {
		return Account{}, err
	}
	return inherit(tx, b, a)
}

// mergePair reads both accounts of a merge and refuses one that cannot be.
func mergePair(tx Tx, from, into ID) (a, b Account, err error) {
	if from == into {
		return a, b, refuse(refusal.Invalid, CodeMergeSame, refusal.Fields{"account": HexID(from)})
	}
	if a, err = getLive(tx, from); err != nil {
		return a, b, err
	}
	if b, err = getLive(tx, into); err != nil {
		return a, b, err
	}
	switch {
	case a.Kind == Service || b.Kind == Service:
		err = refuse(refusal.Conflict, CodeKind, refusal.Fields{"account": HexID(from), "kind": Service})
	case a.Kind == Person && b.Kind == Anonymous:
		err = refuse(refusal.Conflict, CodeMergeRank, refusal.Fields{"account": HexID(from), "into": HexID(into)})
	}
	return a, b, err
}

// inherit gives what an ended account had to the one that stays.
func inherit(tx Tx, was, ended Account) (Account, error) {
	b, err := tx.Account(was.ID) // with the numbers that came
	if err != nil {
		return b, err
	}
	if b.EmailKey == "" {
		b.Email, b.EmailKey, b.Verified = ended.Email, ended.EmailKey, ended.Verified
	}
	if err := put(tx, b); err != nil {
		return b, err
	}
	return b, record(tx, "account.merge_into", was, b)
}

func moveNumbers(tx Tx, from, into ID) error { return tx.MoveNumbers(from, into) }

func moveGroups(tx Tx, from, into ID) error {
	groups, err := tx.GroupsOf(from)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if err := tx.SetMember(g, into, true); err != nil {
			return err
		}
		if err := tx.SetMember(g, from, false); err != nil {
			return err
		}
	}
	return nil
}

// maxMerges bounds how many merges in a row are followed.
const maxMerges = 100

// survivor is the account that one was merged into, or itself.
func survivor(tx Tx, a Account) (_ Account, err error) {
	for range maxMerges {
		if a.State != Merged {
			return a, nil
		}
		if a, err = get(tx, a.MergedTo); err != nil {
			return a, err
		}
	}
	return a, nil
}
