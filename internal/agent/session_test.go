package agent_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"badged/enroll"
	"badged/keypad"
	"badged/reader"
)

// panel runs a test with a printer whose reader is a script, and a member whose card is
// "A".
func panel(t *testing.T, test func(t *testing.T, l *lab, hall *script)) {
	synctest.Test(t, func(t *testing.T) {
		l, hall := newLab(t), newScript("hall-rfid")
		l.opts.Heartbeat = 5 * time.Second
		l.attach(hall, "hall")
		l.member("A")
		l.run()
		test(t, l, hall)
	})
}

// open logs the member in and gives the screen.
func (l *lab) open(hall *script) enroll.Screen {
	l.t.Helper()
	hall.tap("A")
	l.expect(enroll.Granted, enroll.KnownCard)
	return l.screen(func(s enroll.Screen) bool { return s.Session != "" })
}

func (l *lab) setting(change func(*enroll.Site)) {
	s := l.store.Index().Site()
	change(&s)
	l.store.Index().Apply(s)
}

func (l *lab) typed(hall *script, keys string) {
	l.t.Helper()
	for _, k := range keys {
		hall.say <- reader.Event{Kind: reader.KindKey, Key: keypad.Key(k)}
		synctest.Wait()
	}
}

// wantClosed holds that nothing of a session is left and that nothing can be done in it.
func (l *lab) wantClosed(s enroll.Screen) enroll.Screen {
	l.t.Helper()
	synctest.Wait()
	now, _ := l.Screen("hall")
	if now.Session == s.Session || now.Account.ID == s.Account.ID || now.Account.Name == s.Account.Name {
		l.t.Errorf("the panel still shows %q in session %v", now.Account.DisplayName(), now.Session != "")
	}
	l.wantNoEdit(s)
	return now
}

// wantNoEdit holds that nothing can be done in a session.
func (l *lab) wantNoEdit(s enroll.Screen) {
	l.t.Helper()
	err := l.Edit(l.t.Context(), "hall", s.Session, enroll.Edit{Name: "Eve", Lang: "en"})
	if !errors.Is(err, enroll.ErrNoSession) {
		l.t.Errorf("an edit of the closed session gives %v", err)
	}
	if a, err := l.opts.Account(l.t.Context(), s.Account.ID); err == nil && a.Name == "Eve" {
		l.t.Error("the closed session changed the account")
	}
}

// Any other card ends the session before anything of it is shown, whatever comes of the
// card: its holder must neither see nor edit who was there before.
func TestAnyOtherCardEndsTheSession(t *testing.T) {
	present := map[string]struct {
		prepare func(*lab)
		card    reader.Card
		reason  enroll.Reason
	}{
		"refused by the site": {func(l *lab) { l.setting(func(s *enroll.Site) { s.UnknownBadge = enroll.RouteRefuse }) }, reader.TextCard("B"), enroll.RouteOff},
		"offered to bind":     {func(l *lab) { l.setting(func(s *enroll.Site) { s.UnknownBadge = enroll.RouteBind }) }, reader.TextCard("B"), enroll.BindOffered},
		"beyond a quota":      {func(l *lab) { l.setting(func(s *enroll.Site) { s.QuotaSite = 0 }) }, reader.TextCard("B"), enroll.QuotaReached},
		"random":              {func(*lab) {}, reader.NewCard(reader.ISO14443A, "UID", 32, []byte{0x08, 1, 2, 3}), enroll.RandomUID},
		"against the rule":    {func(*lab) {}, reader.TextCard("unruly"), enroll.BadRead},
		"new":                 {func(*lab) {}, reader.TextCard("B"), enroll.NewAccount},
		"another member's":    {func(l *lab) { l.member("B") }, reader.TextCard("B"), enroll.KnownCard},
		"of the lost":         {lostCard, reader.TextCard("B"), enroll.BindingInactive},
		"of the suspended":    {suspendedCard, reader.TextCard("B"), enroll.AccountInactive},
	}
	for name, c := range present {
		t.Run(name, func(t *testing.T) {
			panel(t, func(t *testing.T, l *lab, hall *script) {
				c.prepare(l)
				s := l.open(hall)
				hall.say <- reader.Event{Kind: reader.KindCard, Card: c.card}
				if d := <-l.got; d.Decision.Reason != c.reason {
					t.Fatalf("reason %d, want %d", d.Decision.Reason, c.reason)
				}
				now, _ := l.Screen("hall")
				if now.Session == s.Session || now.Account.ID == s.Account.ID {
					t.Error("at the moment of the decision the panel shows who was there before")
				}
				if refused := now.Session == ""; refused && now.Notice != c.reason {
					t.Errorf("the panel says %d, want %d", now.Notice, c.reason)
				}
				if name == "another member's" {
					return // who has the same name in this lab
				}
				l.wantClosed(s)
				if got := l.events(enroll.EventSession); !slices.Equal(got, []enroll.Reason{enroll.SessionReplaced}) {
					t.Errorf("session events %v", got)
				}
			})
		})
	}
}

