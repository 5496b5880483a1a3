package enroll_test

import (
	"testing"
	"testing/synctest"
	"time"

	"badged/enroll"
	"badged/internal/clock"
)

// lapsing runs a test at a site whose anonymous accounts end after an hour.
func lapsing(t *testing.T, test func(t *testing.T, l *lab)) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.lease(1, 64)
		l.setting(shortLife)
		test(t, l)
	})
}

func shortLife(s *enroll.Site) { s.AnonymousLife = time.Hour }

// S1.27: an anonymous account without contact data ends; its badge is then unknown again
// and makes another account, with another number, in which nothing of the former one is.
func TestS127_ALapsedBadgeIsUnknownAgain(t *testing.T) {
	lapsing(t, func(t *testing.T, l *lab) {
		first := l.expect(l.tap(hall, card(1)), enroll.Granted, enroll.NewAccount)
		if _, err := l.engine.Edit(l.ctx, hall, first.Account.ID, first.Card, enroll.Edit{Name: "Ada", Lang: "en"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		again := l.expect(l.tap(hall, card(1)), enroll.Granted, enroll.NewAccount)
		if !again.Login || again.Account.ID != first.Account.ID || again.Account.Number != 2 || again.Account.Name != "" || again.Account.Lang != "fr" {
			t.Errorf("the second account is %+v", again.Account)
		}
		l.restart()
		l.expectLogin(l.expect(l.tap(hall, card(1)), enroll.Granted, enroll.KnownCard), "anonym2")
	})
}

// What the site does with unknown badges is done with those of lapsed accounts too.
func TestALapsedBadgeMeetsTheSitesSetting(t *testing.T) {
	for route, want := range map[enroll.Route]enroll.Reason{enroll.RouteRefuse: enroll.RouteOff, enroll.RouteBind: enroll.BindOffered} {
		lapsing(t, func(t *testing.T, l *lab) {
			l.tap(hall, card(1))
			time.Sleep(time.Hour)
			l.setting(func(s *enroll.Site) { s.UnknownBadge = route })
			if d := l.tap(hall, card(1)); d.Reason != want || d.Login {
				t.Errorf("route %d: reason %d", route, d.Reason)
			}
			if d := l.tap(front, card(1)); d.Reason != enroll.UnknownCard || d.Open {
				t.Errorf("the door: reason %d", d.Reason)
			}
		})
	}
}

// An account that somebody made their own, by an e-mail address, does not end; neither
// does one while nobody knows the time.
func TestAClaimedAccountDoesNotLapse(t *testing.T) {
	lapsing(t, func(t *testing.T, l *lab) {
		d := l.tap(hall, card(1))
		if _, err := l.engine.Edit(l.ctx, hall, d.Account.ID, d.Card, enroll.Edit{Email: "ada@example.org", Lang: "fr"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Hour)
		l.expectLogin(l.expect(l.tap(hall, card(1)), enroll.Granted, enroll.KnownCard), "anonym1")
		if n, err := l.store.PurgeLapsed(l.ctx, l.clock.Now()); n != 0 || err != nil {
			t.Errorf("%d were purged, %v", n, err)
		}
	})
}

// A terminal without the time makes accounts that do not end by its clock: when the hub
// tells the time, everybody of the morning would be unknown again.
func TestAnAccountMadeWithoutTheTimeDoesNotLapseWithTheFirstTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.lease(1, 8)
		l.clock = clock.New(clock.From(time.Now().Add(365 * 24 * time.Hour))) // the terminal's own shows a time that is over
		l.engine = enroll.NewEngine(l.store, key, l.clock, "terminal")
		l.expect(l.tap(hall, card(1)), enroll.Granted, enroll.NewAccount)
		if n := l.store.Index().Unclaimed(l.clock.Now()); n != 1 {
			t.Errorf("%d unclaimed, want 1", n)
		}
		l.clock.HubTime(time.Now().Add(366 * 24 * time.Hour))
		l.expect(l.tap(hall, card(1)), enroll.Granted, enroll.KnownCard)
	})
}

// Lapsed accounts do not count against the site's quota, even before anybody purged them.
func TestLapsedAccountsMakeRoom(t *testing.T) {
	lapsing(t, func(t *testing.T, l *lab) {
		l.setting(func(s *enroll.Site) { s.QuotaSite = 2 })
		l.tap(hall, card(1))
		l.tap(hall, card(2))
		l.expect(l.tap(hall, card(3)), enroll.Refused, enroll.QuotaReached)
		time.Sleep(time.Hour)
		if n := l.store.Index().Unclaimed(l.clock.Now()); n != 0 {
			t.Errorf("%d unclaimed, want 0", n)
		}
		l.expect(l.tap(hall, card(3)), enroll.Granted, enroll.NewAccount)
		l.expect(l.tap(hall, card(1)), enroll.Granted, enroll.NewAccount)
	})
}

