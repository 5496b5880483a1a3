package fleet_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/wire"
)

// ahead says hello as a terminal that has more than the hub: three changes of cards, five
// events and number 40.
func (t *terminal) ahead() wire.Ack {
	t.w.t.Helper()
	vector := []wire.CollectionState{{Collection: wire.Cards, Rev: t.revs[wire.Cards].Rev + 3, Hash: fleet.ID{9}}}
	t.nonce[0]++
	next := map[wire.Stream]uint64{1: 1, 2: 6}
	t.send(wire.MsgHello, wire.Hello{
		MinVersion: 1, MaxVersion: 1, Nonce: t.nonce, Incarnation: t.inc, Next: next, Vector: vector, Agent: "test",
		Acked: map[wire.Stream]uint64{2: 5}, Highest: 40,
	})
	return t.ack(func(wire.Ack) bool { return true })
}

// Issue 14, 1.2: a terminal that is ahead proves that the hub was restored. It keeps its
// rows until somebody acknowledges; numbers go on above all; what is missing is listed.
func TestATerminalThatIsAheadProvesARestore(t *testing.T) {
	w := newWorld(t, t.TempDir())
	ada := w.account("Ada")
	w.giveCard(ada.ID, "ada's")
	hall, other := w.join("hall"), w.join("other")
	hall.hello()
	hall.wait("cards", func() bool { return len(hall.rows[wire.Cards]) == 1 })
	had := hall.revs[wire.Cards].Rev + 3
	hall.first = nil
	hall.ahead()
	open := w.openAlarms()
	if len(open) != 1 || open[0].Kind != fleet.HubRestored {
		t.Fatalf("alarms %+v", open)
	}
	var r fleet.Restore
	w.must(json.Unmarshal(open[0].Detail, &r))
	if a := r.Terminals["hall"]; a.Events != 5 || a.Highest != 40 || a.Collections["cards"] != (fleet.Gap{Hub: had - 3, Terminal: had}) {
		t.Errorf("missing %+v", a)
	}
	other.hello()
	other.wait("leases", func() bool { return len(other.numbers()) > 0 })
	if n := other.numbers()[0]; n <= 40 {
		t.Errorf("number %d is lent, which hall may have given", n)
	}
	hall.report(hall.newAccount("one", 35)) // lent after the backup: it is believed
	w.must(w.read(func(tx fleet.Tx) error {
		a, err := tx.AccountByNumber(35)
		if a.ID != w.key.Anonymous(w.key.Card("one")) {
			t.Error("number 35 is not of whom it was told to")
		}
		return err
	}))
	for _, c := range hall.first {
		if c != wire.Leases {
			t.Errorf("%s came before anybody acknowledged", c)
		}
	}
	if _, err := w.hub.Acknowledge(t.Context(), operator, open[0].ID); err != nil {
		t.Fatal(err)
	}
	hall.wait("cards", func() bool { return hall.revs[wire.Cards].Rev > had })
	if len(hall.rows[wire.Cards]) != 2 || len(w.openAlarms()) != 0 {
		t.Errorf("%d cards, alarms %+v", len(hall.rows[wire.Cards]), w.openAlarms())
	}
}

// A terminal stays ahead of a restored hub however much happens there until it speaks, or
// speaks again: what was revoked in the time that is lost stays revoked. (Seed 88 of syncsim:
// the hub's revisions overtook the terminal's, and it took the older set without a word.)
func TestARestoredHubDoesNotOvertakeTerminals(t *testing.T) {
	for _, by := range []string{"badgehub restore", "a disk image"} {
		t.Run(by, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			w.giveCard(w.account("Ada").ID, "ada's")
			hall, late := w.join("hall"), w.join("late")
			for _, b := range []*terminal{hall, late} {
				b.hello()
				b.wait("cards", func() bool { return len(b.rows[wire.Cards]) == 1 })
			}
			if by == "badgehub restore" {
				w.must(w.store.Write(t.Context(), audit.Actor{Kind: audit.System}, fleet.MarkRestored))
			} else {
				hall.ahead()
			}
			for i := range 20 {
				w.giveCard(w.account("Bob").ID, fmt.Sprint("bob's ", i))
			}
			healthy := w.join("healthy")
			healthy.hello()
			healthy.wait("cards", func() bool { return len(healthy.rows[wire.Cards]) == 21 })
			lost := hall.revs[wire.Cards].Rev + 3
			for _, b := range []*terminal{hall, late} {
				b.first = nil
				b.ahead()
				b.report(swipe())
				if slices.Contains(b.first, wire.Cards) {
					t.Errorf("%s took the hub's cards before anybody acknowledged", b.name)
				}
			}
			open := w.openAlarms()
			var r fleet.Restore
			w.must(json.Unmarshal(open[0].Detail, &r))
			if len(r.Terminals["late"].Collections) != 1 || len(r.Terminals["hall"].Collections) != 1 || len(r.Terminals) != 2 {
				t.Errorf("ahead are %+v", r.Terminals)
			}
			_, err := w.hub.Acknowledge(t.Context(), operator, open[0].ID)
			w.must(err)
			for _, b := range []*terminal{hall, late} {
				b.wait("all cards", func() bool { return len(b.rows[wire.Cards]) == 21 })
			}
			for more, alarms := range []int{0, 1} { // what an operator has acknowledged, and one change more
				hall.revs[wire.Cards] = wire.CollectionState{Collection: wire.Cards, Rev: lost + uint64(more), Hash: fleet.ID{9}}
				if hall.hello(); len(w.openAlarms()) != alarms {
					t.Errorf("a terminal with revision %d: alarms %+v", lost+uint64(more), w.openAlarms())
				}
			}
		})
	}
}

