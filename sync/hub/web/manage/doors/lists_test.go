package doors_test

import (
	"fmt"
	"testing"

	"badged/sync/hub/access"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// Issue 8, 4: every list has filter, order and pages: groups, doors, schedules and holidays as
// members have them.
func TestListsOfNamesHaveSearchAndPages(t *testing.T) {
	s := newStand(t)
	const n = page.PerPage + 1
	s.do(func(tx access.Tx) error {
		for i := range n {
			if _, err := people.AddGroup(tx.Tx, fmt.Sprintf("Groupe n%03d", i)); err != nil {
				return err
			}
			if _, err := access.AddSchedule(tx, access.Schedule{Name: fmt.Sprintf("Horaire n%03d", i)}); err != nil {
				return err
			}
			if _, err := access.SetHoliday(tx, fmt.Sprintf("2026-%02d-%02d", 1+i/28, 1+i%28), fmt.Sprintf("Jour n%03d", i)); err != nil {
				return err
			}
			_, err := access.SetDoor(tx, fmt.Sprintf("porte-n%03d", i), func(d *access.Door) { d.Group = []string{"halls", "labs"}[i%2] })
			if err != nil {
				return err
			}
		}
		return nil
	})
	b := s.AsAdmin()
	for _, path := range []string{"/g/groupes", "/g/horaires", "/g/horaires/feries", "/g/portes"} {
		first := b.Open(path).Is(200).Shows("n000", "n049", "Chercher un nom").Hides("n050")
		first.Follow("Page suivante").Is(200).Shows("n050").Hides("n049", "Page suivante").Follow("Première page").Shows("n000")
		b.Open(path + "?q=n05").Is(200).Shows("n050").Hides("n049").Follow("Tout afficher").Shows("n000")
		b.Open(path + "?q=bathroom").Is(200).Shows("Rien ne porte ce nom").Follow("Tout afficher").Shows("n000")
		b.Open(path + "?after=nonsense").Is(400)
		b.Open(path + "?order=nonsense").Is(400)
	}
	b.Open("/g/portes?groupe=labs").Shows("porte-n001", "porte-n049").Hides("porte-n000", "porte-n002")
	b.Open("/g/portes?groupe=labs&q=porte").Shows("porte-n001").Hides("porte-n000")
	b.Open("/g/horaires/feries?du=2026-02-23").Shows("n050").Hides("n049")
	// What was typed stays, and so does the list, after a refusal.
	b.Open("/g/groupes?q=n05").Fill("nom", "").Press("Créer").Is(422).Shows("n000")
}
