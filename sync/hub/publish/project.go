package publish

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"badged/sync/hub/access"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// Project writes the rows that follow from the changes of a transaction. It is the one
// place that decides what of the domain travels.
func Project(tx Tx, c *Changes) error {
	for _, step := range []func(Tx, *Changes) error{
		projectDoors, projectSchedules, includeMembers, projectAccounts, projectCards, projectClaims, projectGrants, projectPINs, projectServices, projectOffers, projectSettings,
	} {
		if err := step(tx, c); err != nil {
			return err
		}
	}
	return nil
}

// putRow writes the row of a value.
func putRow(tx Tx, c wire.Collection, key []byte, row any) error {
	body, err := wire.Marshal(row)
	if err != nil {
		return fmt.Errorf("write a row of %s: %w", c, err)
	}
	return tx.PutRow(c, "", key, body)
}

func dropRow(tx Tx, c wire.Collection, key []byte) error { return tx.PutRow(c, "", key, nil) }

// projectEach writes the row of each value that changed, and ends the row of one that was
// dropped, or that has none: then row gives nil.
func projectEach[K comparable, V any](tx Tx, c wire.Collection, changed map[K]*V, key func(K) []byte, row func(V) any) error {
	for id, v := range changed {
		var is any
		if v != nil {
			is = row(*v)
		}
		var err error
		if is == nil {
			err = dropRow(tx, c, key(id))
		} else {
			err = putRow(tx, c, key(id), is)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func idKey(id ID) []byte { return id[:] }

func doorKey(name string) []byte { return []byte(name) }

// projectDoors also rewrites the grants to a group of doors that a door came into or left.
func projectDoors(tx Tx, c *Changes) error {
	err := projectEach(tx, wire.Doors, c.Doors, doorKey, func(d access.Door) any { return doorRow(d) })
	if err != nil {
		return err
	}
	for group := range c.DoorGroups {
		if err := includeGrants(tx, c, access.GrantQuery{DoorGroup: group}); err != nil {
			return err
		}
	}
	return nil
}

// includeGrants adds the chosen grants to the changes, so that their rows are rewritten.
func includeGrants(tx Tx, c *Changes, q access.GrantQuery) error {
	for q.Limit = 500; ; {
		page, next, err := tx.ListGrants(q)
		if err != nil {
			return err
		}
		for _, g := range page {
			if _, changed := c.Grants[g.ID]; !changed {
				c.Grants[g.ID] = &g
			}
		}
		if q.After = next; next == "" {
			return nil
		}
	}
}

func projectSchedules(tx Tx, c *Changes) error {
	err := projectEach(tx, wire.Schedules, c.Schedules, wire.NumberKey, func(s access.Schedule) any { return scheduleRow(s) })
	if err != nil || !c.Holidays {
		return err
	}
	days := wire.Holidays{Days: []string{}}
	err = tx.EachHoliday(func(h access.Holiday) error {
		days.Days = append(days.Days, h.Day)
		return nil
	})
	if err != nil {
		return err
	}
	return putRow(tx, wire.Schedules, []byte(wire.HolidaysKey), days)
}

// includeMembers adds the accounts whose groups changed to the changes.
func includeMembers(tx Tx, c *Changes) error {
	for id := range c.Members {
		if _, changed := c.Accounts[id]; changed {
			continue
		}
		a, err := tx.Account(id)
		if errors.Is(err, people.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		c.Accounts[id] = &a
	}
	return nil
}

// projectAccounts also rewrites the grants of each account: they hold only while it has a
// first and a last name.
func projectAccounts(tx Tx, c *Changes) error {
	for id, a := range c.Accounts {
		if a == nil {
			if err := dropRow(tx, wire.Accounts, id[:]); err != nil {
				return err
			}
			continue
		}
		groups, err := tx.GroupsOf(id)
		if err != nil {
			return err
		}
		if err := putRow(tx, wire.Accounts, id[:], accountRow(*a, groups)); err != nil {
			return err
		}
		if err := includeGrants(tx, c, access.GrantQuery{Account: id}); err != nil {
			return err
		}
	}
	return nil
}

func projectCards(tx Tx, c *Changes) error {
	return projectEach(tx, wire.Cards, c.Cards, idKey, func(k access.Card) any { return cardRow(k) })
}

// projectClaims ends the rows of claims that nobody can use any more.
func projectClaims(tx Tx, c *Changes) error {
	return projectEach(tx, wire.Claims, c.Claims, idKey, func(k access.Claim) any {
		if !k.Shown {
			return nil
		}
		return claimRow(k)
	})
}

func projectPINs(tx Tx, c *Changes) error {
	return projectEach(tx, wire.PINs, c.PINs, idKey, func(p access.PIN) any { return pinRow(p) })
}

// projectGrants writes a row for each door of a grant.
func projectGrants(tx Tx, c *Changes) error {
	if len(c.Grants) == 0 {
		return nil
	}
	doors, err := allDoors(tx, c)
	if err != nil {
		return err
	}
	for id, g := range c.Grants {
		given, err := isGiven(tx, g)
		if err != nil {
			return err
		}
		for _, d := range doors {
			key := grantKey(id, d.Name)
			if given && (g.Door == d.Name || g.DoorGroup != "" && g.DoorGroup == d.Group) {
				err = putRow(tx, wire.Grants, key, grantRow(*g, d.Name))
			} else {
				err = dropRow(tx, wire.Grants, key)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// allDoors are the doors that there are, and those that were just dropped.
func allDoors(tx Tx, c *Changes) (doors []access.Door, err error) {
	for name, d := range c.Doors {
		if d == nil {
			doors = append(doors, access.Door{Name: name})
		}
	}
	err = tx.EachDoor(func(d access.Door) error {
		doors = append(doors, d)
		return nil
	})
	return doors, err
}

// isGiven reports whether a grant has an effect. One that denies always has; another needs
// an account with a first and a last name.
func isGiven(tx Tx, g *access.Grant) (bool, error) {
	if g == nil || g.Account == (ID{}) || g.Deny {
		return g != nil, nil
	}
	a, err := tx.Account(g.Account)
	if errors.Is(err, people.ErrNotFound) {
		return false, nil
	}
	return a.IsNamed(), err
}

// grantKey is the key of a grant's row for one door.
func grantKey(id ID, door string) []byte {
	sum := sha256.Sum256(append(id[:], door...))
	return sum[:len(id)]
}

func projectSettings(tx Tx, c *Changes) error {
	if !c.Settings {
		return nil
	}
	return Settings(tx)
}

// Settings writes the row of the settings, which also changes with time: it tells the
// clocks of years to come.
func Settings(tx Tx) error {
	s, err := access.Settings(tx.Tx)
	if err != nil {
		return err
	}
	claiming, err := access.ReadClaiming(tx.Tx)
	if err != nil {
		return err
	}
	pinLength, err := access.PINLength(tx.Tx)
	if err != nil {
		return err
	}
	return putRow(tx, wire.Config, []byte(wire.SiteKey), siteRow(s, claiming, pinLength, tx.Now))
}
