package access

import (
	"slices"

	"badged/sync/hub/people"
)

// rightsOf gives the grants of an account and of its groups that have not ended.
func rightsOf(tx Tx, a people.Account) (grants []Grant, err error) {
	add := func(q GrantQuery) error {
		q.Limit = largestPage
		page, _, err := tx.ListGrants(q)
		for _, g := range page {
			if g.To.IsZero() || g.To.After(tx.Now) {
				grants = append(grants, g)
			}
		}
		return err
	}
	if err := add(GrantQuery{Account: a.ID}); err != nil {
		return nil, err
	}
	groups, err := tx.GroupsOf(a.ID)
	for _, g := range groups {
		if err == nil {
			err = add(GrantQuery{Group: g})
		}
	}
	return grants, err
}

// opens reports whether grants let somebody through a door, at some time. Deny wins.
func opens(grants []Grant, d Door) bool {
	is := func(deny bool) func(Grant) bool {
		return func(g Grant) bool {
			here := g.Door == d.Name || g.DoorGroup != "" && g.DoorGroup == d.Group
			return here && g.Deny == deny && (!deny || g.Schedule == 0)
		}
	}
	return slices.ContainsFunc(grants, is(false)) && !slices.ContainsFunc(grants, is(true))
}

// closedDoors gives the doors of a scope that an account has no right to. In the scope of
// all doors, one right is enough.
func closedDoors(tx Tx, a people.Account, scope []string) ([]string, error) {
	grants, err := rightsOf(tx, a)
	if err != nil {
		return nil, err
	}
	if !a.IsNamed() {
		grants = nil // suspended until it has both names
	}
	var closed []string
	open := false
	err = tx.EachDoor(func(d Door) error {
		switch {
		case opens(grants, d):
			open = true
		case len(scope) == 0 || slices.Contains(scope, d.Name):
			closed = append(closed, d.Name)
		}
		return nil
	})
	if open && len(scope) == 0 {
		closed = nil
	}
	return closed, err
}

// DoorRight is a door that somebody may use, and when.
type DoorRight struct {
	Door      string
	Schedules []Schedule // in any of them; none: at any hour
}

// DoorsOf gives the doors that an account may use with a card, by name. rests tells that
// rights wait, because the account has not both a first and a last name.
func DoorsOf(tx Tx, a people.Account) (doors []DoorRight, rests bool, err error) {
	grants, err := rightsOf(tx, a)
	if err != nil || len(grants) == 0 {
		return nil, false, err
	}
	schedules := make(map[uint64]Schedule)
	err = tx.EachSchedule(func(s Schedule) error {
		schedules[s.ID] = s
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	err = tx.EachDoor(func(d Door) error {
		if opens(grants, d) {
			doors = append(doors, DoorRight{d.Name, hoursAt(grants, d, schedules)})
		}
		return nil
	})
	if !a.IsNamed() {
		return nil, len(doors) > 0, err
	}
	return doors, false, err
}

// hoursAt are the schedules of the grants for a door; none: one of them is for any hour.
func hoursAt(grants []Grant, d Door, schedules map[uint64]Schedule) (hours []Schedule) {
	for _, g := range grants {
		if g.Deny || g.Door != d.Name && (g.DoorGroup == "" || g.DoorGroup != d.Group) {
			continue
		}
		if g.Schedule == 0 {
			return nil
		}
		hours = append(hours, schedules[g.Schedule])
	}
	return hours
}
