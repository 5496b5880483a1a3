package agent_test

import (
	"testing"
	"testing/synctest"
	"time"

	"badged/enroll"
)

// S1.31: an account made at a panel has the language that the panel showed, and the hub
// hears of it; the account keeps it.
func TestS131_ANewAccountSpeaksThePanelsLanguage(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		l.SetLang("hall", "en")
		if s, _ := l.Screen("hall"); s.Lang != "en" {
			t.Fatalf("the panel speaks %q", s.Lang)
		}
		hall.tap("B")
		d := l.expect(enroll.Granted, enroll.NewAccount)
		s := l.screen(func(s enroll.Screen) bool { return s.Session != "" })
		if s.Lang != "en" || d.Account.Lang != "en" {
			t.Errorf("the panel speaks %q, the account %q", s.Lang, d.Account.Lang)
		}
		evs := l.tail(enroll.EventEnrolment)
		if len(evs) != 1 || evs[0].Edit == nil || evs[0].Edit.Lang != "en" {
			t.Errorf("the hub hears %+v", evs)
		}
		if err := l.SignOut(t.Context(), "hall", s.Session); err != nil {
			t.Fatal(err)
		}
		if s, _ := l.Screen("hall"); s.Lang != "fr" {
			t.Errorf("for the next person the panel speaks %q", s.Lang)
		}
		hall.tap("B")
		l.expect(enroll.Granted, enroll.KnownCard)
		if s := l.screen(func(s enroll.Screen) bool { return s.Session != "" }); s.Lang != "en" {
			t.Errorf("the second time the panel speaks %q", s.Lang)
		}
	})
}

// Without a choice the panel speaks the site's language, which a new account gets, too.
func TestANewAccountSpeaksTheSitesLanguage(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		l.setting(func(s *enroll.Site) { s.Lang = "en" })
		hall.tap("B")
		if d := l.expect(enroll.Granted, enroll.NewAccount); d.Account.Lang != "en" {
			t.Errorf("the account speaks %q", d.Account.Lang)
		}
	})
}

// A language that was picked is for the person who stands there: for a minute, or for the
// session of somebody whose account has no language. An account's own language counts more.
func TestThePickedLanguageIsForOnePerson(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		speaks := func(want string) {
			t.Helper()
			synctest.Wait()
			if s, _ := l.Screen("hall"); s.Lang != want {
				t.Errorf("the panel speaks %q, want %q", s.Lang, want)
			}
		}
		l.SetLang("hall", "en")
		time.Sleep(time.Minute - time.Millisecond)
		speaks("en")
		time.Sleep(time.Millisecond)
		speaks("fr")

		l.SetLang("hall", "de")
		speaks("fr")
		l.SetLang("front", "en") // has no panel
		l.SetLang("hall", "en")
		s := l.open(hall) // a member without a language
		time.Sleep(2 * time.Minute / 3)
		l.Touch("hall", s.Session)
		time.Sleep(time.Minute / 2)
		speaks("en")
		l.SetLang("hall", "fr") // not in a session
		speaks("en")
		if err := l.Edit(t.Context(), "hall", s.Session, enroll.Edit{Name: "Ada", Lang: "fr"}); err != nil {
			t.Fatal(err)
		}
		speaks("fr")
		if err := l.SignOut(t.Context(), "hall", s.Session); err != nil {
			t.Fatal(err)
		}
		speaks("fr")
		l.SetLang("hall", "en")
		l.open(hall)
		speaks("fr")
	})
}

// Issue 10, 3: large text and strong contrast, picked on an idle panel or in a session, hold for
// one person: they are gone with the session, or when nobody comes.
func TestLargeTextIsForOnePerson(t *testing.T) {
	clear := func(l *lab, want bool, when string) {
		l.t.Helper()
		if s, _ := l.Screen("hall"); s.Clear != want {
			l.t.Errorf("%s: large text is %v", when, s.Clear)
		}
	}
	panel(t, func(t *testing.T, l *lab, hall *script) {
		l.SetClear("hall", true)
		l.SetLang("hall", "en")
		clear(l, true, "after the choice")
		l.open(hall)
		clear(l, true, "in the session")
		l.SetClear("hall", false)
		clear(l, false, "taken back")
		l.SetClear("hall", true)
		s, _ := l.Screen("hall")
		if err := l.SignOut(t.Context(), "hall", s.Session); err != nil {
			t.Fatal(err)
		}
		clear(l, false, "after the session")
		l.SetClear("hall", true)
		time.Sleep(61 * time.Second)
		synctest.Wait()
		clear(l, false, "when nobody came")
		l.SetClear("front", true) // a door, and nothing
		l.SetClear("nowhere", true)
	})
}
