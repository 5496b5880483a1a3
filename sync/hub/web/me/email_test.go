package me_test

import (
	"strings"
	"testing"
	"time"

	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
)

// S5.02 and PEOPLE §5.4: somebody changes the address that they log in with: after a fresh
// log-in, by a link that goes to the new one. A taken one shows the same.
func TestSomebodyChangesTheirAddress(t *testing.T) {
	s := newStand(t)
	a := s.ada()
	s.AddPerson(people.New{First: "Eve", Email: "eve@example.org", State: people.Active})
	b := s.As(a)
	p := b.Open("/moi/profil").Follow("Changer l’adresse").Is(200).Shows("ada@example.org")
	p.Fill("email", "not an address").Press("Recevoir un lien").Is(422)
	taken := b.Open("/moi/adresse").Fill("email", "EVE@example.org").Press("Recevoir un lien").Is(200)
	free := b.Open("/moi/adresse").Fill("email", "ada.byron@example.org").Press("Recevoir un lien").Is(200).Shows("Un courriel est en route")
	if taken.Body != free.Body {
		t.Error("the pages differ")
	}
	s.Read(func(tx fleet.Tx) error {
		page, _, err := tx.ListMails(mail.Query{Limit: 9})
		var all []string
		for _, m := range page {
			all = append(all, string(m.Purpose)+" "+m.To)
		}
		if got := strings.Join(all, ", "); got != "email-change ada.byron@example.org, address-known eve@example.org" {
			t.Errorf("mails: %s", got)
		}
		is, err2 := tx.Account(a.ID)
		if is.Email != a.Email {
			t.Error("it is changed before it is confirmed")
		}
		if err == nil {
			err = err2
		}
		return err
	})
	s.Advance(11 * time.Minute)
	if p := b.Open("/moi/adresse"); p.Path != "/confirmer?to=%2Fmoi%2Fadresse" {
		t.Errorf("an old log-in leads to %s", p.Path)
	}
}