func lostCard(l *lab) {
	owner := l.member("")
	l.store.Index().Apply(enroll.Binding{Card: key.Card("B"), Account: owner, State: enroll.BindingLost})
}

func suspendedCard(l *lab) {
	a := enroll.Account{ID: l.member("B"), Kind: enroll.Person, State: enroll.Suspended}
	l.store.Index().Apply(a)
}

// The eleventh card of a minute that does not fit the rule is only counted, and ends the
// session all the same.
func TestACardThatIsOnlyCountedEndsTheSession(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		for range 10 {
			hall.tap("unruly")
			l.expect(enroll.Faulty, enroll.BadRead)
		}
		s := l.open(hall)
		hall.tap("unruly")
		l.wantClosed(s)
	})
}

// What is no card ends nothing: noise near the reader must not sign people out.
func TestNoiseEndsNoSession(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		s := l.open(hall)
		hall.say <- reader.Event{Kind: reader.KindFault, Why: reader.BadParity}
		l.expect(enroll.Faulty, enroll.BadRead)
		if now := l.screen(func(s enroll.Screen) bool { return s.Notice == enroll.BadRead }); now.Session != s.Session {
			t.Error("a fault ended the session")
		}
	})
}

// A card that is taken away meanwhile ends its session: when the hub's word arrives, by
// the next heartbeat, and at the latest when somebody wants to do something in it.
func TestACardThatIsTakenAwayEndsItsSession(t *testing.T) {
	taken := map[string]func(*lab, enroll.Screen) enroll.Change{
		"revoked": func(_ *lab, s enroll.Screen) enroll.Change {
			return enroll.Binding{Card: key.Card("A"), Account: s.Account.ID, State: enroll.BindingRevoked}
		},
		"removed": func(*lab, enroll.Screen) enroll.Change { return enroll.GoneCard(key.Card("A")) },
		"given to another": func(l *lab, _ enroll.Screen) enroll.Change {
			return enroll.Binding{Card: key.Card("A"), Account: l.member(""), State: enroll.BindingActive}
		},
		"ended": func(_ *lab, s enroll.Screen) enroll.Change {
			return enroll.Binding{Card: key.Card("A"), Account: s.Account.ID, State: enroll.BindingActive, Expires: time.Now().Add(time.Second)}
		},
	}
	for name, change := range taken {
		t.Run(name, func(t *testing.T) {
			panel(t, func(t *testing.T, l *lab, hall *script) {
				s := l.open(hall)
				l.store.Index().Apply(change(l, s))
				time.Sleep(time.Second)
				l.wantNoEdit(s)
				if now, _ := l.Screen("hall"); now.Session != "" || now.Notice != enroll.BindingInactive {
					t.Errorf("the panel shows session %v, notice %d", now.Session != "", now.Notice)
				}
			})
			panel(t, func(t *testing.T, l *lab, hall *script) {
				s := l.open(hall)
				l.store.Index().Apply(change(l, s))
				time.Sleep(6 * time.Second) // a heartbeat
				synctest.Wait()
				if now, _ := l.Screen("hall"); now.Session != "" {
					t.Error("the session goes on")
				}
			})
		})
	}
}

// The hub's word ends the session at once, without a heartbeat.
func TestARevocationBySyncEndsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, hall := newLab(t), newScript("hall-rfid")
		changed := make(chan struct{})
		l.opts.Changed = changed
		l.attach(hall, "hall")
		owner := l.member("A")
		l.run()
		s := l.open(hall)
		l.store.Index().Apply(enroll.Binding{Card: key.Card("A"), Account: owner, State: enroll.BindingRevoked})
		changed <- struct{}{}
		l.wantClosed(s)
		if got := l.events(enroll.EventSession); !slices.Equal(got, []enroll.Reason{enroll.BindingInactive}) {
			t.Errorf("session events %v", got)
		}
	})
}

// An edit that meets an account which the store, but not yet the index, knows to be
// suspended ends the session too.
func TestASuspensionThatAnEditMeetsEndsTheSession(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		s := l.open(hall)
		a := s.Account
		a.State = enroll.Suspended
		l.update(func(tx enroll.Tx) error { return tx.PutAccount(a) })
		a.State = enroll.Active
		l.store.Index().Apply(a)
		l.wantNoEdit(s)
		if now := l.wantClosed(s); now.Notice != enroll.AccountInactive {
			t.Errorf("the panel says %d", now.Notice)
		}
	})
}

