package people

import (
	"errors"
	"time"

	"badged/internal/secret"
	"badged/sync/hub/audit"
	"badged/sync/hub/mail"
	"badged/sync/hub/refusal"
)

// Self is what somebody types to make an account of their own.
type Self struct {
	First, Last, Email, Lang string
	Groups                   []uint64 // that they join
}

// AddSelf makes an account that somebody asked for themselves. It is active at once; until
// its owner confirms the address, it holds no right to a door, and nobody means it by the
// address (see Account.IsUnconfirmed). For an address that is known it makes none, and ok is
// false.
func AddSelf(tx Tx, n Self) (a Account, ok bool, err error) {
	a = Account{ID: randomID(), Kind: Person, State: Active, Lang: n.Lang, Role: User, Source: BySelf, Created: tx.Now}
	if err := a.setName(n.First, n.Last); err != nil {
		return a, false, err
	}
	if err := a.setEmail(n.Email); err != nil {
		return a, false, err
	}
	if a.EmailKey == "" {
		return a, false, refuse(refusal.Invalid, CodeEmailBad, nil)
	}
	if err := a.check(tx.Now); err != nil {
		return a, false, err
	}
	if known, err := tx.AccountByEmail(a.EmailKey); !errors.Is(err, ErrNotFound) {
		return known, false, err
	}
	if err := put(tx, a); err != nil {
		return a, false, err
	}
	for _, g := range n.Groups {
		if err := tx.SetMember(g, a.ID, true); err != nil {
			return a, false, err
		}
	}
	tx.By = audit.Actor{Kind: audit.Account, ID: HexID(a.ID), Via: "web"}
	return a, true, tx.Record(audit.Change{Action: "account.register", Object: HexID(a.ID), Subject: a.ID, After: a.facts()})
}

// IsUnconfirmed reports whether somebody made an account with an address that nobody has
// seen to be theirs.
func (a Account) IsUnconfirmed() bool {
	return a.Kind == Person && a.Source == BySelf && a.Verified.IsZero()
}

// Welcome mails whoever made an account their user name and PIN, and a link that confirms
// the address. With a zero PIN the mail has none.
func Welcome(tx Tx, a Account, pin secret.Text) error {
	t, err := IssueLink(tx, Confirm, a.ID, "")
	if err != nil {
		return err
	}
	ends := tx.Now.Add(Confirm.Life())
	m := mail.New{Purpose: mail.NewAccountLink, To: a.Email, Lang: a.Lang, Account: a.ID, Ends: ends,
		Fields: mail.Fields{"name": a.FullName(), "user_name": a.Email, "link": tx.Home + t.Path(), "until": mail.At(ends)}}
	if !pin.IsZero() {
		m.Purpose, m.Fields["pin"] = mail.NewAccount, pin.Reveal()
	}
	return mail.Queue(tx.Tx, m)
}

// knownOnceIn is how often the owner of an address hears that somebody registers with it.
const knownOnceIn = 24 * time.Hour

// TellRegistered tells the owner of an account that somebody registers with its address. One
// that was not activated yet gets its activation instead. Without a mail server nothing goes
// out, and a link that was handed over stays good.
func TellRegistered(tx Tx, a Account) error {
	if goes, err := mail.Configured(tx.Tx); err != nil || !goes {
		return err
	}
	wait, err := CountTry(tx, "known|"+HexID(a.ID), Limit{1, knownOnceIn})
	if err != nil || wait > 0 {
		return err
	}
	switch a.State {
	case Active:
		return tellKnown(tx, a)
	case Created, Invited:
		t, err := IssueLink(tx, Activate, a.ID, "")
		if err != nil {
			return err
		}
		return MailLink(tx, a, t, Activate, mail.Activate)
	}
	return nil
}

// PutInBox keeps what a browser may see once, within ten minutes. The token is for its
// cookie; without it nobody can read what is in the box.
func PutInBox(tx Tx, account ID, text secret.Text) (SessionToken, error) {
	t := NewSessionToken()
	sealed, err := Seal(t, string(Box), []byte(text.Reveal()))
	if err != nil {
		return t, err
	}
	return t, tx.PutLink(Link{Hash: t.Hash(), Purpose: Box, Account: account, Made: tx.Now, Ends: tx.Now.Add(Box.Life()), By: tx.By, Sealed: sealed})
}

// OpenBox gives what is in a box, and empties it.
func OpenBox(tx Tx, t SessionToken) (secret.Text, error) {
	l, err := tx.Link(t.Hash())
	if errors.Is(err, ErrNotFound) || err == nil && (l.Purpose != Box || !l.Used.IsZero() || !l.Ends.After(tx.Now)) {
		return secret.Text{}, refuse(refusal.Conflict, CodeLinkEnded, nil)
	}
	if err != nil {
		return secret.Text{}, err
	}
	text, ok := Unseal(t, string(Box), l.Sealed)
	if !ok {
		return secret.Text{}, refuse(refusal.Conflict, CodeLinkEnded, nil)
	}
	l.Used, l.Sealed = tx.Now, nil
	return secret.New(string(text)), tx.PutLink(l)
}
