package fleet_test

import (
	"slices"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// spread reads how far a card or an account has come.
func (w *world) spread(of func(fleet.Tx, fleet.ID) (fleet.Spread, error), id fleet.ID) (s fleet.Spread) {
	w.t.Helper()
	w.must(w.read(func(tx fleet.Tx) (err error) {
		s, err = of(tx, id)
		return err
	}))
	return s
}

// at puts the hub's clock to a moment.
func (w *world) at(t time.Time) time.Time {
	w.now.Store(&t)
	return t
}

// S2.20, issue 9: of a revoked card the hub knows at how many doors it is dead, since when,
// and which terminals have not said so yet.
func TestARevokedCardIsFollowedToEveryDoor(t *testing.T) {
	w := newWorld(t, t.TempDir())
	start := w.at(time.Now().UTC().Truncate(time.Second))
	front, back := w.join("front-box"), w.join("back-box")
	front.doors, back.doors = []string{"front", "side"}, []string{"back"}
	front.hello()
	back.hello()
	ada, card := w.account("Ada"), w.key.Card("card")
	front.report(w.bound(ada.ID, w.claim(ada).ID, "card"))
	has := func(x *terminal, state wire.BindingState) func() bool {
		return func() bool {
			k, _ := row[wire.Binding](x, wire.Cards, card[:])
			return k.State == state
		}
	}
	front.wait("the card", has(front, wire.BindingActive))
	back.wait("the card", has(back, wire.BindingActive))
	front.hello() // says what it has
	back.hello()
	if s := w.spread(fleet.CardSpread, card); !s.IsWhole() || !s.At.Equal(start) {
		t.Errorf("the card has come to %+v", s)
	}
	revoked := w.at(start.Add(7 * time.Second))
	w.must(w.write(func(tx fleet.Tx) error {
		_, err := access.SetCardState(tx.Tx.Tx, people.HexID(card), access.CardRevoked, "")
		return err
	}))
	front.wait("the revocation", has(front, wire.BindingRevoked))
	back.wait("the revocation", has(back, wire.BindingRevoked))
	if s := w.spread(fleet.CardSpread, card); s.Doors != 0 || s.OfDoors != 3 || !slices.Equal(s.Missing, []string{"back-box", "front-box"}) {
		t.Errorf("before a terminal said so: %+v", s)
	}
	w.at(start.Add(8 * time.Second))
	front.hello()
	if s := w.spread(fleet.CardSpread, card); s.Doors != 2 || s.OfDoors != 3 || s.Terminals != 1 || !slices.Equal(s.Missing, []string{"back-box"}) {
		t.Errorf("after the first: %+v", s)
	}
	last := w.at(start.Add(9 * time.Second))
	back.hello()
	w.at(start.Add(time.Hour))
	front.hello() // says again what it has
	if s := w.spread(fleet.CardSpread, card); !s.IsWhole() || s.Doors != 3 || !s.At.Equal(last) {
		t.Errorf("after both: %+v, want all at %v", s, last)
	}
	w.must(w.read(func(tx fleet.Tx) error {
		at, err := fleet.CardChanged(tx, card)
		if !at.Equal(revoked) {
			t.Errorf("changed at %v, want %v", at, revoked)
		}
		return err
	}))
}

// S5.10: an erasure is acknowledged by every terminal that has joined; one that was removed
// counts no more. A terminal that lost its rows has to get them again.
func TestAnErasureIsAcknowledgedByEveryTerminal(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front, back := w.join("front-box"), w.join("back-box")
	front.hello()
	back.hello()
	ada := w.account("Ada")
	front.wait("the account", func() bool { return len(front.rows[wire.Accounts]) == 1 })
	pending := func(want int) {
		t.Helper()
		w.must(w.read(func(tx fleet.Tx) error {
			n, err := fleet.PendingErasures(tx, 10)
			if n != want {
				t.Errorf("%d erasures wait, want %d", n, want)
			}
			return err
		}))
	}
	pending(0)
	had := front.revs[wire.Accounts].Rev
	w.must(w.write(func(tx fleet.Tx) error { return access.Erase(tx.Tx.Tx, ada.ID) }))
	front.wait("the erasure", func() bool { return front.revs[wire.Accounts].Rev > had })
	pending(1)
	front.hello()
	if s := w.spread(fleet.AccountSpread, ada.ID); s.Terminals != 1 || s.OfTerminals != 2 || !slices.Equal(s.Missing, []string{"back-box"}) {
		t.Errorf("after one terminal: %+v", s)
	}
	pending(1)
	w.must(w.hub.RemoveTerminal(t.Context(), operator, "back-box"))
	pending(0)
	if s := w.spread(fleet.AccountSpread, ada.ID); !s.IsWhole() || s.OfTerminals != 1 {
		t.Errorf("without the other: %+v", s)
	}
	front.revs[wire.Accounts] = wire.CollectionState{Collection: wire.Accounts}
	front.hello()
	if s := w.spread(fleet.AccountSpread, ada.ID); s.IsWhole() {
		t.Errorf("of a terminal that lost its rows: %+v", s)
	}
}
