package enroll_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"badged/enroll"
	"badged/sync/wire"
)

// S1.29: a temporary card works until its end, at printers and doors.
func TestATemporaryCardEnds(t *testing.T) {
	l := newLab(t)
	a := l.member("front")
	for n, end := range []time.Time{time.Now().Add(-time.Minute), time.Now().Add(time.Hour), {}} {
		b := enroll.Binding{Card: key.Card(card(n + 1)), Account: a, State: enroll.BindingActive, Assurance: enroll.AssuranceUID, Expires: end}
		l.update(func(tx enroll.Tx) error { return tx.PutBinding(b) })
		want, outcome := enroll.KnownCard, enroll.Granted
		if n == 0 {
			want, outcome = enroll.BindingInactive, enroll.Refused
		}
		for _, p := range []enroll.Point{hall, front} {
			if d := l.expect(l.tap(p, card(n+1)), outcome, want); (d.Login || d.Open) != (outcome == enroll.Granted) {
				t.Errorf("card %d at %s: login %v, open %v", n, p.Name, d.Login, d.Open)
			}
		}
	}
}

// S3.10: a claim whose account was suspended between code and card binds nothing.
func TestAClaimOfASuspendedAccountBindsNothing(t *testing.T) {
	l := newLab(t)
	a := l.full(l.member("front"))
	c := l.claim(a.ID, "7365")
	l.expect(l.typed(front, "7365"), enroll.Waiting, enroll.AwaitCard)
	a.State = enroll.Suspended
	l.update(func(tx enroll.Tx) error { return tx.PutAccount(a) })
	l.expect(l.tap(front, card(1)), enroll.Refused, enroll.CodeRefused)
	if l.owner(card(1)) != (enroll.AccountID{}) || l.claimState(c.ID) != enroll.ClaimLive {
		t.Error("the card is bound, or the claim used up")
	}
}

func TestOnlyAnActiveAccountIsEdited(t *testing.T) {
	l := newLab(t)
	for state, want := range map[enroll.AccountState]error{
		enroll.Created: enroll.ErrNotAllowed, enroll.Invited: enroll.ErrNotAllowed, enroll.Active: nil,
		enroll.Suspended: enroll.ErrNotAllowed, enroll.Merged: enroll.ErrNotAllowed, enroll.Erased: enroll.ErrNotAllowed,
	} {
		a := enroll.Account{ID: enroll.AccountID{byte(state)}, Kind: enroll.Person, State: state, Name: "Ada"}
		l.update(func(tx enroll.Tx) error { return tx.PutAccount(a) })
		_, err := l.engine.Edit(l.ctx, hall, a.ID, enroll.CardID{}, enroll.Edit{Name: "Eve", Lang: "fr"})
		if got := l.full(a.ID).Name; !errors.Is(err, want) || (got == "Eve") != (want == nil) {
			t.Errorf("state %d: %v, the name is %q", state, err, got)
		}
	}
}

// A point with log_first has each decision on disk before anybody acts on it; another
// one has it there with the next commit.
func TestWithLogFirstTheDiskHasItBeforeTheDoorOpens(t *testing.T) {
	for _, first := range []bool{true, false} {
		l := newLab(t)
		l.bind(l.member("front"), card(1))
		p := front
		p.LogFirst = first
		l.expect(l.tap(p, card(1)), enroll.Granted, enroll.KnownCard)
		b, err := l.store.Pending(l.ctx, wire.StreamEvents, 0, 10, 1<<16)
		if err != nil || (len(b.Events) == 1) != first {
			t.Errorf("log_first %v: %d events are on disk before the commit, %v", first, len(b.Events), err)
		}
	}
}

// Once claiming is closed, by the hub too, no code works, and the answer is that to a
// wrong one.
func TestWhileClaimingIsClosedNoCodeWorks(t *testing.T) {
	l := newLab(t)
	l.claim(l.member("front"), "7365")
	l.setting(func(s *enroll.Site) { s.ClaimsClosed = true })
	good, bad := l.typed(front, "7365"), l.typed(front, "1928")
	l.expect(good, enroll.Refused, enroll.CodeRefused)
	if !reflect.DeepEqual(good, bad) {
		t.Errorf("a good code is answered %+v, a bad one %+v", good, bad)
	}
	l.expect(l.tap(back, card(1)), enroll.Refused, enroll.UnknownCard)
	l.setting(func(s *enroll.Site) { s.ClaimsClosed = false })
	l.expect(l.typed(front, "7365"), enroll.Waiting, enroll.AwaitCard)
}

// S2.11: a claim binds; it gives no right at the door.
func TestAClaimedCardWithoutAGrantOpensNothing(t *testing.T) {
	l := newLab(t)
	a := l.member()
	l.claim(a, "7365")
	l.typed(front, "7365")
	if d := l.expect(l.tap(front, card(1)), enroll.Granted, enroll.ClaimBound); d.Open || d.Login {
		t.Errorf("open %v, login %v", d.Open, d.Login)
	}
	l.expect(l.tap(front, card(1)), enroll.Refused, enroll.NoGrant)
}
