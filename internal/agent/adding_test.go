package agent_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"badged/enroll"
	"badged/reader"
)

// byPIN logs the member whose card is "A" in by PIN. Their rights at doors are gone.
func (l *lab) byPIN(hall *script) enroll.Screen {
	l.t.Helper()
	a := l.hasPIN("A", "483920")
	for _, g := range l.store.Index().Grants(a, "front") {
		l.store.Index().Apply(enroll.GoneGrant{ID: g.ID, Account: a})
	}
	l.typed(hall, "483920#")
	l.expect(enroll.Granted, enroll.KnownPIN)
	return l.screen(func(s enroll.Screen) bool { return s.Session != "" })
}

func (l *lab) addBadge(s enroll.Screen) {
	l.t.Helper()
	if err := l.AddBadge(l.t.Context(), "hall", s.Session, true); err != nil {
		l.t.Fatal(err)
	}
}

// S1.28: a badge that is presented in a session that a PIN opened, after «Enregistrer un
// badge», is added to the account and works at once, and the session goes on. The event says
// whose it is, on the stream that does not wait.
func TestABadgeIsAddedInASessionByPIN(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		s := l.byPIN(hall)
		if !s.ByPIN || s.Adding {
			t.Errorf("by PIN %v, adding %v", s.ByPIN, s.Adding)
		}
		l.addBadge(s)
		if now, _ := l.Screen("hall"); !now.Adding {
			t.Error("the panel does not wait for the badge")
		}
		hall.tap("B")
		l.expect(enroll.Granted, enroll.CardAdded)
		now := l.screen(func(s enroll.Screen) bool { return s.Notice == enroll.CardAdded })
		if now.Session != s.Session || now.Adding || now.Waits {
			t.Errorf("after the badge: session %q, adding %v, waits %v", now.Session, now.Adding, now.Waits)
		}
		got := l.tail(enroll.EventEnrolment)
		if len(got) != 1 || got[0].Account != s.Account.ID || got[0].Card != enroll.CardID(key.Card("B")) || got[0].Stream() != enroll.StreamSecurity || got[0].Assurance == 0 {
			t.Errorf("events %+v", got)
		}
		if err := l.SignOut(t.Context(), "hall", s.Session); err != nil {
			t.Fatal(err)
		}
		hall.tap("B")
		if d := l.expect(enroll.Granted, enroll.KnownCard); d.Account.ID != s.Account.ID {
			t.Error("the badge logs in somebody else")
		}
	})
}

// S1.28, S2.19: what cannot be added is refused with its own reason, without a name, and the
// session goes on: a badge of somebody else, of one's own, one whose number changes or is cut.
func TestBadgesThatCannotBeAdded(t *testing.T) {
	uid := func(first byte) reader.Card {
		return reader.NewCard(reader.ISO14443A, "UID", 32, []byte{first, 1, 2, 3})
	}
	for reason, card := range map[enroll.Reason]reader.Card{
		enroll.CardTaken: reader.TextCard("C"), enroll.KnownCard: reader.TextCard("A"), enroll.RandomUID: uid(0x08), enroll.CutUID: uid(0x88),
	} {
		panel(t, func(t *testing.T, l *lab, hall *script) {
			l.member("C")
			s := l.byPIN(hall)
			l.addBadge(s)
			hall.say <- reader.Event{Kind: reader.KindCard, Card: card}
			l.expect(enroll.Refused, reason)
			if now, _ := l.Screen("hall"); now.Session != s.Session || now.Notice != reason || now.Adding {
				t.Errorf("reason %d: session %q, notice %d", reason, now.Session, now.Notice)
			}
			if got := l.events(enroll.EventEnrolment); !slices.Equal(got, []enroll.Reason{reason}) {
				t.Errorf("events %v", got)
			}
		})
	}
}

// S2.26: the anonymous account of a badge that its owner adds ends in theirs.
func TestAnAnonymousBadgeIsItsOwnersOnceAdded(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		hall.tap("B")
		anon := l.expect(enroll.Granted, enroll.NewAccount).Account
		if err := l.SignOut(t.Context(), "hall", l.screen(func(s enroll.Screen) bool { return s.Session != "" }).Session); err != nil {
			t.Fatal(err)
		}
		s := l.byPIN(hall)
		l.addBadge(s)
		hall.tap("B")
		l.expect(enroll.Granted, enroll.CardAdded)
		if a, err := l.opts.Account(t.Context(), anon.ID); err != nil || a.State != enroll.Merged {
			t.Errorf("the anonymous account is %+v, %v", a, err)
		}
	})
}

