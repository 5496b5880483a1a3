package manage

import (
	"errors"
	"slices"
	"strings"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/hub/web/page"
)

// accessDays are the days that an invitation offers, each from 6 to 22 o'clock.
var accessDays = []struct {
	name string
	bits uint8
}{{"semaine", 0b0011111}, {"samedi", 0b0100000}, {"dimanche", 0b1000000}}

const (
	daysFrom = 6 * 60
	daysTo   = 22 * 60
)

// period is from when to when invited people have access; zero: without a bound.
type period struct{ from, to time.Time }

func readPeriod(r *page.Request, f *page.Form) period {
	p := period{from: f.FirstDay("from"), to: f.LastDay("to")}
	if f.OK() && !p.to.IsZero() && !p.to.After(p.from) {
		f.Refuse("to", r.T("manage.invite.period"))
	}
	if f.OK() && !p.to.IsZero() && !p.to.After(r.Now) {
		f.Refuse("to", r.T("manage.invite.past"))
	}
	return p
}

// newRights is what invited people may do.
type newRights struct {
	groups []string
	doors  []string
	days   uint8
}

func readRights(r *page.Request, f *page.Form) newRights {
	n := newRights{groups: f.Values("group"), doors: f.Values("door")}
	for _, day := range accessDays {
		if f.Has("day", day.name) {
			n.days |= day.bits
		}
	}
	switch {
	case len(n.doors) > 0 && n.days == 0:
		f.Refuse("day", r.T("manage.invite.days"))
	case len(n.doors) == 0 && n.days != 0:
		f.Refuse("door", r.T("manage.invite.doors"))
	}
	return n
}

// grant gives an account the doors that were ticked on the days that were.
func (n newRights) grant(r *page.Request, tx fleet.Tx, a people.Account, p period) error {
	if len(n.doors) == 0 {
		return nil
	}
	schedule, err := n.schedule(r, tx)
	for _, door := range n.doors {
		if err == nil {
			_, _, err = access.AddGrant(tx.Tx.Tx, access.NewGrant{Account: people.HexID(a.ID), Door: door, Schedule: schedule, From: p.from, To: p.to})
		}
	}
	return err
}

// schedule finds the schedule of the days, or makes it.
func (n newRights) schedule(r *page.Request, tx fleet.Tx) (name string, err error) {
	want := []access.Window{{Days: n.days, From: daysFrom, To: daysTo}}
	all, err := access.AllSchedules(tx.Tx.Tx)
	if err != nil {
		return "", err
	}
	for _, s := range all {
		if slices.Equal(s.Windows, want) {
			return s.Name, nil
		}
	}
	var parts []string
	for _, day := range accessDays {
		if n.days&day.bits != 0 {
			parts = append(parts, r.T("manage.invite.short."+day.name))
		}
	}
	s, err := access.AddSchedule(tx.Tx.Tx, access.Schedule{Name: strings.Join(parts, ", ") + " " + r.T("manage.invite.hours"), Windows: want})
	return s.Name, err
}

func isRefusal(err error) bool {
	var e *refusal.Error
	return errors.As(err, &e)
}
