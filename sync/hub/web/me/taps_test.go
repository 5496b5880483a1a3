package me_test

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// reports lets the terminal of a door tell the hub now of a card that was presented at a time.
func (s stand) reports(number, door string, why wire.Reason, at time.Time) {
	s.t.Helper()
	card := s.Hub.SiteKey().Card(number)
	s.Write(func(tx fleet.Tx) error {
		var order uint64 = 1
		err := tx.EventsBelow(0, 1, func(r fleet.Record) error {
			order = r.Order + 1
			return nil
		})
		body, err2 := wire.Marshal(wire.Event{
			Order: order, Kind: wire.EventPresentation, Point: door, Outcome: wire.OutcomeRefused, Reason: why, Card: card[:],
			At: at.UnixMilli(), Clock: wire.ClockTrusted, Boot: make([]byte, 8),
		})
		src := fleet.Source{Terminal: "front-box", Incarnation: fleet.ID{1}, Upto: map[wire.Stream]uint64{}}
		err3 := errors.Join(tx.PutTerminal(fleet.Terminal{Name: "front-box", Token: []byte("front-box"), Doors: []string{"front", "back"}}), tx.PutSource(src))
		if err := errors.Join(err, err2, err3); err != nil {
			return err
		}
		_, err = tx.Append(fleet.Record{Terminal: "front-box", Incarnation: src.Incarnation, Stream: wire.StreamEvents, Seq: order, Order: order, Received: tx.Now, Body: body})
		return err
	})
}

const (
	tapped = "Une carte inconnue vient d’être présentée à la porte front"
	yes    = "Oui, c’est ma carte"
)

// S2.06, S2.27, PEOPLE §4.2: tap first, then the phone. The page offers the door where a card
// waits for a code; yes asks for a code of that door alone, and the code binds the card there.
func TestATapFirstThenThePhone(t *testing.T) {
	s := newStand(t)
	s.access(func(tx access.Tx) error {
		_, err := access.SetDoor(tx, "back", func(*access.Door) {})
		return err
	})
	ada := s.ada()
	b := s.As(ada)
	b.Open("/moi/carte").Hides(tapped)
	s.reports("1111", "front", wire.ReasonAwaitCode, s.Now())
	p := b.Open("/moi/carte").Is(200).Shows(tapped, "Rien n’est enregistré avant").Press(yes).Is(200)
	p.Shows("Tapez le code PIN *", "attend ce code", "puis présentez la même carte encore une fois").Hides(tapped, "back")
	if c := s.card("1111"); c.State != "" {
		t.Errorf("yes bound the card: %+v", c)
	}
	s.present(ada, "1111")
	b.Open(p.Path).Shows("Votre carte est enregistrée")
	s.reports("2222", "front", wire.ReasonAwaitCode, s.Now())
	b.Open("/moi/carte").Shows(tapped).Press("Je confirme avoir une carte en ma possession").Shows(tapped)
}

// S2.27, S2.11: a stranger's card that waits at a door is never bound by somebody who is not
// there: not by their yes, not when the stranger presents it again, and not with the code at
// another door.
func TestAStrangersCardIsNotBoundFromAfar(t *testing.T) {
	s := newStand(t)
	mallory := s.ada()
	b := s.As(mallory)
	s.reports("5555", "front", wire.ReasonAwaitCode, s.Now())
	b.Open("/moi/carte").Press(yes).Is(200)
	s.reports("5555", "front", wire.ReasonAwaitCode, s.Now()) // its owner tries again
	free := func() {
		t.Helper()
		if c := s.card("5555"); c.Account != (people.ID{}) {
			t.Errorf("the stranger's card is somebody's: %+v", c)
		}
	}
	free()
	s.access(func(tx access.Tx) error {
		live, err := tx.LiveClaimsOf(mallory.ID, tx.Now)
		if err != nil || len(live) != 1 || len(live[0].Doors) != 1 || live[0].Doors[0] != "front" {
			t.Fatalf("the codes are %+v, %v", live, err)
		}
		return access.UseClaim(tx, access.Report{
			Terminal: "back-box", Doors: []string{"back"}, At: tx.Now, Card: s.Hub.SiteKey().Card("5555"), Account: mallory.ID, Claim: live[0].ID,
		})
	})
	free()
}

// A door is offered while a card waits there, and no longer: not when the window is over or
// the hub hears of it too late, not for a card of somebody's, and not where no code is typed.
func TestOnlyACardThatWaitsIsOffered(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	b := s.As(ada)
	s.give(s.AddPerson(people.New{First: "Bob", Last: "Babbage", State: people.Active}), "3333")
	s.reports("3333", "front", wire.ReasonAwaitCode, s.Now())
	s.reports("4444", "front", wire.ReasonUnknownCard, s.Now())
	s.reports("4444", "printer", wire.ReasonAwaitCode, s.Now())
	s.reports("4444", "front", wire.ReasonAwaitCode, s.Now().Add(-time.Minute))
	b.Open("/moi/carte").Is(200).Hides(yes)
	b.Post("/moi/carte/presentee", url.Values{"door": {"front"}}).Is(200).Shows("La porte n’attend plus cette carte")
	s.reports("4444", "front", wire.ReasonAwaitCode, s.Now())
	p := b.Open("/moi/carte").Shows(yes)
	s.Advance(31 * time.Second)
	p.Press(yes).Is(200).Shows("La porte n’attend plus cette carte").Hides(yes)
	if n := s.liveCodes(ada); n != 0 {
		t.Errorf("%d codes were issued", n)
	}
}
