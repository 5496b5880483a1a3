package agent_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"badged/enroll"
)

// showPINKeys has the panel of the hall offer the keys of a PIN.
func (l *lab) showPINKeys() enroll.Screen {
	l.t.Helper()
	l.ShowPINKeys("hall", true)
	return l.screen(func(s enroll.Screen) bool { return s.Keys == enroll.PINKeys && s.Typed == 0 })
}

// S1.28: where there is no keypad, a person types their PIN on the panel, and the session is
// one by PIN as ever. A star clears what was typed, and begins no claim code.
func TestAPINIsTypedByTouch(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		a := l.hasPIN("A", "483920")
		l.showPINKeys()
		l.touch("99*48392")
		l.screen(func(s enroll.Screen) bool { return s.Keys == enroll.PINKeys && s.Typed == 5 })
		l.touch("0#")
		l.expect(enroll.Granted, enroll.KnownPIN)
		s := l.screen(func(s enroll.Screen) bool { return s.Session != "" })
		if s.Account.ID != a || !s.ByPIN || s.Keys != enroll.NoKeys || s.Typed != 0 || s.Adding {
			t.Errorf("the panel shows %+v", s)
		}
		l.touch("483920#") // of a session: no keys, no second login
		if err := l.SignOut(t.Context(), "hall", s.Session); err != nil {
			t.Fatal(err)
		}
		if s, _ := l.Screen("hall"); s.Keys != enroll.NoKeys {
			t.Error("the keys come back after the session")
		}
	})
}

// S1.24: PINs of one length need no key that ends them, on the panel either.
func TestATouchedPINOfOneLengthNeedsNoEnd(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		l.hasPIN("A", "483920")
		l.setting(func(s *enroll.Site) { s.PINLength = 6 })
		if s := l.showPINKeys(); s.PINDigits != 6 {
			t.Errorf("the panel shows %d digits", s.PINDigits)
		}
		l.touch("483920")
		l.expect(enroll.Granted, enroll.KnownPIN)
	})
}

// S1.24: wrong PINs that are touched count with those of the keypad beside the panel: one
// count for the point, and the same answers. The keys stay for another try.
func TestTouchedPINsShareTheCountOfTheKeypad(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		l.hasPIN("A", "483920")
		l.typed(hall, "000000#")
		l.expect(enroll.Refused, enroll.PINUnknown)
		l.typed(hall, "000001#")
		l.expect(enroll.Refused, enroll.PINUnknown)
		l.showPINKeys()
		l.touch("000002#")
		l.expect(enroll.Refused, enroll.PINUnknown)
		l.screen(func(s enroll.Screen) bool { return s.Keys == enroll.PINKeys && s.Notice == enroll.PINUnknown })
		l.touch("483920#") // within the second that follows the third
		l.expect(enroll.Refused, enroll.PINDelayed)
		l.screen(func(s enroll.Screen) bool { return s.Keys == enroll.PINKeys && s.Notice == enroll.PINDelayed })
		time.Sleep(time.Second)
		l.touch("483920#")
		l.expect(enroll.Granted, enroll.KnownPIN)
	})
}

// A PIN that is too short or too long is told as a wrong one, and is no try.
func TestATouchedPINThatCanBeNone(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		l.hasPIN("A", "483920")
		l.showPINKeys()
		for _, digits := range []string{"483", "48392048392048392"} {
			l.touch(digits + "#")
			l.screen(func(s enroll.Screen) bool {
				return s.Keys == enroll.PINKeys && s.Notice == enroll.PINUnknown && s.Typed == 0
			})
			time.Sleep(7 * time.Second)
			synctest.Wait()
		}
		if got := l.events(enroll.EventPresentation); len(got) != 0 {
			t.Errorf("events %v", got)
		}
		l.touch("483920#")
		l.expect(enroll.Granted, enroll.KnownPIN)
	})
}

