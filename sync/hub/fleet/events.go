package fleet

import (
	"errors"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// The bounds of one page of events: how many it holds, and how many are looked at for it. A
// filter that few events pass gives short pages with a cursor, never a long wait.
const (
	mostEvents = 1000
	mostLooked = 20000
)

// Event is one stored event with what an operator wants to read beside it.
type Event struct {
	Record
	wire.Event
	Readable    bool   // false: a newer terminal wrote it
	AccountName string // now
}

// When is when it happened, or, from a terminal that does not know the time, when the hub
// heard of it.
func (e Event) When() time.Time {
	if e.Clock == wire.ClockUnknown || e.At <= 0 {
		return e.Received
	}
	return time.UnixMilli(e.At).UTC()
}

// EventQuery chooses events; the zero value of a field chooses all.
type EventQuery struct {
	Since, Until time.Time // when it happened; Until itself is outside
	Terminal     string
	Point        string // a door's or a print point's name
	Account      ID
	Card         ID
	Kind         wire.EventKind
	Outcome      wire.Outcome
	Reason       wire.Reason
	Below        uint64 // id: only older ones, as the cursor of a former page
	Limit        int    // 1 to 1000; 0: 1000
}

// ListEvents gives a page of the events that a query chooses, newest first, and the cursor
// of the next page; 0: there is none. A page may be shorter than asked and still have a
// next one.
func ListEvents(tx Tx, q EventQuery) (page []Event, next uint64, err error) {
	if q.Limit <= 0 || q.Limit > mostEvents {
		q.Limit = mostEvents
	}
	oldest, err := tx.FirstEventAt(q.Since) // the hub hears of nothing before it happens
	if err != nil || oldest == 0 {
		return nil, 0, err
	}
	last, err := eachBelow(tx, q.Below, oldest, mostLooked, func(e Event) error {
		if q.chooses(e) {
			page = append(page, e)
		}
		if len(page) == q.Limit {
			return errEnough
		}
		return nil
	})
	if last > oldest {
		next = last
	}
	if err == nil {
		err = completeEvents(tx, page)
	}
	return page, next, err
}

var errEnough = errors.New("enough")

// eachBelow passes the events below an id (0: from the newest) down to the oldest that
// counts, newest first, until fn gives errEnough or about most of them were looked at. It
// reads a batch at a time and tells the id of the last one.
func eachBelow(tx Tx, below, oldest uint64, most int, fn func(Event) error) (last uint64, err error) {
	const batch = 500
	for looked := 0; looked < most; looked += batch {
		n := 0
		err := tx.EventsBelow(below, batch, func(r Record) error {
			if r.ID < oldest {
				return errEnough
			}
			n, below = n+1, r.ID
			e := Event{Record: r}
			e.Readable = wire.Unmarshal(r.Body, &e.Event) == nil
			return fn(e)
		})
		switch {
		case errors.Is(err, errEnough):
			return below, nil
		case err != nil || n < batch:
			return below, err
		}
	}
	return below, nil
}

func (q EventQuery) chooses(e Event) bool {
	when := e.When()
	switch {
	case !q.Since.IsZero() && when.Before(q.Since), !q.Until.IsZero() && !when.Before(q.Until):
		return false
	case q.Terminal != "" && q.Terminal != e.Terminal, q.Point != "" && q.Point != e.Point && q.Point != e.Door:
		return false
	case q.Account != ID{} && string(e.Account) != string(q.Account[:]), q.Card != ID{} && string(e.Card) != string(q.Card[:]):
		return false
	case q.Kind != 0 && q.Kind != e.Kind, q.Outcome != 0 && q.Outcome != e.Outcome, q.Reason != 0 && q.Reason != e.Reason:
		return false
	}
	return true
}

// EventsAfter gives the events after an id, oldest first, at most limit.
func EventsAfter(tx Tx, after uint64, limit int) (page []Event, err error) {
	if limit <= 0 || limit > mostEvents {
		limit = mostEvents
	}
	err = tx.Events(after, limit, func(r Record) error {
		e := Event{Record: r}
		e.Readable = wire.Unmarshal(r.Body, &e.Event) == nil
		page = append(page, e)
		return nil
	})
	if err == nil {
		err = completeEvents(tx, page)
	}
	return page, err
}

// completeEvents adds what an operator wants to read beside events.
func completeEvents(tx Tx, page []Event) error {
	if err := nameDoors(tx, page); err != nil {
		return err
	}
	return nameAccounts(tx, page)
}

// nameDoors gives each event at a door its name. On the wire it is left out where the point
// is called alike.
func nameDoors(tx Tx, page []Event) error {
	doors := make(map[string]bool)
	err := tx.EachDoor(func(d access.Door) error {
		doors[d.Name] = true
		return nil
	})
	for i, e := range page {
		if e.Door == "" && doors[e.Point] {
			page[i].Door = e.Point
		}
	}
	return err
}

// nameAccounts gives each event the name that its account goes by now.
func nameAccounts(tx Tx, page []Event) error {
	names := make(map[ID]string)
	for i, e := range page {
		id, ok := idOf(e.Account)
		if !ok {
			continue
		}
		if _, known := names[id]; !known {
			a, err := tx.Account(id)
			if err != nil && !errors.Is(err, people.ErrNotFound) {
				return err
			}
			names[id] = a.DisplayName()
		}
		page[i].AccountName = names[id]
	}
	return nil
}

func idOf(b []byte) (id ID, ok bool) {
	if len(b) != len(id) {
		return id, false
	}
	return ID(b), true
}
