package releases_test

import (
	"errors"
	"net/url"
	"os"
	"testing"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/release"
	"badged/sync/hub/store/teststore"
	"badged/sync/hub/web/manage/releases"
	"badged/sync/hub/web/webtest"
)

func TestMain(m *testing.M) { os.Exit(teststore.Main(m)) }

func TestTexts(t *testing.T) { webtest.Texts(t, releases.Part(nil)) }

var (
	id   = release.ID{14}
	path = "/g/versions/" + id.String()
)

// newStand is a site with release 1.4.0 and four terminals: hall and gate start from cards that
// the release is for, attic from another, and desk from none.
func newStand(t *testing.T) *webtest.Stand {
	s := webtest.New(t)
	s.Write(func(tx fleet.Tx) error {
		_, err := access.SetDoor(tx.Tx.Tx, "front", func(d *access.Door) { d.Group = "inner" })
		terminal := func(name, board string, doors ...string) {
			err = errors.Join(err, tx.PutTerminal(fleet.Terminal{
				Name: name, Added: tx.Now, Cert: []byte("cert"), Public: make([]byte, 32), LastSeen: tx.Now, Board: board,
				Installed: release.ID{13}, Sequence: 13, Doors: doors,
			}))
		}
		terminal("hall", "rpi-4", "front")
		terminal("gate", "rpi-4", "side")
		terminal("attic", "rpi-3", "back")
		terminal("desk", "")
		_, err2 := release.Add(tx.ReleaseTx(), release.Release{ID: id, Version: "1.4.0", Sequence: 14, Boards: []string{"rpi-4"}, Size: 28 << 20, Pieces: make([]byte, 16*8)})
		return errors.Join(err, err2)
	})
	return s
}

func install(s *webtest.Stand, terminal string, stage release.Stage, done uint64, why string) {
	s.Write(func(tx fleet.Tx) error {
		return tx.PutInstall(release.Install{Release: id, Terminal: terminal, Stage: stage, Done: done, Why: why, Since: tx.Now})
	})
}

// stop stops the release as the hub does: it has failed on hall, and gate was lost.
func stop(s *webtest.Stand) {
	install(s, "hall", release.Failed, 0, "reader hall worked before the update")
	install(s, "gate", release.Lost, 0, "")
	s.Write(func(tx fleet.Tx) error {
		r, err := tx.Release(id)
		r.Wave = release.Wave{Assigned: tx.Now, Percent: 100, StopAfter: 1, Stopped: true}
		alarm := fleet.Alarm{Kind: fleet.ReleaseStopped, Object: "1.4.0", First: tx.Now, Last: tx.Now, Detail: []byte("{}")}
		return errors.Join(err, tx.PutRelease(r), tx.PutAlarm(alarm))
	})
}

func wave(s *webtest.Stand) (w release.Wave) {
	s.Read(func(tx fleet.Tx) error {
		r, err := tx.Release(id)
		w = r.Wave
		return err
	})
	return w
}

