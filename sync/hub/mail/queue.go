package mail

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"badged/internal/profile"
	"badged/sync/hub/refusal"
)

// New is a mail to send.
type New struct {
	Purpose Purpose
	To      string
	Lang    string    // of all that the mail says: "fr" or "en"; empty: the site's
	Account ID        // whose it is; zero: nobody's yet
	Fields  Fields    // those of the purpose, see FieldsOf
	Ends    time.Time // when it is of no use any more, as when its link ends; zero: after usualLife
	Dedup   string    // a mail with the same one is queued once only; empty: always
}

const (
	usualLife = 3 * 24 * time.Hour
	maxDedup  = 200 // bytes
)

// Queue puts a mail in the outbox, in the transaction of its cause: there is none without the
// other. Without a mail server it waits there until it ends, see Configured.
func Queue(tx Tx, n New) error {
	if err := n.check(); err != nil {
		return err
	}
	m := Mail{
		ID: randomID(), Made: tx.Now, Purpose: n.Purpose, To: n.To, Lang: n.Lang, Account: n.Account,
		State: Queued, Next: tx.Now, Ends: n.Ends, Dedup: n.Dedup,
	}
	if m.Ends.IsZero() {
		m.Ends = tx.Now.Add(usualLife)
	}
	var err error
	if m.Sealed, err = tx.MailKey.seal(m.ID, n.Fields); err != nil {
		return fmt.Errorf("queue a mail %s: %w", n.Purpose, err)
	}
	_, err = tx.AddMail(m)
	return err
}

func (n New) check() error {
	if n.To == "" || profile.CheckEmail(n.To) != "" {
		return refuse(refusal.Invalid, CodeAddress, nil)
	}
	if n.Lang != "" && !profile.IsLang(n.Lang) || len(n.Dedup) > maxDedup {
		return errors.New("queue a mail: its language or its dedup is not of its form")
	}
	return n.Fields.check(n.Purpose)
}

func randomID() (id ID) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}

// The names of settings that say whether mails go out at all.
const (
	SettingWay = "mail_out"
	NoWay      = "none"
)

// Configured reports whether mails go out. If not, a page offers the link and its QR to the
// administrator who wants it sent.
func Configured(tx Tx) (bool, error) {
	values, err := tx.Values.Values()
	way := values[SettingWay]
	return way != "" && way != NoWay, err
}

// The codes of refusals, with their fields.
const (
	CodeAddress  = "mail_address"
	CodeNotFound = "mail_not_found" // mail
	CodeOver     = "mail_over"      // mail, state
)

func refuse(kind refusal.Kind, code string, fields refusal.Fields) error {
	return &refusal.Error{Kind: kind, Code: code, Fields: fields}
}
