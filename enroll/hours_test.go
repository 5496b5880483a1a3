package enroll_test

import (
	"testing"
	"time"

	"badged/enroll"
	"badged/internal/clock"
	"badged/internal/timetable"
)

// The clocks of these tests are two hours ahead of UTC. 2099-06-01 is a Monday.
var (
	summer   = timetable.Zone{{East: 7200}}
	noon     = time.Date(2099, 6, 1, 10, 0, 0, 0, time.UTC)
	evening  = time.Date(2099, 6, 1, 20, 0, 0, 0, time.UTC)
	office   = enroll.Schedule{ID: 7, Windows: []timetable.Window{{Days: timetable.Monday, From: 6 * 60, To: 22 * 60}}}
	feast, _ = timetable.ParseDay("2099-06-01")
)

// site tells the terminal the hours of a site, and the time.
func (l *lab) site(at time.Time, rows ...enroll.Change) {
	l.clock.HubTime(at)
	l.setting(func(s *enroll.Site) { s.Zone = summer })
	l.store.Index().Apply(rows...)
}

// in puts an account into groups, as the hub does.
func (l *lab) in(a enroll.AccountID, groups ...uint64) {
	l.store.Index().Apply(enroll.Account{ID: a, Kind: enroll.Person, State: enroll.Active, Groups: enroll.NewGroupSet(groups)})
}

// TestAScheduleSaysWhen (O6): a grant with a schedule is in force at its hours only, one
// that denies keeps out at its hours only, and holidays have hours of their own.
func TestAScheduleSaysWhen(t *testing.T) {
	day := noon.Add(-24 * time.Hour)
	grant := func(g enroll.Grant) enroll.Grant {
		g.Door, g.Schedule = "front", office.ID
		return g
	}
	for name, c := range map[string]struct {
		at     time.Time
		rows   []enroll.Change
		grants []enroll.Grant
		want   enroll.Reason
	}{
		"in its hours":              {noon, nil, []enroll.Grant{grant(enroll.Grant{})}, enroll.KnownCard},
		"out of its hours":          {evening, nil, []enroll.Grant{grant(enroll.Grant{})}, enroll.OutOfHours},
		"another right at any hour": {evening, nil, []enroll.Grant{grant(enroll.Grant{}), {Door: "front"}}, enroll.KnownCard},
		"over":                      {noon, nil, []enroll.Grant{grant(enroll.Grant{To: day})}, enroll.NoGrant},
		"over, and out of hours":    {evening, nil, []enroll.Grant{grant(enroll.Grant{To: day})}, enroll.NoGrant},
		"denied in its hours":       {noon, nil, []enroll.Grant{{Door: "front"}, grant(enroll.Grant{Deny: true})}, enroll.DeniedGrant},
		"denied out of its hours":   {evening, nil, []enroll.Grant{{Door: "front"}, grant(enroll.Grant{Deny: true})}, enroll.KnownCard},
		"on a holiday":              {noon, []enroll.Change{enroll.Holidays{Days: []timetable.Day{feast}}}, []enroll.Grant{grant(enroll.Grant{})}, enroll.OutOfHours},
		"after the holiday was taken back": {
			noon, []enroll.Change{enroll.Holidays{Days: []timetable.Day{feast}}, enroll.GoneHolidays{}}, []enroll.Grant{grant(enroll.Grant{})}, enroll.KnownCard,
		},
		"a schedule that is gone":                {noon, []enroll.Change{enroll.GoneSchedule(office.ID)}, []enroll.Grant{grant(enroll.Grant{})}, enroll.NoGrant},
		"a schedule that is not understood":      {noon, []enroll.Change{enroll.Schedule{ID: office.ID, NotUnderstood: true}}, []enroll.Grant{grant(enroll.Grant{})}, enroll.NoGrant},
		"a denial whose schedule is gone":        {evening, []enroll.Change{enroll.GoneSchedule(office.ID)}, []enroll.Grant{{Door: "front"}, grant(enroll.Grant{Deny: true})}, enroll.DeniedGrant},
		"such a denial that is over":             {evening, []enroll.Change{enroll.GoneSchedule(office.ID)}, []enroll.Grant{{Door: "front"}, grant(enroll.Grant{Deny: true, To: day})}, enroll.KnownCard},
		"a schedule whose hours were cut":        {noon, []enroll.Change{enroll.Schedule{ID: office.ID}}, []enroll.Grant{grant(enroll.Grant{})}, enroll.OutOfHours},
		"holidays that are not understood":       {noon, []enroll.Change{enroll.Holidays{NotUnderstood: true}}, []enroll.Grant{grant(enroll.Grant{})}, enroll.TimeUnknown},
		"the same, and a right at any hour":      {noon, []enroll.Change{enroll.Holidays{NotUnderstood: true}}, []enroll.Grant{grant(enroll.Grant{}), {Door: "front"}}, enroll.KnownCard},
		"the same, and a right for a time":       {noon, []enroll.Change{enroll.Holidays{NotUnderstood: true}}, []enroll.Grant{grant(enroll.Grant{}), {Door: "front", From: day}}, enroll.KnownCard},
		"a denial when no schedule can be read":  {evening, []enroll.Change{enroll.Holidays{NotUnderstood: true}}, []enroll.Grant{{Door: "front"}, grant(enroll.Grant{Deny: true})}, enroll.DeniedGrant},
		"no schedule can be read, the door lets": {noon, []enroll.Change{enroll.Holidays{NotUnderstood: true}, enroll.Door{ID: "front", UnknownTime: enroll.PolicyAllow}}, []enroll.Grant{grant(enroll.Grant{})}, enroll.KnownCard},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			a := l.member()
			l.bind(a, card(1))
			l.site(c.at, append([]enroll.Change{office}, c.rows...)...)
			for _, g := range c.grants {
				g.Account = a
				l.grant(g)
			}
			if d := l.tap(front, card(1)); d.Reason != c.want || d.Open != (c.want == enroll.KnownCard) {
				t.Errorf("reason %d, open %v, want %d", d.Reason, d.Open, c.want)
			}
		})
	}
}

