package manage

import (
	"slices"
	"strconv"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/hub/web/page"
)

func groupValues(ids []uint64) (values []string) {
	for _, id := range ids {
		values = append(values, strconv.FormatUint(id, 10))
	}
	return values
}

// groupOptions are the groups in which the person who asks may put others: to be in one that
// gives doors is a right at doors.
func groupOptions(r *page.Request, tx fleet.Tx) (out []page.Option, err error) {
	all, err := page.GroupOptions(tx)
	for _, o := range all {
		if err != nil {
			return nil, err
		}
		var gives bool
		id, _ := strconv.ParseUint(o.Value, 10, 64) // as GroupOptions writes it
		if gives, err = tx.GivesDoors(id); !gives || r.May(page.Doors) {
			out = append(out, o)
		}
	}
	return out, err
}

// setGroups puts an account in the groups that were ticked, and out of all others but those
// that the form does not offer, as they need another right.
func setGroups(tx fleet.Tx, id people.ID, ticked []string) error {
	had, err := tx.GroupsOf(id)
	if err != nil {
		return err
	}
	var all []people.Group
	err = tx.EachGroup(func(g people.Group, _ int) error {
		all = append(all, g)
		return nil
	})
	for _, g := range all {
		want := slices.Contains(ticked, strconv.FormatUint(g.ID, 10))
		if err != nil || want == slices.Contains(had, g.ID) {
			continue
		}
		_, err = people.SetMember(tx.Tx.Tx.Tx, g, id, want)
		if !want && refusal.Code(err) == people.CodeRightNeeded {
			err = nil
		}
	}
	return err
}
