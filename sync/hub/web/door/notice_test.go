package door_test

import (
	"testing"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
)

// publish puts a version of the privacy notice in force.
func (s stand) publish(fr, en string) {
	s.t.Helper()
	s.Write(func(tx fleet.Tx) error {
		_, err := people.PublishNotice(tx.Tx.Tx.Tx, people.Notice{
			Text: people.Words{French: fr, English: en}, Short: people.Words{French: "Bref.", English: "In short."}})
		return err
	})
}

func (s stand) answers(id people.ID) (all []people.Acknowledgement) {
	s.t.Helper()
	s.Read(func(tx fleet.Tx) (err error) {
		all, err = tx.AnswersOf(id)
		return err
	})
	return all
}

// S5.08: at the first log-in the notice must be read and ticked before anything else; version,
// time and channel are kept; a new version asks again.
func TestTheNoticeComesBeforeAnythingElse(t *testing.T) {
	s := newStand(t)
	a := s.ada()
	s.publish("Nous gardons vos passages trois mois.\n\nÉcrivez-nous.", "We keep your passages for three months.")
	b := s.Browser()
	logIn(b, "ada@example.com", right)
	b.Open("/confirmer").Is(200).Shows("Politique de confidentialité", "Version 1", "trois mois", "Écrivez-nous.")
	p := b.Open("/confirmer?to=/aide/connexion")
	if p.Path != "/confidentialite?to=%2Fconfirmer%3Fto%3D%2Faide%2Fconnexion" {
		t.Errorf("another page leads to %s", p.Path)
	}
	b.Post("/confirmer", form("password", right)).Shows("Politique de confidentialité")
	p = p.Press("Continuer").Is(422).Shows("Cochez la case")
	if len(s.answers(a.ID)) > 0 {
		t.Fatal("an answer is kept that nobody gave")
	}
	if p = p.Fill("agree", "1").Press("Continuer"); p.Path != "/confirmer?to=/aide/connexion" {
		t.Errorf("it leads to %s", p.Path)
	}
	if all := s.answers(a.ID); len(all) != 1 || all[0].Version != 1 || all[0].Answer != people.Accepted || all[0].Channel != people.OnWeb || all[0].At.IsZero() {
		t.Errorf("what is kept: %+v", all)
	}
	if !isIn(b) {
		t.Error("she does not get on")
	}
	s.publish("Nous gardons vos passages un mois.", "We keep your passages for one month.")
	b.Open("/confirmer").Shows("Version 2", "un mois")
	b.Post("/confidentialite", form("version", "1", "agree", "1")).Shows("Version 2")
	if len(s.answers(a.ID)) != 1 {
		t.Error("she agreed to what she has not seen")
	}
	b.Lang = "en"
	s.Browser().Open("/confidentialite").Is(200).Shows("Version 2").Hides("agree")
}

// S5.08: refusing signs out and writes nothing but the refusal.
func TestWhoeverRefusesTheNoticeIsSignedOut(t *testing.T) {
	s := newStand(t)
	a := s.ada()
	s.publish("Un texte.", "A text.")
	b := s.Browser()
	logIn(b, "ada@example.com", right)
	b.Open("/confirmer").Press("Refuser").Is(200).Shows("Votre refus est noté")
	if isIn(b) {
		t.Error("she is still logged in")
	}
	if all := s.answers(a.ID); len(all) != 1 || all[0].Answer != people.Declined {
		t.Errorf("what is kept: %+v", all)
	}
	if s.account(a.ID).State != people.Active {
		t.Error("the account changed")
	}
	logIn(b, "ada@example.com", right)
	b.Open("/confirmer").Shows("Politique de confidentialité")
}

// Without a notice nobody is asked, and there is no page.
func TestWithoutANoticeNobodyIsAsked(t *testing.T) {
	s := newStand(t)
	if !isIn(s.As(s.ada())) {
		t.Error("she does not get on")
	}
	s.Browser().Open("/confidentialite").Is(404)
}