// Issue 12, 5 and issue 9: an administrator gives a release to a part of the terminals, after the
// page has said in words whom that reaches; what is wrong stands at its field and changes nothing.
func TestAReleaseIsAssignedInWords(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	p := b.Open("/g").Follow("Versions").Is(200).Shows("1.4.0", "Donnée à personne").Follow("1.4.0").Is(200)
	p = p.Shows("Aucun terminal ne la reçoit avant que vous l’attribuiez", "rpi-4", "28 Mo").Follow("Attribuer").Is(200).Hides("desk")
	if p.Value("pourcent") != "10" {
		t.Errorf("it proposes %s percent", p.Value("pourcent"))
	}
	p = p.Fill("pourcent", "101").Press("Continuer").Is(422).Shows("de 1 à 100 pour cent")
	p = p.Fill("pourcent", "ten").Fill("arret", "-1").Press("Continuer").Is(422).Shows("Un nombre de 1 à 100", "Un nombre d’échecs")
	b.Post(path+"/attribuer", url.Values{"pourcent": {"5"}, "arret": {"1"}, "terminal": {"nobody"}}).Is(422).Shows("pas de terminal « nobody »")
	b.Post(path+"/attribuer", url.Values{"pourcent": {"5"}, "arret": {"1"}, "groupe": {"outer"}}).Is(422).Shows("s’appelle « outer »")
	p.Fill("pourcent", "10").Fill("arret", "1").Fill("de", "22:00").Press("Continuer").Is(422).Shows("Il faut les deux heures")
	p = p.Fill("pourcent", "100").Fill("arret", "2").Fill("groupe", "inner").Fill("de", "22:00").Fill("a", "05:00").Press("Continuer").Is(200)
	p.Shows("Donner la version 1.4.0 aux terminaux ?", "100 % de ceux-ci : inner, de 22:00 à 05:00", "Aujourd’hui, ce sont : hall", "après plus de 2 échecs").Hides("gate", "attic")
	if w := wave(s); !w.Assigned.IsZero() {
		t.Errorf("assigned before somebody said so: %+v", w)
	}
	p = p.Press("Attribuer").Is(200).Shows("La version 1.4.0 est attribuée", "En distribution", "Pas encore entendus", "hall").Hides("gate")
	if w := wave(s); w.Percent != 100 || w.StopAfter != 2 || len(w.Groups) != 1 || w.Groups[0] != "inner" || w.Between.String() != "22:00-05:00" {
		t.Errorf("assigned as %+v", w)
	}
	p = p.Follow("Attribuer autrement")
	if p.Value("pourcent") != "100" || p.Value("groupe") != "inner" || p.Value("de") != "22:00" || p.Value("a") != "05:00" {
		t.Errorf("the form has %s percent of %q", p.Value("pourcent"), p.Value("groupe"))
	}
	b.Post(path+"/attribuer", url.Values{"pourcent": {"100"}, "arret": {"1"}, "terminal": {"attic"}}).Is(200).Shows("Aucun terminal n’est concerné maintenant")
}

// Issue 12, 5 and issue 9: the page says how far each terminal is, what it says itself and what to
// do, those first that need somebody.
func TestAReleaseSaysHowFarEachTerminalIs(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	s.Write(func(tx fleet.Tx) error {
		_, err := fleet.AssignRelease(tx, "1.4.0", release.Wave{Percent: 100, StopAfter: 5}, false)
		return err
	})
	install(s, "gate", release.Fetching, 3, "no room: 12 MB are free")
	b.Open(path).Shows("Télécharge : 37 %", "no room: 12 MB are free", "Pas encore entendus hall").Hides("Réessayer")
	install(s, "gate", release.Ready, 8, "")
	b.Open(path).Shows("gate Prêt").Hides("attend")
	install(s, "hall", release.Installing, 8, "")
	b.Open(path).Shows("gate Prêt", "Il attend le premier terminal, qui passe seul")
	s.Write(func(tx fleet.Tx) error { return tx.DropInstalls("hall") })
	install(s, "gate", release.Installing, 8, "")
	b.Open(path).Shows("gate À l’essai", "revient de lui-même")
	install(s, "gate", release.Healthy, 8, "")
	install(s, "hall", release.Failed, 8, "reader hall worked before the update")
	b.Open(path).Shows("hall Échec", "reader hall worked before the update", "Corrigez la cause", "gate Installée").Hides("Pas encore entendus")
	b.Open("/g/versions").Shows("Installée", "1.4.0 En distribution 100 % de tous les terminaux 1 0 1 0")
	b.Open("/g/versions/1.4.0").Is(200)
	b.Open("/g/versions/9.9.9").Is(404)
	b.Lang = "en"
	b.Open(path).Shows("Release 1.4.0", "100% of all terminals", "It runs the release of before")
}

