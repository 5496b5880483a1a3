package people_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"badged/sync/hub/people"
)

// names lists all pages of a query; rows are named by DisplayName.
func (s site) names(q people.Query) (names []string) {
	s.t.Helper()
	for {
		var page []people.Account
		s.do(func(tx people.Tx) (err error) {
			page, q.After, err = people.List(tx, q)
			return err
		})
		if len(page) > max(q.Limit, 1) {
			s.t.Fatalf("a page of %d, and the limit is %d", len(page), q.Limit)
		}
		for _, a := range page {
			names = append(names, a.DisplayName())
		}
		if q.After == "" {
			return names
		}
	}
}

func (s site) wantNames(q people.Query, want ...string) {
	s.t.Helper()
	for q.Limit = range 4 {
		if got := s.names(q); !slices.Equal(got, want) {
			s.t.Errorf("%+v: %q, want %q", q, got, want)
		}
	}
}

func crowd(t *testing.T) site {
	s := newSite(t)
	s.add(person("Léa", "Roy", "lea@example.com"))
	s.add(person("ada", "Byron", "ada@example.com"))
	s.add(people.New{First: "Émile", Last: "Adam-Roy", State: people.Invited})
	s.add(person("Ada", "Adamson", ""))
	s.anonymous(1)
	out := s.anonymous(2)
	if err := s.setState(out.ID, people.Suspended, people.ByAdministrator); err != nil {
		t.Fatal(err)
	}
	s.merge(s.anonymous(3), s.add(person("Zoe", "Last", "")))
	return s
}

// Issue 8, 4: every list has filter, order and pages.
func TestListsHaveFilterOrderAndPages(t *testing.T) {
	s := crowd(t)
	byName := []string{"Ada Adamson", "ada Byron", "Émile Adam-Roy", "Léa Roy", "Zoe Last", "anonym1", "anonym2"}
	s.wantNames(people.Query{}, byName...)
	s.wantNames(people.Query{Order: people.ByNumber}, "anonym1", "anonym2")
	s.wantNames(people.Query{State: people.Merged}, "anonym3")
	s.wantNames(people.Query{State: people.Invited}, "Émile Adam-Roy")
	s.wantNames(people.Query{State: people.Active, Kind: people.Person}, "Ada Adamson", "ada Byron", "Léa Roy", "Zoe Last")
	s.wantNames(people.Query{Kind: people.Anonymous}, "anonym1", "anonym2")
	s.wantNames(people.Query{State: people.Suspended, Kind: people.Anonymous}, "anonym2")
	if got := s.names(people.Query{Order: people.ByCreated, Limit: 2}); len(got) != len(byName) || got[6] == got[0] {
		t.Errorf("by age: %q", got)
	}
}

// By age: the newest first.
func TestAListByAgeBeginsWithTheNewest(t *testing.T) {
	s := newSite(t)
	for i, name := range []string{"One", "Two", "Three"} {
		s.do(func(tx people.Tx) error {
			tx.Now = tx.Now.AddDate(0, 0, i)
			_, err := people.Add(tx, people.New{First: name})
			return err
		})
	}
	s.wantNames(people.Query{Order: people.ByCreated}, "Three", "Two", "One")
}

func TestSearchFindsAnyWord(t *testing.T) {
	s := crowd(t)
	for search, want := range map[string][]string{
		"ada":        {"Ada Adamson", "ada Byron", "Émile Adam-Roy"}, // each once, though some match twice
		"roy":        {"Émile Adam-Roy", "Léa Roy"},
		"LÉA":        {"Léa Roy"},
		"lea ro":     {"Léa Roy"},
		"roy adam":   {"Émile Adam-Roy"},
		"adam-roy":   {"Émile Adam-Roy"},
		"ada@exam":   {"ada Byron"},
		"anonym1":    {"anonym1"},
		"anonym3":    nil, // merged
		"lea nobody": nil,
		"...":        nil,
	} {
		for limit := range 4 {
			got := s.names(people.Query{Search: search, Limit: limit})
			slices.SortFunc(got, func(a, b string) int { return strings.Compare(people.NameKey(a), people.NameKey(b)) })
			if !slices.Equal(got, want) {
				t.Errorf("search %q in pages of %d: %q, want %q", search, limit, got, want)
			}
		}
	}
	ada := s.foundID("ada@example.com")
	s.typed(ada, "Augusta King", "")
	s.settle(ada, true)
	s.wantNames(people.Query{Search: "byron"})
	s.wantNames(people.Query{Search: "augusta"}, "Augusta King")
}

