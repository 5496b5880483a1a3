package access_test

import (
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/publish"
	"badged/sync/wire"
)

// addGrant is AddGrant without what it gives.
func addGrant(n access.NewGrant) func(access.Tx) error {
	return func(tx access.Tx) error {
		_, _, err := access.AddGrant(tx, n)
		return err
	}
}

func (s site) group(name string, members ...people.Account) people.Group {
	s.t.Helper()
	return get(s, func(tx access.Tx) (people.Group, error) {
		g, err := tx.AddGroup(name)
		for _, a := range members {
			if err == nil {
				err = tx.SetMember(g.ID, a.ID, true)
			}
		}
		return g, err
	})
}

// rows counts the rows of grants that terminals copy.
func (s site) rows() (n int) {
	s.t.Helper()
	err := s.Read(s.t.Context(), func(tx fleet.Tx) error {
		return tx.RowsAfter(wire.Grants, "", nil, 1000, func(publish.Row) error {
			n++
			return nil
		})
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// Issue 8, 4: the same grant twice is one; one that differs is another.
func TestTheSameGrantTwiceIsOne(t *testing.T) {
	s := newSite(t)
	s.door("front")
	s.person("Ada Byron")
	n := access.NewGrant{Account: "Ada Byron", Door: "front", To: s.now.Add(time.Hour)}
	first := s.grant(n)
	s.do(func(tx access.Tx) error {
		n.To = n.To.In(time.FixedZone("there", 3600)).Add(time.Microsecond)
		again, made, err := access.AddGrant(tx, n)
		if made || again != first {
			t.Errorf("%+v, made %v, want %+v", again, made, first)
		}
		return err
	})
	n.To = n.To.Add(time.Hour)
	if other := s.grant(n); other.ID == first.ID {
		t.Error("another end is the same grant")
	}
	n.Deny = true
	s.grant(n)
	equal(t, "audit", s.actions(people.HexID(first.ID)), []string{"grant.add"})
}

// S2.21, S4.06: a door card is never anonymous, and an application opens nothing. Whoever is
// kept out needs no name.
func TestWhoCanGetAGrant(t *testing.T) {
	s := newSite(t)
	s.door("front")
	visitor, half, gone := s.anonymous("badge"), s.person("Madonna"), s.person("Gone Girl")
	service, ada := s.person("App One"), s.person("Ada Byron")
	s.do(func(tx access.Tx) error {
		service.Kind = people.Service
		if err := tx.PutAccount(service); err != nil {
			return err
		}
		return people.Erase(tx.Tx, gone.ID)
	})
	for code, a := range map[string]people.Account{
		access.CodeGrantService: service, access.CodeGrantOver: gone, access.CodeGrantName: half,
	} {
		fields := s.refused(code, addGrant(access.NewGrant{Account: people.HexID(a.ID), Door: "front"}))
		equal(t, code, fields["account"], any(people.HexID(a.ID)))
	}
	s.refused(access.CodeGrantName, addGrant(access.NewGrant{Account: visitor.DisplayName(), Door: "front"}))
	s.grant(access.NewGrant{Account: visitor.DisplayName(), Door: "front", Deny: true})
	s.grant(access.NewGrant{Account: people.HexID(ada.ID), Door: "front"})
}

func TestGrantsThatMakeNoSense(t *testing.T) {
	s := newSite(t)
	s.door("front")
	s.person("Ada Byron")
	s.group("Staff")
	for name, c := range map[string]struct {
		n    access.NewGrant
		code string
	}{
		"nobody":         {access.NewGrant{Door: "front"}, access.CodeGrantWho},
		"two":            {access.NewGrant{Account: "Ada Byron", Group: "Staff", Door: "front"}, access.CodeGrantWho},
		"a stranger":     {access.NewGrant{Account: "Eve Nobody", Door: "front"}, people.CodeNotFound},
		"no such group":  {access.NewGrant{Group: "Guests", Door: "front"}, people.CodeGroupNotFound},
		"nowhere":        {access.NewGrant{Account: "Ada Byron"}, access.CodeGrantWhere},
		"two places":     {access.NewGrant{Account: "Ada Byron", Door: "front", DoorGroup: "halls"}, access.CodeGrantWhere},
		"no such door":   {access.NewGrant{Account: "Ada Byron", Door: "back"}, access.CodeDoorNotFound},
		"a hostile door": {access.NewGrant{Account: "Ada Byron", Door: "\x00\xff" + strings.Repeat("x", 999)}, access.CodeDoorNotFound},
		"no such doors":  {access.NewGrant{Account: "Ada Byron", DoorGroup: "halls"}, access.CodeNoDoorGroup},
		"no such times":  {access.NewGrant{Account: "Ada Byron", Door: "front", Schedule: "week"}, access.CodeScheduleNotFound},
		"hostile times":  {access.NewGrant{Account: "Ada Byron", Door: "front", Schedule: "\x00\xff"}, access.CodeScheduleNotFound},
		"ends in 1970":   {access.NewGrant{Account: "Ada Byron", Door: "front", To: time.UnixMilli(0)}, access.CodeTime},
		"ends too late":  {access.NewGrant{Account: "Ada Byron", Door: "front", To: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, access.CodeTime},
		"begins in 1970": {access.NewGrant{Account: "Ada Byron", Door: "front", From: time.UnixMilli(-1)}, access.CodeTime},
		"ends first":     {access.NewGrant{Account: "Ada Byron", Door: "front", From: *s.now, To: *s.now}, access.CodeGrantTimes},
	} {
		t.Run(name, func(t *testing.T) { s.refused(c.code, addGrant(c.n)) })
	}
	s.refused(access.CodeGrantNotFound, func(tx access.Tx) error {
		_, err := access.RemoveGrant(tx, access.ID{1})
		return err
	})
}

// Issue 8, 4: to a person or group, door or group of doors.
func TestGrantsOfGroupsAndGroupsOfDoors(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"front", "back", "cellar"} {
		s.door(name)
	}
	into := func(door, group string) {
		t.Helper()
		s.do(func(tx access.Tx) error {
			_, err := access.SetDoor(tx, door, func(d *access.Door) { d.Group = group })
			return err
		})
	}
	into("front", "halls")
	into("back", "halls")
	s.group("Staff")
	g := s.grant(access.NewGrant{Group: "staff", DoorGroup: "halls"})
	equal(t, "grant", g, access.Grant{ID: g.ID, Group: 1, DoorGroup: "halls"})
	equal(t, "rows for two doors", s.rows(), 2)
	into("cellar", "halls")
	equal(t, "rows for three doors", s.rows(), 3)
	into("front", "others")
	equal(t, "rows after a door left", s.rows(), 2)
	s.do(func(tx access.Tx) error { return access.RemoveDoor(tx, "back") })
	equal(t, "rows after a door is gone", s.rows(), 1)
	s.do(func(tx access.Tx) error {
		_, err := access.RemoveGrant(tx, g.ID)
		return err
	})
	equal(t, "rows after the grant is gone", s.rows(), 0)
	equal(t, "audit", s.actions(people.HexID(g.ID)), []string{"grant.add", "grant.remove"})
}

// A door that gets the name of a former one begins without its grants, and a code of a door
// that is gone is not suddenly one of all doors.
func TestARemovedDoorTakesItsRightsAlong(t *testing.T) {
	s := newSite(t)
	s.door("front")
	s.door("back")
	ada, bob := s.person("Ada Byron"), s.person("Bob Mc")
	s.grant(access.NewGrant{Account: "Ada Byron", Door: "front"})
	kept := s.grant(access.NewGrant{Account: "Ada Byron", Door: "back"})
	here, both := s.claim(ada, "front"), s.claim(bob, "front", "back")
	s.do(func(tx access.Tx) error { return access.RemoveDoor(tx, "front") })
	s.door("front")
	s.do(func(tx access.Tx) error {
		left, _, err := access.ListGrants(tx, access.GrantQuery{})
		equal(t, "grants", left, []access.Grant{kept})
		return err
	})
	equal(t, "code of this door", s.claimState(here.ID), access.ClaimVoid)
	c := get(s, func(tx access.Tx) (access.Claim, error) { return tx.Claim(both.ID) })
	if c.State != access.ClaimLive || len(c.Doors) != 1 || c.Doors[0] != "back" {
		t.Errorf("code of two doors: %+v", c)
	}
	s.refused(access.CodeDoorNotFound, func(tx access.Tx) error { return access.RemoveDoor(tx, "cellar") })
	equal(t, "audit", s.actions("front"), []string{"door.set", "door.remove", "door.set"})
}

// S2.25: the last day is included, in the site's time zone, whatever the clocks do there.
func TestTheLastDayIsIncluded(t *testing.T) {
	for _, c := range []struct{ zone, day, first, end string }{
		{"Europe/Paris", "2026-12-31", "2026-12-30T23:00:00Z", "2026-12-31T23:00:00Z"},
		{"Europe/Paris", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},   // 23 hours
		{"Europe/Paris", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},   // 25 hours
		{"America/Havana", "2026-03-07", "2026-03-07T05:00:00Z", "2026-03-08T05:00:00Z"}, // the next day begins at 1:00
		{"America/Havana", "2026-03-08", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"},
		{"Pacific/Kiritimati", "2026-02-28", "2026-02-27T10:00:00Z", "2026-02-28T10:00:00Z"},
	} {
		site := access.Site{TimeZone: c.zone}
		first, err1 := site.FirstDay(c.day)
		end, err2 := site.LastDay(c.day)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		equal(t, c.zone+" "+c.day, []string{first.UTC().Format(time.RFC3339), end.UTC().Format(time.RFC3339)}, []string{c.first, c.end})
	}
	for _, day := range []string{"", "2026-02-30", "31.12.2026", "2026-12-31T00:00:00Z", "\x00"} {
		if _, err := (access.Site{TimeZone: "UTC"}).LastDay(day); err == nil {
			t.Errorf("%q is a day", day)
		}
	}
}

// A new door denies what it cannot know; what no terminal could follow is refused.
func TestDoors(t *testing.T) {
	s := newSite(t)
	set := func(name string, change func(*access.Door)) (d access.Door, err error) {
		err = s.try(func(tx access.Tx) (err error) {
			d, err = access.SetDoor(tx, name, change)
			return err
		})
		return d, err
	}
	d, err := set("front", func(*access.Door) {})
	equal(t, "new door", d, access.Door{Name: "front", UnknownTime: access.PolicyDeny, Stale: access.PolicyDeny})
	if err != nil {
		t.Fatal(err)
	}
	for seconds, good := range map[int64]bool{-1: false, 1: false, 30: false, 59: false, 0: true, 60: true, 3600: true, 1 << 33: false} {
		_, err := set("front", func(d *access.Door) { d.FreshFor = time.Duration(seconds) * time.Second })
		if good != (err == nil) {
			t.Errorf("fresh for %d seconds: %v", seconds, err)
		}
	}
	for code, change := range map[string]func(*access.Door){
		access.CodePolicy: func(d *access.Door) { d.Stale = "maybe" }, access.CodeGroupName: func(d *access.Door) { d.Group = "Halls!" },
	} {
		s.refused(code, func(tx access.Tx) error {
			_, err := access.SetDoor(tx, "front", change)
			return err
		})
	}
	if _, err := set("front", func(d *access.Door) { d.Name, d.Anonymous = "other", true }); err != nil {
		t.Error(err)
	}
	doors := get(s, access.AllDoors)
	if len(doors) != 1 || doors[0].Name != "front" || !doors[0].Anonymous {
		t.Errorf("doors %+v", doors)
	}
}

// Names of doors and of groups of doors are those that the wire takes.
func TestNamesOfDoors(t *testing.T) {
	for _, name := range []string{"front", "a", "0", "hall-2", "", "-a", "a-", "A", "é", "a b", "a.b", strings.Repeat("x", 63), strings.Repeat("x", 64), "a\x00"} {
		if got, want := access.IsName(name), wire.CheckName("door", name) == nil; got != want {
			t.Errorf("%q can name a door: %v, want %v", name, got, want)
		}
	}
}
