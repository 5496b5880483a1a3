// Package mail is the outbox of the hub: mails that wait in the transaction of their cause,
// what becomes of each, and the templates that say what is in them. It does no I/O; the
// sender is mail/smtp.
package mail

import (
	"errors"
	"time"

	"badged/sync/hub/audit"
)

// ID names a mail or an account, 16 bytes. The Message-ID of a mail is made of it, so that it
// is the same one whenever the mail is sent again.
type ID = [16]byte

// ErrNotFound is the error of a look-up without a result.
var ErrNotFound = errors.New("not found")

// State is where a mail is on its way.
type State string

// The states of a mail. The names are those of the database and the API.
//
//	Queue -> queued -> sending -> sent
//	queued  -> sending    it is due; on disk before the server hears of it
//	sending -> queued     the server said 4xx, could not be reached, or the hub ended meanwhile
//	sending -> failed     the server said 5xx, or may have taken it twice already
//	failed  -> queued     an administrator tries again
//	queued, failed -> given-up    its end came: what it says is of no use any more
//
// sent and given-up are final, and what the mail said is wiped.
const (
	Queued  State = "queued"
	Sending State = "sending"
	Sent    State = "sent"
	Failed  State = "failed"
	GivenUp State = "given-up"
)

// States are all states, in the order in which people read them.
var States = []State{Queued, Sending, Sent, Failed, GivenUp}

// Final reports whether a mail never leaves this state again.
func (s State) Final() bool { return s == Sent || s == GivenUp }

// Mail is one mail. What it says is sealed: links, PINs and names are not in the database.
type Mail struct {
	ID      ID
	Made    time.Time
	Purpose Purpose
	To      string
	Lang    string // "fr" or "en"; empty: the site's
	Account ID     // whose it is; zero: nobody's
	Sealed  []byte // the fields; nil: wiped
	State   State
	Tries   int
	Unsure  int       // how often the server may have taken it without the hub knowing
	Next    time.Time // when it is tried, if it is queued
	Ends    time.Time // then it is given up
	Answer  string    // what the server said last, or why it could not be asked
	Done    time.Time // when it came to its state, if that is sent, failed or given-up
	Dedup   string    // empty: none
}

// Query chooses mails, newest first.
type Query struct {
	State   State // empty: any
	Account ID    // zero: any
	After   string
	Limit   int // 1 to 1000
}

// ErrCursor is the error of a list for a cursor that it did not give.
var ErrCursor = errors.New("not a cursor of this list")

// Outbox keeps mails.
type Outbox interface {
	// AddMail adds a mail. It reports false and adds nothing if there is one with its Dedup.
	AddMail(Mail) (bool, error)
	Mail(id ID) (Mail, error) // ErrNotFound
	PutMail(Mail) error       // changed
	// DueMail gives the queued mail that was due first at t or before; ErrNotFound.
	DueMail(t time.Time) (Mail, error)
	// NextDue is when a queued mail is due next; zero: there is none.
	NextDue() (time.Time, error)
	ListMails(Query) (page []Mail, next string, err error)
	// Postpone lets no queued mail be due before t, and keeps why.
	Postpone(t time.Time, why string) error
	CountMails() (map[State]int, error)
}

// Shelf clears the outbox.
type Shelf interface {
	MailsByID(prefix []byte, limit int) ([]Mail, error) // whose id begins so
	MailsSending() ([]Mail, error)
	// EndedMails gives mails that are not wiped, nor sent just now, and whose end came at t or
	// before, at most limit.
	EndedMails(t time.Time, limit int) ([]Mail, error)
	// DropMails forgets up to limit mails that were made before t, and tells how many.
	DropMails(t time.Time, limit int) (int, error)
	DropMailsOf(account ID) error
}

// Values are the settings of the site.
type Values interface {
	Values() (map[string]string, error) // of all settings that were set; not to be changed
}

// Tx is a transaction over mails.
type Tx struct {
	audit.Tx
	Outbox
	Shelf
	Templates
	Values
	MailKey Key
	Home    string // "https://hub:port", which links begin with; empty: nobody can follow one
}
