package store

import (
	"encoding/hex"
	"fmt"

	"badged/sync/hub/access"
)

const grantColumns = `SELECT id, account, grp, door, door_group, schedule, from_at, to_at, deny FROM access_grant `

func readGrant(scan scan) (g access.Grant, err error) {
	return g, scan(idInto{&g.ID}, idInto{&g.Account}, &g.Group, &g.Door, &g.DoorGroup, &g.Schedule,
		timeInto{&g.From}, timeInto{&g.To}, flagInto{&g.Deny})
}

// Grant implements access.Grants.
func (x *tx) Grant(id access.ID) (access.Grant, error) {
	return first(x, grantColumns+`WHERE id = ?`, []any{id[:]}, readGrant)
}

// SameGrant implements access.Grants.
func (x *tx) SameGrant(g access.Grant) (access.Grant, error) {
	return first(x, grantColumns+`WHERE account = ? AND grp = ? AND door = ? AND door_group = ? AND schedule = ?
		AND from_at = ? AND to_at = ? AND deny = ?`, grantArgs(g), readGrant)
}

// grantArgs are all of a grant but its id.
func grantArgs(g access.Grant) []any {
	return []any{g.Account[:], g.Group, g.Door, g.DoorGroup, g.Schedule, millis(g.From), millis(g.To), flag(g.Deny)}
}

// PutGrant implements access.Grants.
func (x *tx) PutGrant(g access.Grant) error {
	_, err := x.exec(`INSERT INTO access_grant (account, grp, door, door_group, schedule, from_at, to_at, deny, id)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET account = excluded.account, grp = excluded.grp, door = excluded.door,
			door_group = excluded.door_group, schedule = excluded.schedule, from_at = excluded.from_at,
			to_at = excluded.to_at, deny = excluded.deny`, append(grantArgs(g), g.ID[:])...)
	x.changes.Grants[g.ID] = &g
	return err
}

// DropGrant implements access.Grants.
func (x *tx) DropGrant(id access.ID) error {
	_, err := x.exec(`DELETE FROM access_grant WHERE id = ?`, id[:])
	x.changes.Grants[id] = nil
	return err
}

// ListGrants implements access.Grants.
func (x *tx) ListGrants(q access.GrantQuery) ([]access.Grant, string, error) {
	after, err := afterID(q.After)
	if err != nil {
		return nil, "", err
	}
	c := grantConditions(q)
	c.add("id > ?", after)
	page, err := list(x, grantColumns+c.where()+" ORDER BY id LIMIT ?", append(c.args, oneMore(q.Limit)), readGrant)
	return cut(page, q.Limit, err, func(g access.Grant) string { return hex.EncodeToString(g.ID[:]) })
}

// grantConditions lets the database search by the index of the first filter that is set, in
// the order in which they leave the fewest grants: an expression has no index.
func grantConditions(q access.GrantQuery) (c conditions) {
	pick := func(set bool, indexed, compared string, arg any) {
		switch {
		case !set:
		case len(c.terms) == 0:
			c.add(indexed, arg)
		default:
			c.add(compared, arg)
		}
	}
	pick(q.Account != (access.ID{}), "account = ?", "", q.Account[:])
	pick(q.Group != 0, "grp = ? AND grp > 0", "grp + 0 = ?", q.Group)
	pick(q.Schedule != 0, "schedule = ? AND schedule > 0", "schedule + 0 = ?", q.Schedule)
	pick(q.DoorGroup != "", "door_group = ? AND door_group <> ''", "door_group || '' = ?", q.DoorGroup)
	pick(q.Door != "", "door = ? AND door <> ''", "door || '' = ?", q.Door)
	return c
}

// holders are the two ways to those who have a grant for a door: its own, and its group's.
// Each reads no more of its index than the answer may have.
const (
	groupHolders = `SELECT DISTINCT grp FROM access_grant WHERE %s = ? AND %[1]s <> '' AND deny = 0 AND account = ? AND grp > 0`
	holders      = `SELECT account FROM (SELECT DISTINCT account FROM access_grant WHERE %s = ? AND %[1]s <> '' AND deny = 0
		AND account > ? ORDER BY account LIMIT ?) AS of_%[1]s`
)

var (
	sqlGroupHolders = fmt.Sprintf(groupHolders, "door") + " UNION " + fmt.Sprintf(groupHolders, "door_group") + " ORDER BY grp"
	sqlHolders      = fmt.Sprintf(holders, "door") + " UNION " + fmt.Sprintf(holders, "door_group") + " ORDER BY account LIMIT ?"
)

// nobody is the account of grants that are of a group.
var nobody access.ID

// GroupsWithGrant implements access.Grants.
func (x *tx) GroupsWithGrant(d access.Door) ([]uint64, error) {
	return list(x, sqlGroupHolders, []any{d.Name, nobody[:], d.Group, nobody[:]},
		func(scan scan) (n uint64, err error) { return n, scan(&n) })
}

// AccountsWithGrant implements access.Grants.
func (x *tx) AccountsWithGrant(d access.Door, after []byte, limit int) ([]access.ID, error) {
	if len(after) == 0 {
		after = nobody[:]
	}
	return list(x, sqlHolders, []any{d.Name, after, limit, d.Group, after, limit, limit}, readID)
}