// However busy somebody is, a session ends after the site's longest time (10 minutes); the
// badge presented again begins anew.
func TestASessionHasALongestTime(t *testing.T) {
	if d := enroll.DefaultSite().SessionMax; d != 10*time.Minute {
		t.Errorf("the longest time is %v", d)
	}
	panel(t, func(t *testing.T, l *lab, hall *script) {
		s := l.open(hall)
		busy := func(d time.Duration) {
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(30 * time.Second) {
				l.Touch("hall", s.Session)
			}
		}
		busy(9 * time.Minute)
		if now, _ := l.Screen("hall"); now.Session != s.Session || now.Ends.After(time.Now().Add(time.Minute)) {
			t.Fatalf("after 9 minutes: session %v, ends in %v", now.Session != "", time.Until(now.Ends))
		}
		hall.tap("A")
		l.expect(enroll.Granted, enroll.KnownCard)
		busy(9*time.Minute + 30*time.Second)
		if now, _ := l.Screen("hall"); now.Session != s.Session || now.Ends.After(time.Now().Add(30*time.Second)) {
			t.Fatalf("the badge did not begin anew: session %v, ends in %v", now.Session != "", time.Until(now.Ends))
		}
		busy(time.Minute)
		if now := l.wantClosed(s); now.Notice != enroll.ReasonNone { // it has been read since
			t.Errorf("the panel says %d", now.Notice)
		}
		if got := l.events(enroll.EventSession); !slices.Equal(got, []enroll.Reason{enroll.SessionLimit}) {
			t.Errorf("session events %v", got)
		}
	})
}

// When a session ends the panel says how, for a moment: not what somebody was told in it,
// as «Badge mal lu», which the next person would take for theirs.
func TestThePanelSaysHowASessionEnded(t *testing.T) {
	ends := map[enroll.Reason]func(*lab, enroll.Screen){
		enroll.SignedOut: func(l *lab, s enroll.Screen) {
			if err := l.SignOut(l.t.Context(), "hall", s.Session); err != nil {
				l.t.Fatal(err)
			}
		},
		enroll.SessionIdle: func(l *lab, _ enroll.Screen) { time.Sleep(5*time.Second + time.Millisecond) },
		enroll.SessionLimit: func(l *lab, s enroll.Screen) {
			for range 6 {
				time.Sleep(3 * time.Second)
				l.Touch("hall", s.Session)
			}
			l.badRead()
			time.Sleep(2*time.Second + time.Millisecond)
		},
	}
	for want, end := range ends {
		panel(t, func(t *testing.T, l *lab, hall *script) {
			l.setting(func(s *enroll.Site) { s.SessionIdle, s.SessionMax = 5*time.Second, 20*time.Second })
			l.noise = hall
			s := l.open(hall)
			l.badRead()
			end(l, s)
			if now := l.wantClosed(s); now.Notice != want {
				t.Errorf("the panel says %d, want %d", now.Notice, want)
			}
			time.Sleep(6*time.Second + time.Millisecond)
			synctest.Wait()
			if now, _ := l.Screen("hall"); now.Notice != enroll.ReasonNone {
				t.Errorf("the panel goes on saying %d", now.Notice)
			}
		})
	}
}

// badRead makes the panel say that a badge was read badly.
func (l *lab) badRead() {
	l.t.Helper()
	l.noise.say <- reader.Event{Kind: reader.KindFault, Why: reader.BadParity}
	l.expect(enroll.Faulty, enroll.BadRead)
	l.screen(func(s enroll.Screen) bool { return s.Notice == enroll.BadRead })
}

// What somebody was told is gone when the next person logs in.
func TestTheNextPersonSeesNoNoticeOfTheLast(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		l.noise = hall
		s := l.open(hall)
		l.badRead()
		hall.tap("B")
		l.expect(enroll.Granted, enroll.NewAccount)
		if now := l.screen(func(n enroll.Screen) bool { return n.Session != "" && n.Session != s.Session }); now.Notice != enroll.ReasonNone {
			t.Errorf("the next person is told %d", now.Notice)
		}
	})
}

// A code that was typed in a session, whole or in part, does nothing for the next person.
func TestACodeDoesNotOutliveItsSession(t *testing.T) {
	for name, keys := range map[string]string{"whole": "*7365", "in part": "*73"} {
		panel(t, func(t *testing.T, l *lab, hall *script) {
			s := l.open(hall)
			l.claim(s.Account.ID, "7365")
			l.typed(hall, keys)
			if keys == "*7365" {
				l.expect(enroll.Waiting, enroll.AwaitCard)
			}
			if err := l.SignOut(t.Context(), "hall", s.Session); err != nil {
				t.Fatal(err)
			}
			l.typed(hall, "65")
			hall.tap("B")
			if d := <-l.got; d.Decision.Reason != enroll.NewAccount || d.Decision.Account.ID == s.Account.ID {
				t.Errorf("%s: the next badge gives reason %d", name, d.Decision.Reason)
			}
		})
	}
}

// A badge that was bound by a code logs in, and the panel says that it is bound now.
func TestABoundBadgeIsTold(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		l.claim(l.member(""), "7365")
		l.typed(hall, "*7365")
		l.expect(enroll.Waiting, enroll.AwaitCard)
		hall.tap("B")
		l.expect(enroll.Granted, enroll.ClaimBound)
		l.screen(func(s enroll.Screen) bool { return s.Session != "" && s.Notice == enroll.ClaimBound })
		time.Sleep(6*time.Second + time.Millisecond)
		l.screen(func(s enroll.Screen) bool { return s.Session != "" && s.Notice == enroll.ReasonNone })
	})
}
