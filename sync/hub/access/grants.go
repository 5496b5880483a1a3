package access

import (
	"crypto/rand"
	"errors"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// NewGrant is what an operator asks for. Who and where are named as people name them.
type NewGrant struct {
	Account, Group  string // one of them
	Door, DoorGroup string // one of them
	Schedule        string // name or number; empty: at any hour
	From, To        time.Time
	Deny            bool
}

// AddGrant lets an account or a group use a door or a group of doors, or denies it. A grant
// that is there already is given again, and made is false.
func AddGrant(tx Tx, n NewGrant) (g Grant, made bool, err error) {
	if err := checkPeriod(n.From, n.To); err != nil {
		return g, false, err
	}
	g = Grant{
		ID: randomID(), Door: n.Door, DoorGroup: n.DoorGroup, Deny: n.Deny,
		From: n.From.UTC().Truncate(time.Millisecond), To: n.To.UTC().Truncate(time.Millisecond),
	}
	for _, fill := range []func(Tx, NewGrant, *Grant) error{fillWho, fillWhere, fillWhen} {
		if err := fill(tx, n, &g); err != nil {
			return Grant{}, false, err
		}
	}
	kept, err := keepGrant(tx, g)
	return kept, kept.ID == g.ID, err
}

// keepGrant keeps a new grant, or gives the one that is the same.
func keepGrant(tx Tx, g Grant) (Grant, error) {
	same, err := tx.SameGrant(g)
	if found, err := isFound(err); found || err != nil {
		return same, err
	}
	if err := tx.PutGrant(g); err != nil {
		return g, err
	}
	return g, tx.Record(audit.Change{Action: "grant.add", Object: people.HexID(g.ID), Subject: g.Account, After: grantLineOf(g)})
}

// checkPeriod refuses a period that ends before it begins, and times that cannot be kept.
func checkPeriod(from, to time.Time) error {
	for _, t := range []time.Time{from, to} {
		if err := checkTime(t); err != nil {
			return err
		}
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return refuse(refusal.Invalid, CodeGrantTimes, refusal.Fields{"from": from, "to": to})
	}
	return nil
}

// checkTime refuses a time that cannot be written as a date of four digits, and one that
// would be read as no time at all: that of an end would be no end.
func checkTime(t time.Time) error {
	if year := t.UTC().Year(); !t.IsZero() && (year < firstYear || year > lastYear) {
		return refuse(refusal.Invalid, CodeTime, refusal.Fields{"min": firstYear, "max": lastYear})
	}
	return nil
}

// The years that times lie in.
const (
	firstYear = 1971
	lastYear  = 9999
)

// fillWho sets whom a grant is of. A door card is never anonymous: a person needs both
// names, but whoever is kept out needs none.
func fillWho(tx Tx, n NewGrant, g *Grant) error {
	if (n.Account == "") == (n.Group == "") {
		return refuse(refusal.Invalid, CodeGrantWho, nil)
	}
	if n.Group != "" {
		group, err := people.FindGroup(tx.Tx, n.Group)
		g.Group = group.ID
		return err
	}
	a, err := people.Find(tx.Tx, n.Account)
	if err != nil {
		return err
	}
	g.Account = a.ID
	about := refusal.Fields{"account": people.HexID(a.ID), "state": a.State}
	switch {
	case a.Kind == people.Service:
		return refuse(refusal.Conflict, CodeGrantService, about)
	case a.State.Final():
		return refuse(refusal.Conflict, CodeGrantOver, about)
	case !a.IsNamed() && !n.Deny:
		return refuse(refusal.Conflict, CodeGrantName, about)
	}
	return nil
}

func fillWhere(tx Tx, n NewGrant, _ *Grant) error {
	if (n.Door == "") == (n.DoorGroup == "") {
		return refuse(refusal.Invalid, CodeGrantWhere, nil)
	}
	if n.Door != "" {
		_, err := FindDoor(tx, n.Door)
		return err
	}
	doors, err := doorsOf(tx, n.DoorGroup)
	if err == nil && len(doors) == 0 {
		err = refuse(refusal.Missing, CodeNoDoorGroup, refusal.Fields{"group": clip(n.DoorGroup)})
	}
	return err
}

// doorsOf gives the doors of a group.
func doorsOf(tx Tx, group string) (doors []Door, err error) {
	err = tx.EachDoor(func(d Door) error {
		if d.Group == group {
			doors = append(doors, d)
		}
		return nil
	})
	return doors, err
}

func fillWhen(tx Tx, n NewGrant, g *Grant) error {
	if n.Schedule == "" {
		return nil
	}
	s, err := FindSchedule(tx, n.Schedule)
	g.Schedule = s.ID
	return err
}

// FindGrant finds a grant by its id.
func FindGrant(tx Tx, id ID) (Grant, error) {
	g, err := tx.Grant(id)
	return g, orMissing(err, CodeGrantNotFound, "grant", people.HexID(id))
}

// RemoveGrant ends a grant.
func RemoveGrant(tx Tx, id ID) (Grant, error) {
	g, err := FindGrant(tx, id)
	if err != nil {
		return g, err
	}
	return g, dropGrant(tx, g)
}

func dropGrant(tx Tx, g Grant) error {
	if err := tx.DropGrant(g.ID); err != nil {
		return err
	}
	return tx.Record(audit.Change{Action: "grant.remove", Object: people.HexID(g.ID), Subject: g.Account, Before: grantLineOf(g)})
}

// ListGrants gives a page of grants, in the order of their ids.
func ListGrants(tx Tx, q GrantQuery) (page []Grant, next string, err error) {
	q.Limit = pageOf(q.Limit)
	page, next, err = tx.ListGrants(q)
	return page, next, orCursor(err)
}

// grantLine is what an audit line tells about a grant.
type grantLine struct {
	Account   string     `json:"account,omitempty"`
	Group     uint64     `json:"group,omitempty"`
	Door      string     `json:"door,omitempty"`
	DoorGroup string     `json:"door_group,omitempty"`
	Schedule  uint64     `json:"schedule,omitempty"`
	From      *time.Time `json:"from,omitempty"`
	To        *time.Time `json:"to,omitempty"`
	Deny      bool       `json:"deny,omitempty"`
}

func grantLineOf(g Grant) grantLine {
	line := grantLine{Group: g.Group, Door: g.Door, DoorGroup: g.DoorGroup, Schedule: g.Schedule, From: orNil(g.From), To: orNil(g.To), Deny: g.Deny}
	if g.Account != (ID{}) {
		line.Account = people.HexID(g.Account)
	}
	return line
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// randomID is a new id.
func randomID() (id ID) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}

// isFound tells a look-up without a result from a failure.
func isFound(err error) (bool, error) {
	if errors.Is(err, people.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// LastDay is the end of a right whose last day is day, "2026-12-31": the midnight after it,
// in the site's time zone.
func (s Site) LastDay(day string) (time.Time, error) { return s.dayAfter(day, 1) }

// FirstDay is the beginning of a right whose first day is day.
func (s Site) FirstDay(day string) (time.Time, error) { return s.dayAfter(day, 0) }

func (s Site) dayAfter(day string, days int) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return time.Time{}, refuse(refusal.Invalid, CodeDay, refusal.Fields{"text": clip(day)})
	}
	return startOfDay(t.Year(), t.Month(), t.Day()+days, s.Location()), nil
}

// startOfDay is the first moment of a day. Where clocks skip midnight, time.Date may give a
// moment of the day before: the day then begins at the end of the gap.
func startOfDay(year int, month time.Month, day int, loc *time.Location) time.Time {
	t := time.Date(year, month, day, 0, 0, 0, 0, loc)
	want := time.Date(year, month, day, 12, 0, 0, 0, loc).Day()
	if t.Day() != want {
		_, end := t.ZoneBounds()
		return end
	}
	return t
}