// TestWithoutATimeAScheduleFollowsTheDoor: as other rights for a time do. A site whose
// clocks nobody told is shown to the technician.
func TestWithoutATimeAScheduleFollowsTheDoor(t *testing.T) {
	for name, prepare := range map[string]func(*lab){
		"the time is not known": func(l *lab) {
			l.setting(func(s *enroll.Site) { s.Zone = summer })
			l.clock = clock.New(clock.From(time.Now().Add(24 * time.Hour))) // the wall clock shows the past
			l.engine = enroll.NewEngine(l.store, key, l.clock, "terminal")
		},
		"the clocks of the site are not known": func(l *lab) { l.clock.HubTime(time.Now()) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			prepare(l)
			a := l.member()
			l.bind(a, card(1))
			l.grant(enroll.Grant{Account: a, Door: "front", Schedule: office.ID})
			l.store.Index().Apply(enroll.Schedule{ID: office.ID, Windows: []timetable.Window{{Days: 255, From: 0, To: 1440}}})
			if got, want := l.store.Index().NoClocks(), len(l.store.Index().Site().Zone) == 0; got != want {
				t.Errorf("the clocks are missing: %v, want %v", got, want)
			}
			for policy, want := range map[enroll.Policy]enroll.Reason{
				0: enroll.TimeUnknown, enroll.PolicyDeny: enroll.TimeUnknown, enroll.PolicyStaff: enroll.TimeUnknown, enroll.PolicyAllow: enroll.KnownCard,
			} {
				l.store.Index().Apply(enroll.Door{ID: "front", UnknownTime: policy})
				if d := l.tap(front, card(1)); d.Reason != want {
					t.Errorf("policy %d: reason %d, want %d", policy, d.Reason, want)
				}
			}
		})
	}
}

// A schedule is no end: with an old copy, who has one without a last day is staff.
func TestAScheduleIsNoEnd(t *testing.T) {
	l := newLab(t)
	l.floor = time.Now().Add(-73 * time.Hour)
	l.restart()
	l.setting(func(s *enroll.Site) { s.Zone = summer })
	l.store.Index().Apply(
		enroll.Schedule{ID: office.ID, Windows: []timetable.Window{{Days: 255, From: 0, To: 1440}}},
		enroll.Door{ID: "front", Stale: enroll.PolicyStaff},
	)
	staff, guest := l.member(), l.member()
	l.bind(staff, card(1))
	l.bind(guest, card(2))
	l.grant(enroll.Grant{Account: staff, Door: "front", Schedule: office.ID})
	l.grant(enroll.Grant{Account: guest, Door: "front", Schedule: office.ID, To: time.Now().Add(time.Hour)})
	l.expect(l.tap(front, card(1)), enroll.Granted, enroll.KnownCard)
	l.expect(l.tap(front, card(2)), enroll.Refused, enroll.StaleSnapshot)
}

// TestAGroupsRightsAreItsMembers (O6): from the moment somebody is in the group until they
// are not, and a denial of one group outweighs every right.
func TestAGroupsRightsAreItsMembers(t *testing.T) {
	l := newLab(t)
	a := l.member()
	l.bind(a, card(1))
	l.grant(enroll.Grant{Group: 300, Door: "front"})
	l.grant(enroll.Grant{Group: 2, Door: "back"})
	l.expect(l.tap(front, card(1)), enroll.Refused, enroll.NoGrant)
	l.in(a, 2, 300)
	l.expect(l.tap(front, card(1)), enroll.Granted, enroll.KnownCard)
	l.expect(l.tap(back, card(1)), enroll.Granted, enroll.KnownCard)
	l.in(a, 2)
	l.expect(l.tap(front, card(1)), enroll.Refused, enroll.NoGrant)
	l.expect(l.tap(back, card(1)), enroll.Granted, enroll.KnownCard)
	l.in(a, 2, 4, 300)
	l.grant(enroll.Grant{Account: a, Door: "front"})
	l.grant(enroll.Grant{Group: 4, Door: "front", Deny: true})
	l.expect(l.tap(front, card(1)), enroll.Refused, enroll.DeniedGrant)
	l.expect(l.tap(back, card(1)), enroll.Granted, enroll.KnownCard)
	l.in(a)
	l.expect(l.tap(front, card(1)), enroll.Granted, enroll.KnownCard)
	l.expect(l.tap(back, card(1)), enroll.Refused, enroll.NoGrant)
}
