package enroll_test

import (
	"reflect"
	"testing"

	"badged/enroll"
)

// claimsClosings are the events that tell of closed claiming.
func (l *lab) claimsClosings() (list []enroll.Event) {
	for _, ev := range l.events() {
		if ev.Reason == enroll.ClaimsClosed {
			list = append(list, ev)
		}
	}
	return list
}

func (l *lab) expectClosed(want bool, closings int) {
	l.t.Helper()
	if closed := l.engine.ClaimingClosed(l.ctx); closed != want {
		l.t.Errorf("claiming is closed: %v, want %v", closed, want)
	}
	if got := l.claimsClosings(); len(got) != closings {
		l.t.Errorf("%d events tell of it, want %d", len(got), closings)
	}
}

// guess types n wrong codes while a claim is live.
func (l *lab) guess(n int) {
	for range n {
		l.expect(l.typed(front, "1928"), enroll.Refused, enroll.CodeRefused)
	}
}

// Issue 7, 4.5: closing is told on the security stream, once for each opening, with the
// opening that it ends, also when the power goes in between.
func TestClosedClaimingIsToldOnce(t *testing.T) {
	l := newLab(t)
	l.claim(l.member("front"), "7365")
	l.setting(func(s *enroll.Site) { s.ClaimsEpoch = 3 })
	l.guess(7)
	l.expectClosed(false, 0)
	l.guess(1)
	l.restart() // before anybody could tell
	l.setting(func(s *enroll.Site) { s.ClaimsEpoch = 3 })
	l.expectClosed(true, 1)
	l.expectClosed(true, 1)
	l.restart()
	l.setting(func(s *enroll.Site) { s.ClaimsEpoch = 3 })
	l.guess(2)
	l.expectClosed(true, 1)
	if ev := l.claimsClosings()[0]; ev.Stream() != enroll.StreamSecurity || ev.Kind != enroll.EventDevice || ev.Count != 3 || ev.Device != "" {
		t.Errorf("the event is %+v", ev)
	}
	l.setting(func(s *enroll.Site) { s.ClaimsEpoch = 4 })
	l.expectClosed(false, 1)
	l.guess(8)
	l.expectClosed(true, 2)
}

// The budget is the site's: terminals that shared in spending it tell, others only show.
func TestAClosingByTheHubIsToldWhereCodesWereTyped(t *testing.T) {
	for guesses, closings := range map[int]int{0: 0, 3: 1} {
		l := newLab(t)
		l.claim(l.member("front"), "7365")
		l.guess(guesses)
		l.expectClosed(false, 0)
		l.setting(func(s *enroll.Site) { s.ClaimsClosed = true })
		l.expectClosed(true, closings)
		l.expectClosed(true, closings)
	}
}

// Good codes are taken back before anybody looks.
func TestAGoodCodeAtTheEndOfTheBudgetClosesNothing(t *testing.T) {
	l := newLab(t)
	l.claim(l.member("front"), "7365")
	l.guess(7)
	l.expect(l.typed(front, "7365"), enroll.Waiting, enroll.AwaitCard)
	l.expectClosed(false, 0)
}

// Issue 7, 4.6: at a muted point the answer is the same, a guess is listed and counted on
// disk all the same, and what could not succeed is left out.
func TestAMutedPointIsAnsweredAlike(t *testing.T) {
	l := newLab(t)
	loud := l.typed(front, "1928")
	muted := front
	muted.Muted = true
	quiet := l.typed(muted, "1928")
	if !quiet.Counted {
		t.Error("the code is not said to be counted")
	}
	if quiet.Counted = false; !reflect.DeepEqual(quiet, loud) {
		t.Errorf("answered %+v, else %+v", quiet, loud)
	}
	if d := l.engine.PIN(l.ctx, muted, pin("4711")); !d.Counted || d.Reason != enroll.PINUnknown {
		t.Errorf("a PIN is answered %+v", d)
	}
	if n := len(l.events()); n != 1 {
		t.Errorf("%d events, want the loud one", n)
	}
	l.claim(l.member("front"), "7365")
	for range 8 {
		if d := l.typed(muted, "1928"); d.Counted {
			t.Error("a guess was left out")
		}
	}
	if n := len(l.events()); n != 9 {
		t.Errorf("%d events, want 9", n)
	}
	l.restart()
	if d := l.typed(muted, "7365"); d.Reason != enroll.CodeRefused || !d.Counted {
		t.Errorf("after the budget, across a restart: %+v", d)
	}
}
