//go:build browser

package door_test

import (
	"testing"
	"time"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/webtest"
)

// Every page and state of the door in a real browser: both sizes, both languages, light and
// dark, without script, at 200 %, before axe.
func TestLooks(t *testing.T) {
	s := newStand(t)
	s.web()
	a := s.ada()
	c := s.Screen(t)
	b := s.Browser()
	look := func(name string, b *webtest.Browser, get func() *webtest.Page) {
		t.Helper()
		c.Looks(t, "door-"+name, b, get)
	}
	for name, path := range map[string]string{"login": "/", "help": "/aide/connexion", "forgotten": "/oublie", "own": "/creer", "register": "/nouveau", "link-unknown": "/lien"} {
		look(name, b, func() *webtest.Page { return b.Open(path) })
	}
	look("login-wrong", b, func() *webtest.Page { return b.Post("/connexion", form("email", "eve@example.com", "password", "x")) })
	look("own-wrong", b, func() *webtest.Page { return b.Post("/creer", form("email", "x", "password", "passwordpassword")) })
	look("register-wrong", b, func() *webtest.Page { return b.Post("/nouveau", form("name", "", "email", "x")) })
	look("sent", b, func() *webtest.Page { return b.Post("/creer", form("email", "eve@example.com", "password", right)) })
	in := s.As(a)
	look("confirm", in, func() *webtest.Page { return in.Open("/confirmer?to=/moi") })
	s.lookAtLinks(a, look)
	s.lookAtBox(look)
	s.publish("Nous gardons vos passages trois mois, et le journal un an.\n\nVos droits : lire, corriger, effacer. Écrivez à dpo@example.com.",
		"We keep your passages for three months, and the log for a year.\n\nYour rights: read, correct, erase. Write to dpo@example.com.")
	in = s.As(a)
	look("notice", in, func() *webtest.Page { return in.Open("/confidentialite") })
	look("notice-wrong", in, func() *webtest.Page { return in.Post("/confidentialite", form("version", "1")) })
}

type looking func(name string, b *webtest.Browser, get func() *webtest.Page)

// lookAtLinks shows what each kind of link is for, and how it ends.
func (s stand) lookAtLinks(a people.Account, look looking) {
	s.t.Helper()
	eve := s.AddPerson(people.New{First: "Eve", Last: "Roy", Email: "eve@example.com"})
	issue := func(p people.Purpose, of people.Account, address string, about people.ID) (path string) {
		s.Write(func(tx fleet.Tx) error {
			token, err := people.IssueLinkAbout(tx.Tx.Tx.Tx, p, of.ID, address, about)
			path = token.Path()
			return err
		})
		return path
	}
	visitor := s.typed(a.Email)
	old := issue(people.Activate, eve, "", people.ID{})
	open := map[string]string{
		"activate": issue(people.Activate, eve, "", people.ID{}), "reset": issue(people.Reset, a, "", people.ID{}),
		"email": issue(people.ChangeMail, a, "ada.byron@example.com", people.ID{}), "merge": issue(people.JoinOwn, a, "", visitor.ID),
	}
	var setUp string
	s.Write(func(tx fleet.Tx) error {
		token, _, err := people.AdminLink(tx.Tx.Tx.Tx, "")
		setUp = token.Path()
		return err
	})
	b := s.Browser()
	look("link-replaced", b, func() *webtest.Page { return b.Open(old) })
	for name, path := range open {
		look("link-"+name, b, func() *webtest.Page { return b.Open(path) })
	}
	b.Open(open["activate"])
	look("password", b, func() *webtest.Page { return b.Open("/mot-de-passe") })
	look("password-wrong", b, func() *webtest.Page { return b.Post("/mot-de-passe", form("password", "short")) })
	look("password-proposed", b, func() *webtest.Page { return b.Post("/mot-de-passe", form("propose", "1")) })
	b.Open(setUp)
	look("password-first", b, func() *webtest.Page { return b.Open("/mot-de-passe") })
	b.Open(open["activate"])
	b.Post("/mot-de-passe", form("password", right))
	look("login-set", b, func() *webtest.Page { return b.Open("/") })
	look("link-used", b, func() *webtest.Page { return b.Open(open["activate"]) })
	s.Advance(2 * time.Hour)
	look("link-ended", b, func() *webtest.Page { return b.Open(open["reset"]) })
}

// lookAtBox shows the box of a new account, closed and open.
func (s stand) lookAtBox(look looking) {
	s.t.Helper()
	b := s.Browser()
	b.Post("/nouveau", form("name", "Zoé Müller", "email", "zoe@example.com"))
	look("box", b, func() *webtest.Page { return b.Open("/nouveau/cree") })
	opened := b.Post("/nouveau/pin", nil)
	look("pin", b, func() *webtest.Page { return opened })
}
