package fleet_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/publish"
	"badged/sync/wire"
)

// S1.04: numbers begin at 1 at the first printer, whoever joined before.
func TestATerminalWithoutPrintersIsLentNothing(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front, hall := w.join("front"), w.join("hall")
	front.door = true
	front.hello()
	hall.hello()
	hall.wait("leases", func() bool { return len(hall.numbers()) > 0 })
	if n := hall.numbers(); n[0] != 1 || len(front.numbers()) != 0 {
		t.Errorf("the printer begins at %d, the door has %v", n[0], front.numbers())
	}
}

// Nobody logs in with a PIN where there are only doors, so that such a box, which may hang
// outside, is told none.
func TestATerminalWithDoorsOnlyIsToldNoPIN(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front, hall := w.join("front"), w.join("hall")
	front.door = true
	w.pin(w.account("Ada"))
	front.hello()
	hall.hello()
	hall.wait("the PIN", func() bool { return len(hall.rows[wire.PINs]) == 1 })
	front.wait("the account", func() bool { return len(front.rows[wire.Accounts]) == 1 })
	w.door("front")
	front.wait("what comes after all of that", func() bool { return len(front.rows[wire.Doors]) == 1 })
	if slices.Contains(front.first, wire.PINs) {
		t.Errorf("collections %v came", front.first)
	}
}

// Whoever issues a code is told of the doors that will not hear of it yet.
func TestDoorsOfTerminalsThatAreAwayAreNamed(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front, back := w.join("front-box"), w.join("back-box")
	front.doors, back.doors = []string{"front", "side"}, []string{"back"}
	front.hello()
	back.hello()
	back.away()
	w.must(w.read(func(tx fleet.Tx) error {
		doors, err := w.hub.Away(tx)
		if !slices.Equal(doors, []string{"back"}) {
			t.Errorf("away are %v", doors)
		}
		return err
	}))
}

// S2.20, S2.22: what is taken away goes first, and connected terminals hear at once.
func TestRevocationsGoFirst(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	ada, bob := w.account("Ada"), w.account("Bob")
	front.report(w.bound(ada.ID, w.claim(ada).ID, "card"))
	card := w.key.Card("card")
	front.wait("card", func() bool {
		k, _ := row[wire.Binding](front, wire.Cards, card[:])
		return k.State == wire.BindingActive
	})
	front.wait("accounts", func() bool { return len(front.rows[wire.Accounts]) == 2 })
	front.wait("claims", func() bool { return len(front.rows[wire.Claims]) == 1 })
	front.send(wire.MsgStatus, wire.Status{Nonce: front.nonce})
	waitFor(t, "the terminal to be away", func() bool {
		all, err := w.terminals()
		return err == nil && all[0].Connected.IsZero()
	})
	w.set("lang", "en")
	w.door("front")
	w.setState(bob.ID, people.Suspended)
	w.setState(bob.ID, people.Active)
	w.claim(bob)
	if _, err := w.setCard(people.HexID(card), access.CardLost, ""); err != nil {
		t.Fatal(err)
	}
	front.first = nil
	front.hello()
	front.wait("all", func() bool {
		return slices.Contains(front.first, wire.Doors) && slices.Contains(front.first, wire.Config) && slices.Contains(front.first, wire.Claims)
	})
	if front.first[0] != wire.Cards {
		t.Errorf("the lost card came after others: %v", front.first)
	}
}

func waitFor(t testing.TB, what string, good func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !good(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestSnapshotsAreCutIntoPages(t *testing.T) {
	w := newWorld(t, t.TempDir())
	const n = 3000
	err := w.write(func(tx fleet.Tx) error {
		for i := range n {
			body, err := wire.Marshal(wire.Door{FreshFor: int64(i)})
			if err != nil {
				return err
			}
			if err := tx.PutRow(wire.Doors, "", fmt.Appendf(nil, "door-%05d-%s", i, strings.Repeat("x", 40)), body); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	front := w.join("front")
	front.hello()
	front.wait("doors", func() bool { return len(front.rows[wire.Doors]) == n })
	front.revs[wire.Doors] = wire.CollectionState{Collection: wire.Doors}
	front.first = nil
	front.hello() // as a terminal whose set did not add up says it
	front.wait("doors again", func() bool { return slices.Contains(front.first, wire.Doors) })
}

func TestTidyEndsOldClaims(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	w.claim(w.account("Ada"))
	front.wait("claim", func() bool { return len(front.rows[wire.Claims]) == 1 })
	if err := w.tidy(time.Now().Add(24 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := w.tidy(time.Now().Add(26 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	front.wait("the end of the claim", func() bool { return len(front.rows[wire.Claims]) == 0 })
}

func TestTombstonesAreForgottenWhenAllHaveThem(t *testing.T) {
	w := newWorld(t, t.TempDir())
	one, two := w.join("one"), w.join("two")
	one.hello()
	two.hello()
	ada := w.account("Ada")
	w.door("front")
	for range 3 {
		g := w.grant(ada, "front", false)
		if err := w.removeGrant(g.ID); err != nil {
			t.Fatal(err)
		}
	}
	one.wait("grants", func() bool { return one.revs[wire.Grants].Rev == 6 })
	one.hello()
	floor := func() uint64 {
		if err := w.tidy(time.Now()); err != nil {
			t.Fatal(err)
		}
		var st publish.State
		err := w.read(func(tx fleet.Tx) (err error) {
			st, err = tx.RowState(wire.Grants, "")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return st.Floor
	}
	if f := floor(); f != 0 {
		t.Errorf("forgotten up to %d, though a terminal has nothing", f)
	}
	two.wait("grants", func() bool { return two.revs[wire.Grants].Rev == 6 })
	two.hello()
	if f := floor(); f != 6 {
		t.Errorf("forgotten up to %d, want 6", f)
	}
	late := w.join("late")
	late.revs[wire.Grants] = wire.CollectionState{Collection: wire.Grants, Rev: 3, Hash: fleet.ID{1}}
	late.hello()
	late.wait("a whole collection", func() bool { return late.revs[wire.Grants].Rev == 6 })
}
