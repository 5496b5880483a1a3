package enroll_test

import (
	"testing"

	"badged/enroll"
)

// What a point waited with is used up by the next presentation, whatever that is: a
// code that bound a card takes no second one, and a card that somebody left waiting is
// not met by a code after another person's.
func TestWhatWaitedIsUsedUp(t *testing.T) {
	l := newLab(t)
	a := l.member("front")
	l.claim(a, "7365")
	l.typed(front, "7365")
	l.expectBoundAndOpen(l.tap(front, card(1)), a)
	if end := l.engine.Deadline(); !end.IsZero() {
		t.Errorf("after the card is bound, something waits until %v", end)
	}
	l.expect(l.tap(front, card(2)), enroll.Refused, enroll.UnknownCard) // a stranger's, a moment later

	l.claim(a, "2848")
	l.expect(l.tap(front, card(3)), enroll.Refused, enroll.UnknownCard)
	l.expect(l.tap(front, card(1)), enroll.Granted, enroll.KnownCard)
	l.expect(l.typed(front, "2848"), enroll.Waiting, enroll.AwaitCard) // of no card that waits
	l.expect(l.typed(front, "0000"), enroll.Refused, enroll.CodeRefused)
	l.expect(l.tap(front, card(4)), enroll.Refused, enroll.UnknownCard) // the good code was before the wrong one
}
