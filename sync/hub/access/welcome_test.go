package access_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
)

// member adds an active account with an address.
func (s site) member(name, email string) people.Account {
	s.t.Helper()
	first, last, _ := strings.Cut(name, " ")
	return get(s, func(tx access.Tx) (people.Account, error) {
		return people.Add(tx.Tx, people.New{First: first, Last: last, Email: email, State: people.Active})
	})
}

// sent is a mail that waits, and what it says.
type sent struct {
	mail.Mail
	fields mail.Fields
}

// mails gives the mails to an account, oldest first.
func (s site) mails(a people.Account) (all []sent) {
	s.t.Helper()
	s.do(func(tx access.Tx) error {
		all = nil
		page, _, err := tx.ListMails(mail.Query{Account: a.ID, Limit: 100})
		for _, m := range page {
			fields, err := tx.MailKey.Open(m)
			if err != nil {
				return err
			}
			all = append([]sent{{m, fields}}, all...)
		}
		return err
	})
	return all
}

func purposes(mails []sent) (all []mail.Purpose) {
	for _, m := range mails {
		all = append(all, m.Purpose)
	}
	return all
}

// S2.15: who interrupts the first two steps gets one mail for each interruption. Its link
// carries no code and nothing that logs in.
func TestEachInterruptionQueuesOneMailWithoutACode(t *testing.T) {
	s := newSite(t)
	ada, session := s.member("Ada Byron", "ada@example.com"), people.NewSessionToken()
	stop := func(e access.Enrolment) {
		t.Helper()
		get(s, func(tx access.Tx) (access.Enrolment, error) { return access.CloseEnrolment(tx, e.Account, e.ID) })
	}
	e := s.start(ada, "")
	stop(e)
	stop(e) // pressed twice
	equal(t, "mails at step 1", len(s.mails(ada)), 1)
	s.wait(time.Second)
	s.start(ada, "")
	stop(e)
	equal(t, "mails after a second interruption", len(s.mails(ada)), 2)
	s.wait(time.Second)
	s.confirmHeld(e)
	stop(e)
	equal(t, "mails at step 2", len(s.mails(ada)), 3)
	s.issue(e, session)
	stop(e)
	for _, m := range s.mails(ada) {
		if m.Purpose != mail.CardStopped || m.To != "ada@example.com" || m.fields["link"] != "https://hub.example/moi/carte" {
			t.Errorf("a mail %s to %s with the link %s", m.Purpose, m.To, m.fields["link"])
		}
	}
	equal(t, "mails once a code was shown", len(s.mails(ada)), 3)
}

// A registration sends a bounded number of mails.
func TestInterruptionsWithoutEndSendFewMails(t *testing.T) {
	s := newSite(t)
	ada := s.member("Ada Byron", "ada@example.com")
	for range 30 {
		e := s.start(ada, "")
		get(s, func(tx access.Tx) (access.Enrolment, error) { return access.CloseEnrolment(tx, e.Account, e.ID) })
	}
	equal(t, "mails", len(s.mails(ada)), 10)
}

// S2.24: the owner is told of every binding, whoever made it, and the mail undoes it in one
// step, once.
func TestTheOwnerIsToldOfEveryBindingAndUndoesItByMail(t *testing.T) {
	s := newSite(t)
	ada := s.member("Ada Byron", "ada@example.com")
	s.use(s.report(ada, s.claim(ada).ID, "1111"))
	s.wait(time.Minute)
	s.bindLabel(ada, s.label("2222"))
	s.wait(time.Minute)
	s.do(func(tx access.Tx) error {
		_, err := access.GiveCard(tx, access.Gift{Card: s.key.Card("3333"), To: "ada@example.com", Until: tx.Now.Add(time.Hour)})
		return err
	})
	mails := s.mails(ada)
	equal(t, "mails", purposes(mails), []mail.Purpose{mail.CardBound, mail.CardBound, mail.CardBound})
	for i, number := range []string{"1111", "2222", "3333"} {
		equal(t, "card", mails[i].fields["card"], ref(s, number))
	}
	text, found := strings.CutPrefix(mails[2].fields["link"], "https://hub.example/lien/")
	token, ok := people.ParseToken(text)
	if !found || !ok {
		t.Fatal("the mail has no link that undoes")
	}
	linked := func() (state people.LinkState) {
		s.do(func(tx access.Tx) (err error) {
			_, state, err = access.LinkedCard(tx, token)
			return err
		})
		return state
	}
	equal(t, "looked at", linked(), people.LinkUsable)
	equal(t, "the card", s.card("3333").Account, ada.ID)
	s.wait(time.Minute)
	get(s, func(tx access.Tx) (access.Card, error) { return access.UndoByLink(tx, token) })
	s.unknown("3333")
	equal(t, "used", linked(), people.LinkUsed)
	equal(t, "another card", s.card("2222").State, access.CardActive)
	s.refused(people.CodeLinkUsed, func(tx access.Tx) error {
		_, err := access.UndoByLink(tx, token)
		return err
	})
	equal(t, "last mail", purposes(s.mails(ada)[3:]), []mail.Purpose{mail.CardUndone})
}

// A link that is for something else undoes no card.
func TestAnotherLinkUndoesNothing(t *testing.T) {
	s := newSite(t)
	ada := s.member("Ada Byron", "ada@example.com")
	s.use(s.report(ada, s.claim(ada).ID, "1111"))
	token := get(s, func(tx access.Tx) (people.Token, error) { return people.IssueLink(tx.Tx, people.Reset, ada.ID, "") })
	s.refused(people.CodeLinkUnknown, func(tx access.Tx) error {
		_, err := access.UndoByLink(tx, token)
		return err
	})
	s.do(func(tx access.Tx) error {
		_, state, err := access.LinkedCard(tx, token)
		equal(t, "state", state, people.LinkUnknown)
		return err
	})
}

// S3.12: each person chooses which notices come by mail.
func TestNoticesThatAPersonDoesNotWantAreNotMailed(t *testing.T) {
	s := newSite(t)
	ada, grace := s.member("Ada Byron", "ada@example.com"), s.member("Grace Hopper", "grace@example.com")
	choose := func(wanted ...mail.Purpose) {
		s.do(func(tx access.Tx) error { return access.ChooseMails(tx, ada.ID, wanted) })
	}
	choose(mail.CardStopped)
	choose(mail.CardStopped)
	s.use(s.report(ada, s.claim(ada).ID, "1111"))
	s.use(s.report(grace, s.claim(grace).ID, "2222"))
	equal(t, "hers", purposes(s.mails(ada)), nil)
	equal(t, "another's", purposes(s.mails(grace)), []mail.Purpose{mail.CardBound})
	choose(mail.CardBound)
	s.use(s.report(ada, s.claim(ada).ID, "3333"))
	equal(t, "wanted again", purposes(s.mails(ada)), []mail.Purpose{mail.CardBound})
	chosen := slices.DeleteFunc(s.actions(people.HexID(ada.ID)), func(action string) bool { return action != "mails.choose" })
	equal(t, "audit", len(chosen), 2)
}
