package manage_test

import (
	"errors"
	"testing"
	"time"

	"badged/internal/secret"
	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
	"badged/sync/hub/web"
	"badged/sync/hub/web/webtest"
)

// O7: what needs an operator stands on the first page with what to do, and «nothing to do» is
// true whenever it is said.
func TestO7_TheBoardSaysWhatToDo(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	b.Open("/g").Is(200).Shows("Aucun courriel ne part de ce site", "Il n’y a pas encore de terminal").Hides("Il n’y a rien à faire")
	withMail(s)
	s.Write(func(tx fleet.Tx) error { return fleet.AddTerminal(tx, "hall", secret.New("0123456789abcdef"), false) })
	b.Open("/g").Shows("Il n’y a rien à faire", "Terminaux connectés : 0 sur 1")

	s.Write(func(tx fleet.Tx) error {
		_, err := access.CloseClaims(tx.Tx.Tx, "hall", 0)
		return err
	})
	b.Open("/g").Shows("Trop de codes faux").Hides("Il n’y a rien à faire").Press("Rouvrir l’enregistrement par code").Is(200)
	b.Open("/g").Hides("Trop de codes faux")

	s.Write(func(tx fleet.Tx) error {
		a, err := people.Add(tx.Tx.Tx.Tx, people.New{First: "Ada", Last: "Byron", Email: "ada@example.org"})
		if err == nil {
			_, _, err = people.IssueActivationLink(tx.Tx.Tx.Tx, a.ID)
		}
		return err
	})
	b.Open("/g").Hides("invitation")
	s.Write(func(tx fleet.Tx) error {
		m := mail.Mail{ID: mail.ID{1}, Made: tx.Now, Purpose: mail.Test, To: "ada@example.org", State: mail.Failed, Ends: tx.Now.Add(time.Hour), Answer: "550"}
		_, err := tx.AddMail(m)
		return err
	})
	b.Open("/g").Shows("1 courriel n’est pas parti")
	s.Advance(8 * 24 * time.Hour)
	b = s.Browser().SignIn(found(s, "grace@example.org").ID)
	b.Open("/g").Shows("1 invitation est périmée", "1 terminal ne s’est jamais inscrit").Follow("Voir les invités").Is(200).Shows("Ada Byron")
}

// O9, O7: alarms of the fleet stand on the board with what to do, until somebody says that it
// is done; the log keeps who.
func TestO9_AlarmsStandOnTheBoard(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	s.Write(func(tx fleet.Tx) error {
		return tx.PutAlarm(fleet.Alarm{Kind: fleet.TerminalCopied, Object: "hall", First: tx.Now, Last: tx.Now, Detail: []byte("{}")})
	})
	s.As(manager(s, people.ManageMembers)).Open("/g").Hides("deux boîtiers")
	b.Open("/g").Shows("Le disque du terminal hall tourne dans deux boîtiers", "Éteignez la copie").Press("C’est fait").Is(200).
		Shows("L’alarme est acquittée").Hides("deux boîtiers")
	if e := lastLine(s); e.Action != "alarm.acknowledge" || e.Actor.Kind != audit.Account {
		t.Errorf("the log says %+v", e)
	}
	b.Post("/g/alarmes/1", nil).Is(409)
	b.Post("/g/alarmes/99", nil).Is(404)
}

// O8: a backup that is too old stands on the board in red, and the page says when the last one
// was, that restoring it was tried, and how to make one. A new site has time for its first.
func TestO8_BackupsAreAskedFor(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	s.Write(func(tx fleet.Tx) error { return fleet.AddTerminal(tx, "hall", secret.New("0123456789abcdef"), false) })
	b.Open("/g").Hides("sauvegarde")
	b.Open("/g/reglages").Follow("Sauvegardes").Is(200).Shows("Aucune sauvegarde n’a encore été faite", "badgehub backup").Hides("chaque nuit\u00a0: ce qui")
	again := func(d time.Duration) {
		s.Advance(d)
		b = s.Browser().SignIn(found(s, "grace@example.org").ID)
	}
	again(49 * time.Hour)
	b.Open("/g").Shows("Aucune sauvegarde n’a été faite").Follow("Voir comment").Is(200).Shows("Il en faut une chaque nuit")
	s.Write(func(tx fleet.Tx) error { return tx.Record(audit.Change{Action: "site.backup", Object: "site"}) })
	day := s.Now().In(s.Zone()).Format("02/01/2006")
	b.Open("/g").Hides("sauvegarde")
	b.Open("/g/reglages/sauvegardes").Shows("Dernière sauvegarde : "+day, "Sa restauration a été essayée").Hides("Il en faut une")
	again(49 * time.Hour)
	b.Open("/g").Shows("La dernière sauvegarde date du " + day)
	s.As(manager(s, people.ManageMembers)).Open("/g/reglages/sauvegardes").Is(403)
	other := webtest.NewWith(t, func(o *web.Options) { o.BackupsElsewhere = true })
	b = other.AsAdmin()
	other.Advance(49 * time.Hour)
	b = other.Browser().SignIn(found(other, "grace@example.org").ID)
	b.Open("/g").Hides("sauvegarde")
	b.Open("/g/reglages/sauvegardes").Shows("PostgreSQL").Hides("badgehub backup")
}

// Whoever manages one area sees what is to be done there, and nothing of the rest.
func TestTheBoardOfAnArea(t *testing.T) {
	s := webtest.New(t)
	desk := s.AddPerson(person("Dora", "Desk", "dora@example.org"))
	s.Write(func(tx fleet.Tx) error {
		_, err := people.SetRight(tx.Tx.Tx.Tx, desk.ID, people.ManageTerminals, true)
		return err
	})
	s.As(desk).Open("/g").Is(200).Shows("Il n’y a pas encore de terminal").Hides("Aucun courriel ne part", "/g/membres", "/g/reglages")
	s.As(s.AddPerson(person("Ada", "Byron", "ada@example.org"))).Open("/g").Is(404)
}

// The board leads nobody to what refuses them: claiming is reopened by whoever manages
// terminals; whoever manages cards alone learns whom to ask.
func TestTheBoardLeadsToWhatOneMayDo(t *testing.T) {
	s := webtest.New(t)
	s.Write(func(tx fleet.Tx) error {
		_, err := access.CloseClaims(tx.Tx.Tx, "hall", 0)
		return err
	})
	dora := manager(s, people.ManageCards)
	b := s.As(dora)
	b.Open("/g").Shows("Trop de codes faux", "Demandez à qui gère les terminaux").Hides("Rouvrir l’enregistrement par code")
	s.Write(func(tx fleet.Tx) error {
		_, err1 := people.SetRight(tx.Tx.Tx.Tx, dora.ID, people.ManageCards, false)
		_, err2 := people.SetRight(tx.Tx.Tx.Tx, dora.ID, people.ManageTerminals, true)
		_, err3 := people.SetRight(tx.Tx.Tx.Tx, dora.ID, people.ManageMail, true)
		return errors.Join(err1, err2, err3)
	})
	b.Open("/g").Shows("Aucun courriel ne part").Hides("/g/reglages").Press("Rouvrir l’enregistrement par code").Is(200)
}