// A page may be short while more follow; no account is missed or listed twice.
func TestARareFilterGivesShortPages(t *testing.T) {
	s := newSite(t)
	s.do(func(tx people.Tx) error {
		for i := range 6000 {
			if _, err := people.Add(tx, people.New{First: fmt.Sprintf("Member%04d", i), State: people.Active}); err != nil {
				return err
			}
		}
		return nil
	})
	s.anonymous(1)
	s.do(func(tx people.Tx) error {
		page, next, err := people.List(tx, people.Query{Search: "m", Kind: people.Anonymous, Limit: 10})
		if len(page) > 0 || next == "" {
			t.Errorf("%d accounts of those that were looked at, next %q", len(page), next)
		}
		return err
	})
	if got := s.names(people.Query{Search: "m", Kind: people.Anonymous, Limit: 10}); len(got) > 0 {
		t.Errorf("found %q", got)
	}
	if got := s.names(people.Query{Search: "member00", Limit: 30}); len(got) != 100 {
		t.Errorf("found %d, want 100", len(got))
	}
}

// A list goes on where it was while rows come and go.
func TestAPageGoesOnWhereTheLastOneEnded(t *testing.T) {
	s := crowd(t)
	var first []people.Account
	var next string
	s.do(func(tx people.Tx) (err error) {
		first, next, err = people.List(tx, people.Query{Limit: 2})
		return err
	})
	s.add(person("Aaa", "First", ""))
	s.do(func(tx people.Tx) error { return people.Erase(tx, first[1].ID) })
	s.do(func(tx people.Tx) error {
		page, _, err := people.List(tx, people.Query{Limit: 2, After: next})
		if len(page) != 2 || page[0].DisplayName() != "Émile Adam-Roy" {
			t.Errorf("the second page is %+v", page)
		}
		return err
	})
}

func TestWhatAListRefuses(t *testing.T) {
	s := crowd(t)
	var next string
	s.do(func(tx people.Tx) (err error) {
		_, next, err = people.List(tx, people.Query{Limit: 2})
		return err
	})
	for q, code := range map[people.Query]string{
		{Kind: "robot"}:                           people.CodeListFilter,
		{State: "gone"}:                           people.CodeListFilter,
		{Order: "random"}:                         people.CodeListFilter,
		{Search: strings.Repeat("a", 201)}:        people.CodeListFilter,
		{Search: "a\x00"}:                         people.CodeListFilter,
		{After: "?"}:                              people.CodeListCursor,
		{After: "AAAA"}:                           people.CodeListCursor,
		{After: next, Order: people.ByCreated}:    people.CodeListCursor,
		{After: strings.Repeat("A", 30) + "////"}: people.CodeListCursor,
	} {
		s.refused(code, func(tx people.Tx) error {
			_, _, err := people.List(tx, q)
			return err
		})
	}
}

func (s site) foundID(ref string) people.ID {
	s.t.Helper()
	a, err := s.find(ref)
	if err != nil {
		s.t.Fatal(err)
	}
	return a.ID
}

func (s site) addGroup(name string) (g people.Group) {
	s.t.Helper()
	s.do(func(tx people.Tx) (err error) {
		g, err = people.AddGroup(tx, name)
		return err
	})
	return g
}

