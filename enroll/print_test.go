package enroll_test

import (
	"errors"
	"testing"
	"time"

	"badged/enroll"
	"badged/reader"
)

func TestS103_UnknownBadgeMakesOneAccount(t *testing.T) {
	l := newLab(t)
	l.lease(1, 8)
	d := l.expect(l.tap(hall, card(1)), enroll.Granted, enroll.NewAccount)
	l.expectLogin(d, "anonym1") // S1.04, S1.07
	again := l.expect(l.tap(hall, card(1)), enroll.Granted, enroll.KnownCard)
	l.expectLogin(again, "anonym1") // S1.08
	if again.Account.ID != d.Account.ID {
		t.Error("the same badge opened another account")
	}
	l.expectLogin(l.tap(hall, card(2)), "anonym2")
	if _, accounts, _ := l.store.Index().Counts(); accounts != 2 {
		t.Errorf("%d accounts, want 2", accounts)
	}
}

func TestS105_NumbersAreNotReusedAfterARestart(t *testing.T) {
	l := newLab(t)
	l.lease(1, 8)
	l.tap(hall, card(1))
	l.restart()
	l.expectLogin(l.tap(hall, card(1)), "anonym1")
	l.expectLogin(l.tap(hall, card(2)), "anonym2")
}

func TestS106_WithoutALeaseTheNameIsProvisional(t *testing.T) {
	l := newLab(t)
	l.lease(7, 7)
	l.expectLogin(l.tap(hall, card(1)), "anonym7")
	d := l.expect(l.tap(hall, card(2)), enroll.Granted, enroll.NewAccount)
	if d.Account.Number != 0 || d.Account.Label == "" || !d.Login {
		t.Errorf("number %d, label %q, login %v", d.Account.Number, d.Account.Label, d.Login)
	}
}

func TestS109_TheBindingIsOnDiskBeforeTheSessionOpens(t *testing.T) {
	l := newLab(t)
	l.lease(1, 8)
	d := l.tap(hall, card(1))
	l.restart() // Card has returned: all of it must be there
	k, ok := l.store.Index().Card(key.Card(card(1)), "")
	if !ok || k.Account.ID != d.Account.ID || k.Binding.State != enroll.BindingActive {
		t.Fatal("the binding is not on disk")
	}
}

