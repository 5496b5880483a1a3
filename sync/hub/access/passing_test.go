package access_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"badged/internal/passage"
	"badged/sync/hub/access"
	"badged/sync/hub/people"
)

func (s site) give(a people.Account, number string) {
	s.t.Helper()
	s.do(func(tx access.Tx) error {
		_, err := access.GiveCard(tx, access.Gift{Card: s.key.Card(number), To: people.HexID(a.ID)})
		return err
	})
}

// moment is the present, at a terminal that is connected.
func (s site) moment() passage.Moment {
	return passage.Moment{At: *s.now, Known: true, Heard: *s.now}
}

func (s site) attempt(a people.Account, door string, at passage.Moment) access.Passing {
	s.t.Helper()
	return get(s, func(tx access.Tx) (access.Passing, error) { return access.TryDoor(tx, people.HexID(a.ID), door, at) })
}

// TestO10_WhatIfSomebodyCame (O10): the answer names the reason, the card and the grant that
// decides.
func TestO10_WhatIfSomebodyCame(t *testing.T) {
	s := newSite(t)
	s.set("time_zone", "Europe/Paris")
	s.door("front")
	ada := s.person("Ada Byron")
	s.group("staff", ada)
	office := get(s, func(tx access.Tx) (access.Schedule, error) {
		return access.AddSchedule(tx, access.Schedule{Name: "office", Windows: []access.Window{{Days: 31, From: 8 * 60, To: 18 * 60}}})
	})
	g := s.grant(access.NewGrant{Group: "staff", Door: "front", Schedule: office.Name})
	want := func(about string, p access.Passing, why passage.Reason, grant access.ID, passes bool) {
		t.Helper()
		if p.Reason != why || p.Grant.ID != grant || p.Passes() != passes || p.Account.ID != ada.ID {
			t.Errorf("%s: %s by %x, passes %v; want %s by %x, %v", about, p.Reason, p.Grant.ID, p.Passes(), why, grant, passes)
		}
	}
	want("she has no card", s.attempt(ada, "front", s.moment()), passage.KnownCard, g.ID, false)
	s.give(ada, "1")
	want("at 11 in Paris", s.attempt(ada, "front", s.moment()), passage.KnownCard, g.ID, true)
	evening := s.moment()
	evening.At = time.Date(2026, 3, 4, 17, 30, 0, 0, time.UTC) // 18:30 there
	want("in the evening", s.attempt(ada, "front", evening), passage.OutOfHours, g.ID, false)
	s.do(func(tx access.Tx) error { _, err := access.SetHoliday(tx, "2026-03-04", "feast"); return err })
	want("on a holiday", s.attempt(ada, "front", s.moment()), passage.OutOfHours, g.ID, false)
	own := s.grant(access.NewGrant{Account: people.HexID(ada.ID), Door: "front"})
	want("with a right of her own", s.attempt(ada, "front", s.moment()), passage.KnownCard, own.ID, true)
	lost := get(s, func(tx access.Tx) (access.Card, error) {
		return access.SetCardState(tx, people.HexID(s.key.Card("1")), access.CardLost, "")
	})
	if p := s.attempt(ada, "front", s.moment()); p.Reason != passage.BindingInactive || p.Card != lost.ID {
		t.Errorf("with a lost card: %s by card %x", p.Reason, p.Card)
	}
	s.give(ada, "2")
	if p := s.attempt(ada, "front", s.moment()); !p.Passes() || p.Card != s.key.Card("2") {
		t.Errorf("with another card: %s by card %x", p.Reason, p.Card)
	}
	s.refused(access.CodeDoorNotFound, func(tx access.Tx) error { _, err := access.TryDoor(tx, "Ada Byron", "back", s.moment()); return err })
	s.refused(people.CodeNotFound, func(tx access.Tx) error { _, err := access.TryDoor(tx, "Bob Byron", "front", s.moment()); return err })
}

// TestS221_RightsRestWithoutBothNames (S2.21, O10): the answer says that they wait for a
// name, and what denies does not wait.
func TestS221_RightsRestWithoutBothNames(t *testing.T) {
	s := newSite(t)
	s.door("front")
	ada := s.person("Ada Byron")
	s.give(ada, "1")
	s.group("staff", ada)
	s.grant(access.NewGrant{Group: "staff", Door: "front"})
	empty := ""
	s.do(func(tx access.Tx) error {
		_, err := people.Change(tx.Tx, ada.ID, people.Changes{Last: &empty})
		return err
	})
	if p := s.attempt(ada, "front", s.moment()); p.Reason != passage.NoGrant || !p.Rests {
		t.Errorf("%s, rests %v", p.Reason, p.Rests)
	}
	s.grant(access.NewGrant{Account: people.HexID(ada.ID), Door: "front", Deny: true})
	if p := s.attempt(ada, "front", s.moment()); p.Reason != passage.DeniedGrant {
		t.Errorf("%s", p.Reason)
	}
}