// Issue 12, 5 and issue 9: pause, go on and retry are asked for in words, done once, and audited.
func TestAReleaseIsPausedAndGoesOn(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	s.Write(func(tx fleet.Tx) error {
		_, err := fleet.AssignRelease(tx, "1.4.0", release.Wave{Percent: 50, StopAfter: 3}, false)
		return err
	})
	install(s, "hall", release.Failed, 8, "reader hall")
	b.Open(path).Hides("Laisser reprendre")
	if p := b.Open(path + "/reprendre"); p.Path != path {
		t.Errorf("what goes on is asked to go on, at %s", p.Path)
	}
	p := b.Open(path).Follow("Mettre en pause").Is(200).Shows("Mettre la version 1.4.0 en pause ?", "Les terminaux à l’essai continuent")
	if wave(s).Paused {
		t.Error("looking at the question pauses it")
	}
	p = p.Press("Mettre en pause").Is(200).Shows("La version 1.4.0 est en pause").Hides("Mettre en pause")
	if b.Open(path+"/pause").Path != path {
		t.Error("a paused release can be paused")
	}
	p = p.Follow("Laisser reprendre").Is(200).Shows("Laisser reprendre la version 1.4.0 ?", "50 % de tous les terminaux").Press("Laisser reprendre")
	p.Is(200).Shows("La version 1.4.0 reprend.", "hall Échec")
	if w := wave(s); w.Paused || w.Percent != 50 || w.StopAfter != 3 {
		t.Errorf("it goes on as %+v", w)
	}
	p = p.Follow("Réessayer les échecs").Is(200).Shows("Ils essaient encore une fois : hall").Press("Réessayer les échecs")
	p.Is(200).Shows("aussi là où elle avait échoué", "hall Télécharge").Hides("Réessayer les échecs")
	var actions []string
	s.Read(func(tx fleet.Tx) error {
		actions = nil
		return tx.ListAudit(audit.Query{Action: "release.", Limit: 10}, func(e audit.Entry) error {
			actions = append(actions, e.Action+" "+string(e.Actor.Kind))
			return nil
		})
	})
	if len(actions) < 3 || actions[0] != "release.assign account" || actions[1] != "release.assign account" || actions[2] != "release.pause account" {
		t.Errorf("the log has %q", actions)
	}
	b.Open("/g/journal").Shows("Version mise en pause", "Version attribuée", "Version ajoutée")
}

// Issue 12, 5 and issue 9: the alarm of a release that stopped leads to its page, which says what
// to do; removing it ends the alarm, and is refused while a terminal was lost in the middle.
func TestTheAlarmLeadsToTheRelease(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	stop(s)
	p := b.Open("/g").Shows("La version 1.4.0 a échoué sur trop de terminaux").Hides("badgehub").Follow("Voir la version 1.4.0").Is(200)
	p = p.Shows("Arrêtée d’elle-même", "Lisez ci-dessous pourquoi", "gate Perdu de vue", "hall Échec", "reader hall worked before the update", "retirez le terminal")
	p = p.Follow("Retirer").Is(200).Shows("Retirer la version 1.4.0 ?", "rajouter le fichier")
	p.Press("Retirer").Is(422).Shows("Des terminaux sont au milieu de la version 1.4.0", "gate")
	install(s, "gate", release.Healthy, 8, "")
	p.Press("Retirer").Is(200).Shows("La version 1.4.0 est retirée", "Il n’y a pas encore de version")
	b.Open("/g").Hides("1.4.0")
	b.Open(path).Is(404)
	b.Post(path+"/retirer", nil).Is(404)
}

// Issue 9: whoever manages terminals sees releases; others do not know that there are any.
func TestWhoSeesReleases(t *testing.T) {
	s := newStand(t)
	manager := func(area people.Right) *webtest.Browser {
		a := s.AddPerson(people.New{First: "Ada", Last: "Byron", Email: string(area) + "@example.org", State: people.Active})
		s.Write(func(tx fleet.Tx) error {
			_, err := people.SetRight(tx.Tx.Tx.Tx, a.ID, area, true)
			return err
		})
		return s.As(a)
	}
	manager(people.ManageTerminals).Open(path).Is(200)
	b := manager(people.ManageDoors)
	b.Open("/g").Is(200).Hides("/g/versions")
	for _, page := range []string{"/g/versions", path, path + "/attribuer"} {
		b.Open(page).Is(403)
	}
	b.Post(path+"/attribuer", url.Values{"pourcent": {"100"}, "arret": {"1"}, "certain": {"1"}}).Is(403)
	if w := wave(s); !w.Assigned.IsZero() {
		t.Errorf("somebody without the right has assigned it: %+v", w)
	}
}
