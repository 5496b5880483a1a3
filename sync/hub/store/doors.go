package store

import (
	"errors"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/people"
)

const doorColumns = `SELECT name, grp, anonymous, unknown_time, fresh_for, stale FROM door `

func readDoor(scan scan) (d access.Door, err error) {
	var fresh int64
	err = scan(&d.Name, &d.Group, flagInto{&d.Anonymous}, &d.UnknownTime, &fresh, &d.Stale)
	d.FreshFor = time.Duration(fresh) * time.Millisecond
	return d, err
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
	return err
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
	return err
}

// EachDoor implements access.Doors.
func (x *tx) EachDoor(fn func(access.Door) error) error {
	return collect(x, doorColumns+`ORDER BY name`, nil, readDoor, fn)
}