func (s site) setMember(g people.Group, account people.ID, member bool) {
	s.t.Helper()
	s.do(func(tx people.Tx) error {
		_, err := people.SetMember(tx, g, account, member)
		return err
	})
}

// Members of a group are listed by name, also after they changed it.
func TestMembersOfAGroup(t *testing.T) {
	s := crowd(t)
	staff := s.addGroup("Staff")
	for _, ref := range []string{"Zoe Last", "ada@example.com", "Léa Roy", "anonym1"} {
		s.setMember(staff, s.foundID(ref), true)
	}
	s.wantNames(people.Query{Group: staff.ID}, "ada Byron", "Léa Roy", "Zoe Last", "anonym1")
	s.wantNames(people.Query{Group: staff.ID, Search: "ada@"}, "ada Byron")
	s.wantNames(people.Query{Group: staff.ID, Kind: people.Anonymous}, "anonym1")
	s.setMember(staff, s.foundID("ada@example.com"), false)
	zoe := s.foundID("Zoe Last")
	s.typed(zoe, "Aaron", "")
	s.settle(zoe, true)
	s.wantNames(people.Query{Group: staff.ID}, "Aaron", "Léa Roy", "anonym1")
}

// A group's name is its own, whatever the case; its id is never given again.
func TestGroupsHaveTheirOwnNames(t *testing.T) {
	s := newSite(t)
	staff, club := s.addGroup(" Équipe "), s.addGroup("Club")
	ada := s.add(person("Ada", "Byron", ""))
	s.setMember(staff, ada.ID, true)
	s.setMember(staff, ada.ID, true)
	s.do(func(tx people.Tx) error {
		if g, err := people.FindGroup(tx, "equipe"); err != nil || g != staff || g.Name != "Équipe" {
			t.Errorf("found %+v (%v)", g, err)
		}
		got := ""
		err := tx.EachGroup(func(g people.Group, members int) error {
			got += fmt.Sprintf("%s %d; ", g.Name, members)
			return nil
		})
		if got != "Club 0; Équipe 1; " {
			t.Errorf("groups: %s", got)
		}
		return err
	})
	s.refused(people.CodeGroupTaken, func(tx people.Tx) error {
		_, err := people.AddGroup(tx, "ÉQUIPE")
		return err
	})
	s.refused(people.CodeGroupTaken, func(tx people.Tx) error {
		_, err := people.RenameGroup(tx, club, "equipe")
		return err
	})
	s.do(func(tx people.Tx) error { return people.RemoveGroup(tx, staff) })
	s.refused(people.CodeGroupNotFound, func(tx people.Tx) error {
		_, err := people.FindGroup(tx, "Équipe")
		return err
	})
	if again := s.addGroup("Équipe"); again.ID <= club.ID {
		t.Errorf("the id %d was given again", again.ID)
	}
	for _, name := range []string{"", " ", "...", "a\u202eb", strings.Repeat("a", 101)} {
		s.refused(people.CodeGroupName, func(tx people.Tx) error {
			_, err := people.AddGroup(tx, name)
			return err
		})
	}
	if got := s.lines(); !slices.Equal(got, []string{"group.add", "group.add", "account.add", "group.join", "group.remove", "group.add"}) {
		t.Errorf("the log has %q", got)
	}
}

// Groups go with a merge; an account that is erased leaves them.
func TestGroupsFollowTheirMembers(t *testing.T) {
	s := newSite(t)
	visitor, ada, club := s.anonymous(1), s.add(person("Ada", "Byron", "")), s.addGroup("Club")
	s.setMember(club, visitor.ID, true)
	s.merge(visitor, ada)
	s.wantNames(people.Query{Group: club.ID}, "Ada Byron")
	s.do(func(tx people.Tx) error { return people.Erase(tx, ada.ID) })
	s.do(func(tx people.Tx) error {
		return tx.EachGroup(func(g people.Group, members int) error {
			if members != 0 {
				t.Errorf("%d members are left", members)
			}
			return nil
		})
	})
}
