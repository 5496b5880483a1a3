package store

import (
	"errors"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/people"
)

const (
	doorColumns = `SELECT ` + ofDoor + ` FROM door d `
	ofDoor      = `d.name, d.grp, d.anonymous, d.unknown_time, d.fresh_for, d.stale`
)

var doorList = named[access.Door]{
	list: "door", from: "door d", columns: ofDoor, ref: "d.name", read: readDoor, refOf: func(d access.Door) string { return d.Name },
	orders: map[people.Order]listing{
		people.ByName:  {by: []string{"d.name"}, kinds: "t"},
		people.ByGroup: {by: []string{"d.grp", "d.name"}, kinds: "tt"},
	},
}

// ListDoors implements access.Lists.
func (x *tx) ListDoors(q access.DoorQuery) ([]access.Door, string, error) {
	var of conditions
	if q.Group != "" {
		of.add("d.grp = ?", q.Group)
	}
	return doorList.page(x, q.Listing, of)
}

func readDoor(scan scan) (d access.Door, err error) {
	var fresh int64
	err = scan(&d.Name, &d.Group, flagInto{&d.Anonymous}, &d.UnknownTime, &fresh, &d.Stale)
	d.FreshFor = time.Duration(fresh) * time.Millisecond
	return d, err
}

// DoorGroupNames implements access.Lists. It jumps in the index from group to group.
func (x *tx) DoorGroupNames(limit int) ([]string, error) {
	query := `WITH RECURSIVE named (grp) AS (
			SELECT min(d.grp) FROM door d WHERE d.grp > ''
			UNION ALL SELECT (SELECT min(d.grp) FROM door d WHERE d.grp > named.grp) FROM named WHERE named.grp IS NOT NULL
		) SELECT grp FROM named WHERE grp IS NOT NULL LIMIT ?`
	return list(x, query, []any{limit}, func(scan scan) (name string, err error) { return name, scan(&name) })
}

// Door implements access.Doors.
func (x *tx) Door(name string) (access.Door, error) {
	return first(x, doorColumns+`WHERE name = ?`, []any{name}, readDoor)
}

// PutDoor implements access.Doors.
func (x *tx) PutDoor(d access.Door) error {
	if err := x.noteDoor(d.Name, d.Group); err != nil {
		return err
	}
	_, err := x.exec(`INSERT INTO door (name, grp, anonymous, unknown_time, fresh_for, stale) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET grp = excluded.grp, anonymous = excluded.anonymous,
			unknown_time = excluded.unknown_time, fresh_for = excluded.fresh_for, stale = excluded.stale`,
		d.Name, d.Group, flag(d.Anonymous), string(d.UnknownTime), d.FreshFor.Milliseconds(), string(d.Stale))
	x.changes.Doors[d.Name] = &d
	return errors.Join(err, x.putName(doorList.list, d.Name, d.Name))
}

// noteDoor notes the groups that a door leaves and comes into: their grants follow.
func (x *tx) noteDoor(name, group string) error {
	old, err := x.Door(name)
	if err != nil && !errors.Is(err, people.ErrNotFound) {
		return err
	}
	for _, g := range []string{old.Group, group} {
		if old.Group != group && g != "" {
			x.changes.DoorGroups[g] = true
		}
	}
	return nil
}

// DropDoor implements access.Doors.
func (x *tx) DropDoor(name string) error {
	if err := x.noteDoor(name, ""); err != nil {
		return err
	}
	_, err := x.exec(`DELETE FROM door WHERE name = ?`, name)
	x.changes.Doors[name] = nil
	return errors.Join(err, x.dropName(doorList.list, name))
}

// EachDoor implements access.Doors.
func (x *tx) EachDoor(fn func(access.Door) error) error {
	return collect(x, doorColumns+`ORDER BY d.name`, nil, readDoor, fn)
}
