package fleet

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// The bounds of what a terminal is believed about what people do at its panels.
const (
	mostADay      = 500  // edits, and answers, of one terminal: all of a large house on the first day
	mostUnproven  = 50   // of those, which came before the log-in that they follow from
	mostLoginLook = 5000 // events that are looked through for a log-in
	longestLogIn  = 24 * time.Hour
)

// refuseAtPanel tells why a terminal is not believed that somebody did something at a panel
// there; empty: it is. Panels are at print points, of people who logged in there with what
// logs them in, and a terminal has a bounded number of each, "edits" or "answers", a day.
// A terminal signs its own log-ins: one that was stolen can make them up, within these
// bounds. So nothing that is reported of a panel changes a name that is vouched for, or opens
// a door (docs/security.md).
func (h *Hub) refuseAtPanel(e happening, id ID, what string) (why string, err error) {
	if h.hasDoorsOnly(e.src) {
		return "the terminal said that it has no panel", nil
	}
	if slices.Contains(e.terminal.Doors, e.ev.Point) {
		return "there is no panel at a door", nil
	}
	if _, err := e.tx.Door(e.ev.Point); err == nil || orNone(err) != nil {
		return "there is no panel at a door", orNone(err)
	}
	if mayBe, err := mayHaveLoggedIn(e, id); err != nil || !mayBe {
		return "the account cannot have logged in there", err
	}
	seen, mayCome, err := hasLoggedIn(e)
	switch {
	case err != nil:
		return "", err
	case !seen && !mayCome:
		return "the account did not log in there before", nil
	case !seen:
		if why, err := countAtPanel(e, what+" before log-in", mostUnproven); err != nil || why != "" {
			return why, err
		}
	}
	return countAtPanel(e, what, mostADay)
}

// countAtPanel counts what people did at the panels of a terminal on a day.
func countAtPanel(e happening, what string, most uint64) (why string, err error) {
	name := fmt.Sprintf("%s/%s/%s", what, e.terminal.Name, e.rec.Received.UTC().Format(time.DateOnly))
	n, err := e.tx.Counter(name)
	if err != nil || n >= most {
		return "the terminal reports more than people can do on a day", err
	}
	return "", e.tx.SetCounter(name, n+1)
}

// mayHaveLoggedIn reports whether an account can have logged in with what the event names:
// its card, if that logs in, or without one its PIN.
func mayHaveLoggedIn(e happening, id ID) (bool, error) {
	card, ok := idOf(e.ev.Card)
	if !ok {
		_, err := e.tx.PINOf(id)
		return err == nil, orNone(err)
	}
	c, err := e.tx.Card(card)
	return err == nil && c.Account == id && c.State == access.CardActive && !c.EndedAt(e.soonest()), orNone(err)
}

// hasLoggedIn looks in the terminal's own events for the log-in before an edit. An edit is
// on a stream that overtakes routine: while the terminal has not brought later events of that
// one, the log-in may come.
func hasLoggedIn(e happening) (found, mayCome bool, err error) {
	oldest, err := e.tx.FirstEventAt(e.rec.Received.Add(-longestLogIn))
	if err != nil || oldest == 0 {
		return false, true, err
	}
	later := false
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
	return found, !later, err
}

// follows reports whether an event is a log-in of the account, at the same point and with the
// same card, that comes before this one.
func (e happening) follows(o Event) bool {
	isLogin := o.Kind == wire.EventPresentation || o.Kind == wire.EventEnrolment
	return isLogin && o.Outcome == wire.OutcomeGranted && o.Record.Order < e.ev.Order &&
		o.Point == e.ev.Point && bytes.Equal(o.Account, e.ev.Account) && bytes.Equal(o.Card, e.ev.Card)
}

// orNone is err, but for a look-up without a result.
func orNone(err error) error {
	if errors.Is(err, people.ErrNotFound) {
		return nil
	}
	return err
}
