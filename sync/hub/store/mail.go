package store

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"badged/sync/hub/mail"
	"badged/sync/hub/people"
)

const mailColumns = `SELECT id, made, purpose, to_addr, lang, account, sealed, state, tries, unsure, next, ends, answer, done,
	coalesce(dedup, '') FROM mail_out `

func readMail(scan scan) (m mail.Mail, err error) {
	return m, scan(idInto{&m.ID}, timeInto{&m.Made}, &m.Purpose, &m.To, &m.Lang, idInto{&m.Account}, &m.Sealed, &m.State,
		&m.Tries, &m.Unsure, timeInto{&m.Next}, timeInto{&m.Ends}, &m.Answer, timeInto{&m.Done}, &m.Dedup)
}

// AddMail implements mail.Outbox.
func (x *tx) AddMail(m mail.Mail) (bool, error) {
	n, err := x.exec(`INSERT INTO mail_out (id, made, purpose, to_addr, lang, account, sealed, state, tries, unsure, next, ends, answer, done, dedup)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (dedup) DO NOTHING`,
		m.ID[:], millis(m.Made), string(m.Purpose), m.To, m.Lang, m.Account[:], blob(m.Sealed), string(m.State), m.Tries, m.Unsure,
		millis(m.Next), millis(m.Ends), m.Answer, millis(m.Done), text(m.Dedup))
	x.topics[MailsWait] = true
	return n > 0, err
}

// Mail implements mail.Outbox.
func (x *tx) Mail(id mail.ID) (mail.Mail, error) {
	return x.firstMail(mailColumns+`WHERE id = ?`, id[:])
}

func (x *tx) firstMail(query string, args ...any) (mail.Mail, error) {
	m, err := first(x, query, args, readMail)
	if errors.Is(err, people.ErrNotFound) {
		err = mail.ErrNotFound
	}
	return m, err
}

// PutMail implements mail.Outbox.
func (x *tx) PutMail(m mail.Mail) error {
	_, err := x.exec(`UPDATE mail_out SET sealed = ?, state = ?, tries = ?, unsure = ?, next = ?, answer = ?, done = ? WHERE id = ?`,
		blob(m.Sealed), string(m.State), m.Tries, m.Unsure, millis(m.Next), m.Answer, millis(m.Done), m.ID[:])
	x.topics[MailsWait] = true
	return err
}

// DueMail implements mail.Outbox.
func (x *tx) DueMail(t time.Time) (mail.Mail, error) {
	return x.firstMail(mailColumns+`WHERE state = 'queued' AND next <= ? ORDER BY next, made, id LIMIT 1`, millis(t))
}

// NextDue implements mail.Outbox.
func (x *tx) NextDue() (t time.Time, err error) {
	err = x.one(`SELECT coalesce(min(next), 0) FROM mail_out WHERE state = 'queued'`, nil, timeInto{&t})
	return t, err
}

// ListMails implements mail.Outbox. A cursor is the time of queueing and the id.
func (x *tx) ListMails(q mail.Query) ([]mail.Mail, string, error) {
	var c conditions
	if q.Account != (mail.ID{}) {
		c.add("account = ?", q.Account[:])
	}
	if q.State != "" && q.Account != (mail.ID{}) {
		c.add("state || '' = ?", string(q.State)) // the index of accounts is the better one
	} else if q.State != "" {
		c.add("state = ?", string(q.State))
	}
	if q.After != "" {
		made, id, err := afterMail(q.After)
		if err != nil {
			return nil, "", err
		}
		c.add("(made, id) < (?, ?)", made, id)
	}
	page, err := list(x, mailColumns+c.where()+` ORDER BY made DESC, id DESC LIMIT ?`, append(c.args, oneMore(q.Limit)), readMail)
	return cut(page, q.Limit, err, func(m mail.Mail) string {
		return fmt.Sprintf("%d.%s", millis(m.Made), hex.EncodeToString(m.ID[:]))
	})
}

func afterMail(cursor string) (made int64, id []byte, err error) {
	ms, rest, _ := strings.Cut(cursor, ".")
	made, err1 := strconv.ParseInt(ms, 10, 64)
	id, err2 := hex.DecodeString(rest)
	if err1 != nil || err2 != nil || len(id) != len(mail.ID{}) {
		return 0, nil, mail.ErrCursor
	}
	return made, id, nil
}

// Postpone implements mail.Outbox.
func (x *tx) Postpone(t time.Time, why string) error {
	_, err := x.exec(`UPDATE mail_out SET next = ?, answer = ? WHERE state = 'queued' AND next < ?`, millis(t), why, millis(t))
	return err
}

// CountMails implements mail.Outbox.
func (x *tx) CountMails() (map[mail.State]int, error) {
	counts := make(map[mail.State]int)
	err := x.all(`SELECT state, count(*) FROM mail_out GROUP BY state`, nil, func(scan scan) error {
		var s mail.State
		var n int
		err := scan(&s, &n)
		counts[s] = n
		return err
	})
	return counts, err
}

// MailsByID implements mail.Shelf.
func (x *tx) MailsByID(prefix []byte, limit int) ([]mail.Mail, error) {
	return list(x, mailColumns+`WHERE id >= ? AND id <= ? ORDER BY id LIMIT ?`, []any{prefix, lastWith(prefix), limit}, readMail)
}

// MailsSending implements mail.Shelf.
func (x *tx) MailsSending() ([]mail.Mail, error) {
	return list(x, mailColumns+`WHERE state = 'sending' ORDER BY made, id`, nil, readMail)
}

// EndedMails implements mail.Shelf.
func (x *tx) EndedMails(t time.Time, limit int) ([]mail.Mail, error) {
	return list(x, mailColumns+`WHERE sealed IS NOT NULL AND state <> 'sending' AND ends <= ? ORDER BY ends, id LIMIT ?`, []any{millis(t), limit}, readMail)
}

// DropMails implements mail.Shelf.
func (x *tx) DropMails(t time.Time, limit int) (int, error) {
	n, err := x.exec(`DELETE FROM mail_out WHERE id IN (SELECT id FROM mail_out WHERE made < ? ORDER BY made, id LIMIT ?)`, millis(t), limit)
	return int(n), err
}

// DropMailsOf implements mail.Shelf.
func (x *tx) DropMailsOf(account mail.ID) error {
	_, err := x.exec(`DELETE FROM mail_out WHERE account = ?`, account[:])
	return err
}

// Template implements mail.Templates.
func (x *tx) Template(p mail.Purpose, lang string) (mail.Template, error) {
	t := mail.Template{Purpose: p, Lang: lang}
	err := x.one(`SELECT subject, body FROM mail_template WHERE purpose = ? AND lang = ?`, []any{string(p), lang}, &t.Subject, &t.Body)
	if errors.Is(err, people.ErrNotFound) {
		err = mail.ErrNotFound
	}
	return t, err
}

// PutTemplate implements mail.Templates.
func (x *tx) PutTemplate(t mail.Template) error {
	_, err := x.exec(`INSERT INTO mail_template (purpose, lang, subject, body) VALUES (?, ?, ?, ?)
		ON CONFLICT (purpose, lang) DO UPDATE SET subject = excluded.subject, body = excluded.body`, string(t.Purpose), t.Lang, t.Subject, t.Body)
	return err
}

// DropTemplate implements mail.Templates.
func (x *tx) DropTemplate(p mail.Purpose, lang string) error {
	_, err := x.exec(`DELETE FROM mail_template WHERE purpose = ? AND lang = ?`, string(p), lang)
	return err
}
