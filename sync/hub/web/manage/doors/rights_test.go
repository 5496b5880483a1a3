package doors_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
	"badged/sync/wire"
)

// O6: a right is a group × a door × a schedule, made on pages; the last day counts.
func TestO6_RightsAreMadeOnPages(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	ada := s.person("Ada Byron")
	b.Open("/g/droits/nouveau").Shows("Il n’y a pas encore de porte").Follow("Ajouter une porte").Is(200).
		Fill("nom", "Front Door").Press("Ajouter").Is(422)
	b.Open("/g/portes/nouvelle").Fill("nom", "front").Press("Ajouter").Is(200).Shows("La porte front est là", "aucun terminal")
	b.Open("/g/portes/nouvelle").Fill("nom", "front").Press("Ajouter").Is(422).Shows("déjà une porte de ce nom")
	b.Open("/g/groupes").Fill("nom", "Personnel").Press("Créer").Is(200).Shows("Le groupe est créé").
		Fill("personne", "Ada Byron").Press("Ajouter").Is(200).Shows("Ada Byron est dans le groupe")
	b.Open("/g/horaires/nouveau").Fill("nom", "Bureau").Fill("jours0", "0", "1", "2", "3", "4").Fill("de0", "08:00").Fill("a0", "18:30").
		Press("Enregistrer").Is(200).Shows("lun–ven · 08:00–18:30")
	p := b.Open("/g/droits/nouveau").Fill("groupe", "1").Fill("porte", "d:front").Fill("horaire", "1").Fill("au", "2031-12-31")
	p.Press("Donner ce droit").Is(200).Shows("Le droit est donné", "groupe Personnel", "Bureau", "jusqu’au 31/12/2031 compris")
	s.Read(func(tx fleet.Tx) error {
		grants, _, err := access.ListGrants(tx.Tx.Tx, access.GrantQuery{})
		if len(grants) != 1 || grants[0].To.Format(time.RFC3339) != "2031-12-31T23:00:00Z" || grants[0].Group != 1 || grants[0].Schedule != 1 {
			t.Errorf("%+v", grants)
		}
		return err
	})
	p.Press("Donner ce droit").Is(200).Shows("Ce droit était déjà là")
	s.give(ada, "1")
	b.Open("/g/portes/front/si?compte="+people.HexID(ada.ID)+"&jour=2030-01-07&heure=12:00").Is(200).Shows("La porte s’ouvre pour Ada Byron", "groupe Personnel · front · Bureau")
	b.Open("/g/portes/front/si?compte="+people.HexID(ada.ID)+"&jour=2030-01-06&heure=12:00").Shows("La porte reste fermée", "pas à cette heure")
	b.Open("/g/horaires/1/supprimer").Press("Supprimer").Is(409)
	b.Open("/g/droits").Follow("Retirer").Is(200).Shows("groupe Personnel").Press("Retirer").Is(200).Shows("Le droit est retiré", "pas encore de droit")
	b.Open("/g/horaires/1/supprimer").Press("Supprimer").Is(200).Shows("L’horaire est supprimé")
}

// O10: «who can open this door?» and «what if?» have answers with the reason.
func TestO10_WhoCanOpenAndWhatIf(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	s.door("front")
	b.Open("/g/portes/front/qui").Is(200).Shows("Personne ne peut ouvrir cette porte")
	ada, bob := s.person("Ada Byron"), s.person("Bob Babbage")
	s.give(ada, "1")
	s.group("Personnel", ada, bob)
	s.grant(access.NewGrant{Group: "Personnel", Door: "front"})
	s.grant(access.NewGrant{Account: people.HexID(bob.ID), Door: "front", Deny: true})
	b.Open("/g/portes/front/qui").Shows("Ada Byron", "passe", "Bob Babbage", "ne passe pas", "l’emporte sur tous les autres")
	b.Open("/g/portes/front/qui?passe=1").Shows("Ada Byron").Hides("Bob Babbage")
	p := b.Open("/g/portes").Follow("Et si… ?").Is(200).Fill("personne", "Bob Babbage").Press("Que se passerait-il ?").Is(200)
	p.Shows("La porte reste fermée pour Bob Babbage", "refuse", "Bob Babbage · front")
	b.Open("/g/portes/front/si?personne=Ada+Byron&jour=demain&heure=12:00").Is(422).Shows("Ce n’est ni un jour ni une heure")
	b.Open("/g/portes/front/si?personne=Nobody+Here").Is(422).Shows("Personne de ce nom")
	b.Open("/g/portes/back/si").Is(404)
	b.Open("/g/portes/back/qui").Is(404)
	csv := b.Open("/g/portes/front/qui/export").Is(200)
	if !strings.Contains(csv.Body, "front;Ada Byron;passe;") {
		t.Errorf("%q", csv.Body)
	}
}

// A door says on its list that its terminal is away, and that it was forced.
func TestO7_ADoorThatNeedsSomebodyShows(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	b.Open("/g/portes").Shows("Il n’y a pas encore de porte")
	s.door("front")
	b.Open("/g/portes").Shows("aucun terminal")
	s.happens("box", s.Now().Add(-time.Minute), wire.Event{Kind: wire.EventDoor, Point: "front", Reason: wire.ReasonDoorForced})
	b.Open("/g/portes").Shows("hors ligne depuis", "s’est ouverte sans droit")
}

