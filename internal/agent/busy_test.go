package agent_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"badged/enroll"
	"badged/reader"
)

func (l *lab) wantBusy(what, want string) {
	l.t.Helper()
	synctest.Wait()
	if got := l.WhyBusy(time.Now()); want == "" && got != "" || !strings.Contains(got, want) {
		l.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// Issue 12, 5: somebody is about for a minute after a badge, readable or not, as long as somebody is
// logged in, and while a door is open or unlocked.
func TestSomebodyIsAbout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, hall, front, lock, contact := newLab(t), newScript("hall-rfid"), newScript("front-keypad"), newRelay(), make(input)
		l.attach(hall, "hall")
		l.attach(front, "front")
		d := frontDoor(lock)
		d.Contact = contact
		l.opts.Doors = append(l.opts.Doors, d)
		l.member("A")
		l.run()
		contact <- true
		l.wantBusy("at the start", "")
		hall.tap("A")
		l.expect(enroll.Granted, enroll.KnownCard)
		s := l.screen(func(s enroll.Screen) bool { return s.Session != "" })
		l.wantBusy("in a session", "logged in at hall")
		time.Sleep(50 * time.Second)
		l.Touch("hall", s.Session)
		time.Sleep(50 * time.Second)
		l.wantBusy("in a session that goes on", "logged in at hall")
		if err := l.SignOut(t.Context(), "hall", s.Session); err != nil {
			t.Fatal(err)
		}
		l.wantBusy("after a session, long after its badge", "")
		front.say <- reader.Event{Kind: reader.KindFault, Why: reader.BadChecksum}
		l.expect(enroll.Faulty, enroll.BadRead)
		l.wantBusy("after a badge that cannot be read", "a badge at front-keypad")
		time.Sleep(59 * time.Second)
		l.wantBusy("59 seconds later", "a badge at front-keypad")
		time.Sleep(time.Second)
		l.wantBusy("a minute later", "")
		contact <- false
		l.wantBusy("with a door that was forced", "door front is closed")
		contact <- true
		l.wantBusy("with the door closed again", "")
	})
}
