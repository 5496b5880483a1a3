package manage_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
	"badged/sync/hub/web/webtest"
	"badged/sync/identity"
)

// O3: every act leaves a line that says who, what, before and after; the page shows it in
// words, and says whether the log is whole.
func TestO3_TheLogSaysWhoDidWhat(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	ada := s.AddPerson(person("Ada", "Byron", "ada@example.org"))
	b.Open("/g/membres/"+people.HexID(ada.ID)).Fill("last", "Lovelace").Press("Enregistrer")
	p := b.Open("/g/journal").Is(200).Shows("Compte modifié", "Grace Hopper", "par le web", "Ada Lovelace", "Byron", "→ Lovelace")
	p.Fill("objet", "session.").Press("Filtrer").Is(200).Shows("Connexion").Hides("Compte modifié")
	b.Open("/g/journal?du=2031-01-01").Shows("Aucune ligne")
	today := time.Now().Format(time.DateOnly)
	b.Open("/g/journal?du=" + today + "&au=" + today).Shows("Compte modifié")
	file := b.Open("/g/journal?objet=account.").Follow("Exporter (CSV)").Is(200)
	if !strings.Contains(file.Body, "Nom: Byron → Lovelace") || strings.Contains(file.Body, "session") {
		t.Errorf("the file is %s", file.Body)
	}
	b.Open("/g/journal").Follow("Vérifier le journal").Is(200).Shows("Le journal est intact")
}

// A line that was changed in the database shows.
func TestO3_AChangedLineShows(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	s.Write(func(tx fleet.Tx) error {
		e := audit.Entry{Seq: lastSeq(tx) + 1, At: tx.Now, Actor: audit.Actor{Kind: audit.System}, Action: "door.set", Object: "front", Salt: make([]byte, 16)}
		return tx.AppendAudit(e)
	})
	b.Open("/g/journal/verification").Is(200).Shows("Le journal n’est pas intact", "la ligne a été changée")
}

func lastSeq(tx fleet.Tx) uint64 {
	seq, _, _ := tx.LastAudit()
	return seq
}

// The log comes in pages that miss nothing.
func TestTheLogComesInPages(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	for range 110 {
		s.Write(func(tx fleet.Tx) error { return tx.Record(audit.Change{Action: "door.set", Object: "front"}) })
	}
	n := 0
	for p := b.Open("/g/journal?objet=door."); ; p = p.Follow("Page suivante").Is(200) {
		n += strings.Count(p.Text(), "Porte réglée")
		if !p.HasLink("Page suivante") {
			break
		}
	}
	if n != 110 {
		t.Errorf("the pages show %d lines, want 110", n)
	}
	b.Open("/g/journal?after=x").Is(404)
}

