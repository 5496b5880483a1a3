package people_test

import (
	"testing"
	"time"

	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// PEOPLE §2: states follow one table of arrows with their causes; active never goes back to
// created.
func TestStatesFollowTheArrows(t *testing.T) {
	allowed := map[[2]people.State]bool{
		{people.Created, people.Invited}: true, {people.Created, people.Active}: true, {people.Created, people.Suspended}: true,
		{people.Invited, people.Active}: true, {people.Invited, people.Suspended}: true,
		{people.Active, people.Suspended}: true, {people.Suspended, people.Active}: true,
	}
	states := []people.State{people.Created, people.Invited, people.Active, people.Suspended}
	s := newSite(t)
	for _, from := range states {
		for _, to := range append(states, people.Merged, people.Erased, "gone") {
			a := s.inState(from)
			err := s.setState(a.ID, to, people.ByAdministrator)
			want := from == to || allowed[[2]people.State{from, to}]
			if is := s.account(a.ID).State; want != (err == nil) || want && is != to || !want && is != from {
				t.Errorf("%s to %s: %v, now %s", from, to, err, is)
			}
		}
	}
}

// inState is a new account in a state.
func (s site) inState(state people.State) people.Account {
	s.t.Helper()
	if state != people.Suspended {
		return s.add(people.New{First: "Ada", State: state})
	}
	a := s.add(people.New{First: "Ada", State: people.Active})
	s.do(func(tx people.Tx) error {
		_, err := people.SetState(tx, a.ID, people.Suspended, people.ByAdministrator)
		return err
	})
	return a
}

func (s site) setState(id people.ID, to people.State, cause people.Cause) error {
	return s.try(func(tx people.Tx) error {
		_, err := people.SetState(tx, id, to, cause)
		return err
	})
}

// A link activates an account, and does nothing else.
func TestALinkOnlyActivates(t *testing.T) {
	s := newSite(t)
	a := s.add(people.New{First: "Ada", State: people.Invited})
	if err := s.setState(a.ID, people.Suspended, people.ByLink); refusal.Code(err) != people.CodeStateArrow {
		t.Errorf("a link suspends: %v", err)
	}
	if err := s.setState(a.ID, people.Active, people.ByLink); err != nil {
		t.Error(err)
	}
}

func admin(email string) people.New {
	n := person("Ada", "Byron", email)
	n.Role = people.Admin
	return n
}

// addAdmin makes an administrator who can log in.
func (s site) addAdmin(email string) people.Account {
	s.t.Helper()
	return s.withPassword(s.add(admin(email)))
}

func (s site) withPassword(a people.Account) people.Account {
	s.t.Helper()
	s.do(func(tx people.Tx) error { return people.SetPassword(tx, a.ID, "$argon2id$...") })
	return a
}

// S5.01: PEOPLE §2: the last active administrator with a way to log in cannot go.
func TestTheLastAdministratorStays(t *testing.T) {
	for name, change := range map[string]func(people.Tx, people.Account) error{
		"suspended": func(tx people.Tx, a people.Account) error {
			_, err := people.SetState(tx, a.ID, people.Suspended, people.ByAdministrator)
			return err
		},
		"merged": func(tx people.Tx, a people.Account) error {
			other, err := people.Add(tx, person("Eve", "", ""))
			if err == nil {
				_, err = people.Merge(tx, a.ID, other.ID)
			}
			return err
		},
		"demoted": func(tx people.Tx, a people.Account) error {
			role := people.User
			_, err := people.Change(tx, a.ID, people.Changes{Role: &role})
			return err
		},
		"ending": func(tx people.Tx, a people.Account) error {
			end := tx.Now.Add(time.Hour)
			_, err := people.Change(tx, a.ID, people.Changes{Expires: &end})
			return err
		},
		"erased": func(tx people.Tx, a people.Account) error { return people.Erase(tx, a.ID) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			a := s.addAdmin("ada@example.com")
			s.add(admin("no-password@example.com")) // has no way to log in
			waiting := admin("waiting@example.com")
			waiting.State = people.Invited // cannot log in yet
			s.add(waiting)
			s.refused(people.CodeLastAdmin, func(tx people.Tx) error { return change(tx, a) })
			s.addAdmin("eve@example.com")
			s.do(func(tx people.Tx) error { return change(tx, a) })
		})
	}
}

// S5.01: an administrator who has an end already can be changed otherwise, and get a later end.
func TestTheEndOfTheLastAdministratorComesNoSooner(t *testing.T) {
	s := newSite(t)
	n := admin("ada@example.com")
	n.Expires = time.UnixMilli(4e12).UTC()
	a := s.withPassword(s.add(n))
	s.change(a.ID, people.Changes{First: ptr("Augusta")})
	s.change(a.ID, people.Changes{Expires: ptr(n.Expires.Add(time.Hour))})
	s.change(a.ID, people.Changes{Expires: new(time.Time)})
	s.refused(people.CodeLastAdmin, func(tx people.Tx) error {
		_, err := people.Change(tx, a.ID, people.Changes{Expires: &n.Expires})
		return err
	})
}

// Two demotions at once cannot both win.
func TestTwoAdministratorsCannotGoAtOnce(t *testing.T) {
	for range 10 {
		s := newSite(t)
		pair := []people.Account{s.addAdmin("ada@example.com"), s.addAdmin("eve@example.com")}
		results := make(chan error)
		for _, a := range pair {
			go func() { results <- s.setState(a.ID, people.Suspended, people.ByAdministrator) }()
		}
		err1, err2 := <-results, <-results
		if (err1 == nil) == (err2 == nil) {
			t.Fatalf("both or none of the last two administrators went: %v, %v", err1, err2)
		}
	}
}
