package store

import (
	"errors"

	"badged/sync/hub/people"
)

const groupColumns = `SELECT id, name FROM grp `

var groupList = named[people.CountedGroup]{
	list: "group", from: "grp g", columns: ofGroup, ref: "g.name_key", read: readCountedGroup,
	refOf: func(g people.CountedGroup) string { return people.NameKey(g.Name) },
	orders: map[people.Order]listing{
		people.ByName:    {by: []string{"g.name_key"}, kinds: "t"},
		people.ByCreated: {by: []string{"g.id"}, kinds: "n", desc: true},
	},
}

const ofGroup = `g.id, g.name, (SELECT count(*) FROM member m WHERE m.grp = g.id)`

func readCountedGroup(scan scan) (g people.CountedGroup, err error) {
	return g, scan(&g.ID, &g.Name, &g.Members)
}

// ListGroups implements people.Lists.
func (x *tx) ListGroups(q people.Listing) ([]people.CountedGroup, string, error) {
	return groupList.page(x, q, conditions{})
}

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
	if err := x.putName(groupList.list, people.NameKey(name), name); err != nil {
		return g, err
	}
	return g, x.one(`INSERT INTO grp (name, name_key) VALUES (?, ?) RETURNING id`, []any{name, people.NameKey(name)}, &g.ID)
}

// PutGroup implements people.Groups.
func (x *tx) PutGroup(g people.Group) error {
	if err := x.checkGroupName(g); err != nil {
		return err
	}
	if err := x.dropGroupName(g.ID); err != nil {
		return err
	}
	if err := x.putName(groupList.list, people.NameKey(g.Name), g.Name); err != nil {
		return err
	}
	_, err := x.exec(`UPDATE grp SET name = ?, name_key = ? WHERE id = ?`, g.Name, people.NameKey(g.Name), g.ID)
	return err
}

func (x *tx) dropGroupName(id uint64) error {
	g, err := x.Group(id)
	if errors.Is(err, people.ErrNotFound) {
		return nil
	}
	return errors.Join(err, x.dropName(groupList.list, people.NameKey(g.Name)))
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
	if err := x.dropGroupName(id); err != nil {
		return err
	}
	_, err = x.exec(`DELETE FROM grp WHERE id = ?`, id)
	return err
}

func readID(scan scan) (id people.ID, err error) { return id, scan(idInto{&id}) }

// EachGroup implements people.Groups.
func (x *tx) EachGroup(fn func(g people.Group, members int) error) error {
	return collect(x, `SELECT `+ofGroup+` FROM grp g ORDER BY g.name_key`, nil, readCountedGroup,
		func(g people.CountedGroup) error { return fn(g.Group, g.Members) })
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