// Suspension and loss outlast the end of an anonymous account.
func TestWhatWasTakenAwayStaysAwayWhenItLapses(t *testing.T) {
	lapsing(t, func(t *testing.T, l *lab) {
		suspended, lost := l.tap(hall, card(1)), l.tap(hall, card(2))
		a := suspended.Account
		a.State = enroll.Suspended
		l.update(func(tx enroll.Tx) error { return tx.PutAccount(a) })
		l.store.Index().Apply(enroll.Binding{Card: lost.Card, Account: lost.Account.ID, State: enroll.BindingLost})
		time.Sleep(3 * time.Hour)
		l.expect(l.tap(hall, card(1)), enroll.Refused, enroll.AccountInactive)
		if d := l.tap(hall, card(2)); d.Outcome != enroll.Refused || d.Login {
			t.Errorf("the lost card: reason %d", d.Reason)
		}
	})
}

// What a person types does not undo the end that the hub gave their account (its brother:
// an anonymous one becomes somebody's own).
func TestAnEmailDoesNotEndAPersonsEnd(t *testing.T) {
	l := newLab(t)
	end := time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	a := enroll.Account{ID: enroll.AccountID{7}, Kind: enroll.Person, State: enroll.Active, Name: "Ada", Expires: end}
	l.update(func(tx enroll.Tx) error { return tx.PutAccount(a) })
	got, err := l.engine.Edit(l.ctx, hall, a.ID, enroll.CardID{}, enroll.Edit{Name: "Ada", Email: "ada@example.org", Lang: "fr"})
	if err != nil || !got.Expires.Equal(end) {
		t.Errorf("ends %v, %v", got.Expires, err)
	}
}

// Offline, the terminal removes what the hub never had. The numbers stay used.
func TestATerminalPurgesItsOwn(t *testing.T) {
	lapsing(t, func(t *testing.T, l *lab) {
		for n := range 100 {
			l.tap(hall, card(n)) // more than one transaction of the purge
			time.Sleep(20 * time.Second)
		}
		l.setting(func(s *enroll.Site) { s.QuotaBurst, s.QuotaDay = 1000, 1000 })
		kept := l.tap(hall, card(500))
		l.claimed(kept)
		time.Sleep(time.Hour + enroll.PurgeLag - time.Second)
		before := l.store.Index().Unclaimed(l.clock.Now())
		n, err := l.store.PurgeLapsed(l.ctx, l.clock.Now())
		if err != nil || n == 0 || before != 0 {
			t.Fatalf("%d were purged with %d unclaimed, %v", n, before, err)
		}
		l.restart()
		l.setting(shortLife)
		if cards, accounts, unclaimed := l.store.Index().Counts(); cards != 1 || accounts != 1 || unclaimed != 0 {
			t.Errorf("%d cards, %d accounts, %d unclaimed are left", cards, accounts, unclaimed)
		}
		l.expectLogin(l.tap(hall, card(500)), kept.Account.DisplayName())
		again := l.expect(l.tap(hall, card(1)), enroll.Granted, enroll.NewAccount)
		if m := again.Account.Number; m != 0 && m <= 64 {
			t.Errorf("number %d was given again", m)
		}
	})
}

func (l *lab) claimed(d enroll.Decision) {
	l.t.Helper()
	if _, err := l.engine.Edit(l.ctx, hall, d.Account.ID, d.Card, enroll.Edit{Email: "own@example.org", Lang: "fr"}); err != nil {
		l.t.Fatal(err)
	}
}

// A claim takes the badge of a lapsed account like any other that nobody has, whether the
// code or the badge comes first.
func TestAClaimTakesALapsedBadge(t *testing.T) {
	for _, order := range []string{"code", "badge"} {
		lapsing(t, func(t *testing.T, l *lab) {
			l.tap(hall, card(1))
			time.Sleep(time.Hour)
			member := l.member("front")
			l.claim(member, "7365")
			if order == "badge" {
				l.expect(l.tap(front, card(1)), enroll.Refused, enroll.UnknownCard)
			}
			l.typed(front, "7365")
			d := l.expect(l.tap(front, card(1)), enroll.Granted, enroll.ClaimBound)
			if !d.Open || d.Account.ID != member {
				t.Errorf("%s first: open %v, account %v", order, d.Open, d.Account.ID)
			}
		})
	}
}
