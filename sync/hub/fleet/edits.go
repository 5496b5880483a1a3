package fleet

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"badged/sync/hub/people"
	"badged/sync/wire"
)

// The bounds of what a terminal is believed about what people do at its panels.
const (
	mostADay      = 500  // edits, and answers, of one terminal: all of a large house on the first day
	mostLoginLook = 5000 // events that are looked through for a log-in
	longestLogIn  = 24 * time.Hour
)

// refuseAtPanel tells why a terminal is not believed that somebody did something at a panel
// there; empty: it is. Panels are at print points, of people who logged in there, and a
// terminal has a bounded number of each, "edits" or "answers", a day.
func refuseAtPanel(e happening, id ID, what string) (why string, err error) {
	if slices.Contains(e.terminal.Doors, e.ev.Point) {
		return "there is no panel at a door", nil
	}
	if _, err := e.tx.Door(e.ev.Point); err == nil || orNone(err) != nil {
		return "there is no panel at a door", orNone(err)
	}
	if mayBe, err := mayHaveLoggedIn(e, id); err != nil || !mayBe {
		return "the account cannot have logged in there", err
	}
	if mayBe, err := hasLoggedIn(e); err != nil || !mayBe {
		return "the account did not log in there before", err
	}
	return countAtPanel(e, what)
}

// countAtPanel counts what people did at the panels of a terminal on a day.
func countAtPanel(e happening, what string) (why string, err error) {
	name := fmt.Sprintf("%s/%s/%s", what, e.terminal.Name, e.rec.Received.UTC().Format(time.DateOnly))
	n, err := e.tx.Counter(name)
	if err != nil || n >= mostADay {
		return "the terminal reports more than people can do on a day", err
	}
	return "", e.tx.SetCounter(name, n+1)
}

// mayHaveLoggedIn reports whether an account can have logged in with what the event names:
// its card, or without one its PIN.
func mayHaveLoggedIn(e happening, id ID) (bool, error) {
	card, ok := idOf(e.ev.Card)
	if !ok {
		_, err := e.tx.PINOf(id)
		return err == nil, orNone(err)
	}
	c, err := e.tx.Card(card)
	return err == nil && c.Account == id, orNone(err)
}

// hasLoggedIn looks in the terminal's own events for the log-in before an edit. An edit is
// on a stream that overtakes routine: while the terminal has not brought later events of that
// one, the log-in may be on the way.
func hasLoggedIn(e happening) (bool, error) {
	oldest, err := e.tx.FirstEventAt(e.rec.Received.Add(-longestLogIn))
	if err != nil || oldest == 0 {
		return true, err
	}
	found, later := false, false
	_, err = eachBelow(e.tx, 0, oldest, mostLoginLook, func(o Event) error {
		if o.Terminal != e.terminal.Name || o.Incarnation != e.rec.Incarnation {
			return nil
		}
		later = later || o.Stream == wire.StreamEvents && o.Record.Order > e.ev.Order
		if found = e.follows(o); found {
			return errEnough
		}
		return nil
	})
	return found || !later, err
}

// follows reports whether an event is a log-in at the same point that comes before this one.
func (e happening) follows(o Event) bool {
	isLogin := o.Kind == wire.EventPresentation || o.Kind == wire.EventEnrolment
	return isLogin && o.Outcome == wire.OutcomeGranted && o.Record.Order < e.ev.Order &&
		o.Point == e.ev.Point && string(o.Account) == string(e.ev.Account)
}

// orNone is err, but for a look-up without a result.
func orNone(err error) error {
	if errors.Is(err, people.ErrNotFound) {
		return nil
	}
	return err
}
