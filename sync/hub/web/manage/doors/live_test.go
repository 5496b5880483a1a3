//go:build browser

package doors_test

import (
	"testing"

	"badged/sync/hub/people"
	"badged/sync/wire"
)

// O1, O2: what happens at a terminal shows on open pages by itself.
func TestO2_EventsComeLive(t *testing.T) {
	s := newStand(t)
	c := s.Screen(t)
	c.Lang("fr")
	c.Take(s.AsAdmin())
	ada := s.person("Ada Byron")
	c.Open("/g/evenements")
	c.SeesText("Il ne s’est encore rien passé")
	s.happens("hall", s.Now(), s.tapped(ada, "1", "print", wire.OutcomeGranted, wire.ReasonKnownCard))
	c.SeesText("La carte est connue")
	c.Open("/g/cartes/inconnues")
	c.SeesText("Aucune carte inconnue")
	s.happens("hall", s.Now(), s.tapped(people.Account{}, "77", "print", wire.OutcomeRefused, wire.ReasonUnknownCard))
	c.SeesText(s.ref("77"))
	c.Press("attribuer à…")
	c.SeesText("Dernier jour")
	c.Type("personne", "Ada Byron")
	c.Press("Attribuer")
	c.SeesText("La carte est à Ada Byron")
	c.Quiet()
}
