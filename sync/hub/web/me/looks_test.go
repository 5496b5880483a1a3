//go:build browser

package me_test

import (
	"errors"
	"testing"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/webtest"
	"badged/sync/wire"
)

// words are the buttons on the way, in both languages.
var words = map[string][2]string{
	"fr": {"Je confirme avoir une carte en ma possession", "Ma carte n’a pas de code QR"},
	"en": {"I confirm that I have a card at hand", "My card has no QR code"},
}

// The card first, then the phone.
func TestLooksOfATap(t *testing.T) {
	s := newStand(t)
	c := s.Screen(t)
	s.access(func(tx access.Tx) error {
		_, err := access.ChangeSettings(tx, map[string]string{"claim_window": "300"})
		return err
	})
	ada := s.ada()
	b := s.As(ada)
	s.reports("1111", "front", wire.ReasonAwaitCode, s.Now())
	look := func(name, path string) { c.Looks(t, name, b, func() *webtest.Page { return b.Open(path).Is(200) }) }
	look("me-tap-1", "/moi/carte")
	step := b.Open("/moi/carte").Press(words["fr"][0]).Path
	s.reports("1111", "front", wire.ReasonAwaitCode, s.Now())
	look("me-tap-2", step)
	b.Open(step).Press(yes)
	s.reports("1111", "front", wire.ReasonAwaitCode, s.Now())
	look("me-tap-3", step)
}

// Each page of a member's space, as a person sees it.
func TestLooksOfMySpace(t *testing.T) {
	s := newStand(t)
	c := s.Screen(t)
	s.fillDoors()
	ada := s.ada()
	b := s.As(ada)
	open := func(path string) func() *webtest.Page { return func() *webtest.Page { return b.Open(path).Is(200) } }
	look := func(name, path string) { c.Looks(t, name, b, open(path)) }
	look("me-home-empty", "/moi")
	look("me-cards-none", "/moi/cartes")
	look("me-step-1", "/moi/carte")
	step := b.Open("/moi/carte").Press(words["fr"][0]).Path
	look("me-home-resume", "/moi")
	look("me-step-2", step)
	b.Open(step).Press(words["fr"][1])
	look("me-step-3", step)
	other := s.As(ada)
	c.Looks(t, "me-step-3-hidden", other, func() *webtest.Page { return other.Open(step).Is(200) })
	s.present(ada, "1111")
	look("me-step-done", step)
	look("me-home", "/moi")
	look("me-step-1-second", "/moi/carte")
	s.give(ada, "2222")
	s.access(func(tx access.Tx) error {
		_, err := access.ReportLost(tx, ada.ID, access.ShortCard(s.card("2222").ID))
		return err
	})
	look("me-cards", "/moi/cartes")
	card := "/moi/cartes/" + access.ShortCard(s.card("1111").ID)
	look("me-card-lost", card+"/perdue")
	look("me-card-undo", card+"/pas-moi")
	look("me-card-change", card+"/changer")
	look("me-label", s.label("3333"))
	look("me-label-own", s.label("1111"))
	c.Looks(t, "me-label-unknown", b, func() *webtest.Page { return b.Open("/c/AAAAAAAAAAAAAAAAAAAAAA").Is(404) })
	look("me-pin", "/moi/pin")
	c.Looks(t, "me-pin-new", b, func() *webtest.Page { return b.Post("/moi/pin", nil).Is(200) })
	s.Write(func(tx fleet.Tx) error {
		if err := tx.PutTerminal(fleet.Terminal{Name: "front-box"}); err != nil {
			return err
		}
		return errors.Join(s.pass(tx, 1, ada, wire.OutcomeGranted, wire.ReasonKnownCard), s.pass(tx, 2, ada, wire.OutcomeRefused, wire.ReasonOutOfHours))
	})
	look("me-passages", "/moi/passages")
	look("me-profile", "/moi/profil")
	look("me-security", "/moi/securite")
	look("me-email", "/moi/adresse")
	look("me-password", "/moi/securite/mot-de-passe")
	look("me-data", "/moi/donnees")
	look("me-erase", "/moi/donnees/effacer")
	admin := s.AsAdmin()
	c.Looks(t, "me-for-member", admin, func() *webtest.Page {
		return admin.Open("/g/membres/" + people.HexID(ada.ID) + "/carte").Is(200)
	})
}

// A name that a terminal reported waits for its owner, as a person sees it.
func TestLooksOfANameThatWaits(t *testing.T) {
	s := newStand(t)
	c := s.Screen(t)
	ada := s.ada()
	s.typeName(ada, "Ada King-Noel of Lovelace")
	b := s.As(ada)
	for name, path := range map[string]string{"me-name-waits": "/moi/profil", "me-home-name": "/moi"} {
		c.Looks(t, name, b, func() *webtest.Page { return b.Open(path).Is(200) })
	}
}

// fillDoors adds doors with hours.
func (s stand) fillDoors() {
	s.t.Helper()
	s.access(func(tx access.Tx) error {
		week := access.Schedule{Name: "Heures de bureau", Windows: []access.Window{{Days: 31, From: 8 * 60, To: 18 * 60}, {Days: 32, From: 9 * 60, To: 12 * 60}}}
		if _, err := access.AddSchedule(tx, week); err != nil {
			return err
		}
		for _, name := range []string{"atelier", "parking-souterrain-nord"} {
			if _, err := access.SetDoor(tx, name, func(*access.Door) {}); err != nil {
				return err
			}
		}
		return nil
	})
}

// S2.04: the page with the code follows by itself and turns to «Votre carte est enregistrée»,
// in a real browser.
func TestThePageTurnsByItself(t *testing.T) {
	s := newStand(t)
	c := s.Screen(t)
	ada := s.ada()
	c.Take(s.As(ada))
	c.Lang("fr")
	c.Size(360, 740)
	c.Open("/moi/carte")
	c.Press(words["fr"][0])
	c.Press(words["fr"][1])
	c.SeesText("Tapez le code PIN")
	s.present(ada, "1111")
	c.SeesText("Votre carte est enregistrée")
	c.Quiet()
}