// A hub goes back twice, the second time as a disk image while nobody has acknowledged the first:
// a terminal that has of the time between takes what the hub has once somebody does.
func TestATerminalAheadOfARestoredHubIsTakenBack(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.must(w.store.Write(t.Context(), audit.Actor{Kind: audit.System}, fleet.MarkRestored))
	w.giveCard(w.account("Ada").ID, "ada's")
	hall := w.join("hall")
	hall.hello()
	hall.wait("cards", func() bool { return len(hall.rows[wire.Cards]) == 1 })
	had := hall.revs[wire.Cards].Rev + 3
	hall.revs[wire.Cards] = wire.CollectionState{Collection: wire.Cards, Rev: had, Hash: fleet.ID{9}}
	hall.first = nil
	hall.hello()
	hall.report(swipe())
	if slices.Contains(hall.first, wire.Cards) {
		t.Error("cards came before anybody acknowledged")
	}
	_, err := w.hub.Acknowledge(t.Context(), operator, w.openAlarms()[0].ID)
	w.must(err)
	hall.wait("cards", func() bool { return hall.revs[wire.Cards].Rev > had && hall.revs[wire.Cards].Hash != fleet.ID{9} })
}

func (w *world) giveCard(account fleet.ID, badge string) {
	w.t.Helper()
	w.do(func(tx fleet.Tx) error {
		return tx.PutCard(access.Card{ID: w.key.Card(badge), Account: account, State: access.CardActive, Assurance: access.UID, Since: tx.Now})
	})
}

// Issue 14, 1.2: a database that was put back knows it, before any terminal proves it, and
// lends no number that may have been lent.
func TestARestoredHubJumpsOverNumbers(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.must(w.store.Write(t.Context(), audit.Actor{Kind: audit.System}, fleet.MarkRestored))
	w.do(func(tx fleet.Tx) error { // to a backup of that time
		tx.Now = tx.Now.Add(time.Minute)
		return fleet.MarkRestored(tx)
	})
	hall := w.join("hall")
	hall.hello()
	hall.wait("leases", func() bool { return len(hall.numbers()) > 0 })
	if n := hall.numbers()[0]; n != 20001 {
		t.Errorf("the first number is %d, want 20001", n)
	}
	if open := w.openAlarms(); len(open) != 1 || !open[0].Last.After(open[0].First) {
		t.Errorf("alarms %+v, want one that came again", open)
	}
}

// Issue 14, 1.2: a hub that was put back lends other numbers under a revision that the
// terminal has already. The terminal gets all its leases again.
func TestLeasesWithAnotherHashAreSentWhole(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	hall.wait("leases", func() bool { return len(hall.numbers()) > 0 })
	had := hall.revs[wire.Leases]
	had.Hash[0] ^= 1
	hall.revs[wire.Leases] = had
	hall.first = nil
	hall.hello()
	for i, name := range []string{"front", "back"} { // with the second door, what the hello asks for is sent
		w.door(name)
		hall.wait("the door "+name, func() bool { return len(hall.rows[wire.Doors]) == i+1 })
	}
	if !slices.Contains(hall.first, wire.Leases) {
		t.Errorf("collections %v came, want the leases again", hall.first)
	}
}

// Issue 14, 1.2: terminals hear what a backup holds, and may forget only that.
func TestAnAcknowledgementTellsWhatABackupHolds(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	hall.report(swipe(), swipe())
	if a := hall.hello(); len(a.Safe) != 0 {
		t.Errorf("without a backup, %v is safe", a.Safe)
	}
	w.must(w.hub.Backup(t.Context(), func() error {
		hall.report(swipe()) // comes too late for it
		return nil
	}))
	if a := hall.hello(); a.Safe[wire.StreamSecurity] != 2 || a.Upto[wire.StreamSecurity] != 3 {
		t.Errorf("safe %v of %v, want 2 of 3", a.Safe, a.Upto)
	}
}

// A rogue terminal that says it is ahead changes nothing for others.
func TestARogueThatSaysItIsAheadHarmsItselfOnly(t *testing.T) {
	w := newWorld(t, t.TempDir())
	rogue, hall := w.join("rogue"), w.join("hall")
	rogue.send(wire.MsgHello, wire.Hello{
		MinVersion: 1, MaxVersion: 1, Nonce: fleet.ID{5}, Incarnation: rogue.inc, Next: map[wire.Stream]uint64{},
		Vector: []wire.CollectionState{{Collection: wire.Cards, Rev: 1 << 62, Hash: fleet.ID{1}}, {Collection: wire.Doors, Rev: 77, Hash: fleet.ID{1}}},
		Acked:  map[wire.Stream]uint64{2: 1 << 62}, Highest: 1 << 50,
	})
	hall.hello()
	hall.wait("leases", func() bool { return len(hall.numbers()) > 0 })
	if n := hall.numbers()[0]; n > 20000 {
		t.Errorf("the next number is %d", n)
	}
	w.door("front")
	hall.wait("the door", func() bool { return len(hall.rows[wire.Doors]) == 1 })
}