// A PIN alone opens no door, so neither does a badge that only a PIN vouches for: of somebody
// who may use a door it waits for a confirmation, as where the site asks for one.
func TestABadgeOfSomebodyWithDoorsWaits(t *testing.T) {
	for name, prepare := range map[string]func(*lab, enroll.AccountID){
		"a right of its own": func(l *lab, a enroll.AccountID) {
			l.store.Index().Apply(enroll.Grant{ID: enroll.GrantID{1}, Account: a, Door: "front"})
		},
		"a right of a group": func(l *lab, a enroll.AccountID) {
			l.store.Index().Apply(enroll.Account{ID: a, Kind: enroll.Person, State: enroll.Active, Groups: enroll.NewGroupSet([]uint64{7})},
				enroll.Grant{ID: enroll.GrantID{1}, Group: 7, Door: "front"})
		},
		"the site asks": func(l *lab, _ enroll.AccountID) { l.setting(func(s *enroll.Site) { s.Confirm = enroll.ConfirmAdmin }) },
	} {
		panel(t, func(t *testing.T, l *lab, hall *script) {
			s := l.byPIN(hall)
			prepare(l, s.Account.ID)
			l.addBadge(s)
			hall.tap("B")
			l.expect(enroll.Waiting, enroll.CardAdded)
			if now, _ := l.Screen("hall"); !now.Waits {
				t.Errorf("%s: the panel does not say that it waits", name)
			}
			if k, ok := l.store.Index().Card(key.Card("B"), ""); !ok || k.Binding.State != enroll.BindingPending {
				t.Errorf("%s: the badge is %+v, %v", name, k.Binding, ok)
			}
		})
	}
}

// A badge is awaited for the claim window; then, and after «Annuler», another one ends the
// session as ever. In a session that a badge opened none is added.
func TestABadgeIsAwaitedForAWhile(t *testing.T) {
	for name, stop := range map[string]func(*lab, enroll.Screen){
		"time": func(*lab, enroll.Screen) { time.Sleep(31 * time.Second); synctest.Wait() },
		"annuler": func(l *lab, s enroll.Screen) {
			if err := l.AddBadge(l.t.Context(), "hall", s.Session, false); err != nil {
				l.t.Fatal(err)
			}
		},
	} {
		panel(t, func(t *testing.T, l *lab, hall *script) {
			s := l.byPIN(hall)
			l.addBadge(s)
			stop(l, s)
			if now, _ := l.Screen("hall"); now.Adding || now.Session != s.Session {
				t.Errorf("%s: adding %v, session %q", name, now.Adding, now.Session)
			}
			hall.tap("B")
			l.expect(enroll.Granted, enroll.NewAccount)
			l.wantClosed(s)
		})
	}
	panel(t, func(t *testing.T, l *lab, hall *script) {
		s := l.open(hall)
		if err := l.AddBadge(t.Context(), "hall", s.Session, true); !errors.Is(err, enroll.ErrNoSession) {
			t.Errorf("in a session by badge: %v", err)
		}
	})
	panel(t, func(t *testing.T, l *lab, hall *script) {
		l.notice(1)
		s := l.byPIN(hall)
		if err := l.AddBadge(t.Context(), "hall", s.Session, true); !errors.Is(err, enroll.ErrNoticeFirst) {
			t.Errorf("before the notice was agreed to: %v", err)
		}
	})
}

// S1.11, S1.28: where an unknown badge is offered to be bound, the PIN of its owner does it:
// the badge is presented once more.
func TestAnOfferedBadgeIsBoundByPIN(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		l.setting(func(s *enroll.Site) { s.UnknownBadge = enroll.RouteBind })
		hall.tap("B")
		l.expect(enroll.Waiting, enroll.BindOffered)
		s := l.byPIN(hall)
		if !s.Adding {
			t.Error("the panel does not wait for the badge")
		}
		hall.tap("B")
		l.expect(enroll.Granted, enroll.CardAdded)
	})
}

// S1.11, S1.28: the same by touch. A wrong PIN between does not lose the badge, and the offer
// ends with the keys.
func TestAnOfferedBadgeIsBoundByATouchedPIN(t *testing.T) {
	offer := func(l *lab, hall *script) {
		l.hasPIN("A", "483920")
		l.setting(func(s *enroll.Site) { s.UnknownBadge = enroll.RouteBind })
		hall.tap("B")
		l.expect(enroll.Waiting, enroll.BindOffered)
		if s := l.showPINKeys(); !s.Binds {
			t.Error("the panel does not say that the badge will be added")
		}
	}
	// At once: the panel still says that the PIN was wrong. Later: beyond the window of a claim code.
	for _, pause := range []time.Duration{0, 19 * time.Second} {
		panel(t, func(t *testing.T, l *lab, hall *script) {
			offer(l, hall)
			time.Sleep(15 * time.Second)
			l.touch("000000#")
			l.expect(enroll.Refused, enroll.PINUnknown)
			time.Sleep(pause)
			l.touch("483920#")
			l.expect(enroll.Granted, enroll.KnownPIN)
			if s := l.screen(func(s enroll.Screen) bool { return s.Session != "" }); !s.Adding {
				t.Errorf("%v after a wrong PIN, the panel does not wait for the badge", pause)
			}
			hall.tap("B")
			l.expect(enroll.Waiting, enroll.CardAdded) // their PIN opens no door, and neither does it by a badge
		})
	}
	panel(t, func(t *testing.T, l *lab, hall *script) {
		offer(l, hall)
		l.ShowPINKeys("hall", false)
		l.showPINKeys()
		l.touch("483920#")
		l.expect(enroll.Granted, enroll.KnownPIN)
		if s := l.screen(func(s enroll.Screen) bool { return s.Session != "" }); s.Adding {
			t.Error("the offer outlives its cancelling")
		}
	})
}