// Nothing that was typed stays when the person goes away, gives up, or shows a badge.
func TestWhatWasTouchedOfAPINIsForgotten(t *testing.T) {
	for name, leave := range map[string]func(*lab, *script){
		"goes away": func(*lab, *script) { time.Sleep(21 * time.Second); synctest.Wait() },
		"gives up":  func(l *lab, _ *script) { l.ShowPINKeys("hall", false) },
		"asks again": func(l *lab, _ *script) {
			l.showPINKeys()
			l.ShowPINKeys("hall", false)
		},
		"shows a badge": func(l *lab, hall *script) {
			hall.tap("unruly")
			l.expect(enroll.Faulty, enroll.BadRead)
		},
	} {
		panel(t, func(t *testing.T, l *lab, hall *script) {
			l.hasPIN("A", "483920")
			l.showPINKeys()
			l.touch("4839")
			leave(l, hall)
			if s, _ := l.Screen("hall"); s.Keys != enroll.NoKeys || s.Typed != 0 {
				t.Errorf("%s: keys %d, %d digits", name, s.Keys, s.Typed)
			}
			l.touch("20#") // nobody offers keys
			l.typed(hall, "20#")
			if got := l.events(enroll.EventPresentation); slices.Contains(got, enroll.KnownPIN) || slices.Contains(got, enroll.PINUnknown) {
				t.Errorf("%s: events %v", name, got)
			}
		})
	}
}

// The keys of a PIN stay while somebody types, here or at the keypad, and an entry that is
// left is forgotten before they go.
func TestKeysOfAPINStayUnderTheFinger(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		l.hasPIN("A", "483920")
		l.showPINKeys()
		time.Sleep(19 * time.Second)
		l.touch("4")
		time.Sleep(4 * time.Second)
		if s, _ := l.Screen("hall"); s.Keys != enroll.PINKeys || s.Typed != 1 {
			t.Errorf("keys %d, %d digits", s.Keys, s.Typed)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if s, _ := l.Screen("hall"); s.Keys != enroll.PINKeys || s.Typed != 0 || s.Session != "" {
			t.Errorf("after a pause: keys %d, %d digits", s.Keys, s.Typed)
		}
		time.Sleep(14 * time.Second)
		l.typed(hall, "4")
		l.screen(func(s enroll.Screen) bool { return s.Typed == 1 })
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if s, _ := l.Screen("hall"); s.Keys != enroll.PINKeys {
			t.Error("the keys went while somebody typed at the keypad")
		}
	})
}

// A panel offers the keys of a PIN where somebody has one and where it can be touched, and
// to nobody's session. It never offers them at a door.
func TestWhereTheKeysOfAPINAreOffered(t *testing.T) {
	offered := func(l *lab) bool {
		l.ShowPINKeys("hall", true)
		s, _ := l.Screen("hall")
		l.ShowPINKeys("hall", false)
		return s.Keys == enroll.PINKeys
	}
	panel(t, func(t *testing.T, l *lab, hall *script) {
		if s, _ := l.Screen("hall"); s.PINs || offered(l) {
			t.Error("nobody has a PIN, and it is asked for")
		}
		l.hasPIN("A", "483920")
		time.Sleep(time.Second)
		if !offered(l) {
			t.Error("no keys for who has a PIN")
		}
		if s, _ := l.Screen("hall"); !s.PINs {
			t.Error("the panel does not say that a PIN can be typed")
		}
		l.ShowPINKeys("front", true)
		l.ShowPINKeys("nowhere", true)
		l.open(hall)
		if offered(l) {
			t.Error("a session has keys of a PIN")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		l, hall := newLab(t), newScript("hall-rfid")
		l.attach(hall, "hall")
		for i := range l.opts.Points {
			l.opts.Points[i].NoKeyboard = true
		}
		l.member("A")
		l.hasPIN("A", "483920")
		l.run()
		if offered(l) {
			t.Error("a panel that nobody can touch has keys")
		}
	})
}
