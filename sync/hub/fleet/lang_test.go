package fleet_test

import (
	"slices"
	"testing"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// Who comes by an unknown badge joins the groups of that route.
func TestANewAccountJoinsTheGroupsOfItsRoute(t *testing.T) {
	w := newWorld(t, t.TempDir())
	x := printing(w, "hall")
	var group people.Group
	w.do(func(tx fleet.Tx) (err error) {
		group, err = people.AddGroup(tx.Tx.Tx.Tx, "Guests")
		return err
	})
	w.set("unknown_badge_groups", "Guests")
	e := x.newAccount("1", 1)
	x.report(e)
	w.must(w.read(func(tx fleet.Tx) error {
		groups, err := tx.GroupsOf(fleet.ID(e.Account))
		if !slices.Equal(groups, []uint64{group.ID}) {
			t.Errorf("its groups are %v", groups)
		}
		return err
	}))
}

// S1.31: a new account has the language that its panel spoke; without one, or with one that
// nobody speaks, the site's.
func TestS131_ANewAccountHasThePanelsLanguage(t *testing.T) {
	w := newWorld(t, t.TempDir())
	x := printing(w, "hall")
	for number, c := range map[string]struct {
		edit *wire.Edit
		want string
	}{
		"1": {&wire.Edit{Lang: "en"}, "en"}, "2": {&wire.Edit{}, "fr"}, "3": {nil, "fr"}, "4": {&wire.Edit{Lang: "<script>"}, "fr"},
	} {
		e := x.newAccount(number, 0)
		e.Edit = c.edit
		x.report(e)
		if a := w.accounts()[[16]byte(e.Account)]; a.Lang != c.want || a.First != "" {
			t.Errorf("%+v makes an account that speaks %q, want %q", c.edit, a.Lang, c.want)
		}
	}
}
