package access

import (
	"errors"
	"strconv"

	"badged/internal/secret"
	"badged/internal/sitekey"
	"badged/sync/hub/audit"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// fewestPINDigits is how long PINs must be so that nobody hits one by chance (S1.24): 4
// digits below 1,000 PINs, 5 below 10,000, then 6.
func fewestPINDigits(tx Tx) (int64, error) {
	n, err := tx.CountPINs(10_000)
	switch {
	case n < 1000:
		return 4, err
	case n < 10_000:
		return 5, err
	}
	return 6, err
}

// IssuePIN gives an account a new PIN, in the place of its former one. It is shown once.
// PINs are drawn, never chosen: one PIN alone says who somebody is, so that «already
// taken» would hand out another's.
func IssuePIN(tx Tx, key sitekey.Key, account ID) (secret.Text, error) {
	a, err := pinOwner(tx, account)
	if err != nil {
		return secret.Text{}, err
	}
	digits, err := pinDigits(tx)
	if err != nil {
		return secret.Text{}, err
	}
	code, err := drawPIN(tx, key, digits)
	if err != nil {
		return secret.Text{}, err
	}
	if err := tx.PutPIN(PIN{MAC: key.PIN(code), Account: a.ID, Made: tx.Now}); err != nil {
		return secret.Text{}, err
	}
	if err := noteLength(tx, digits); err != nil {
		return secret.Text{}, err
	}
	return secret.New(code), tx.Record(audit.Change{Action: "pin.issue", Object: people.HexID(a.ID), Subject: a.ID})
}

// drawPIN draws a PIN that nobody has.
func drawPIN(tx Tx, key sitekey.Key, digits int64) (string, error) {
	code, err := drawCode(digits, func(code string) (bool, error) {
		_, err := tx.PINByMAC(key.PIN(code))
		found, err := isFound(err)
		return !found, err
	})
	if errors.Is(err, errTooManyCodes) { // cannot be: at most one PIN in ten is taken
		err = refuse(refusal.Conflict, CodePINsUsedUp, refusal.Fields{"digits": digits})
	}
	return code, err
}

func pinOwner(tx Tx, id ID) (people.Account, error) {
	a, err := tx.Account(id)
	if err != nil {
		return a, orMissing(err, people.CodeNotFound, "ref", people.HexID(id))
	}
	if !a.MayOwn() {
		err = refuse(refusal.Conflict, CodePINOwner, refusal.Fields{"account": people.HexID(id), "state": a.State})
	}
	return a, err
}

// pinDigits is how long a new PIN is.
func pinDigits(tx Tx) (int64, error) {
	s, err := Settings(tx)
	if err != nil {
		return 0, err
	}
	fewest, err := fewestPINDigits(tx)
	return max(s.PINDigits, fewest), err
}

// mixedLengths says that PINs of several lengths were issued.
const mixedLengths = "mixed"

// noteLength keeps whether all PINs have one length: then none needs a # at its end.
func noteLength(tx Tx, digits int64) error {
	values, err := tx.Values()
	if err != nil {
		return err
	}
	was, now := values[pinLengthValue], strconv.FormatInt(digits, 10)
	if was != "" && was != now {
		now = mixedLengths
	}
	if was == now {
		return nil
	}
	return tx.PutSetting(pinLengthValue, now)
}

// PINLength is the length of every PIN; 0 if they differ or there is none.
func PINLength(tx Tx) (uint64, error) {
	values, err := tx.Values()
	if err != nil {
		return 0, err
	}
	text := values[pinLengthValue]
	if text == "" || text == mixedLengths {
		return 0, nil
	}
	return strconv.ParseUint(text, 10, 8)
}

// RevokePIN ends an account's PIN.
func RevokePIN(tx Tx, account ID) error {
	p, err := tx.PINOf(account)
	if err != nil {
		return orMissing(err, CodePINNotFound, "account", people.HexID(account))
	}
	if err := tx.DropPIN(p.Account); err != nil {
		return err
	}
	return tx.Record(audit.Change{Action: "pin.revoke", Object: people.HexID(account), Subject: account})
}
