package access_test

import (
	"testing"

	"badged/sync/hub/access"
	"badged/sync/hub/people"
)

// registered is an account that somebody made on the web with an address, and all that a PIN
// can get: a card that works, one that waits, the registration of a third with its code.
type registered struct {
	people.Account
	claim access.IssuedClaim
}

func (s site) registered(email string) (r registered) {
	s.t.Helper()
	s.set("web", "true")
	s.do(func(tx access.Tx) error {
		_, err := access.Register(tx, s.key, people.Self{First: "Eve", Last: "Roy", Email: email}, "192.0.2.1")
		if err == nil {
			r.Account, err = tx.AccountByEmail(email)
		}
		return err
	})
	s.give(r.Account, "11111111")
	s.set("confirm", "admin")
	s.do(func(tx access.Tx) error {
		return access.AddCard(tx, access.Report{Terminal: "hall", At: tx.Now, Card: s.key.Card("22222222"), Account: r.ID})
	})
	r.claim = s.issue(s.confirmHeld(s.start(r.Account, "")), people.NewSessionToken())
	return r
}

// choose follows a link of an account to a password.
func (s site) choose(a people.Account, p people.Purpose) {
	s.t.Helper()
	s.do(func(tx access.Tx) error {
		t, err := people.IssueLink(tx.Tx, p, a.ID, "")
		if err != nil {
			return err
		}
		return access.ChoosePassword(tx, t, "phc")
	})
}

// holds reports what is left of PIN, cards and registrations of an account.
func (s site) holds(a people.Account) (pin bool, cards int, enrolment bool) {
	s.t.Helper()
	s.do(func(tx access.Tx) error {
		_, err := tx.PINOf(a.ID)
		pin = err == nil
		_, err = tx.OpenEnrolment(a.ID)
		enrolment = err == nil
		all, err := access.CardsOf(tx, a.ID)
		cards = len(all)
		return err
	})
	return pin, cards, enrolment
}

// PEOPLE §4.1: whoever registers with somebody else's address knows the PIN. Nothing that was
// got with it outlives the confirmation by the owner of the address, by whichever link.
func TestWhatAStrangerGotEndsWithTheConfirmation(t *testing.T) {
	for _, p := range []people.Purpose{people.Confirm, people.Reset} {
		s := newSite(t)
		eve := s.registered("ada@example.com")
		if pin, cards, enrolment := s.holds(eve.Account); !pin || cards != 2 || !enrolment {
			t.Fatalf("before: PIN %v, %d cards, registration %v", pin, cards, enrolment)
		}
		s.choose(eve.Account, p)
		if pin, cards, enrolment := s.holds(eve.Account); pin || cards != 0 || enrolment {
			t.Errorf("%s: PIN %v, %d cards, registration %v", p, pin, cards, enrolment)
		}
		equal(t, "the code", s.claimState(eve.claim.ID), access.ClaimVoid)
		s.unknown("11111111")
	}
}

// What an owner has who confirmed the address stays when they choose another password; so it
// does with a link that confirms nothing.
func TestAPasswordTakesNothingFromItsOwner(t *testing.T) {
	s := newSite(t)
	ada := s.registered("ada@example.com")
	s.choose(ada.Account, people.SetUp)
	if pin, cards, _ := s.holds(ada.Account); !pin || cards != 2 {
		t.Errorf("unconfirmed: PIN %v, %d cards", pin, cards)
	}
	s.choose(ada.Account, people.Confirm)
	s.pin(ada.Account)
	s.give(ada.Account, "33333333")
	s.choose(ada.Account, people.Reset)
	if pin, cards, _ := s.holds(ada.Account); !pin || cards != 1 {
		t.Errorf("after another password: PIN %v, %d cards", pin, cards)
	}
}
