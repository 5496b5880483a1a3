//go:build browser

package manage_test

import (
	"fmt"
	"net/url"
	"testing"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
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
		"member-cards": path + "/cartes", "member-doors": path + "/portes", "member-activate": path + "/acces/activer", "member-suspend": path + "/suspendre", "member-erase": path + "/effacer",
	} {
		c.Looks(t, name, b, open(at))
	}
	c.Looks(t, "member-new-wrong", b, func() *webtest.Page {
		return b.Open("/g/membres/nouveau").Fill("email", "ada").Press(map[string]string{"fr": "Créer", "en": "Create"}[b.Lang])
	})
	c.Looks(t, "member-link", b, func() *webtest.Page { return b.Post(path+"/acces/courriel", nil).Is(200) })
}

// The invitation and what comes of it, and the registration link.
func TestLooksOfInvitations(t *testing.T) {
	s := webtest.New(t)
	c := s.Screen(t)
	b := s.AsAdmin()
	addDoors(s, "entrance-north", "parking")
	s.Write(func(tx fleet.Tx) error {
		_, err := people.AddGroup(tx.Tx.Tx.Tx, "Direction")
		return err
	})
	n := 0
	invite := func() *webtest.Page {
		n++
		p := b.Open("/g/membres/inviter").Fill("people", fmt.Sprintf("Ada Byron <ada%d@example.org>\nMaximilienne de La Rochefoucauld <max%d@subdivision.example.org>", n, n))
		return p.Fill("door", "parking").Fill("day", "semaine").Fill("code", "1").Press(map[string]string{"fr": "Inviter", "en": "Invite"}[b.Lang]).Is(200)
	}
	c.Looks(t, "invite", b, func() *webtest.Page { return b.Open("/g/membres/inviter") })
	c.Looks(t, "invite-wrong", b, func() *webtest.Page {
		return b.Post("/g/membres/inviter", url.Values{"people": {"nobody"}, "to": {"x"}})
	})
	c.Looks(t, "invited", b, invite)
	c.Looks(t, "registration-closed", b, func() *webtest.Page { return b.Open("/g/membres/inscription") })
	s.Write(func(tx fleet.Tx) error { return tx.PutSetting("web", "true") })
	c.Looks(t, "registration-by-hand", b, func() *webtest.Page {
		return b.Post("/g/membres/inscription", url.Values{"people": {"ada@example.org"}})
	})
}

// The log, the terminals and the settings.
func TestLooksOfTheSite(t *testing.T) {
	s := webtest.New(t)
	c := s.Screen(t)
	b := s.AsAdmin()
	open := func(path string) func() *webtest.Page { return func() *webtest.Page { return b.Open(path).Is(200) } }
	c.Looks(t, "terminals-none", b, open("/g/terminaux"))
	c.Looks(t, "board", b, open("/g"))
	ada := s.AddPerson(person("Ada", "Byron", "ada@example.org"))
	b.Open("/g/membres/"+people.HexID(ada.ID)).Fill("last", "Lovelace").Press("Enregistrer")
	join := func() *webtest.Page {
		return b.Post("/g/terminaux/nouveau", url.Values{"name": {"hall-north"}}).Is(200)
	}
	c.Looks(t, "terminal-join", b, join)
	s.Write(func(tx fleet.Tx) error {
		_, err := access.CloseClaims(tx.Tx.Tx, "hall", 0)
		return err
	})
	for name, path := range map[string]string{
		"terminals": "/g/terminaux", "terminal-new": "/g/terminaux/nouveau", "terminal-remove": "/g/terminaux/hall-north/retirer",
		"log": "/g/journal", "log-none": "/g/journal?du=2031-01-01", "log-proof": "/g/journal/verification", "settings": "/g/reglages",
	} {
		c.Looks(t, name, b, open(path))
	}
}

// What an administrator follows up: alarms, erasures, backups.
func TestLooksOfFollowUps(t *testing.T) {
	s := webtest.New(t)
	c := s.Screen(t)
	b := s.AsAdmin()
	open := func(path string) func() *webtest.Page { return func() *webtest.Page { return b.Open(path).Is(200) } }
	ada := s.AddPerson(person("Ada", "Byron", "ada@example.org"))
	s.Write(func(tx fleet.Tx) error {
		for _, name := range []string{"hall", "yard"} {
			if err := tx.PutTerminal(fleet.Terminal{Name: name, Added: tx.Now.AddDate(0, -1, 0), Cert: []byte("cert"), Public: make([]byte, 32)}); err != nil {
				return err
			}
		}
		return tx.PutAlarm(fleet.Alarm{Kind: fleet.TerminalCopied, Object: "hall", First: tx.Now, Last: tx.Now, Detail: []byte("{}")})
	})
	b.Open("/g/membres/" + people.HexID(ada.ID) + "/effacer").Press("Effacer pour toujours").Is(200)
	c.Looks(t, "board-follow", b, open("/g"))
	c.Looks(t, "erased", b, open("/g/membres/"+people.HexID(ada.ID)+"/donnees"))
	c.Looks(t, "backups-late", b, open("/g/reglages/sauvegardes"))
	s.Write(func(tx fleet.Tx) error { return tx.Record(audit.Change{Action: "site.backup", Object: "site"}) })
	c.Looks(t, "backups", b, open("/g/reglages/sauvegardes"))
}

// An import before, between and after.
func TestLooksOfImports(t *testing.T) {
	s := webtest.New(t)
	c := s.Screen(t)
	b := s.AsAdmin()
	file := append(list(5), "Eve;;not an address;\r\n"...)
	c.Looks(t, "import-preview", b, func() *webtest.Page { return b.Upload("/g/import", "file", "personnel.csv", file).Is(200) })
	c.Looks(t, "import-wrong", b, func() *webtest.Page { return b.Upload("/g/import", "file", "x.csv", []byte("a;b\r\n")).Is(422) })
	p := b.Upload("/g/import", "file", "personnel.csv", file)
	b.Lang = "fr"
	p = b.Post("/g/import/confirmer", url.Values{"sum": {p.Value("sum")}}).Is(200)
	finished(t, b, p.Path)
	c.Looks(t, "import-done", b, func() *webtest.Page { return b.Open(p.Path).Is(200) })
	c.Looks(t, "imports", b, func() *webtest.Page { return b.Open("/g/import").Is(200) })
}
