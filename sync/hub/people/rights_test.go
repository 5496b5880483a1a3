package people_test

import (
	"context"
	"slices"
	"testing"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// as runs a command that an account makes on the web, and gives the code of its refusal.
func (s site) as(a people.Account, fn func(people.Tx) error) string {
	s.t.Helper()
	by := audit.Actor{Kind: audit.Account, ID: people.HexID(a.ID), Via: "web"}
	err := s.Write(context.Background(), by, func(tx fleet.Tx) error { return fn(tx.Tx.Tx.Tx) })
	if err != nil && refusal.Code(err) == "" {
		s.t.Fatal(err)
	}
	return refusal.Code(err)
}

func (s site) allow(a people.Account, rights ...people.Right) people.Account {
	s.t.Helper()
	for _, r := range rights {
		s.do(func(tx people.Tx) (err error) {
			a, err = people.SetRight(tx, a.ID, r, true)
			return err
		})
	}
	return a
}

func administrator(first string) people.New {
	n := person(first, "Boss", first+"@example.com")
	n.Role = people.Admin
	return n
}

// S5.03, S4.01: roles user and admin, and a right for each area beside them: an
// administrator may manage all, somebody else what they were given, and nobody who cannot
// log in anything.
func TestAnAccountMayManageWhatItWasGiven(t *testing.T) {
	s := newSite(t)
	boss := s.add(administrator("ann"))
	desk := s.allow(s.add(person("Dee", "Desk", "dee@example.com")), people.ManageMembers, people.ManageCards)
	for _, right := range people.AllRights {
		if !people.Allows(boss, right) {
			t.Errorf("an administrator may not manage %s", right)
		}
		if given := right == people.ManageMembers || right == people.ManageCards; people.Allows(s.account(desk.ID), right) != given {
			t.Errorf("the desk and %s: want %v", right, given)
		}
	}
	s.do(func(tx people.Tx) (err error) {
		desk, err = people.SetRight(tx, desk.ID, people.ManageMembers, false)
		return err
	})
	if people.Allows(s.account(desk.ID), people.ManageMembers) || !people.Allows(s.account(desk.ID), people.ManageCards) {
		t.Errorf("after one right was taken: %v", desk.Rights)
	}
	if err := s.setState(desk.ID, people.Suspended, people.ByAdministrator); err != nil {
		t.Fatal(err)
	}
	if people.Allows(s.account(desk.ID), people.ManageCards) {
		t.Error("a suspended account may still manage cards")
	}
	s.do(func(tx people.Tx) error {
		all, err := tx.Managers(10)
		if len(all) != 2 || !slices.ContainsFunc(all, func(a people.Account) bool { return a.ID == desk.ID }) {
			t.Errorf("who may manage: %+v", all)
		}
		return err
	})
	for _, action := range []string{"account.rights"} {
		if n := len(slices.DeleteFunc(s.lines(), func(a string) bool { return a != action })); n != 3 {
			t.Errorf("%d lines %s, want 3", n, action)
		}
	}
	right := func(id people.ID, r people.Right) func(people.Tx) error {
		return func(tx people.Tx) error { _, err := people.SetRight(tx, id, r, true); return err }
	}
	s.refused(people.CodeRightUnknown, right(boss.ID, "everything"))
	s.refused(people.CodeRightEmail, right(s.add(person("No", "Mail", "")).ID, people.ManageCards))
	s.refused(people.CodeRightKind, right(s.anonymous(1).ID, people.ManageCards))
	s.refused(people.CodeRightEmail, func(tx people.Tx) error {
		none := ""
		_, err := people.Change(tx, desk.ID, people.Changes{Email: &none})
		return err
	})
}

// S3.01, S5.01: whoever may manage members only reaches no other right by it: neither by
// appointing themselves, nor through an administrator's e-mail, state, merge or erasure.
func TestARightToMembersLeadsToNoOther(t *testing.T) {
	s := newSite(t)
	boss, other := s.add(administrator("ann")), s.add(administrator("bea"))
	desk := s.allow(s.add(person("Dee", "Desk", "dee@example.com")), people.ManageMembers)
	doors := s.allow(s.add(person("Don", "Doors", "don@example.com")), people.ManageDoors)
	friend := s.add(person("Fay", "Friend", "fay@example.com"))
	admin, stolen := people.Admin, "stolen@example.com"
	for what, fn := range map[string]func(people.Tx) error{
		"become an administrator": func(tx people.Tx) error {
			_, err := people.Change(tx, desk.ID, people.Changes{Role: &admin})
			return err
		},
		"take a right": func(tx people.Tx) error { _, err := people.SetRight(tx, desk.ID, people.ManageAudit, true); return err },
		"give a right": func(tx people.Tx) error {
			_, err := people.SetRight(tx, friend.ID, people.ManageAudit, true)
			return err
		},
		"make an administrator": func(tx people.Tx) error { _, err := people.Add(tx, administrator("eve")); return err },
		"move an administrator's e-mail": func(tx people.Tx) error {
			_, err := people.Change(tx, boss.ID, people.Changes{Email: &stolen})
			return err
		},
		"move the e-mail of another right": func(tx people.Tx) error {
			_, err := people.Change(tx, doors.ID, people.Changes{Email: &stolen})
			return err
		},
		"suspend an administrator": func(tx people.Tx) error {
			_, err := people.SetState(tx, boss.ID, people.Suspended, people.ByAdministrator)
			return err
		},
		"erase an administrator":      func(tx people.Tx) error { return people.Erase(tx, other.ID) },
		"merge an administrator":      func(tx people.Tx) error { _, err := people.Merge(tx, other.ID, friend.ID); return err },
		"merge into an administrator": func(tx people.Tx) error { _, err := people.Merge(tx, friend.ID, other.ID); return err },
	} {
		if code := s.as(desk, fn); code != people.CodeAdminOnly {
			t.Errorf("%s: %q, want %s", what, code, people.CodeAdminOnly)
		}
	}
	if code := s.as(people.Account{ID: people.ID{9}}, func(tx people.Tx) error {
		_, err := people.Change(tx, boss.ID, people.Changes{Email: &stolen})
		return err
	}); code != people.CodeAdminOnly {
		t.Errorf("an actor that is nobody: %q", code)
	}
	// What its right is for, and one's own name, go on.
	last := "King"
	for what, id := range map[string]people.ID{"another": friend.ID, "oneself": desk.ID} {
		if code := s.as(desk, func(tx people.Tx) error {
			_, err := people.Change(tx, id, people.Changes{Last: &last})
			return err
		}); code != "" {
			t.Errorf("rename %s: %q", what, code)
		}
	}
	if code := s.as(boss, func(tx people.Tx) error {
		_, err := people.SetRight(tx, friend.ID, people.ManageAudit, true)
		return err
	}); code != "" {
		t.Errorf("an administrator gives a right: %q", code)
	}
}
