//go:build browser

package mails_test

import (
	"testing"

	"badged/sync/hub/mail"
	"badged/sync/hub/people"
	"badged/sync/hub/web/webtest"
)

// Each page of mails, as a person sees it: S1.20, S2.15, S2.24, S5.06.
func TestLooks(t *testing.T) {
	s := newStand(t)
	c := s.Screen(t)
	b := s.AsAdmin()
	look := func(name, path string, status int) {
		t.Helper()
		c.Looks(t, name, b, func() *webtest.Page { return b.Open(path).Is(status) })
	}
	look("mails-none", "/g/courriels", 200)
	look("mails-test-noserver", "/g/courriels/essai", 200)
	s.goOut()
	ada := s.AddPerson(people.New{First: "Ada", Last: "Byron", Email: "ada@example.org", State: people.Active})
	m := s.queue(reset("ada@example.org", ada.ID))
	s.sendOne(mail.Taken, "2.0.0 Ok: queued as C57C6BCE08B")
	s.queue(reset("maximilienne-alexandrine.de.la.rochefoucauld-montmorency@departement-informatique.example.org", people.ID{}))
	s.sendOne(mail.Refused, "550 5.1.1 <maximilienne-alexandrine.de.la.rochefoucauld-montmorency@departement-informatique.example.org>: Recipient address rejected: User unknown in virtual mailbox table")
	failed := s.queue(reset("bob@example.org", people.ID{}))
	s.sendOne(mail.Unreachable, "connect to mail.example.org:587: dial tcp 192.0.2.1:587: connect: no route to host")
	look("mails", "/g/courriels", 200)
	look("mails-nothing", "/g/courriels?etat=sending", 200)
	look("mail-sent", "/g/courriels/envoi/"+mail.ShortID(m.ID), 200)
	look("mail-waiting", "/g/courriels/envoi/"+mail.ShortID(failed.ID), 200)
	look("mails-test", "/g/courriels/essai", 200)
	look("templates", "/g/courriels/modeles", 200)
	look("template", "/g/courriels/modeles/card-bound/fr", 200)
	look("template-pin", "/g/courriels/modeles/new-account/en", 200)
	c.Looks(t, "template-wrong", b, func() *webtest.Page {
		return b.Open("/g/courriels/modeles/reset/fr").Fill("body", "Bonjour {{.nom}}\r\n{{.link}}").Press(map[string]string{"fr": "Enregistrer", "en": "Save"}[b.Lang]).Is(422)
	})
}
