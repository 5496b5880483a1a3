package access

import (
	"slices"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// shortestFresh is how long a door must trust its copy at least. Its terminal asks the hub
// three times within that, so that one lost message shuts nobody out.
const shortestFresh = time.Minute

// longestFresh keeps a door's time within what its terminal can count.
const longestFresh = 10 * 366 * 24 * time.Hour

// IsName reports whether s can name a door or a group of doors: 1 to 63 lower-case letters,
// digits and inner dashes, so that it can stand in a configuration and an address.
func IsName(s string) bool {
	if len(s) < 1 || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, r := range s {
		if r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return true
}

// SetDoor makes a door, or changes the settings that it has, as change says. A new one
// denies when it is stale or the time is unknown.
func SetDoor(tx Tx, name string, change func(*Door)) (Door, error) {
	if !IsName(name) {
		return Door{}, refuse(refusal.Invalid, CodeDoorName, refusal.Fields{"name": clip(name)})
	}
	old, found, err := doorOrNone(tx, name)
	if err != nil {
		return Door{}, err
	}
	d := old
	if !found {
		d = Door{Name: name, UnknownTime: PolicyDeny, Stale: PolicyDeny}
	}
	change(&d)
	d.Name = name
	if err := checkDoor(d); err != nil {
		return Door{}, err
	}
	if found && d == old {
		return d, nil
	}
	if err := tx.PutDoor(d); err != nil {
		return Door{}, err
	}
	line := audit.Change{Action: "door.set", Object: name, After: d}
	if found {
		line.Before = old
	}
	return d, tx.Record(line)
}

func doorOrNone(tx Tx, name string) (d Door, found bool, err error) {
	d, err = tx.Door(name)
	found, err = isFound(err)
	return d, found, err
}

// checkDoor refuses settings of a door that no terminal could follow, and a time that would
// shut members out of a door which is connected.
func checkDoor(d Door) error {
	if d.Group != "" && !IsName(d.Group) {
		return refuse(refusal.Invalid, CodeGroupName, refusal.Fields{"name": clip(d.Group)})
	}
	policies := []Policy{PolicyDeny, PolicyStaff, PolicyAllow}
	for _, p := range []Policy{d.UnknownTime, d.Stale} {
		if !slices.Contains(policies, p) {
			return refuse(refusal.Invalid, CodePolicy, refusal.Fields{"policy": clip(string(p)), "choices": policies})
		}
	}
	if d.FreshFor != 0 && (d.FreshFor < shortestFresh || d.FreshFor > longestFresh || d.FreshFor%time.Second != 0) {
		return refuse(refusal.Invalid, CodeFreshFor, refusal.Fields{
			"min": int64(shortestFresh / time.Second), "max": int64(longestFresh / time.Second),
		})
	}
	return nil
}

// FindDoor finds a door by its name.
func FindDoor(tx Tx, name string) (Door, error) {
	if !IsName(name) {
		return Door{}, refuse(refusal.Missing, CodeDoorNotFound, refusal.Fields{"door": clip(name)})
	}
	d, err := tx.Door(name)
	return d, orMissing(err, CodeDoorNotFound, "door", name)
}

// AllDoors gives all doors, by name.
func AllDoors(tx Tx) (doors []Door, err error) {
	err = tx.EachDoor(func(d Door) error {
		doors = append(doors, d)
		return nil
	})
	return doors, err
}

// ListDoors gives a page of doors by name or by group, and the cursor of the next one.
func ListDoors(tx Tx, q DoorQuery) ([]Door, string, error) {
	if q.Group != "" && !IsName(q.Group) {
		return nil, "", refuse(refusal.Invalid, CodeGroupName, refusal.Fields{"name": clip(q.Group)})
	}
	return people.ListBy(q.Listing, func(l people.Listing) ([]Door, string, error) {
		q.Listing = l
		return tx.ListDoors(q)
	}, people.ByName, people.ByGroup)
}

// RemoveDoor removes a door with the grants that name it: a door that gets the same name
// later begins without them. Codes that work at this door alone end, others lose it.
func RemoveDoor(tx Tx, name string) error {
	d, err := FindDoor(tx, name)
	if err != nil {
		return err
	}
	if err := dropGrants(tx, GrantQuery{Door: name}); err != nil {
		return err
	}
	if err := narrowClaims(tx, name); err != nil {
		return err
	}
	if err := tx.DropDoor(name); err != nil {
		return err
	}
	return tx.Record(audit.Change{Action: "door.remove", Object: name, Before: d})
}

// narrowClaims takes a door out of the live claims. No doors would mean all doors, so a
// claim of that one door ends.
func narrowClaims(tx Tx, door string) error {
	live, err := LiveClaims(tx)
	if err != nil {
		return err
	}
	for _, c := range live {
		if !slices.Contains(c.Doors, door) {
			continue
		}
		if len(c.Doors) == 1 {
			err = endClaim(tx, c, ClaimVoid, "door removed")
		} else {
			c.Doors = slices.DeleteFunc(slices.Clone(c.Doors), func(d string) bool { return d == door })
			err = tx.PutClaim(c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