// all goes through the pages of those with a right.
func (s site) all(door string, q access.WhoQuery) (names []string, pages int) {
	s.t.Helper()
	for more := true; more; more = q.After != "" {
		s.do(func(tx access.Tx) error {
			page, next, err := access.WhoMayPass(tx, door, s.moment(), q)
			for _, p := range page {
				names = append(names, fmt.Sprintf("%s %s", p.Account.First, p.Reason))
			}
			if len(page) > q.Limit {
				s.t.Errorf("a page of %d", len(page))
			}
			q.After = next
			return err
		})
		if pages++; pages > 100 {
			s.t.Fatal("the pages have no end")
		}
	}
	return names, pages
}

// TestO10_WhoCanOpenADoor (O10): everybody with a right, each once, however many ways the
// right has; with what would happen now.
func TestO10_WhoCanOpenADoor(t *testing.T) {
	s := newSite(t)
	s.do(func(tx access.Tx) error {
		_, err := access.SetDoor(tx, "front", func(d *access.Door) { d.Group = "outer" })
		return err
	})
	s.door("lab")
	ada, bob, cleo, dora, eve := s.person("Ada A"), s.person("Bob B"), s.person("Cleo C"), s.person("Dora D"), s.person("Eve E")
	for i, a := range []people.Account{ada, bob, cleo, dora, eve} {
		s.give(a, fmt.Sprint(i))
	}
	s.group("staff", ada, bob)
	s.group("club", bob, cleo)
	s.group("barred", cleo, eve)
	s.grant(access.NewGrant{Group: "staff", Door: "front"})
	s.grant(access.NewGrant{Group: "club", DoorGroup: "outer"})
	s.grant(access.NewGrant{Group: "club", Door: "lab"})
	s.grant(access.NewGrant{Group: "barred", Door: "front", Deny: true})
	for _, n := range []access.NewGrant{{Door: "front"}, {DoorGroup: "outer"}} {
		n.Account = people.HexID(bob.ID)
		s.grant(n)
		n.Account, n.To = people.HexID(dora.ID), s.now.Add(-time.Hour)
		s.grant(n)
	}
	want := []string{"Ada known_card", "Bob known_card", "Cleo denied_grant", "Dora no_grant"}
	for limit := 1; limit < 7; limit++ {
		got, pages := s.all("front", access.WhoQuery{Limit: limit})
		if !slices.Equal(got, want) || pages > 6 {
			t.Errorf("by %d: %v in %d pages, want %v", limit, got, pages, want)
		}
	}
	if got, _ := s.all("front", access.WhoQuery{Limit: 1, Passing: true}); !slices.Equal(got, want[:2]) {
		t.Errorf("those who pass: %v", got)
	}
	if got, _ := s.all("lab", access.WhoQuery{Limit: 10}); !slices.Equal(got, []string{"Bob known_card", "Cleo known_card"}) {
		t.Errorf("at the lab: %v", got)
	}
}

// TestACursorOfAnotherListIsRefused: of those with a right, whatever it looks like.
func TestACursorOfAnotherListIsRefused(t *testing.T) {
	s := newSite(t)
	s.door("front")
	ada := s.person("Ada A")
	s.group("staff", ada)
	s.grant(access.NewGrant{Group: "staff", Door: "front"})
	for _, cursor := range []string{"x", "g", "g1", "g1.x", "gx.", "ax", "a00", "a" + people.HexID(ada.ID)[1:]} {
		s.refused(access.CodeCursor, func(tx access.Tx) error {
			_, _, err := access.WhoMayPass(tx, "front", s.moment(), access.WhoQuery{After: cursor})
			return err
		})
	}
}

// TestOnePageAsksABoundedNumber: grants of accounts that are gone, which nobody may pass
// with, do not make one page walk through all of them.
func TestOnePageAsksABoundedNumber(t *testing.T) {
	s := newSite(t)
	s.door("front")
	ada := s.person("Ada A")
	s.do(func(tx access.Tx) error {
		for i := range 1200 {
			g := access.Grant{ID: access.ID{1, byte(i >> 8), byte(i)}, Account: access.ID{1, byte(i >> 8), byte(i)}, Door: "front"}
			if err := tx.PutGrant(g); err != nil {
				return err
			}
		}
		return tx.PutGrant(access.Grant{ID: access.ID{2}, Account: ada.ID, Door: "front"})
	})
	got, pages := s.all("front", access.WhoQuery{Limit: 1000})
	if !slices.Equal(got, []string{"Ada known_card"}) || pages < 3 {
		t.Errorf("%v in %d pages", got, pages)
	}
}
