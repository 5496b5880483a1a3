//go:build browser

package doors_test

import (
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/people"
	"badged/sync/hub/web/webtest"
	"badged/sync/wire"
)

// furnish gives the stand what its pages show.
func furnish(s *stand) (ada people.Account) {
	for _, name := range []string{"front", "workshop-north", "lab"} {
		s.do(func(tx access.Tx) error {
			_, err := access.SetDoor(tx, name, func(d *access.Door) { d.Group = map[bool]string{true: "inner"}[name == "lab"] })
			return err
		})
	}
	ada = s.person("Ada Byron")
	long := s.person("Maximilienne-Alexandrine de La Rochefoucauld-Montmorency")
	s.person("Ada Byron")
	bob := s.AddPerson(people.New{First: "Bob", Last: "Babbage", Email: "bob@example.org"})
	s.group("Personnel", ada, long, bob)
	s.group("Prestataires de l’étage 2", bob)
	for i, a := range []people.Account{ada, long, bob} {
		s.give(a, string(rune('1'+i)))
	}
	s.do(func(tx access.Tx) error {
		office := []access.Window{{Days: 31, From: 8 * 60, To: 18*60 + 30}, {Days: 32, From: 9 * 60, To: 12 * 60}}
		if _, err := access.AddSchedule(tx, access.Schedule{Name: "Bureau", Windows: office}); err != nil {
			return err
		}
		if _, err := access.SetHoliday(tx, "2026-12-25", "Noël"); err != nil {
			return err
		}
		if _, err := access.GiveCard(tx, access.Gift{Card: s.cardID("9"), To: people.HexID(ada.ID), Until: s.Now().Add(48 * time.Hour)}); err != nil {
			return err
		}
		return tx.AddConflict(access.Conflict{Card: s.cardID("2"), Account: long.ID, Other: bob.ID, Terminal: "hall-printer", Why: access.ConflictBoundTwice, At: s.Now()})
	})
	s.grant(access.NewGrant{Group: "Personnel", Door: "front", Schedule: "Bureau", To: s.Now().AddDate(1, 0, 0)})
	s.grant(access.NewGrant{Account: people.HexID(long.ID), DoorGroup: "inner", Deny: true})
	s.grant(access.NewGrant{Account: people.HexID(long.ID), Door: "front", To: s.Now().Add(-time.Hour)})
	s.happens("front-box", s.Now().Add(-90*time.Minute), wire.Event{Kind: wire.EventDevice, Device: "front-badge", Reason: wire.ReasonDeviceDown, Why: "silent"})
	s.happens("front-box", s.Now().Add(-time.Hour), s.tapped(ada, "1", "front", wire.OutcomeGranted, wire.ReasonKnownCard))
	s.happens("front-box", s.Now().Add(-30*time.Minute), wire.Event{Kind: wire.EventDoor, Point: "front", Reason: wire.ReasonDoorForced})
	s.happens("front-box", s.Now().Add(-20*time.Minute), s.tapped(long, "2", "lab", wire.OutcomeRefused, wire.ReasonDeniedGrant))
	s.happens("hall-printer", s.Now().Add(-10*time.Minute), s.tapped(people.Account{}, "77", "hall-printer", wire.OutcomeRefused, wire.ReasonUnknownCard))
	s.happens("hall-printer", s.Now(), s.tapped(people.Account{}, "77", "print-2", wire.OutcomeRefused, wire.ReasonRouteOff))
	return ada
}

// Each page with nothing in it, as a person sees it on the first day.
func TestLooksOfEmptyPages(t *testing.T) {
	s := newStand(t)
	c := s.Screen(t)
	b := s.AsAdmin()
	for name, path := range map[string]string{
		"cards-none": "/g/cartes", "unknown-none": "/g/cartes/inconnues", "contested-none": "/g/cartes/contestees", "doors-none": "/g/portes",
		"grants-none": "/g/droits", "grant-nodoor": "/g/droits/nouveau", "groups-none": "/g/groupes", "schedules-none": "/g/horaires",
		"holidays-none": "/g/horaires/feries", "events-none": "/g/evenements", "presence-none": "/g/rapports/presence", "unused-none": "/g/rapports/inutilisees",
	} {
		c.Looks(t, name, b, func() *webtest.Page { return b.Open(path).Is(200) })
	}
}

// Each page of cards, doors, rights and events, as a person sees it.
func TestLooks(t *testing.T) {
	s := newStand(t)
	ada := furnish(s)
	c := s.Screen(t)
	b := s.AsAdmin()
	card := "/g/cartes/" + s.ref("1")
	for name, path := range map[string]string{
		"cards": "/g/cartes", "unknown": "/g/cartes/inconnues", "gift": "/g/cartes/" + s.ref("77") + "/attribuer", "contested": "/g/cartes/contestees",
		"conflict": "/g/cartes/" + s.ref("2") + "/resoudre", "card": card, "card-revoke": card + "/revoquer", "card-free": card + "/liberer",
		"doors": "/g/portes", "door": "/g/portes/front", "door-new": "/g/portes/nouvelle", "door-remove": "/g/portes/front/supprimer", "who": "/g/portes/front/qui",
		"if": "/g/portes/front/si", "if-answer": "/g/portes/front/si?compte=" + people.HexID(ada.ID) + "&jour=2027-01-04&heure=12:00",
		"if-shut": "/g/portes/lab/si?compte=" + people.HexID(ada.ID) + "&jour=2027-01-04&heure=22:00",
		"grants":  "/g/droits", "grant-new": "/g/droits/nouveau", "groups": "/g/groupes", "group": "/g/groupes/1", "group-remove": "/g/groupes/1/supprimer",
		"schedules": "/g/horaires", "schedule": "/g/horaires/1", "schedule-new": "/g/horaires/nouveau", "holidays": "/g/horaires/feries", "doors-nothing": "/g/portes?q=nobody&groupe=inner",
		"member-now": "/g/membres/" + people.HexID(ada.ID) + "/portes/maintenant", "events": "/g/evenements", "events-nothing": "/g/evenements?issue=faulty", "reports": "/g/rapports", "presence": "/g/rapports/presence",
	} {
		c.Looks(t, name, b, func() *webtest.Page { return b.Open(path).Is(200) })
	}
	c.Looks(t, "if-several", b, func() *webtest.Page { return b.Open("/g/portes/front/si?personne=Ada+Byron").Is(422) })
	c.Looks(t, "gift-wrong", b, func() *webtest.Page {
		return b.Open("/g/cartes/"+s.ref("77")+"/attribuer").Fill("personne", "Ada Byron").Fill("jusqua", "2001-01-01").Press(map[string]string{"fr": "Attribuer", "en": "Give"}[b.Lang]).Is(422)
	})
}