// Settings of a door are kept, and what is wrong stands beside its field.
func TestADoorsSettings(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	s.door("front")
	p := b.Open("/g/portes/front").Is(200).Fill("frais", "soon").Fill("groupe", "outer").Press("Enregistrer").Is(422).Shows("Un nombre d’heures")
	p.Fill("frais", "0.5").Fill("sans", "staff").Press("Enregistrer").Is(200).Shows("C’est enregistré")
	s.Read(func(tx fleet.Tx) error {
		d, err := tx.Door("front")
		if d.FreshFor != 30*time.Minute || d.Group != "outer" || d.Stale != access.PolicyStaff || d.Anonymous {
			t.Errorf("%+v", d)
		}
		return err
	})
	b.Open("/g/portes/front").Follow("Supprimer la porte").Shows("Ses droits disparaissent").Press("Supprimer").Is(200).Shows("La porte est supprimée")
	b.Open("/g/portes/front").Is(404)
}

// A schedule's windows come back into the form, and a row that is half filled in is refused.
func TestASchedulesWindows(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	p := b.Open("/g/horaires/nouveau").Fill("nom", "Nuit").Fill("jours0", "4", "7").Fill("de0", "22:00").Fill("a0", "06:00").Fill("de1", "08:00").
		Press("Enregistrer").Is(422).Shows("Il faut au moins un jour")
	p.Fill("de1", "").Press("Enregistrer").Is(200).Shows("ven, fériés · 22:00–06:00")
	p = b.Open("/g/horaires/1").Is(200)
	if p.Value("de0") != "22:00" || p.Value("a0") != "06:00" {
		t.Errorf("the form has %q–%q", p.Value("de0"), p.Value("a0"))
	}
	p.Fill("a0", "00:00").Press("Enregistrer").Is(200).Shows("22:00–24:00")
	b.Open("/g/horaires/feries").Fill("jour", "2030-07-14").Fill("nom", "Fête nationale").Press("Ajouter").Is(200).Shows("14/07/2030", "Fête nationale").
		Press("Supprimer").Is(200).Shows("jour ordinaire", "Aucun jour férié")
	b.Open("/g/horaires/feries").Fill("jour", "never").Press("Ajouter").Is(422)
}

// A member with an area sees the pages of that area only; nobody else finds any.
func TestTheAreasOfRights(t *testing.T) {
	s := newStand(t)
	member := s.As(s.person("Ada Byron"))
	for _, path := range []string{"/g/cartes", "/g/portes", "/g/droits", "/g/groupes", "/g/horaires", "/g/evenements", "/g/rapports"} {
		member.Open(path).Is(404)
		s.Browser().Open(path).Hides("<table")
	}
	member.Post("/g/groupes", url.Values{"nom": {"Eve"}}).Is(404)
	if page.Decide(page.Cards, nil) != page.LogIn {
		t.Error("cards are for everybody")
	}
}

// O10: from a member's pages one sees what each door would do now, and why. A right is given
// from there to that member and nobody else, until another name is typed.
func TestO10_WhatTheDoorsWouldDoForAMember(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	s.door("front")
	s.door("lab")
	ada, twin := s.person("Ada Byron"), s.person("Ada Byron")
	bob := s.person("Bob Babbage")
	p := b.Open("/g/membres/" + people.HexID(ada.ID) + "/portes").Follow("Accorder un droit").Is(200)
	if p.Value("compte") != people.HexID(ada.ID) {
		t.Fatal("the form is about nobody")
	}
	p.Fill("porte", "d:front").Press("Donner ce droit").Is(200)
	p.Fill("personne", "Bob Babbage").Fill("porte", "d:lab").Press("Donner ce droit").Is(200)
	now := "/g/membres/" + people.HexID(ada.ID) + "/portes/maintenant"
	b.Open(now).Is(200).Shows("front ne passe pas", "n’a aucune carte")
	s.give(ada, "1")
	b.Open("/g/membres/"+people.HexID(ada.ID)+"/portes").Follow("Que feraient les portes maintenant ?").Is(200).
		Shows("front passe La carte est connue", "lab ne passe pas La personne est connue")
	s.Read(func(tx fleet.Tx) error {
		for _, a := range []people.Account{ada, bob, twin} {
			got, _, err := access.ListGrants(tx.Tx.Tx, access.GrantQuery{Account: a.ID})
			if err != nil || len(got) != map[people.ID]int{ada.ID: 1, bob.ID: 1}[a.ID] {
				t.Errorf("%s has %d rights, %v", a.DisplayName(), len(got), err)
			}
		}
		return nil
	})
	s.happens("box", s.Now(), s.tapped(ada, "1", "front", wire.OutcomeGranted, wire.ReasonKnownCard))
	b.Open("/g/evenements?compte=" + people.HexID(ada.ID)).Shows("La carte est connue")
	b.Open("/g/membres/00/portes/maintenant").Is(404)
}
