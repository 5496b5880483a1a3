package doors_test

import (
	"errors"
	"regexp"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// O1, S1.16: this morning's unknown card is found, with terminal and time, and given to a person
// in two steps; it then belongs to them.
func TestO1_ThisMorningsUnknownCardIsGiven(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	s.door("front")
	ada := s.person("Ada Byron")
	b.Open("/g/cartes/inconnues").Is(200).Shows("Aucune carte inconnue")
	s.happens("hall", s.Now().Add(-time.Hour), s.tapped(people.Account{}, "new", "print", wire.OutcomeRefused, wire.ReasonUnknownCard))
	s.happens("hall", s.Now().Add(-30*time.Hour), s.tapped(people.Account{}, "old", "print", wire.OutcomeRefused, wire.ReasonUnknownCard))
	p := b.Open("/g/cartes/inconnues").Is(200).Shows(s.ref("new"), "hall · print", "Cette carte n’est à personne").Hides(s.ref("old"))
	p = p.Follow("attribuer à…").Is(200).Shows(s.ref("new"), "hall · print")
	p = p.Fill("personne", "Nobody Here").Press("Attribuer").Is(422).Shows("Personne de ce nom")
	p = p.Fill("personne", "Ada Byron").Fill("jusqua", "2001-01-01").Press("Attribuer").Is(422)
	if p.Value("personne") != "Ada Byron" {
		t.Error("what was typed is gone")
	}
	p.Fill("jusqua", "").Press("Attribuer").Is(200).Shows("La carte est à Ada Byron", "active")
	if c := s.card("new"); c.Account != ada.ID || c.State != access.CardActive {
		t.Errorf("%+v", c)
	}
	b.Open("/g/cartes/inconnues").Shows("Aucune carte inconnue")
	b.Open("/g/cartes?q=ada").Shows(s.ref("new"), "Ada Byron")
	b.Open("/g/cartes?q=zoe").Shows("Aucune carte ne correspond")
}

// Issue 8, 3: of several people none is suggested; the operator chooses.
func TestOfSeveralPeopleNoneIsSuggested(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	s.person("Ada Byron")
	other := s.person("Ada Byron")
	s.happens("hall", s.Now(), s.tapped(people.Account{}, "new", "print", wire.OutcomeRefused, wire.ReasonUnknownCard))
	p := b.Open("/g/cartes/"+s.ref("new")+"/attribuer").Fill("personne", "Ada Byron").Press("Attribuer").Is(422).Shows("Qui voulez-vous dire")
	if p.Value("compte") != "" {
		t.Error("somebody is chosen already")
	}
	p.Fill("compte", people.HexID(other.ID)).Press("Attribuer").Is(200).Shows("La carte est à Ada Byron")
	if s.card("new").Account != other.ID {
		t.Error("the card went to the other one")
	}
}

// S2.19, S1.30: the operator sees who wants a card that is somebody else's, and decides.
func TestS219_AContestedCardIsResolved(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	ada, bob := s.person("Ada Byron"), s.person("Bob Babbage")
	s.give(ada, "1")
	b.Open("/g/cartes/contestees").Shows("Aucune carte contestée")
	s.do(func(tx access.Tx) error {
		return tx.AddConflict(access.Conflict{
			Card: s.cardID("1"), Account: ada.ID, Other: bob.ID, Terminal: "hall", Why: access.ConflictTaken, At: s.Now(),
		})
	})
	p := b.Open("/g/cartes/contestees").Shows(s.ref("1"), "Ada Byron", "Bob Babbage", "Un terminal l’a refusée")
	p = p.Follow("résoudre").Is(200).Press("Décider").Is(422).Shows("Choisissez à qui est la carte")
	p.Fill("a", people.HexID(bob.ID)).Press("Décider").Is(200).Shows("C’est décidé", "Bob Babbage")
	if c := s.card("1"); c.Account != bob.ID || c.State != access.CardActive {
		t.Errorf("%+v", c)
	}
	b.Open("/g/cartes/contestees").Shows("Aucune carte contestée")
}

// S2.20: a card is revoked after a warning, and then is dead for good. A lost one can come
// back.
func TestS220_ARevokedCardIsDeadForGood(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	s.give(s.person("Ada Byron"), "1")
	path := "/g/cartes/" + s.ref("1")
	b.Open(path).Press("Elle est perdue").Is(200).Shows("La carte est perdue")
	b.Open(path).Press("Elle fonctionne de nouveau").Is(200).Shows("La carte fonctionne")
	p := b.Open(path).Follow("Révoquer").Is(200).Shows("même à un terminal qui était hors ligne")
	if s.card("1").State != access.CardActive {
		t.Error("the page of the warning revoked it")
	}
	p.Press("Révoquer").Is(200).Shows("morte pour de bon").Hides("Elle fonctionne de nouveau")
	b.Post(path+"/active", nil).Is(409)
	if s.card("1").State != access.CardRevoked {
		t.Error("it came back")
	}
	b.Open("/g/cartes/ffffffff").Is(404)
}

// S2.20, issue 9: the page of a card that works no more says at how many doors that has
// arrived, and when, and which terminals are missing.
func TestTheCardSaysWhereItIsDead(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	s.give(s.person("Ada Byron"), "1")
	path := "/g/cartes/" + s.ref("1")
	b.Open(path).Is(200).Hides("appliquée")
	terminal := func(name string, behind uint64, doors ...string) {
		s.Write(func(tx fleet.Tx) error {
			id := s.cardID("1")
			row, err := tx.Row(wire.Cards, "", id[:])
			if err != nil {
				return err
			}
			vector := []wire.CollectionState{{Collection: wire.Cards, Rev: row.Rev - behind}}
			at := tx.Now.Add(-48 * time.Hour)
			return errors.Join(tx.PutTerminal(fleet.Terminal{Name: name, Cert: []byte("cert"), Public: make([]byte, 32), Vector: vector, Doors: doors}),
				tx.PutApplied(fleet.Applied{Terminal: name, Collection: wire.Cards, Rev: row.Rev - behind, At: at}))
		})
	}
	b.Open(path).Follow("Révoquer").Press("Révoquer").Is(200)
	terminal("hall", 0, "front", "side")
	terminal("yard", 1, "gate")
	b.Open(path).Shows("Révoquée à ", "appliquée à 2 portes sur 3", "pas encore : yard.")
	terminal("yard", 0, "gate")
	day := s.Now().Add(-48 * time.Hour).In(s.Zone()).Format("02/01/2006")
	p := b.Open(path).Shows("appliquée à 3 portes sur 3 à " + day).Hides("pas encore")
	if !regexp.MustCompile(`Révoquée à \d\d:\d\d:\d\d, appliquée`).MatchString(p.Text()) {
		t.Errorf("the page says %s", p.Text())
	}
	b.Lang = "en"
	b.Open(path).Shows("applied at 3 of 3 doors")
}

// S1.29: temporary cards are listed with their ends.
func TestS129_TemporaryCardsAreListed(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	ada := s.person("Ada Byron")
	s.give(ada, "1")
	s.do(func(tx access.Tx) error {
		_, err := access.GiveCard(tx, access.Gift{Card: s.cardID("2"), To: people.HexID(ada.ID), Until: s.Now().Add(time.Hour)})
		return err
	})
	b.Open("/g/cartes").Shows(s.ref("1"), s.ref("2"))
	b.Open("/g/cartes?etat=temporary").Shows(s.ref("2")).Hides(s.ref("1"), "terminé")
	s.Advance(2 * time.Hour)
	s.As(s.admin()).Open("/g/cartes?etat=temporary").Shows(s.ref("2"), "terminé")
}