// A terminal is added by a command that is shown once, joins with it, and is removed.
func TestTerminalsJoinByACommand(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	p := b.Open("/g/terminaux").Is(200).Shows("Il n’y a pas encore de terminal").Follow("Ajouter un terminal")
	p.Fill("name", "Not a name!").Press("Ajouter un terminal").Is(422)
	p = p.Fill("name", "hall").Press("Ajouter un terminal").Is(200).Shows("sudo badged join ")
	text := regexp.MustCompile(`sudo badged join (\S+)`).FindStringSubmatch(p.Text())[1]
	token, err := identity.ParseToken(text)
	if err != nil {
		t.Fatal(err)
	}
	b.Open("/g/terminaux").Shows("hall", "Attendu").Hides(text)
	if _, err := identity.Join(t.Context(), token, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	b.Open("/g/terminaux").Shows("hall", "Absent")
	b.Open("/g/terminaux/nouveau").Fill("name", "hall").Press("Ajouter un terminal").Is(422)
	p = b.Open("/g/terminaux").Follow("Retirer").Is(200).Shows("Retirer le terminal hall ?", "perdu")
	p.Press("Retirer").Is(200).Shows("Le terminal hall est retiré", "Retiré")
	b.Open("/g/terminaux/nobody/retirer").Is(404)
}

// O7: claiming that wrong codes closed is told, and opened again by one button.
func TestO7_ClaimingIsOpenedAgain(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	b.Open("/g/terminaux").Hides("Trop de codes faux")
	s.Write(func(tx fleet.Tx) error {
		_, err := access.CloseClaims(tx.Tx.Tx, "hall", 0)
		return err
	})
	b.Open("/g/terminaux").Shows("Trop de codes faux").Press("Rouvrir l’enregistrement par code").Is(200).Shows("est rouvert").Hides("Trop de codes faux")
}

// S5.10, issue 9: the sheet for the wall has the durations that the site keeps, and leads to
// the notice.
func TestS510_TheSheetForTheWall(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	s.Write(func(tx fleet.Tx) error {
		_, err := access.ChangeSettings(tx.Tx.Tx, map[string]string{"keep_events": "2", "keep_audit": "11"})
		return err
	})
	b.Open("/g/reglages").Follow("Affiche d’information").Is(200).Shows("Clos Saint-Marc s’en sert", "Les passages 2 mois, le journal des opérations 11 mois, les courriels 30 jours",
		"jamais le numéro", s.URL+"/confidentialite", "Vos droits")
	b.Lang = "en"
	b.Open("/g/reglages/affiche").Shows("Passages 2 months")
}

// The figures of the CNIL stand beside what keeps data of people.
func TestTheFiguresOfTheCNIL(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	b.Open("/g/reglages").Shows("CNIL : 3 mois au plus pour les passages", "CNIL : de 6 à 12 mois pour un journal", "En secondes, ou 5m, 12h, 30d. CNIL")
}

// S1.01: every setting is on one page by its descriptor, a route is opened there, and a wrong
// value stands beside its field.
func TestS101_SettingsByDescriptor(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	p := b.Open("/g/reglages").Is(200)
	for _, d := range access.Descriptors {
		if d.Kind != access.Members {
			p.Shows(strings.ReplaceAll(d.FR, "\u00a0", " "))
		}
	}
	if p.Value("anonymous_life") != "30d" {
		t.Errorf("the life of an anonymous account is %q", p.Value("anonymous_life"))
	}
	p = p.Fill("web", "true").Fill("name", "Clos Neuf").Fill("session_idle", "2m").Fill("keep_events", "999").Press("Enregistrer").Is(422)
	if p.Value("name") != "Clos Neuf" {
		t.Error("what was typed is gone")
	}
	p.Fill("keep_events", "6").Press("Enregistrer").Is(200).Shows("C’est enregistré", "Clos Neuf")
	s.Read(func(tx fleet.Tx) error {
		site, err := access.Settings(tx.Tx.Tx)
		if !site.Web || site.KeepEvents != 6 || site.SessionIdle != 2*time.Minute {
			t.Errorf("the site has %+v", site)
		}
		return err
	})
	b.Open("/g/reglages").Fill("web").Press("Enregistrer").Is(200)
	s.Advance(11 * time.Minute)
	if p := b.Open("/g/reglages"); !strings.HasPrefix(p.Path, "/confirmer?to=") {
		t.Errorf("an old log-in sees %s", p.Path)
	}
}

// With the right to settings alone nobody climbs: where mails go, and what new accounts join,
// is seen by others than administrators and set by none of them.
func TestTheRightToSettingsMakesNoAdministrator(t *testing.T) {
	s := webtest.New(t)
	s.AsAdmin().Open("/g/reglages").Fill("mail_server", "mail.example.org").Fill("mail_from", "hub@example.org").Press("Enregistrer").Is(200)
	b := s.As(manager(s, people.ManageSettings))
	p := b.Open("/g/reglages").Is(200).Shows("Seul un administrateur change ces réglages", "Serveur de courriel mail.example.org", "Inscription par le web Non")
	for _, d := range access.Descriptors {
		if d.Admin && strings.Contains(p.Body, `name="`+d.Name+`"`) {
			t.Errorf("the page has a field %s", d.Name)
		}
	}
	p.Fill("name", "Clos Neuf").Press("Enregistrer").Is(200).Shows("C’est enregistré", "mail.example.org")
	for name, value := range map[string]string{"mail_server": "evil.example.com", "web": "true", "mail_out": "sendmail"} {
		form := url.Values{name: {value}}
		for _, d := range access.Descriptors {
			if !d.Admin {
				form.Set(d.Name, p.Value(d.Name))
			}
		}
		b.Post("/g/reglages", form).Is(422).Shows("Seul un administrateur peut faire cela", "mail.example.org").Hides("evil.example.com")
	}
	s.Read(func(tx fleet.Tx) error {
		site, err := access.Settings(tx.Tx.Tx)
		if site.MailServer != "mail.example.org" || site.Web || site.MailOut != access.NoMail || site.Name != "Clos Neuf" {
			t.Errorf("the site has %+v", site)
		}
		return err
	})
}

// What a member has stands on the member's pages: cards with their state, and rights with the
// group that gives them.
func TestWhatAMemberHas(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	ada := s.AddPerson(person("Ada", "Byron", "ada@example.org"))
	addDoors(s, "front", "lab")
	path := "/g/membres/" + people.HexID(ada.ID)
	b.Open(path+"/cartes").Is(200).Shows("Aucune carte", "Enregistrer une carte d’accès pour Ada Byron")
	b.Open(path).Follow("Portes et services").Is(200).Shows("Aucun droit")
	b.Open("/g/evenements?compte=" + people.HexID(ada.ID)).Is(200)
	s.Write(func(tx fleet.Tx) error {
		g, err := people.AddGroup(tx.Tx.Tx.Tx, "Direction")
		if err == nil {
			_, err = people.SetMember(tx.Tx.Tx.Tx, g, ada.ID, true)
		}
		if err == nil {
			_, _, err = access.AddGrant(tx.Tx.Tx, access.NewGrant{Group: "Direction", Door: "front"})
		}
		if err == nil {
			_, _, err = access.AddGrant(tx.Tx.Tx, access.NewGrant{Account: people.HexID(ada.ID), Door: "lab", To: time.Date(2031, 1, 1, 0, 0, 0, 0, s.Zone())})
		}
		if err == nil {
			_, err = access.GiveCard(tx.Tx.Tx, access.Gift{Card: access.ID{1, 2, 3, 4}, To: people.HexID(ada.ID)})
		}
		return err
	})
	b.Open(path+"/cartes").Shows("01020304", "Active", "Changer la carte d’accès de Ada Byron")
	b.Open(path+"/portes").Shows("front à toute heure – – groupe Direction", "lab à toute heure – 31/12/2030 ce membre")
	b.Open("/g/membres").Shows("Ada Byron")
}

// Issue 8, 4: every list has filter, order and pages; the terminals too.
func TestTerminalsAreSearchedPageByPage(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	b.Open("/g/terminaux").Hides("Chercher un nom")
	s.Write(func(tx fleet.Tx) error {
		for i := range page.PerPage + 1 {
			if err := tx.PutTerminal(fleet.Terminal{Name: fmt.Sprintf("hall-n%03d", i), Added: s.Now()}); err != nil {
				return err
			}
		}
		return nil
	})
	b.Open("/g/terminaux").Is(200).Shows("n000", "n049").Hides("n050").Follow("Page suivante").Is(200).Shows("n050").Hides("n049")
	b.Open("/g/terminaux?q=n00").Shows("n000", "n009").Hides("n010")
	b.Open("/g/terminaux?q=bathroom").Shows("Rien ne porte ce nom")
}
