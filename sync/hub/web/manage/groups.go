package manage

import (
	"slices"
	"strconv"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
)

func groupValues(ids []uint64) (values []string) {
	for _, id := range ids {
		values = append(values, strconv.FormatUint(id, 10))
	}
	return values
}

// setGroups puts an account in the groups that were ticked, and out of all others.
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
		if err == nil && want != slices.Contains(had, g.ID) {
			_, err = people.SetMember(tx.Tx.Tx.Tx, g, id, want)
		}
	}
	return err
}
