package store

import (
	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
)

const enrolmentColumns = `SELECT id, account, actor_kind, actor, via, step, replaces, claim, sealed, started, closed, mails, done, card FROM enrolment `

func readEnrolment(scan scan) (e access.Enrolment, err error) {
	var kind string
	err = scan(idInto{&e.ID}, idInto{&e.Account}, &kind, &e.Actor.ID, &e.Actor.Via, &e.Step, idInto{&e.Replaces},
		idInto{&e.Claim}, &e.Sealed, timeInto{&e.Started}, timeInto{&e.Closed}, &e.Mails, timeInto{&e.Done}, idInto{&e.Card})
	e.Actor.Kind = audit.ActorKind(kind)
	return e, err
}

// Enrolment implements access.Enrolments.
func (x *tx) Enrolment(id access.ID) (access.Enrolment, error) {
	return first(x, enrolmentColumns+`WHERE id = ?`, []any{id[:]}, readEnrolment)
}

// OpenEnrolment implements access.Enrolments.
func (x *tx) OpenEnrolment(account access.ID) (access.Enrolment, error) {
	return first(x, enrolmentColumns+`WHERE account = ? AND done = 0`, []any{account[:]}, readEnrolment)
}

// LatestEnrolment implements access.Enrolments.
func (x *tx) LatestEnrolment(account access.ID) (access.Enrolment, error) {
	return first(x, enrolmentColumns+`WHERE account = ? ORDER BY started DESC, id DESC LIMIT 1`, []any{account[:]}, readEnrolment)
}

// EnrolmentOfCard implements access.Enrolments.
func (x *tx) EnrolmentOfCard(card access.ID) (access.Enrolment, error) {
	return first(x, enrolmentColumns+`WHERE card = ? AND done > 0 ORDER BY done DESC, id DESC LIMIT 1`, []any{card[:]}, readEnrolment)
}

// PutEnrolment implements access.Enrolments.
func (x *tx) PutEnrolment(e access.Enrolment) error {
	open, err := x.hasRow(`SELECT 1 FROM enrolment WHERE account = ? AND done = 0 AND id <> ?`, e.Account[:], e.ID[:])
	if err != nil {
		return err
	}
	if open && e.Done.IsZero() {
		return people.ErrTaken
	}
	_, err = x.exec(`INSERT INTO enrolment (id, account, actor_kind, actor, via, step, replaces, claim, sealed, started, closed, mails, done, card)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET step = excluded.step, replaces = excluded.replaces, claim = excluded.claim, sealed = excluded.sealed,
			closed = excluded.closed, mails = excluded.mails, done = excluded.done, card = excluded.card`,
		e.ID[:], e.Account[:], string(e.Actor.Kind), e.Actor.ID, e.Actor.Via, string(e.Step), e.Replaces[:], e.Claim[:], blob(e.Sealed),
		millis(e.Started), millis(e.Closed), e.Mails, millis(e.Done), e.Card[:])
	return err
}

// DropEnrolments implements access.Enrolments.
func (x *tx) DropEnrolments(account access.ID) error {
	_, err := x.exec(`DELETE FROM enrolment WHERE account = ?`, account[:])
	return err
}

func readLabel(scan scan) (l access.Label, err error) {
	return l, scan(hashInto{&l.Hash}, idInto{&l.Card}, &l.Batch, timeInto{&l.Made}, idInto{&l.Used})
}

// Label implements access.Labels.
func (x *tx) Label(hash [32]byte) (access.Label, error) {
	return first(x, `SELECT hash, card, batch, made, used_by FROM card_label WHERE hash = ?`, []any{hash[:]}, readLabel)
}

// PutLabel implements access.Labels.
func (x *tx) PutLabel(l access.Label) error {
	_, err := x.exec(`INSERT INTO card_label (card, hash, batch, made, used_by) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (card) DO UPDATE SET hash = excluded.hash, batch = excluded.batch, made = excluded.made, used_by = excluded.used_by`,
		l.Card[:], l.Hash[:], l.Batch, millis(l.Made), l.Used[:])
	return err
}

// DropLabelsOf implements access.Labels.
func (x *tx) DropLabelsOf(account access.ID) error {
	if account == (access.ID{}) {
		return nil
	}
	var nobody access.ID
	_, err := x.exec(`UPDATE card_label SET used_by = ? WHERE used_by = ?`, nobody[:], account[:])
	return err
}

// MutedMails implements access.Muted.
func (x *tx) MutedMails(account access.ID) ([]mail.Purpose, error) {
	return list(x, `SELECT purpose FROM mail_muted WHERE account = ? ORDER BY purpose`, []any{account[:]}, func(scan scan) (p mail.Purpose, err error) {
		return p, scan(&p)
	})
}

// MuteMail implements access.Muted.
func (x *tx) MuteMail(account access.ID, p mail.Purpose, muted bool) error {
	query := `INSERT INTO mail_muted (account, purpose) VALUES (?, ?) ON CONFLICT (account, purpose) DO NOTHING`
	if !muted {
		query = `DELETE FROM mail_muted WHERE account = ? AND purpose = ?`
	}
	_, err := x.exec(query, account[:], string(p))
	return err
}

// UnmuteMails implements access.Muted.
func (x *tx) UnmuteMails(account access.ID) error {
	_, err := x.exec(`DELETE FROM mail_muted WHERE account = ?`, account[:])
	return err
}
