package mail

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"badged/internal/profile"
	"badged/sync/hub/audit"
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
	_, err := queue(tx, n)
	return err
}

// SendTest queues a mail by which an administrator tries the mail server.
func SendTest(tx Tx, to, lang string) (Mail, error) {
	if out, err := Configured(tx); err != nil || !out {
		return Mail{}, cmp.Or(err, refuse(refusal.Conflict, CodeNoServer, nil))
	}
	m, err := queue(tx, New{Purpose: Test, To: to, Lang: lang})
	if err != nil {
		return m, err
	}
	return m, tx.Record(audit.Change{Action: "mail.test", Object: hex.EncodeToString(m.ID[:])})
}

func queue(tx Tx, n New) (Mail, error) {
	if err := n.check(); err != nil {
		return Mail{}, err
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
		return m, fmt.Errorf("queue a mail %s: %w", n.Purpose, err)
	}
	_, err = tx.AddMail(m)
	return m, err
}

func (n New) check() error {
	if n.To == "" || profile.CheckEmail(n.To) != "" {
		return refuse(refusal.Invalid, CodeAddress, nil)
	}
	if n.Lang != "" && !profile.IsLang(n.Lang) {
		return refuse(refusal.Invalid, CodeLang, nil)
	}
	if len(n.Dedup) > maxDedup {
		return errors.New("queue a mail: its dedup is too long")
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
	CodeLang     = "mail_lang"
	CodeNoServer = "mail_no_server"
	CodeNotFound = "mail_not_found" // mail
	CodeOver     = "mail_over"      // mail, state
	CodeCursor   = "cursor_invalid"
)

func refuse(kind refusal.Kind, code string, fields refusal.Fields) error {
	return &refusal.Error{Kind: kind, Code: code, Fields: fields}
}
