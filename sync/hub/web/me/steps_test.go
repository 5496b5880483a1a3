package me_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
	"badged/sync/hub/web/webtest"
)

const (
	held = "Je confirme avoir une carte en ma possession"
	scan = "Scannez le code QR de la carte avec votre smartphone"
	noQR = "Ma carte n’a pas de code QR"
)

var bigCode = regexp.MustCompile(`\*[0-9]{4}`)

// codeOf is the code that a page shows.
func codeOf(t *testing.T, p *webtest.Page) string {
	t.Helper()
	found := bigCode.FindString(p.Text())
	if found == "" {
		t.Fatalf("%s shows no code:\n%s", p.Path, p.Text())
	}
	return found
}

// S2.02, S2.03, S2.04: the steps, click by click: nothing is issued before the first is
// confirmed; then the QR code is offered; without one the page shows * and 4 digits, which a
// reload shows again, and the page says when the card is registered.
func TestTheStepsOfACard(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	b := s.As(ada)
	p := b.Open("/moi").Follow("Enregistrer ma carte d’accès").Shows(held).Hides(scan)
	b.Open("/moi/carte") // looked at again
	if n := s.liveCodes(ada); n != 0 {
		t.Fatalf("%d codes before the confirmation", n)
	}
	p = p.Press(held).Is(200).Shows(scan)
	if n := s.liveCodes(ada); n != 0 {
		t.Fatalf("%d codes before one is asked for", n)
	}
	p = p.Press(noQR).Is(200).Shows("Tapez le code PIN *", "à la porte", "Valable encore 60 minutes.", "front")
	code := codeOf(t, p)
	if again := codeOf(t, b.Open(p.Path)); again != code {
		t.Error("a reload shows another code")
	}
	spoken := "étoile " + strings.Join(strings.Split(code[1:], ""), " ")
	p.Shows(spoken)
	s.present(ada, "1111")
	b.Open(p.Path).Shows("Votre carte est enregistrée", "front", "à toute heure", "Ce n’est pas moi").Hides("Tapez le code")
	if c := s.card("1111"); c.Account != ada.ID || c.State != access.CardActive {
		t.Errorf("%+v", c)
	}
	b.Open("/moi").Shows("Tout est en ordre", access.ShortCard(s.card("1111").ID))
}

// S2.04: only the session that asked for a code shows it. Another one can ask for another.
func TestAnotherBrowserDoesNotShowTheCode(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	first := s.As(ada)
	p := first.Open("/moi/carte").Press(held).Press(noQR)
	code := codeOf(t, p)
	other := s.As(ada)
	seen := other.Open("/moi/carte").Is(200).Shows("Le code est affiché ailleurs")
	if bigCode.MatchString(seen.Body) || strings.Contains(seen.Body, code[1:]) {
		t.Error("another browser shows the code")
	}
	newer := codeOf(t, seen.Press("Demander un autre code"))
	first.Open(p.Path).Shows("Le code est affiché ailleurs").Hides(newer)
	if n := s.liveCodes(ada); n != 1 {
		t.Errorf("%d live codes, want 1", n)
	}
}

// S2.08: the page says that a code has ended, and how to get another one.
func TestThePageSaysThatACodeHasEnded(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	b := s.As(ada)
	p := b.Open("/moi/carte").Press(held).Press(noQR)
	s.access(func(tx access.Tx) error {
		_, err := access.VoidClaims(tx, ada.ID, "operator")
		return err
	})
	p = b.Open(p.Path).Shows("Ce code ne vaut plus").Press("Demander un autre code").Shows("Tapez le code PIN")
	s.Advance(20 * time.Minute)
	b.Open(p.Path).Shows("Valable encore 40 minutes.")
}

// S2.15, S2.16: «Fermer» at step 1 and 2 queues one mail whose link needs a log-in; the link,
// the menu and the home page lead to the step where the member was.
func TestAnInterruptedRegistrationIsTakenUpWhereItWas(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	b := s.As(ada)
	b.Open("/moi/carte").Press("Fermer").Is(200).Shows("reprendre")
	b.Open("/moi").Shows("pas fini").Follow("Reprendre").Shows(held)
	b.Open("/moi/carte").Press(held).Press("Fermer")
	b.Open("/moi").Follow("Reprendre").Shows(scan)
	b.Open("/moi").Follow("Enregistrer ma carte d’accès").Shows(scan)
	var mails []mail.Mail
	s.Write(func(tx fleet.Tx) error {
		page, _, err := tx.ListMails(mail.Query{Account: ada.ID, Limit: 10})
		mails = page
		for _, m := range page {
			f, err := tx.MailKey.Open(m)
			if err != nil {
				return err
			}
			if m.Purpose != mail.CardStopped || f["link"] != s.URL+"/moi/carte" {
				t.Errorf("a mail %s with the link %s", m.Purpose, f["link"])
			}
		}
		return err
	})
	if len(mails) != 2 {
		t.Errorf("%d mails, want 2", len(mails))
	}
	s.Browser().Open("/moi/carte").Shows("Se connecter").Hides(held, scan)
}