func TestS110_ABadReadMakesNothing(t *testing.T) {
	l := newLab(t)
	l.lease(1, 8)
	for _, p := range []enroll.Point{hall, front} {
		l.expect(l.engine.Fault(l.ctx, p, "r", reader.BadChecksum), enroll.Faulty, enroll.BadRead)
	}
	if cards, accounts, _ := l.store.Index().Counts(); cards+accounts != 0 {
		t.Error("a bad read made something")
	}
	if n := len(l.events()); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

// S1.02, S1.11: a badge that nobody knows gets what the site's setting says: nothing, an offer,
// or an account.
func TestS111_UnknownBadgeSettings(t *testing.T) {
	for route, want := range map[enroll.Route]struct {
		o enroll.Outcome
		r enroll.Reason
	}{
		enroll.RouteRefuse: {enroll.Refused, enroll.RouteOff},
		enroll.RouteBind:   {enroll.Waiting, enroll.BindOffered},
		enroll.RouteCreate: {enroll.Granted, enroll.NewAccount},
	} {
		l := newLab(t)
		l.setting(func(s *enroll.Site) { s.UnknownBadge = route })
		l.expect(l.tap(hall, card(1)), want.o, want.r)
	}
}

func TestS125_EachPresentationMakesOneEvent(t *testing.T) {
	l := newLab(t)
	l.lease(1, 8)
	d := l.tap(hall, card(1))
	l.tap(hall, card(1))
	l.tap(front, card(1))
	l.tap(front, card(9))
	evs := l.events()
	want := []enroll.Reason{enroll.NewAccount, enroll.KnownCard, enroll.NoGrant, enroll.UnknownCard}
	if len(evs) != len(want) {
		t.Fatalf("%d events, want %d", len(evs), len(want))
	}
	for i, ev := range evs {
		if ev.Reason != want[i] || ev.Order != uint64(i+1) {
			t.Errorf("event %d: reason %d order %d, want %d and %d", i, ev.Reason, ev.Order, want[i], i+1)
		}
	}
	if evs[0].Account != d.Account.ID || evs[0].Point != "hall" || evs[0].Number != 1 || evs[0].At.Wall.IsZero() {
		t.Errorf("the enrolment event lacks account, point, number or time: %+v", evs[0])
	}
}

func TestS126_ADoorMakesAccountsOnlyIfItSaysSo(t *testing.T) {
	l := newLab(t)
	l.lease(1, 8)
	l.expect(l.tap(front, card(1)), enroll.Refused, enroll.UnknownCard)
	l.store.Index().Apply(enroll.Door{ID: "back", Anonymous: true})
	d := l.expect(l.tap(back, card(1)), enroll.Refused, enroll.NewAccount)
	if d.Open || d.Account.Number != 1 {
		t.Errorf("open %v, number %d", d.Open, d.Account.Number)
	}
}

func TestRandomUIDIsRefusedAtEnrolment(t *testing.T) {
	l := newLab(t)
	l.lease(1, 8)
	c := reader.NewCard(reader.ISO14443A, "UID", 32, []byte{0x08, 1, 2, 3})
	l.expect(l.engine.Card(l.ctx, hall, reader.NewNumber(c.Reveal()), c), enroll.Refused, enroll.RandomUID)
	if cards, _, _ := l.store.Index().Counts(); cards != 0 {
		t.Error("a random serial number was bound")
	}
}

// A reader that gives 4 bytes of a 7-byte UID sends the cascade tag 88 and three bytes:
// two people would share an account. Neither a print point that creates or offers to
// bind, nor a door, nor a good claim code makes anything of it.
func TestACutUIDIsRefusedAtEnrolment(t *testing.T) {
	c := reader.NewCard(reader.ISO14443A, "UID", 32, []byte{0x88, 0x04, 2, 3})
	for _, route := range []enroll.Route{enroll.RouteRefuse, enroll.RouteBind, enroll.RouteCreate} {
		l := newLab(t)
		l.lease(1, 8)
		l.setting(func(s *enroll.Site) { s.UnknownBadge = route })
		l.claim(l.member("front"), "7365")
		tap := func(p enroll.Point) enroll.Decision {
			return l.engine.Card(l.ctx, p, reader.NewNumber(c.Reveal()), c)
		}
		l.expect(tap(hall), enroll.Refused, enroll.CutUID)
		l.expect(tap(front), enroll.Refused, enroll.CutUID)
		l.expect(l.typed(front, "7365"), enroll.Waiting, enroll.AwaitCard)
		l.expect(tap(front), enroll.Refused, enroll.CutUID)
		if cards, _, _ := l.store.Index().Counts(); cards != 0 {
			t.Errorf("route %d: the head of a serial number was bound", route)
		}
		last := l.events()[len(l.events())-1]
		if last.Kind != enroll.EventEnrolment || last.Reason != enroll.CutUID {
			t.Errorf("route %d: the operator hears %d, reason %d", route, last.Kind, last.Reason)
		}
	}
}

func TestS114_EditKeepsToWhatTheSiteAllows(t *testing.T) {
	l := newLab(t)
	l.lease(1, 8)
	id := l.tap(hall, card(1)).Account.ID
	got, err := l.engine.Edit(l.ctx, hall, id, enroll.CardID{}, enroll.Edit{Name: " Ada  Lovelace ", Email: "Ada@Example.ORG ", Lang: "en"})
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "Ada Lovelace" || got.EmailState != enroll.EmailToConfirm || got.Lang != "en" || !got.Expires.IsZero() {
		t.Errorf("saved as %+v", got)
	}
	l.setting(func(s *enroll.Site) { s.EditProfile = false })
	got, err = l.engine.Edit(l.ctx, hall, id, enroll.CardID{}, enroll.Edit{Name: "Eve", Email: "eve@example.org", Lang: "fr"})
	if err != nil || got.Name != "Ada Lovelace" || got.EmailState != enroll.EmailToConfirm || got.Lang != "fr" {
		t.Errorf("with editing off: %+v, %v", got, err)
	}
	if evs := l.events(); evs[len(evs)-1].Edit.Email != "" || evs[len(evs)-2].Edit.Email != "ada@example.org" {
		t.Errorf("the hub is told %+v and %+v", evs[len(evs)-2].Edit, evs[len(evs)-1].Edit)
	}
	l.restart()
	l.expectLogin(l.tap(hall, card(1)), "Ada Lovelace")
}

func TestEditRefusesBadFields(t *testing.T) {
	l := newLab(t)
	l.lease(1, 8)
	id := l.tap(hall, card(1)).Account.ID
	before := len(l.events())
	for _, c := range []struct {
		edit  enroll.Edit
		field string
	}{
		{enroll.Edit{Name: string(make([]byte, 300)), Lang: "fr"}, "name"},
		{enroll.Edit{Name: "a\x1b[2Jb", Lang: "fr"}, "name"},
		{enroll.Edit{Name: "a\u202eb", Lang: "fr"}, "name"},
		{enroll.Edit{Name: "a\u200bb", Lang: "fr"}, "name"}, // issue 8, 3: the same rules as at the hub
		{enroll.Edit{Name: "anonym7", Lang: "fr"}, "name"},
		{enroll.Edit{Name: "...", Lang: "fr"}, "name"},
		{enroll.Edit{Email: "nobody", Lang: "fr"}, "email"},
		{enroll.Edit{Email: "A <a@b.ch>", Lang: "fr"}, "email"},
		{enroll.Edit{Lang: "de"}, "lang"},
	} {
		_, err := l.engine.Edit(l.ctx, hall, id, enroll.CardID{}, c.edit)
		var fe *enroll.FieldError
		if !errors.As(err, &fe) || fe.Field != c.field {
			t.Errorf("field %s: %v", c.field, err)
		}
	}
	if len(l.events()) != before {
		t.Error("a refused edit left an event")
	}
}

// S3.02, S5.10: nobody logs in before they are activated, nor after they were erased.
func TestExpiredAndInactiveAccountsDoNotLogIn(t *testing.T) {
	l := newLab(t)
	for state, want := range map[enroll.AccountState]enroll.Outcome{
		enroll.Created: enroll.Refused, enroll.Invited: enroll.Refused, enroll.Active: enroll.Granted,
		enroll.Suspended: enroll.Refused, enroll.Merged: enroll.Refused, enroll.Erased: enroll.Refused,
	} {
		a := enroll.Account{ID: enroll.AccountID{byte(state)}, Kind: enroll.Person, State: state}
		l.update(func(tx enroll.Tx) error { return tx.PutAccount(a) })
		l.bind(a.ID, card(int(state)))
		if d := l.tap(hall, card(int(state))); d.Outcome != want || d.Login != (want == enroll.Granted) {
			t.Errorf("state %d: outcome %d", state, d.Outcome)
		}
	}
	old := enroll.Account{ID: enroll.AccountID{99}, Kind: enroll.Anonymous, State: enroll.Active, Number: 5, Expires: time.Now().Add(-time.Minute)}
	l.update(func(tx enroll.Tx) error { return tx.PutAccount(old) })
	l.bind(old.ID, card(99))
	l.expect(l.tap(hall, card(99)), enroll.Refused, enroll.AccountInactive)
}

func TestS406_AServiceAccountCanDoNothingHere(t *testing.T) {
	l := newLab(t)
	a := enroll.Account{ID: enroll.AccountID{1}, Kind: enroll.Service, State: enroll.Active}
	l.update(func(tx enroll.Tx) error { return tx.PutAccount(a) })
	l.grant(enroll.Grant{Account: a.ID, Door: "front"})
	l.bind(a.ID, card(1))
	l.expect(l.tap(hall, card(1)), enroll.Refused, enroll.ServiceAccount)
	l.expect(l.tap(front, card(1)), enroll.Refused, enroll.ServiceAccount)
	l.claim(a.ID, "7365")
	l.typed(front, "7365")
	if d := l.tap(front, card(2)); d.Outcome != enroll.Refused {
		t.Error("a card was bound to an application")
	}
	if _, err := l.engine.Edit(l.ctx, hall, a.ID, enroll.CardID{}, enroll.Edit{Lang: "fr"}); !errors.Is(err, enroll.ErrNotAllowed) {
		t.Errorf("edit: %v", err)
	}
}

func TestASuspensionThatOvertakesTheIndexHolds(t *testing.T) {
	l := newLab(t)
	l.lease(1, 8)
	d := l.tap(hall, card(1))
	a := d.Account
	a.State = enroll.Suspended
	l.update(func(tx enroll.Tx) error { return tx.PutAccount(a) })
	e := enroll.NewEngine(staleIndex{l.store, enroll.NewIndex()}, key, l.clock, "terminal")
	if d := e.Card(l.ctx, hall, reader.NewNumber(card(1)), reader.TextCard(card(1))); d.Login || d.Outcome != enroll.Refused {
		t.Errorf("a suspended account logs in: %+v", d)
	}
}
