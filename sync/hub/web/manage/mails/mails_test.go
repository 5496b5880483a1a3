package mails_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
	"badged/sync/hub/store/teststore"
	"badged/sync/hub/web/manage/mails"
	"badged/sync/hub/web/webtest"
)

func TestMain(m *testing.M) { os.Exit(teststore.Main(m)) }

func TestTexts(t *testing.T) { webtest.Texts(t, mails.Part()) }

// stand is a hub with an outbox.
type stand struct{ *webtest.Stand }

func newStand(t testing.TB) stand { return stand{webtest.New(t)} }

func (s stand) set(change map[string]string) {
	s.Write(func(tx fleet.Tx) error {
		_, err := access.ChangeSettings(tx.Tx.Tx, change)
		return err
	})
}

// goOut lets mails go out, for all that the pages know.
func (s stand) goOut() {
	s.set(map[string]string{"mail_out": "sendmail", "mail_from": "hub@example.org"})
}

// queue queues a mail to an address that no other mail goes to.
func (s stand) queue(n mail.New) (found mail.Mail) {
	s.Write(func(tx fleet.Tx) error {
		err1 := mail.Queue(tx.Tx.Tx.Tx.Tx, n)
		page, _, err2 := tx.ListMails(mail.Query{Limit: 1000})
		for _, m := range page {
			if m.To == n.To {
				found = m
			}
		}
		return errors.Join(err1, err2)
	})
	return found
}

// sendOne lets the mail that is due first end as the server says.
func (s stand) sendOne(r mail.Result, answer string) {
	s.Write(func(tx fleet.Tx) error {
		m, _, err := mail.Take(tx.Tx.Tx.Tx.Tx)
		if err != nil {
			return err
		}
		return mail.Settle(tx.Tx.Tx.Tx.Tx, m.ID, mail.Outcome{Result: r, Answer: answer})
	})
}

func reset(to string, account people.ID) mail.New {
	return mail.New{Purpose: mail.Reset, To: to, Lang: "fr", Account: account, Fields: mail.Fields{
		"name": "Ada Byron", "link": "https://hub.example.org/lien/topsecret", "until": mail.At(time.Date(2030, 1, 31, 8, 0, 0, 0, time.UTC))}}
}

// Issue 9, 3: mails are visible in «Courriels» with the server's answer, and one that failed
// is tried again with one button; what it says is never shown.
func TestAFailedMailIsSeenAndTriedAgain(t *testing.T) {
	s := newStand(t)
	s.goOut()
	ada := s.AddPerson(people.New{First: "Ada", Last: "Byron", Email: "ada@example.org", State: people.Active})
	m := s.queue(reset("ada@example.org", ada.ID))
	s.sendOne(mail.Refused, "550 5.1.1 no such user")
	b := s.AsAdmin()
	list := b.Open("/g/courriels?etat=failed").Is(200)
	list.Shows("ada@example.org", "Nouveau mot de passe", "refusé", "550 5.1.1 no such user").Hides("topsecret")
	b.Open("/g/courriels?etat=sent").Is(200).Shows("Aucun courriel dans cet état")
	p := list.Follow("ada@example.org").Is(200)
	p.Shows("550 5.1.1 no such user", "Ada Byron", "Lisez la réponse").Hides("topsecret")
	p = p.Press("Réessayer maintenant").Is(200)
	p.Shows("Le courriel est essayé de nouveau.", "en attente")
	s.sendOne(mail.Taken, "250 2.0.0 Ok")
	b.Open("/g/courriels/envoi/"+mail.ShortID(m.ID)).Is(200).Shows("parti", "250 2.0.0 Ok").Hides("Réessayer maintenant")
	b.Post("/g/courriels/envoi/"+mail.ShortID(m.ID)+"/reessayer", nil).Is(409).Shows("refaites plutôt")
	for _, path := range []string{"/g/courriels/envoi/ffffffff", "/g/courriels/envoi/x"} {
		b.Open(path).Is(404)
	}
}

// A test goes to the address that is typed, once mails go out.
func TestATestIsSent(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	b.Open("/g/courriels").Is(200).Shows("Aucun serveur de courriel").Hides("Envoyer un essai")
	b.Open("/g/courriels/essai").Is(200).Shows("Aucun serveur de courriel")
	s.queue(reset("ada@example.org", people.ID{}))
	b.Open("/g/courriels").Is(200).Shows("1 courriel attend.")
	s.goOut()
	p := b.Open("/g/courriels").Follow("Envoyer un essai").Is(200)
	p = p.Fill("to", "ada").Press("Envoyer").Is(422)
	p.Shows("Il manque l’adresse")
	p.Fill("to", "eve@example.org").Press("Envoyer").Is(200).Shows("Le courriel d’essai est en route.", "Courriel à eve@example.org")
}

// S1.20: templates are edited with a preview, a broken one is refused with its line and stays
// typed, and the default comes back.
func TestATemplateIsEditedWithAPreview(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	list := b.Open("/g/courriels/modeles").Is(200)
	for _, p := range mail.Purposes() {
		list.HasLink(string(p))
	}
	const path = "/g/courriels/modeles/new-account/fr"
	p := b.Open(path).Is(200).Shows("Compte créé, avec code PIN", "840613", "amelie.dupre@example.com", "{{.pin}}").Hides("Rétablir…")
	p = p.Fill("body", "Bonjour {{.name}}\r\n\r\nVotre code : {{.pin}}\r\n\r\nÀ bientôt {{.nom}}").Press("Aperçu").Is(422)
	p.Shows("Ligne 5", ".nom")
	if got := p.Value("body"); !strings.Contains(got, "{{.nom}}") {
		t.Errorf("typed was %q", got)
	}
	p = p.Fill("body", "Salut {{.name}}\r\n\r\nVotre code : {{.pin}}\r\n\r\nConfirmer : {{.link}}").Press("Aperçu").Is(200)
	p.Shows("Salut Amélie Dupré", "840613")
	b.Open(path).Shows("Votre compte est créé.") // a preview keeps nothing
	p = p.Press("Enregistrer").Is(200)
	p.Shows("Le modèle est enregistré.", "Salut Amélie Dupré")
	b.Open("/g/courriels/modeles").Shows("modifié")
	p = p.Follow("Rétablir…").Is(200).Press("Rétablir").Is(200)
	p.Shows("Le modèle d’origine est rétabli.", "Votre compte est créé.")
	b.Open("/g/courriels/modeles").Hides("modifié")
	p.Fill("body", "Bonjour {{.name}}").Press("Enregistrer").Is(422).Shows("Le texte doit contenir {{.pin}}")
	for _, wrong := range []string{"/g/courriels/modeles/spam/fr", "/g/courriels/modeles/reset/de"} {
		b.Open(wrong).Is(404)
	}
}

// The file is the mail as it goes out, in the template's language.
func TestTheMailAsItGoesOut(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	p := b.Open("/g/courriels/modeles/card-bound/en/fichier").Is(200)
	if got := p.Text(); !strings.Contains(got, "It was not me") || !strings.Contains(got, "Clos Saint-Marc") {
		t.Errorf("%s", got)
	}
}
