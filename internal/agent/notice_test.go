package agent_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"badged/enroll"
)

// notice puts a version of the privacy notice in force.
func (l *lab) notice(version uint64) {
	l.store.Index().Apply(enroll.Notice{Version: version, English: "Your data"})
}

// answers are the events about notices, with their versions.
func (l *lab) answers() (got []uint64) {
	for _, e := range l.tail(enroll.EventNotice) {
		got = append(got, uint64(e.Reason)*10+e.Count)
	}
	return got
}

const (
	accepted = uint64(enroll.NoticeAccepted) * 10
	refused  = uint64(enroll.NoticeRefused) * 10
)

// S5.08: at the login the notice is due before anything else; an agreement is on disk with
// its version, and then nobody asks again, until there is a new version.
func TestTheNoticeIsAgreedToOnce(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		l.notice(1)
		s := l.open(hall)
		if s.Privacy == nil || s.Privacy.Version != 1 {
			t.Fatalf("at the login the notice is %+v", s.Privacy)
		}
		if err := l.Edit(t.Context(), "hall", s.Session, enroll.Edit{Name: "Eve", Lang: "en"}); !errors.Is(err, enroll.ErrNoticeFirst) {
			t.Errorf("an edit before the agreement: %v", err)
		}
		if err := l.Answer(t.Context(), "hall", s.Session, 2, true); !errors.Is(err, enroll.ErrNoticeOld) {
			t.Errorf("a version that there is not: %v", err)
		}
		if err := l.Answer(t.Context(), "hall", s.Session, 1, true); err != nil {
			t.Fatal(err)
		}
		if now, _ := l.Screen("hall"); now.Privacy != nil || now.Session != s.Session {
			t.Errorf("after the agreement: notice %v, session %q", now.Privacy, now.Session)
		}
		if err := l.SignOut(t.Context(), "hall", s.Session); err != nil {
			t.Fatal(err)
		}
		if again := l.open(hall); again.Privacy != nil {
			t.Error("the next login asks again")
		}
		l.notice(2)
		if got := l.answers(); !slices.Equal(got, []uint64{accepted + 1}) {
			t.Errorf("events %v", got)
		}
	})
	panel(t, func(t *testing.T, l *lab, hall *script) {
		l.notice(1)
		s := l.open(hall)
		if err := l.Answer(t.Context(), "hall", s.Session, 1, true); err != nil {
			t.Fatal(err)
		}
		l.notice(2)
		if err := l.SignOut(t.Context(), "hall", s.Session); err != nil {
			t.Fatal(err)
		}
		if again := l.open(hall); again.Privacy == nil || again.Privacy.Version != 2 {
			t.Error("a new version does not ask again")
		}
	})
}

// S5.08: refusing signs out, and writes nothing but the refusal.
func TestARefusalIsAllThatIsWritten(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		l.notice(1)
		s := l.open(hall)
		every := []enroll.EventKind{enroll.EventPresentation, enroll.EventEnrolment, enroll.EventSession, enroll.EventEdit, enroll.EventNotice}
		before := len(l.tail(every...))
		if err := l.Answer(t.Context(), "hall", s.Session, 1, false); err != nil {
			t.Fatal(err)
		}
		now, _ := l.Screen("hall")
		if now.Session != "" || now.Notice != enroll.NoticeRefused {
			t.Errorf("after the refusal: session %q, notice %d", now.Session, now.Notice)
		}
		if got := l.answers(); !slices.Equal(got, []uint64{refused + 1}) || len(l.tail(every...)) != before+1 {
			t.Errorf("events %v, %d more", got, len(l.tail(every...))-before)
		}
		if again := l.open(hall); again.Privacy == nil {
			t.Error("the next login does not ask")
		}
		if err := l.Answer(t.Context(), "hall", s.Session, 1, true); !errors.Is(err, enroll.ErrNoSession) {
			t.Errorf("an answer of the session that has ended: %v", err)
		}
	})
}

// S5.08, S1.07: whoever has just come by a new badge is in, and may not write about
// themselves before they agree.
func TestANewAccountMayNotEditBeforeItAgrees(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		l.notice(1)
		hall.tap("B")
		l.expect(enroll.Granted, enroll.NewAccount)
		s := l.screen(func(s enroll.Screen) bool { return s.Session != "" })
		if !s.New || s.Privacy == nil {
			t.Errorf("new %v, notice %v", s.New, s.Privacy)
		}
		if err := l.Edit(t.Context(), "hall", s.Session, enroll.Edit{Name: "Eve", Lang: "en"}); !errors.Is(err, enroll.ErrNoticeFirst) {
			t.Errorf("an edit before the agreement: %v", err)
		}
	})
}

// S5.09: where nobody can type on the panel, # of the keypad is OK and * refuses.
func TestTheKeypadAnswersWhereNobodyCanType(t *testing.T) {
	for keys, want := range map[string][]uint64{"#": {accepted + 1}, "*": {refused + 1}, "1": nil} {
		synctest.Test(t, func(t *testing.T) {
			l, hall := newLab(t), newScript("hall-rfid")
			l.opts.Points[0].NoKeyboard = true
			l.attach(hall, "hall")
			l.member("A")
			l.run()
			l.notice(1)
			s := l.open(hall)
			if !s.NoKeyboard {
				t.Error("the panel does not know that it has no keyboard")
			}
			l.typed(hall, keys)
			if got := l.answers(); !slices.Equal(got, want) {
				t.Errorf("%q: events %v, want %v", keys, got, want)
			}
			if now, _ := l.Screen("hall"); (now.Session == "") != (keys == "*") || (now.Privacy == nil) == (keys == "1") {
				t.Errorf("%q: session %q, notice %v", keys, now.Session, now.Privacy)
			}
		})
	}
	panel(t, func(t *testing.T, l *lab, hall *script) { // with a keyboard, keys answer nothing
		l.notice(1)
		l.open(hall)
		l.typed(hall, "#")
		if got := l.answers(); len(got) > 0 {
			t.Errorf("events %v", got)
		}
	})
}

// S5.09: doors never ask: a card opens whatever its owner has not agreed to.
func TestDoorsNeverAskForTheNotice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, front := newLab(t), newScript("front-rfid")
		l.opts.Doors = append(l.opts.Doors, frontDoor(newRelay()))
		l.attach(front, "front")
		l.member("A")
		l.run()
		l.notice(1)
		front.tap("A")
		l.expect(enroll.Granted, enroll.KnownCard)
		if got := l.answers(); len(got) > 0 {
			t.Errorf("events %v", got)
		}
	})
}

// S5.03: the screen has the services of who is logged in, as the hub says them now.
func TestAScreenHasTheServicesOfThePerson(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		if s := l.open(hall); s.Offering || len(s.Offers) > 0 {
			t.Errorf("before the hub has said anything: %+v", s.Offers)
		}
		l.store.Index().Apply(enroll.Offer{ID: 1, Everyone: true}, enroll.Offer{ID: 2})
		l.Touch("hall", l.screen(func(s enroll.Screen) bool { return s.Session != "" }).Session)
		if s, _ := l.Screen("hall"); !s.Offering || len(s.Offers) != 1 || s.Offers[0].ID != 1 {
			t.Errorf("services %+v", s.Offers)
		}
	})
}
