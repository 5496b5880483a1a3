package people

import (
	"errors"

	"badged/sync/hub/audit"
	"badged/sync/hub/refusal"
)

// AdminLink makes a link by which an administrator gets in without a password, to choose one:
// the way back in. An address that is nobody's becomes a new administrator's. Without an
// address it is the set-up link of a first start, for whoever has it; there is none once an
// administrator can log in.
func AdminLink(tx Tx, email string) (Token, Account, error) {
	address, key, err := canonicalEmail(email)
	if err != nil {
		return Token{}, Account{}, err
	}
	if key == "" {
		t, err := setUpLink(tx)
		return t, Account{}, err
	}
	a, err := tx.AccountByEmail(key)
	if errors.Is(err, ErrNotFound) {
		a, err = addAdministrator(tx, address, key)
	}
	switch {
	case err != nil:
		return Token{}, a, err
	case a.Role != Admin:
		return Token{}, a, refuse(refusal.Conflict, CodeAdminLinkRole, refusal.Fields{"account": HexID(a.ID)})
	case a.State == Suspended || a.hasExpired(tx.Now):
		return Token{}, a, refuse(refusal.Conflict, CodeLoginSuspended, nil)
	}
	t, err := IssueLink(tx, SetUp, a.ID, a.Email)
	return t, a, err
}

func setUpLink(tx Tx) (Token, error) {
	done, err := HasAdministrator(tx)
	if err == nil && done {
		err = refuse(refusal.Conflict, CodeSetUpDone, nil)
	}
	if err != nil {
		return Token{}, err
	}
	return keepLink(tx, Link{Purpose: SetUp})
}

// addAdministrator makes an administrator of whom only the address is known.
func addAdministrator(tx Tx, email, key string) (Account, error) {
	a := Account{ID: randomID(), Kind: Person, State: Created, Email: email, EmailKey: key, Role: Admin, Source: ByOperator, Created: tx.Now}
	if err := put(tx, a); err != nil {
		return a, err
	}
	return a, tx.Record(audit.Change{Action: "account.add", Object: HexID(a.ID), Subject: a.ID, After: a.facts()})
}

// SetUpAdministrator uses the set-up link of a first start up, and makes the first
// administrator with a password that was just chosen.
func SetUpAdministrator(tx Tx, t Token, n New, phc string) (Account, error) {
	l, err := UseLink(tx, t, SetUp)
	if err != nil {
		return Account{}, err
	}
	if l.Account != (ID{}) { // that of an administrator who exists
		return Account{}, refuse(refusal.Conflict, CodeLinkUnknown, nil)
	}
	n.Role, n.State = Admin, Active
	a, err := Add(tx, n)
	if err != nil {
		return a, err
	}
	return a, SetPassword(tx, a.ID, phc)
}
