package store

import (
	"errors"

	"badged/sync/hub/people"
)

const groupColumns = `SELECT id, name FROM grp `

func readGroup(scan scan) (g people.Group, err error) { return g, scan(&g.ID, &g.Name) }

// Group implements people.Groups.
func (x *tx) Group(id uint64) (people.Group, error) {
	return first(x, groupColumns+`WHERE id = ?`, []any{id}, readGroup)
}

// GroupByName implements people.Groups.
func (x *tx) GroupByName(name string) (people.Group, error) {
	return first(x, groupColumns+`WHERE name_key = ?`, []any{people.NameKey(name)}, readGroup)
}

// AddGroup implements people.Groups.
func (x *tx) AddGroup(name string) (g people.Group, err error) {
	if err := x.checkGroupName(people.Group{Name: name}); err != nil {
		return g, err
	}
	g.Name = name
	return g, x.one(`INSERT INTO grp (name, name_key) VALUES (?, ?) RETURNING id`, []any{name, people.NameKey(name)}, &g.ID)
}

// PutGroup implements people.Groups.
func (x *tx) PutGroup(g people.Group) error {
	if err := x.checkGroupName(g); err != nil {
		return err
	}
	_, err := x.exec(`UPDATE grp SET name = ?, name_key = ? WHERE id = ?`, g.Name, people.NameKey(g.Name), g.ID)
	return err
}

func (x *tx) checkGroupName(g people.Group) error {
	other, err := x.GroupByName(g.Name)
	switch {
	case errors.Is(err, people.ErrNotFound):
		return nil
	case err == nil && other.ID != g.ID:
		return people.ErrTaken
	}
	return err
}

// DropGroup implements people.Groups. Rows of its members change with it.
func (x *tx) DropGroup(id uint64) error {
	members, err := list(x, `DELETE FROM member WHERE grp = ? RETURNING account`, []any{id}, readID)
	if err != nil {
		return err
	}
	for _, account := range members {
		x.changes.Members[account] = true
	}
	offers, err := list(x, `DELETE FROM assignment WHERE account = ? AND grp = ? RETURNING offer`, []any{make([]byte, 16), id},
		func(scan scan) (n uint64, err error) { return n, scan(&n) })
	if err != nil {
		return err
	}
	for _, offer := range offers {
		x.changes.ServicesOf[offer] = true
	}
	_, err = x.exec(`DELETE FROM grp WHERE id = ?`, id)
	return err
}

func readID(scan scan) (id people.ID, err error) { return id, scan(idInto{&id}) }

// EachGroup implements people.Groups.
func (x *tx) EachGroup(fn func(g people.Group, members int) error) error {
	type row struct {
		people.Group
		members int
	}
	read := func(scan scan) (r row, err error) { return r, scan(&r.ID, &r.Name, &r.members) }
	query := `SELECT id, name, (SELECT count(*) FROM member WHERE grp = grp.id) FROM grp ORDER BY name_key`
	return collect(x, query, nil, read, func(r row) error { return fn(r.Group, r.members) })
}

const (
	sqlLeaveGroup = `DELETE FROM member WHERE grp = ? AND account = ?`
	sqlJoinGroup  = `INSERT INTO member (grp, account, name_key) SELECT CAST(? AS BIGINT), id, name_key FROM account WHERE id = ?
		ON CONFLICT (grp, account) DO NOTHING`
	sqlGroupsOf = `SELECT grp FROM member WHERE account = ? ORDER BY grp`
)

// SetMember implements people.Groups.
func (x *tx) SetMember(group uint64, account people.ID, member bool) error {
	query := sqlLeaveGroup
	if member {
		query = sqlJoinGroup
	}
	n, err := x.exec(query, group, account[:])
	if n > 0 {
		x.changes.Members[account] = true
	}
	return err
}

// GivesDoors implements people.DoorGroups.
func (x *tx) GivesDoors(group uint64) (bool, error) {
	one, err := list(x, `SELECT id FROM access_grant WHERE grp = ? AND grp > 0 LIMIT 1`, []any{group}, readID)
	return len(one) > 0, err
}

// GroupsOf implements people.Groups.
func (x *tx) GroupsOf(account people.ID) ([]uint64, error) {
	return list(x, sqlGroupsOf, []any{account[:]},
		func(scan scan) (n uint64, err error) { return n, scan(&n) })
}
