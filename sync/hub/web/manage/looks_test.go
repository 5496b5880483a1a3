//go:build browser

package manage_test

import (
	"testing"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/webtest"
)

// Each page of the members, as a person sees it.
func TestLooksOfMembers(t *testing.T) {
	s := webtest.New(t)
	c := s.Screen(t)
	b := s.AsAdmin()
	open := func(path string) func() *webtest.Page { return func() *webtest.Page { return b.Open(path).Is(200) } }
	c.Looks(t, "members-nobody", b, func() *webtest.Page { return b.Open("/g/membres?q=nobody") })
	ada := s.AddPerson(people.New{First: "Ada", Last: "Byron", Email: "ada.byron@example.org"})
	for _, n := range []people.New{
		person("Maximilienne-Alexandrine", "de La Rochefoucauld-Montmorency", "maximilienne.alexandrine.de.la.rochefoucauld@subdivision.example.org"),
		person("Bob", "Babbage", "bob@example.org"), person("Émile", "Żółkiewski", ""),
	} {
		s.AddPerson(n)
	}
	s.Write(func(tx fleet.Tx) error {
		for _, name := range []string{"Étage 2", "Direction", "Prestataires"} {
			if _, err := people.AddGroup(tx.Tx.Tx.Tx, name); err != nil {
				return err
			}
		}
		return nil
	})
	path := "/g/membres/" + people.HexID(ada.ID)
	for name, at := range map[string]string{
		"members": "/g/membres", "member-new": "/g/membres/nouveau", "member": path, "member-roles": path + "/roles", "member-access": path + "/acces",
		"member-sessions": path + "/connexions", "member-history": path + "/historique", "member-data": path + "/donnees",
		"member-activate": path + "/acces/activer", "member-suspend": path + "/suspendre", "member-erase": path + "/effacer",
	} {
		c.Looks(t, name, b, open(at))
	}
	c.Looks(t, "member-new-wrong", b, func() *webtest.Page {
		return b.Open("/g/membres/nouveau").Fill("email", "ada").Press(map[string]string{"fr": "Créer", "en": "Create"}[b.Lang])
	})
	c.Looks(t, "member-link", b, func() *webtest.Page { return b.Post(path+"/acces/courriel", nil).Is(200) })
}
