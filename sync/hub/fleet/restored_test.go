package fleet_test

import (
	"encoding/json"
	"slices"
	"testing"

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
	w.must(w.store.Write(t.Context(), audit.Actor{Kind: audit.System}, fleet.MarkRestored)) // again, as nothing
	hall := w.join("hall")
	hall.hello()
	hall.wait("leases", func() bool { return len(hall.numbers()) > 0 })
	if n := hall.numbers()[0]; n != 10001 {
		t.Errorf("the first number is %d, want 10001", n)
	}
	if open := w.openAlarms(); len(open) != 1 {
		t.Errorf("alarms %+v", open)
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
