package fleet_test

import (
	"testing"

	"badged/sync/hub/fleet"
	"badged/sync/wire"
)

// openAlarms are the alarms that nobody has acknowledged.
func (w *world) openAlarms() (open []fleet.Alarm) {
	w.t.Helper()
	w.must(w.read(func(tx fleet.Tx) error {
		return tx.EachAlarm(fleet.AlarmQuery{Open: true, Limit: 100}, func(a fleet.Alarm) error {
			open = append(open, a)
			return nil
		})
	}))
	return open
}

// copyOf is a terminal that runs from a copy of another one's disk.
func (t *terminal) copyOf() *terminal {
	c := *t
	c.next, c.chain, c.acked = map[wire.Stream]uint64{}, map[wire.Stream]wire.Chain{}, map[wire.Stream]uint64{}
	for s, n := range t.next {
		c.next[s], c.chain[s] = n, t.chain[s]
	}
	c.rows, c.revs = map[wire.Collection]map[string][]byte{}, map[wire.Collection]wire.CollectionState{}
	c.nonce = fleet.ID{200}
	return &c
}

// Issue 14, 1.1: a frame that follows other events than those that the hub has is not taken,
// nor any part of it, and the acknowledgement tells what the hub has there.
func TestAFrameOfAnotherHistoryIsNotTaken(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	hall.report(swipe())
	other := hall.copyOf()
	hall.report(swipe(), swipe())
	other.order = hall.order + 50 // other events in the same places
	f := other.frame(wire.StreamSecurity, swipe(), swipe(), swipe(), swipe())
	hall.send(wire.MsgSecurity, f) // 2 to 5: the hub has 2 and 3 already, others
	a := hall.ack(func(wire.Ack) bool { return true })
	if a.Upto[wire.StreamSecurity] != 3 || a.Chain[wire.StreamSecurity] != hall.chain[wire.StreamSecurity] {
		t.Errorf("the hub has %d, chain %x", a.Upto[wire.StreamSecurity], a.Chain[wire.StreamSecurity])
	}
	if n := len(w.events()); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
}

// Issue 14, 1.1: a hello with other events in the same places is that of a copy, also if it
// has as many.
func TestAHelloWithAnotherChainGetsANewIdentity(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	other := hall.copyOf()
	hall.report(swipe())
	other.order = 70
	other.frame(wire.StreamSecurity, swipe())
	if a := other.hello(); a.Incarnation == hall.inc {
		t.Error("two databases with other events in the same places go by one name")
	}
}

// Issue 14, 1.1: two live connections of one database are a copy: both get new incarnations,
// and the operator an alarm. A connection that is over, of which a late hello comes, is none.
func TestTwoLiveConnectionsAreToldApart(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	second := hall.copyOf()
	second.hello() // takes the place of the first
	first := hall.sayHello(wire.Hello{})
	if first.Incarnation != hall.inc || first.Challenge == 0 || len(w.openAlarms()) != 0 {
		t.Fatalf("a connection that may be over is answered %+v", first)
	}
	if again := hall.sayHello(wire.Hello{Echo: first.Challenge + 1}); again.Incarnation != hall.inc {
		t.Fatal("a wrong echo counts")
	}
	told := hall.sayHello(wire.Hello{Echo: first.Challenge})
	if told.Incarnation == hall.inc || !told.Copied {
		t.Fatalf("the first is told %+v", told)
	}
	other := second.ack(func(a wire.Ack) bool { return a.Copied })
	if other.Incarnation == hall.inc || other.Incarnation == told.Incarnation {
		t.Errorf("the second goes on as %x, the first as %x", other.Incarnation, told.Incarnation)
	}
	if open := w.openAlarms(); len(open) != 1 || open[0].Kind != fleet.TerminalCopied || open[0].Object != "hall" {
		t.Errorf("alarms %+v", open)
	}
	hall.send(wire.MsgSecurity, hall.frame(wire.StreamSecurity, swipe())) // under the name that has ended
	hall.inc = told.Incarnation
	hall.next, hall.chain = map[wire.Stream]uint64{1: 1, 2: 1}, map[wire.Stream]wire.Chain{}
	hall.hello()
	hall.report(swipe())
	if n := len(w.events()); n != 1 {
		t.Errorf("%d events, want only that of the new name", n)
	}
}

// sayHello says hello within the connection and returns the answer of the hub.
func (t *terminal) sayHello(m wire.Hello) wire.Ack {
	t.w.t.Helper()
	m.MinVersion, m.MaxVersion, m.Nonce, m.Incarnation, m.Next, m.Chain = 1, 1, t.nonce, t.inc, t.next, t.chain
	m.Vector = []wire.CollectionState{}
	t.send(wire.MsgHello, m)
	return t.ack(func(wire.Ack) bool { return true })
}

// Issue 14, 1.1: the last person told keeps the name that they saw: whoever looks for it
// finds both.
func TestANumberThatTwoSawLeadsToBoth(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	hall.wait("leases", func() bool { return len(hall.numbers()) > 0 })
	second := hall.copyOf()
	second.order = 90
	hall.report(hall.newAccount("one", 1))
	second.inc = second.hello().Incarnation
	second.next = map[wire.Stream]uint64{1: 1, 2: 1}
	second.hello()
	second.report(second.newAccount("two", 1))
	accounts := map[fleet.ID]bool{}
	w.must(w.read(func(tx fleet.Tx) error {
		a, err := tx.AccountByNumber(1)
		accounts[a.ID] = true
		seen, err2 := tx.SeenBy(1)
		for _, id := range seen {
			accounts[id] = true
		}
		if err == nil {
			err = err2
		}
		return err
	}))
	for _, badge := range []string{"one", "two"} {
		if id := w.key.Anonymous(w.key.Card(badge)); !accounts[id] {
			t.Errorf("anonym1 does not lead to the owner of %s, who was told it", badge)
		}
	}
}

// Issue 14, 1.1: the hello of a new incarnation ends the former one, for every copy of it, and
// the operator is told.
func TestTheFormerNameEnds(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	hall.report(swipe())
	copied, late := hall.copyOf(), hall.frame(wire.StreamSecurity, swipe())
	former := hall.inc
	hall.inc, hall.next = fleet.ID{7}, map[wire.Stream]uint64{1: 1, 2: 1}
	hall.nonce[0]++
	if a := hall.sayHello(wire.Hello{Former: former[:]}); a.Incarnation != hall.inc {
		t.Fatalf("the new name is answered %+v", a)
	}
	if open := w.openAlarms(); len(open) != 1 || open[0].Kind != fleet.TerminalRestored {
		t.Errorf("alarms %+v", open)
	}
	hall.send(wire.MsgSecurity, late)
	if a := copied.hello(); a.Incarnation == former || !a.Copied {
		t.Errorf("a copy under the former name is answered %+v", a)
	}
	if n := len(w.events()); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}