// S2.18: an administrator runs the same steps for a member; the audit log names both.
func TestAnAdministratorRunsTheStepsForAMember(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	b := s.AsAdmin()
	p := b.Open("/g/membres/" + people.HexID(ada.ID)).Follow("Enregistrer une carte d’accès pour Ada Byron").Is(200).Shows("Enregistrer une carte d’accès pour Ada Byron")
	p = p.Press(held).Shows(scan).Press(noQR)
	codeOf(t, p)
	s.present(ada, "1111")
	b.Open(p.Path).Shows("La carte est enregistrée")
	if c := s.card("1111"); c.Account != ada.ID {
		t.Errorf("%+v", c)
	}
	var lines int
	s.Read(func(tx fleet.Tx) error {
		return tx.ListAudit(audit.Query{Subject: ada.ID, Limit: 100}, func(e audit.Entry) error {
			if e.Action == "enrolment.confirm" || e.Action == "claim.issue" {
				lines++
				if e.Actor.Kind != audit.Account || e.Actor.ID == people.HexID(ada.ID) {
					t.Errorf("%s by %+v", e.Action, e.Actor)
				}
			}
			return nil
		})
	})
	if lines != 2 {
		t.Errorf("%d lines of the administrator, want 2", lines)
	}
	s.As(ada).Open("/g/membres/" + people.HexID(ada.ID) + "/carte").Is(404)
}

// Another person's registration is not there.
func TestAnothersRegistrationIsNotThere(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	path := s.As(ada).Open("/moi/carte").Press(held).Path
	bob := s.As(s.AddPerson(people.New{First: "Bob", Last: "Babbage", State: people.Active}))
	bob.Open(path).Is(404)
	bob.Post(path+"/code", nil).Is(404)
	bob.Open("/moi/carte/xyz").Is(404)
	if n := s.liveCodes(ada); n != 0 {
		t.Errorf("%d live codes", n)
	}
}

// S2.20: «Changer» warns first; then the old card is dead for good as soon as the new one is
// registered.
func TestChangingACardWarnsFirst(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	old := s.give(ada, "1111")
	b := s.As(ada)
	p := b.Open("/moi").Follow("Changer ma carte d’accès").Is(200).Shows("Attention", old, "pour toujours")
	if s.card("1111").State != access.CardActive {
		t.Error("the warning alone ended the card")
	}
	p = p.Press(held).Shows(scan, old).Press(noQR)
	s.present(ada, "2222")
	b.Open(p.Path).Shows("Votre carte est enregistrée")
	if s.card("1111").State != access.CardReplaced || s.card("2222").State != access.CardActive {
		t.Errorf("the old one is %s, the new one %s", s.card("1111").State, s.card("2222").State)
	}
	b.Open("/moi/cartes").Shows("remplacée")
}

// S2.18, S2.20: an administrator changes the card of a member, warned of what ends.
func TestAnAdministratorChangesTheCardOfAMember(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	old := s.give(ada, "1111")
	b := s.AsAdmin()
	p := b.Open("/g/membres/"+people.HexID(ada.ID)+"/carte").Shows("une carte de plus", "remplace la carte "+old, "pour toujours")
	p.Fill("replaces", old).Press(held).Shows(scan, old).Press(noQR)
	s.present(ada, "2222")
	if s.card("1111").State != access.CardReplaced || s.card("2222").State != access.CardActive {
		t.Errorf("the old one is %s, the new one %s", s.card("1111").State, s.card("2222").State)
	}
	p = b.Open("/g/membres/" + people.HexID(ada.ID) + "/carte")
	b.Post("/g/membres/"+people.HexID(ada.ID)+"/carte/fermer", url.Values{"replaces": {access.ShortCard(s.card("2222").ID)}}) // and thinks better of it
	p.Fill("replaces", "").Press(held).Press(noQR)
	s.present(ada, "3333")
	if s.card("2222").State != access.CardActive {
		t.Error("one more card ended the other")
	}
}
