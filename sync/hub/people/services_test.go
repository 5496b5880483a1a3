package people_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

func (s site) offer(fr, en string) (o people.Offer) {
	s.t.Helper()
	s.do(func(tx people.Tx) (err error) {
		o, err = people.AddOffer(tx, people.Offer{Kind: people.CopyService, French: fr, English: en})
		return err
	})
	return o
}

func (s site) assign(o people.Offer, to people.Assignee) {
	s.t.Helper()
	s.do(func(tx people.Tx) error { _, err := people.AssignOffer(tx, o.ID, to, true); return err })
}

// sees are the services that an account sees.
func (s site) sees(id people.ID) string {
	s.t.Helper()
	var names []string
	s.do(func(tx people.Tx) error {
		a, err := tx.Account(id)
		if err != nil {
			return err
		}
		offers, err := people.OffersFor(tx, a)
		for _, o := range offers {
			names = append(names, o.English)
		}
		return err
	})
	return strings.Join(names, ", ")
}

// S5.03: role «Utilisateur» sees only services that are assigned to it, of its own or by a
// group, and «Admin» sees all.
func TestAUserSeesOnlyAssignedServices(t *testing.T) {
	s := newSite(t)
	boss, ada, eve := s.add(administrator("ann")), s.add(person("Ada", "Byron", "")), s.add(person("Eve", "Roy", ""))
	printing, copies, scans := s.offer("Impression", "Printing"), s.offer("Copie", "Copies"), s.offer("Numérisation", "Scans")
	s.do(func(tx people.Tx) error {
		_, err := people.ChangeOffer(tx, printing.ID, func(o *people.Offer) { o.Everyone = true })
		return err
	})
	var staff people.Group
	s.do(func(tx people.Tx) (err error) {
		if staff, err = people.AddGroup(tx, "Staff"); err == nil {
			_, err = people.SetMember(tx, staff, eve.ID, true)
		}
		return err
	})
	s.assign(copies, people.Assignee{Account: ada.ID})
	s.assign(scans, people.Assignee{Group: staff.ID})
	want := func(when string, of map[people.ID]string) {
		t.Helper()
		for id, names := range of {
			if got := s.sees(id); got != names {
				t.Errorf("%s: %s sees %q, want %q", when, people.ShortID(id), got, names)
			}
		}
	}
	want("assigned", map[people.ID]string{boss.ID: "Printing, Copies, Scans", ada.ID: "Printing, Copies", eve.ID: "Printing, Scans"})
	s.do(func(tx people.Tx) error { _, err := people.SetMember(tx, staff, eve.ID, false); return err })
	s.do(func(tx people.Tx) error {
		_, err := people.AssignOffer(tx, copies.ID, people.Assignee{Account: ada.ID}, false)
		return err
	})
	want("taken back", map[people.ID]string{ada.ID: "Printing", eve.ID: "Printing"})
	service := people.Account{Kind: people.Service, State: people.Active, Role: people.User}
	s.do(func(tx people.Tx) error {
		offers, err := people.OffersFor(tx, service)
		if len(offers) > 0 {
			t.Errorf("an application sees %v", offers)
		}
		return err
	})
}

// S5.04: what the organisation does not have cannot be assigned, and the refusal lists what
// it has.
func TestWhatTheOrganisationLacksCannotBeAssigned(t *testing.T) {
	s := newSite(t)
	ada := s.add(person("Ada", "Byron", ""))
	copies := s.offer("Copie", "Copies")
	give := func(offer uint64, to people.Assignee) func(people.Tx) error {
		return func(tx people.Tx) error { _, err := people.AssignOffer(tx, offer, to, true); return err }
	}
	refused := s.refused(people.CodeServiceNotFound, give(copies.ID+1, people.Assignee{Account: ada.ID}))
	if names := fmt.Sprint(refused.Fields["services"]); names != "[Copies]" {
		t.Errorf("the refusal lists %s", names)
	}
	s.do(func(tx people.Tx) error { return people.RemoveOffer(tx, copies) })
	s.refused(people.CodeServiceNotFound, give(copies.ID, people.Assignee{Account: ada.ID}))
	if again := s.offer("Copie", "Copies"); again.ID == copies.ID {
		t.Error("the number of a removed service was given again")
	}
	s.refused(people.CodeNotFound, give(copies.ID+1, people.Assignee{Account: people.ID{9}}))
}

// Services go with the person: a merge takes them along, an erasure and the end of a group
// take them away, and a line tells each.
func TestServicesGoWithThePerson(t *testing.T) {
	s := newSite(t)
	anon, ada := s.anonymous(1), s.add(person("Ada", "Byron", ""))
	copies := s.offer("Copie", "Copies")
	s.assign(copies, people.Assignee{Account: anon.ID})
	s.merge(anon, ada)
	if got := s.sees(ada.ID); got != "Copies" {
		t.Errorf("after the merge she sees %q", got)
	}
	var staff people.Group
	s.do(func(tx people.Tx) (err error) { staff, err = people.AddGroup(tx, "Staff"); return err })
	s.assign(copies, people.Assignee{Group: staff.ID})
	s.do(func(tx people.Tx) error { return people.Erase(tx, ada.ID) })
	s.do(func(tx people.Tx) error { return people.RemoveGroup(tx, staff) })
	s.do(func(tx people.Tx) error {
		left, err := tx.Assignees(copies.ID, people.Assignee{}, 10)
		if len(left) > 0 {
			t.Errorf("still assigned to %v", left)
		}
		return err
	})
	lines := s.lines()
	for _, action := range []string{"service.add", "service.give"} {
		if !slices.Contains(lines, action) {
			t.Errorf("no line %s in %v", action, lines)
		}
	}
}

// A name of a service is one in both languages, so that an operator never means two.
func TestNamesOfServices(t *testing.T) {
	s := newSite(t)
	s.offer("Copie", "Copies")
	for _, c := range []struct {
		o    people.Offer
		code string
	}{
		{people.Offer{Kind: "coffee", French: "Café", English: "Coffee"}, people.CodeServiceKind},
		{people.Offer{Kind: people.CopyService, French: "", English: "x"}, people.CodeServiceName},
		{people.Offer{Kind: people.CopyService, French: "a\u202eb", English: "x"}, people.CodeServiceName},
		{people.Offer{Kind: people.CopyService, French: strings.Repeat("a", 61), English: "x"}, people.CodeServiceName},
		{people.Offer{Kind: people.CopyService, French: "Autre", English: "COPIE"}, people.CodeServiceTaken},
		{people.Offer{Kind: people.LinkService, French: "Lien", English: "Link"}, people.CodeServiceLink},
		{people.Offer{Kind: people.LinkService, French: "Lien", English: "Link", Link: "javascript:alert(1)"}, people.CodeServiceLink},
		{people.Offer{Kind: people.LinkService, French: "Lien", English: "Link", Link: "https://u:p@example.com"}, people.CodeServiceLink},
		{people.Offer{Kind: people.CopyService, French: "Lien", English: "Link", Link: "https://example.com"}, people.CodeServiceLink},
	} {
		s.refused(c.code, func(tx people.Tx) error { _, err := people.AddOffer(tx, c.o); return err })
	}
	for i := range 63 {
		s.offer(fmt.Sprint("Service ", i), fmt.Sprint("Offer ", i))
	}
	err := s.try(func(tx people.Tx) error {
		_, err := people.AddOffer(tx, people.Offer{Kind: people.ScanService, French: "Un de trop", English: "One too many"})
		return err
	})
	if refusal.Code(err) != people.CodeServicesMany {
		t.Errorf("the 65th service: %v", err)
	}
}
