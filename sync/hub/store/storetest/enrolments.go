package storetest

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
)

// enrolment is one that is about everything.
func enrolment(n, account uint32) access.Enrolment {
	return access.Enrolment{
		ID: id(n), Account: id(account), Actor: operator, Step: access.StepCode, Replaces: id(7), Claim: id(8), Sealed: []byte{1, 0, 2},
		Started: now.Add(time.Duration(n) * time.Second), Closed: now, Mails: 2,
	}
}

// testEnrolments: an account has one open enrolment, and is found again by it and by cards.
func testEnrolments(t *testing.T, open Open) {
	s := open(t)
	first, second := enrolment(1, 100), enrolment(2, 100)
	write(t, s, func(tx fleet.Tx) error {
		if err := errors.Join(tx.PutEnrolment(first), tx.PutEnrolment(enrolment(9, 200))); err != nil {
			return err
		}
		if err := tx.PutEnrolment(second); !errors.Is(err, people.ErrTaken) {
			t.Errorf("a second open one: %v", err)
		}
		if e, err := tx.OpenEnrolment(id(100)); err != nil || !reflect.DeepEqual(e, first) {
			t.Errorf("%+v, %v, want %+v", e, err, first)
		}
		first.Step, first.Done, first.Card, first.Sealed, first.Closed = access.StepDone, now, id(40), nil, time.Time{}
		return errors.Join(tx.PutEnrolment(first), tx.PutEnrolment(second), tx.PutEnrolment(first))
	})
	write(t, s, func(tx fleet.Tx) error {
		for name, c := range map[string]struct {
			find func() (access.Enrolment, error)
			want access.Enrolment
		}{
			"by id":      {func() (access.Enrolment, error) { return tx.Enrolment(id(1)) }, first},
			"open":       {func() (access.Enrolment, error) { return tx.OpenEnrolment(id(100)) }, second},
			"the latest": {func() (access.Enrolment, error) { return tx.LatestEnrolment(id(100)) }, second},
			"by card":    {func() (access.Enrolment, error) { return tx.EnrolmentOfCard(id(40)) }, first},
		} {
			if e, err := c.find(); err != nil || !reflect.DeepEqual(e, c.want) {
				t.Errorf("%s: %+v, %v, want %+v", name, e, err, c.want)
			}
		}
		if _, err := tx.EnrolmentOfCard(access.ID{}); !errors.Is(err, people.ErrNotFound) {
			t.Errorf("of no card: %v", err)
		}
		return tx.DropEnrolments(id(100))
	})
	read(t, s, func(tx fleet.Tx) error {
		if _, err := tx.Enrolment(id(1)); !errors.Is(err, people.ErrNotFound) {
			t.Errorf("dropped: %v", err)
		}
		_, err := tx.OpenEnrolment(id(200))
		return err
	})
}

// testMuted: each person chooses for themselves.
func testMuted(t *testing.T, open Open) {
	s := open(t)
	write(t, s, func(tx fleet.Tx) error {
		return errors.Join(tx.MuteMail(id(1), mail.CardStopped, true), tx.MuteMail(id(1), mail.CardBound, true), tx.MuteMail(id(1), mail.CardBound, true),
			tx.MuteMail(id(2), mail.CardBound, true), tx.MuteMail(id(1), mail.CardStopped, false), tx.MuteMail(id(1), mail.CardStopped, false))
	})
	write(t, s, func(tx fleet.Tx) error {
		if got, err := tx.MutedMails(id(1)); err != nil || !slices.Equal(got, []mail.Purpose{mail.CardBound}) {
			t.Errorf("%v, %v", got, err)
		}
		return tx.UnmuteMails(id(1))
	})
	read(t, s, func(tx fleet.Tx) error {
		one, err1 := tx.MutedMails(id(1))
		two, err2 := tx.MutedMails(id(2))
		if len(one) != 0 || len(two) != 1 {
			t.Errorf("%v and %v", one, two)
		}
		return errors.Join(err1, err2)
	})
}

// testLabels: a card has one label, the latest.
func testLabels(t *testing.T, open Open) {
	s := open(t)
	label := func(hash byte, card, used uint32) access.Label {
		return access.Label{Hash: [32]byte{hash}, Card: id(card), Batch: "été", Made: now, Used: id(used)}
	}
	write(t, s, func(tx fleet.Tx) error {
		if err := errors.Join(tx.PutLabel(label(1, 10, 0)), tx.PutLabel(label(2, 11, 100)), tx.PutLabel(label(3, 10, 200))); err != nil {
			return err
		}
		if _, err := tx.Label([32]byte{1}); !errors.Is(err, people.ErrNotFound) {
			t.Errorf("the former label: %v", err)
		}
		if l, err := tx.Label([32]byte{3}); err != nil || l != label(3, 10, 200) {
			t.Errorf("%+v, %v", l, err)
		}
		return errors.Join(tx.DropLabelsOf(id(100)), tx.DropLabelsOf(access.ID{}))
	})
	read(t, s, func(tx fleet.Tx) error {
		forgotten, err1 := tx.Label([32]byte{2})
		kept, err2 := tx.Label([32]byte{3})
		if forgotten != label(2, 11, 0) || kept != label(3, 10, 200) {
			t.Errorf("%+v and %+v", forgotten, kept)
		}
		return errors.Join(err1, err2)
	})
}
