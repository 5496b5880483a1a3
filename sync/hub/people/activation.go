package people

import (
	"errors"
	"time"

	"badged/internal/profile"
	"badged/sync/hub/audit"
	"badged/sync/hub/mail"
	"badged/sync/hub/refusal"
)

// MailLink mails a link that was just made to the address that an account logs in with.
func MailLink(tx Tx, a Account, t Token, p Purpose, m mail.Purpose) error {
	ends := tx.Now.Add(p.Life())
	return mail.Queue(tx.Tx, mail.New{Purpose: m, To: a.Email, Lang: a.Lang, Account: a.ID, Ends: ends,
		Fields: mail.Fields{"name": a.DisplayName(), "link": tx.Home + t.Path(), "until": mail.At(ends)}})
}

// The limits of mails that anybody may ask for.
var (
	mailsTo   = Limit{3, time.Hour}  // to one address
	mailsFrom = Limit{20, time.Hour} // from one network
)

// countMail counts a mail that somebody asks for, and reports whether it goes out. The last
// one that did stays good: nobody takes a link away by asking for more.
func countMail(tx Tx, email, network string) (bool, error) {
	wait, err := CountTry(tx, "mail from|"+network, mailsFrom)
	if err != nil || wait > 0 {
		return false, err
	}
	wait, err = CountTry(tx, "mail to|"+loginName(email), mailsTo)
	return wait == 0, err
}

// ForgotPassword sends the owner of an address a link to choose another password, if the
// account was activated. It never tells what it did.
func ForgotPassword(tx Tx, email, network string) error {
	a, err := mayMail(tx, email, network)
	if err != nil || a.State != Active || a.Kind != Person || a.hasExpired(tx.Now) {
		return err
	}
	t, err := IssueLink(tx, Reset, a.ID, "")
	if err != nil {
		return err
	}
	return MailLink(tx, a, t, Reset, mail.Reset)
}

// RequestOwn sends the owner of an address that an operator registered a link that makes the
// account active. sealed is the password that was chosen with the request, which only the
// browser that sent it can read. It never tells what it did.
func RequestOwn(tx Tx, email, network string, sealed []byte) error {
	a, err := mayMail(tx, email, network)
	if err != nil || a.State != Created && a.State != Invited || a.Kind != Person {
		return err
	}
	t, err := issueLink(tx, Link{Purpose: Activate, Account: a.ID, Sealed: sealed})
	if err != nil {
		return err
	}
	return MailLink(tx, a, t, Activate, mail.Activate)
}

// mayMail gives the account of an address that a mail may go to; the zero account for none.
// Without a mail server nothing goes out, and a link that was handed over stays good.
func mayMail(tx Tx, email, network string) (Account, error) {
	goes, err := mail.Configured(tx.Tx)
	if err == nil && goes {
		goes, err = countMail(tx, email, network)
	}
	if err != nil || !goes {
		return Account{}, err
	}
	key, ok := EmailKey(profile.CleanEmail(email))
	if !ok {
		return Account{}, nil
	}
	a, err := tx.AccountByEmail(key)
	if errors.Is(err, ErrNotFound) {
		return Account{}, nil
	}
	return a, err
}

// ChoosePassword uses a link up whose owner chose a password: the account is active from
// then on, and its address confirmed if the link was mailed there.
func ChoosePassword(tx Tx, t Token, phc string) (Account, error) {
	l, _, err := LookUpLink(tx, t)
	if err != nil {
		return Account{}, err
	}
	if l.Purpose != Activate && l.Purpose != Reset && l.Purpose != SetUp && l.Purpose != Confirm || l.Account == (ID{}) {
		l.Purpose = "" // none that a password is chosen with
	}
	if _, err := UseLink(tx, t, l.Purpose); err != nil {
		return Account{}, err
	}
	tx.By = OwnerOf(l.Account)
	a, err := getLive(tx, l.Account)
	if err != nil {
		return a, err
	}
	if a.State != Active {
		if a, err = SetState(tx, a.ID, Active, ByLink); err != nil {
			return a, err
		}
	}
	if l.Purpose != SetUp {
		if err := confirmAddress(tx, &a); err != nil {
			return a, err
		}
	}
	return a, SetPassword(tx, a.ID, phc)
}

// confirmAddress notes that the address of an account was seen to be its owner's.
func confirmAddress(tx Tx, a *Account) error {
	if !a.Verified.IsZero() {
		return nil
	}
	a.Verified = tx.Now
	if err := put(tx, *a); err != nil {
		return err
	}
	return tx.Record(audit.Change{Action: "account.confirm_address", Object: HexID(a.ID), Subject: a.ID})
}

// RequestEmail sends a link to a new address for log-in, which takes the place of the former
// one when the link is used. An address that is another's gets a mail that says so: the page
// looks the same.
func RequestEmail(tx Tx, id ID, email string) error {
	a, err := getLive(tx, id)
	if err != nil {
		return err
	}
	address, key, err := canonicalEmail(email)
	if err != nil {
		return err
	}
	if key == "" {
		return refuse(refusal.Invalid, CodeEmailBad, nil)
	}
	wait, err := CountTry(tx, "mail of|"+HexID(id), mailsTo)
	if err != nil || wait > 0 || key == a.EmailKey {
		return err
	}
	other, err := tx.AccountByEmail(key)
	if err == nil {
		return tellKnown(tx, other)
	}
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	t, err := IssueLink(tx, ChangeMail, id, address)
	if err != nil {
		return err
	}
	ends := tx.Now.Add(ChangeMail.Life())
	return mail.Queue(tx.Tx, mail.New{Purpose: mail.EmailChange, To: address, Lang: a.Lang, Account: id, Ends: ends,
		Fields: mail.Fields{"name": a.FullName(), "address": address, "link": tx.Home + t.Path(), "until": mail.At(ends)}})
}

// tellKnown tells the owner of an address that somebody gave it as their own.
func tellKnown(tx Tx, a Account) error {
	return mail.Queue(tx.Tx, mail.New{Purpose: mail.AddressKnown, To: a.Email, Lang: a.Lang, Account: a.ID,
		Fields: mail.Fields{"name": a.FullName(), "link": tx.Home + "/"}})
}

// ConfirmEmail uses a link up that was sent to a new address. The former one gets a mail.
func ConfirmEmail(tx Tx, t Token) (Account, error) {
	l, err := UseLink(tx, t, ChangeMail)
	if err != nil {
		return Account{}, err
	}
	tx.By = OwnerOf(l.Account)
	was, err := getLive(tx, l.Account)
	if err != nil {
		return was, err
	}
	a := was
	if err := a.setEmail(l.Address); err != nil {
		return a, err
	}
	a.Verified = tx.Now
	if err := replace(tx, "account.change", was, a); err != nil || was.Email == "" {
		return a, err
	}
	return a, mail.Queue(tx.Tx, mail.New{Purpose: mail.EmailChanged, To: was.Email, Lang: a.Lang, Account: a.ID,
		Fields: mail.Fields{"name": a.FullName(), "address": a.Email, "at": mail.At(tx.Now)}})
}
