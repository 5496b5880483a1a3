package mail

import (
	"encoding/hex"
	"errors"
	"strings"
	"time"
	"unicode"

	"badged/sync/hub/audit"
	"badged/sync/hub/refusal"
)

// Result is how a try to send a mail ended.
type Result int

// The results.
const (
	Taken       Result = iota // the server is responsible for it now
	Refused                   // for good: 5xx about this mail
	Later                     // 4xx about this mail
	Unreachable               // no mail can go out just now: no route, TLS, log-in, a hang before this mail's text
	Unsure                    // its text was on the way when the connection ended: nobody can say whether it was taken
)

// Outcome is a result with what the server said, or why it could not be asked.
type Outcome struct {
	Result Result
	Answer string
}

const (
	firstPause  = time.Minute
	longestWait = time.Hour
	mostUnsure  = 2   // then an administrator decides
	maxAnswer   = 500 // bytes
)

// pause is how long a mail waits after it was tried so often.
func pause(tries int) time.Duration {
	return min(firstPause<<min(max(tries-1, 0), 10), longestWait)
}

// Take gives the mail that is due first, which is sending from now on, and gives up those
// whose end came. Send it after the transaction, then Settle it.
func Take(tx Tx) (m Mail, found bool, err error) {
	if err := GiveUp(tx); err != nil {
		return m, false, err
	}
	m, err = tx.DueMail(tx.Now)
	if errors.Is(err, ErrNotFound) {
		return m, false, nil
	}
	if err != nil || !m.Ends.After(tx.Now) { // more have ended than are given up at a time
		return m, false, err
	}
	m.State = Sending
	m.Tries++
	return m, true, tx.PutMail(m)
}

// GiveUp gives up mails whose end came, as many as fit in one transaction.
func GiveUp(tx Tx) error {
	ended, err := tx.EndedMails(tx.Now, 1000)
	for _, m := range ended {
		if err == nil {
			err = tx.PutMail(m.giveUp(tx.Now))
		}
	}
	return err
}

// Settle keeps how a try ended. A mail that was erased meanwhile stays erased.
func Settle(tx Tx, id ID, o Outcome) error {
	m, err := tx.Mail(id)
	if errors.Is(err, ErrNotFound) || err == nil && m.State != Sending {
		return nil
	}
	if err != nil {
		return err
	}
	m.Answer = cleanAnswer(o.Answer, secretsOf(tx.MailKey, m))
	m.State = Queued
	m.Next = tx.Now.Add(pause(m.Tries))
	switch o.Result {
	case Taken:
		m = m.end(Sent, tx.Now)
		m.Sealed = nil
	case Refused:
		m = m.end(Failed, tx.Now)
	case Unsure:
		if m.Unsure++; m.Unsure >= mostUnsure {
			m = m.end(Failed, tx.Now)
		}
	case Unreachable:
		if err := tx.Postpone(m.Next, m.Answer); err != nil {
			return err
		}
	}
	return tx.PutMail(m)
}

func (m Mail) end(s State, now time.Time) Mail {
	m.State, m.Done, m.Next = s, now, time.Time{}
	return m
}

func (m Mail) giveUp(now time.Time) Mail {
	m = m.end(GivenUp, now)
	m.Sealed = nil
	return m
}

// Recover settles the mails that were on their way when the hub ended: the server may have
// taken them. Call it once, before the first Take.
func Recover(tx Tx) error {
	all, err := tx.MailsSending()
	for _, m := range all {
		if err == nil {
			err = Settle(tx, m.ID, Outcome{Unsure, "the hub ended while this mail was on its way"})
		}
	}
	return err
}

// Retry lets a mail that failed or waits be tried at once.
func Retry(tx Tx, id ID) (Mail, error) {
	m, err := tx.Mail(id)
	if errors.Is(err, ErrNotFound) {
		return m, refuse(refusal.Missing, CodeNotFound, refusal.Fields{"mail": hex.EncodeToString(id[:])})
	}
	if err != nil {
		return m, err
	}
	if m.State != Failed && m.State != Queued {
		return m, refuse(refusal.Conflict, CodeOver, refusal.Fields{"mail": ShortID(id), "state": m.State})
	}
	m.State, m.Next, m.Done, m.Unsure = Queued, tx.Now, time.Time{}, 0
	if err := tx.PutMail(m); err != nil {
		return m, err
	}
	return m, tx.Record(audit.Change{Action: "mail.retry", Object: hex.EncodeToString(id[:]), Subject: m.Account})
}

// List gives a page of mails, newest first, and the cursor of the next one.
func List(tx Tx, q Query) ([]Mail, string, error) {
	page, next, err := tx.ListMails(q)
	if errors.Is(err, ErrCursor) {
		err = refuse(refusal.Invalid, CodeCursor, nil)
	}
	return page, next, err
}

// leastDigits is how many digits of an id name a mail.
const leastDigits = 8

// ShortID is the beginning of an id, for people.
func ShortID(id ID) string { return hex.EncodeToString(id[:])[:leastDigits] }

// Find finds a mail by its id, or by the first digits of it.
func Find(tx Tx, ref string) (Mail, error) {
	missing := refuse(refusal.Missing, CodeNotFound, refusal.Fields{"mail": ref[:min(len(ref), 40)]})
	prefix, err := hex.DecodeString(ref)
	if err != nil || len(ref) < leastDigits || len(prefix) > len(ID{}) {
		return Mail{}, missing
	}
	found, err := tx.MailsByID(prefix, 2)
	if err == nil && len(found) != 1 {
		err = missing
	}
	if err != nil {
		return Mail{}, err
	}
	return found[0], nil
}

// secretsOf are the links and PINs that a mail says, longest first by their order of fields.
func secretsOf(k Key, m Mail) (out []string) {
	f, err := k.Open(m)
	if err != nil {
		return nil
	}
	for name, v := range f {
		switch fieldKinds[name] {
		case Hidden:
			out = append(out, v)
		case Link:
			out = append(out, v, v[strings.LastIndexByte(v, '/')+1:])
		}
	}
	return out
}

// cleanAnswer bounds what a server said and takes out what only the addressee may know: a
// server may quote the mail.
func cleanAnswer(s string, secrets []string) string {
	for _, secret := range secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "[hidden]")
		}
	}
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "?"), func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if len(s) > maxAnswer {
		s = strings.ToValidUTF8(s[:maxAnswer], "") + "…"
	}
	return s
}
