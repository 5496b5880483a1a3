package access

import (
	"slices"

	"badged/sync/hub/audit"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// welcomeCard follows up on a card that an account has from now on: the registration that
// waits for it is done, its owner is told, and the card that it replaces ends.
func welcomeCard(tx Tx, before, after Card, terminal string) error {
	if !after.inUse() {
		return nil
	}
	if before.Account != after.Account {
		if err := tellOwner(tx, after, terminal); err != nil {
			return err
		}
		if err := finishFor(tx, after); err != nil {
			return err
		}
	}
	return replaceFormer(tx, after)
}

// finishFor ends the registration that waits for a card. A temporary card is not what it
// waits for.
func finishFor(tx Tx, c Card) error {
	if !c.Expires.IsZero() {
		return nil
	}
	return finishEnrolment(tx, c)
}

// RegisterPath is the page where people register a card.
const RegisterPath = "/moi/carte"

// OptionalMails are those that a person can do without.
var OptionalMails = []mail.Purpose{mail.CardBound, mail.CardUndone, mail.CardStopped}

// ChooseMails keeps which notices a person wants by mail (S3.12).
func ChooseMails(tx Tx, account ID, wanted []mail.Purpose) error {
	before, err := tx.MutedMails(account)
	if err != nil {
		return err
	}
	var after []mail.Purpose
	for _, p := range OptionalMails {
		muted := !slices.Contains(wanted, p)
		if muted {
			after = append(after, p)
		}
		if muted == slices.Contains(before, p) {
			continue
		}
		if err := tx.MuteMail(account, p, muted); err != nil {
			return err
		}
	}
	slices.Sort(after)
	if slices.Equal(before, after) {
		return nil
	}
	return tx.Record(audit.Change{Action: "mails.choose", Object: people.HexID(account), Subject: account, Before: before, After: after})
}

// notify queues a notice to a person who wants it, and who can be reached.
func notify(tx Tx, account ID, n mail.New) error {
	a, err := tx.Account(account)
	if err != nil {
		return orMissing(err, people.CodeNotFound, "ref", people.HexID(account))
	}
	muted, err := tx.MutedMails(account)
	if err != nil || a.Email == "" || a.State.Final() || tx.Home == "" || slices.Contains(muted, n.Purpose) {
		return err
	}
	n.To, n.Lang, n.Account = a.Email, a.Lang, account
	n.Fields["name"] = a.DisplayName()
	return mail.Queue(tx.Tx.Tx, n)
}

// tellOwner tells a person of a card that was bound to them, with a link that undoes it.
func tellOwner(tx Tx, c Card, terminal string) error {
	a, err := tx.Account(c.Account)
	if err != nil || a.Kind != people.Person || a.Email == "" || tx.Home == "" {
		return err
	}
	token, err := people.IssueLinkAbout(tx.Tx, people.UndoCard, a.ID, a.Email, c.ID)
	if err != nil {
		return err
	}
	link, _, err := people.LookUpLink(tx.Tx, token)
	if err != nil {
		return err
	}
	return notify(tx, a.ID, mail.New{Purpose: mail.CardBound, Ends: link.Ends, Fields: mail.Fields{
		"card": ShortCard(c.ID), "door": terminal, "at": mail.At(tx.Now), "until": mail.At(link.Ends), "link": tx.Home + token.Path(),
	}})
}

// UndoByLink takes back the card that a mail told of. Whoever reads the mail owns the card:
// no log-in is needed.
func UndoByLink(tx Tx, t people.Token) (Card, error) {
	l, err := people.UseLink(tx.Tx, t, people.UndoCard)
	if err != nil {
		return Card{}, err
	}
	c, err := linkedCard(tx, l)
	if err != nil {
		return c, err
	}
	return UndoCard(tx, c.Account, people.HexID(c.ID))
}

// LinkedCard is the card that a link undoes.
func LinkedCard(tx Tx, t people.Token) (Card, people.LinkState, error) {
	l, state, err := people.LookUpLink(tx.Tx, t)
	if err != nil || state == people.LinkUnknown || l.Purpose != people.UndoCard {
		return Card{}, people.LinkUnknown, err
	}
	c, err := linkedCard(tx, l)
	if refusal.Code(err) == CodeCardGone {
		return c, people.LinkUsed, nil
	}
	return c, state, err
}

func linkedCard(tx Tx, l people.Link) (Card, error) {
	c, found, err := cardOrNone(tx, l.About)
	if err == nil && (!found || c.Account != l.Account) {
		err = refuse(refusal.Missing, CodeCardGone, nil)
	}
	return c, err
}
