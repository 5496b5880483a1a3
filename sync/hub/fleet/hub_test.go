package fleet_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"badged/internal/secret"
	"badged/sync/hub/fleet"
	"badged/sync/wire"
)

func TestEventsAreTakenOnceAndInOrder(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	var frames []wire.Frame
	for range 20 {
		frames = append(frames, hall.frame(wire.StreamEvents, slices.Repeat([]wire.Event{swipe()}, 1+rand.IntN(20))...))
	}
	// Until all is acknowledged, send everything again in any order, some twice.
	last := hall.next[1] - 1
	for hall.acked[1] < last {
		for _, i := range rand.Perm(len(frames)) {
			for range 1 + rand.IntN(2) {
				hall.send(wire.MsgEvents, frames[i])
			}
		}
		before := hall.acked[1]
		hall.ack(func(a wire.Ack) bool { return a.Upto[1] > before })
	}
	events := w.events()
	if uint64(len(events)) != last {
		t.Fatalf("%d events are stored, want %d", len(events), last)
	}
	for i, e := range events {
		if e.Seq != uint64(i)+1 || e.Record.Order != uint64(i)+1 {
			t.Fatalf("event %d has seq %d and order %d", i, e.Seq, e.Record.Order)
		}
	}
}

func TestAFrameWithAGapIsNotStored(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	first, second := hall.frame(wire.StreamEvents, swipe()), hall.frame(wire.StreamEvents, swipe())
	hall.send(wire.MsgEvents, second)
	if a := hall.ack(func(wire.Ack) bool { return true }); a.Upto[1] != 0 || len(w.events()) != 0 {
		t.Errorf("acknowledged up to %d", a.Upto[1])
	}
	hall.send(wire.MsgEvents, first)
	hall.send(wire.MsgEvents, second)
	hall.ack(func(a wire.Ack) bool { return a.Upto[1] == 2 })
}

// Issue 8, 3: a terminal that sent more than anybody could cause is told to wait, and what
// it sends again later is taken.
func TestATerminalThatSendsTooMuchWaits(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	w.hub.SpendAllowance("hall")
	f := hall.frame(wire.StreamEvents, swipe())
	hall.send(wire.MsgEvents, f)
	a := hall.ack(func(wire.Ack) bool { return true })
	if a.RetryAfter == 0 || a.Problem == "" || len(a.Upto) != 0 || len(w.events()) != 0 {
		t.Errorf("answered with %+v", a)
	}
	waitFor(t, "the terminal to be heard again", func() bool {
		hall.send(wire.MsgEvents, f)
		return hall.ack(func(wire.Ack) bool { return true }).Upto[wire.StreamEvents] == 1
	})
}

func TestForgedAndMisplacedMessagesAreRefused(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall, front := w.join("hall"), w.join("front")
	hall.hello()
	f := hall.frame(wire.StreamEvents, swipe())
	c := wire.Context{Site: siteID, Terminal: "hall", Dir: wire.Up, Kind: wire.MsgEvents}
	forged, _ := wire.Seal(front.key, c, f)
	good, _ := wire.Seal(hall.key, c, f)
	huge := f
	huge.Count = 1 << 62
	lying, _ := wire.Seal(hall.key, c, huge)
	for _, m := range []fleet.Message{
		{Terminal: "hall", Kind: wire.MsgEvents, Payload: forged},
		{Terminal: "front", Kind: wire.MsgEvents, Payload: good},    // moved to another terminal
		{Terminal: "hall", Kind: wire.MsgSecurity, Payload: good},   // moved to another topic
		{Terminal: "nobody", Kind: wire.MsgEvents, Payload: good},   // not a terminal
		{Terminal: "hall", Kind: wire.MsgEvents, Payload: lying},    // counts wrongly
		{Terminal: "hall", Kind: wire.MsgEvents, Payload: []byte{}}, // nothing
		{Terminal: "hall", Kind: "cmd", Payload: good},
	} {
		w.link.up <- m
	}
	w.link.up <- fleet.Message{Terminal: "hall", Kind: wire.MsgEvents, Payload: good}
	hall.ack(func(a wire.Ack) bool { return a.Upto[1] == 1 })
	if n := len(w.events()); n != 1 {
		t.Errorf("%d events, want the good one", n)
	}
}

func TestAVersionThatIsNotOursIsToldSo(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.send(wire.MsgHello, wire.Hello{MinVersion: 9, MaxVersion: 12, Incarnation: hall.inc, Next: hall.next, Vector: []wire.CollectionState{}})
	if a := hall.ack(func(wire.Ack) bool { return true }); !strings.Contains(a.Problem, "versions 9 to 12") {
		t.Errorf("problem %q", a.Problem)
	}
}

func TestARestoredDatabaseGetsANewIdentity(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	hall.wait("leases", func() bool { return len(hall.numbers()) > 0 })
	hall.report(hall.newAccount("one", 1))
	backup := *hall
	backup.next = map[wire.Stream]uint64{1: hall.next[1], 2: hall.next[2]}
	pending := hall.newAccount("two", 2)
	pending.At = 5
	hall.report(pending)
	lost := hall.numbers()

	restored := &backup // knows one event and has the other still to send
	restored.nonce[1] = 1
	restored.rows, restored.revs, restored.acked = map[wire.Collection]map[string][]byte{}, map[wire.Collection]wire.CollectionState{}, map[wire.Stream]uint64{}
	a := restored.hello()
	if a.Incarnation == hall.inc || a.Upto[2] != 2 {
		t.Fatalf("the copy goes on as %x, of which the hub had %d", a.Incarnation[:4], a.Upto[2])
	}
	restored.inc = a.Incarnation
	restored.next = map[wire.Stream]uint64{1: 1, 2: 1}
	restored.hello()
	restored.wait("leases", func() bool { return len(restored.numbers()) > 0 })
	for _, n := range restored.numbers() {
		if slices.Contains(lost, n) {
			t.Fatalf("number %d is lent twice", n)
		}
	}
	// It brings what it had not known to be acknowledged: the hub has it already.
	restored.report(pending)
	if n := len(w.events()); n != 2 {
		t.Errorf("%d events, want 2: one came again", n)
	}
	restored.report(restored.newAccount("three", 3))
	if n := len(w.events()); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
}

// replay sends a message n times and gives the incarnations that the answers name.
func (t *terminal) replay(m fleet.Message, n int) map[fleet.ID]bool {
	t.w.t.Helper()
	named := map[fleet.ID]bool{}
	for range n {
		t.w.link.up <- m
	}
	t.until("answer to a replayed hello", func(m fleet.Message) bool {
		if m.Kind == wire.MsgAck {
			var a wire.Ack
			t.open(m, &a)
			named[a.Incarnation] = true
			n--
		}
		return n == 0
	})
	return named
}

// sealedHello is a hello of a connection, as it goes over the wire.
func (t *terminal) sealedHello(nonce fleet.ID) fleet.Message {
	t.w.t.Helper()
	hello := wire.Hello{
		MinVersion: 1, MaxVersion: 1, Nonce: nonce, Incarnation: t.inc,
		Next: t.next, Vector: []wire.CollectionState{}, Agent: "test",
	}
	c := wire.Context{Site: siteID, Terminal: t.name, Dir: wire.Up, Kind: wire.MsgHello}
	msg, err := wire.Seal(t.key, c, hello)
	if err != nil {
		t.w.t.Fatal(err)
	}
	return fleet.Message{Terminal: t.name, Kind: wire.MsgHello, Payload: msg}
}

func TestAReplayedHelloChangesNothing(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall, other := w.join("hall"), w.join("other")
	old := hall.sealedHello(fleet.ID{99})
	hall.hello()
	hall.wait("leases", func() bool { return len(hall.numbers()) == 16 })
	hall.report(hall.newAccount("one", 1))
	hall.hello() // another connection
	if named := hall.replay(old, 40); len(named) != 1 || named[hall.inc] {
		t.Errorf("%d incarnations were handed out, want one", len(named))
	}
	sources := 0
	err := w.read(func(tx fleet.Tx) error {
		return tx.EachSource("hall", func(fleet.Source) error { sources++; return nil })
	})
	if err != nil || sources != 1 {
		t.Errorf("%d databases of the terminal, want 1; %v", sources, err)
	}
	hall.report(hall.newAccount("two", 2)) // its session goes on
	other.hello()
	other.wait("leases", func() bool { return len(other.numbers()) > 0 })
	if n := other.numbers()[0]; n != 17 {
		t.Errorf("the next number is %d, want 17", n)
	}
}

func TestALateHelloOfTheRunningConnectionIsNoClone(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	late := hall.sealedHello(fleet.ID{1}) // the nonce that comes next
	hall.hello()
	hall.report(swipe())
	if named := hall.replay(late, 2); len(named) != 1 || !named[hall.inc] {
		t.Error("a healthy terminal was taken for a clone")
	}
}

func TestARemovedTerminalIsNotHeard(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall, other := w.join("hall"), w.join("other")
	var dismissed []string
	w.hub.OnDismiss(func(name string) { dismissed = append(dismissed, name) })
	hall.hello()
	other.hello()
	hall.report(swipe())
	if err := w.hub.RemoveTerminal(t.Context(), operator, "hall"); err != nil {
		t.Fatal(err)
	}
	all, err := w.terminals()
	if err != nil || !all[0].Removed() || !all[0].Connected.IsZero() || all[1].Connected.IsZero() || !slices.Equal(dismissed, []string{"hall"}) {
		t.Errorf("%s is still there or %s is not; dismissed: %v; %v", hall.name, other.name, dismissed, err)
	}
	hall.send(wire.MsgSecurity, hall.frame(wire.StreamSecurity, swipe()))
	w.link.up <- hall.sealedHello(fleet.ID{99})
	other.report(swipe()) // comes after it
	if n := len(w.events()); n != 2 {
		t.Errorf("%d events, want the one before and that of the other", n)
	}
	if all, err = w.terminals(); err != nil || !all[0].Connected.IsZero() {
		t.Errorf("it is connected again; %v", err)
	}
	if err := w.addTerminal("hall", secret.New("another secret"), false); err != nil {
		t.Error(err)
	}
}

func TestAHelloFromTheFutureOfTheHubIsFine(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.next = map[wire.Stream]uint64{1: 900, 2: 700}
	if a := hall.hello(); a.Incarnation != hall.inc || a.Credit == 0 {
		t.Errorf("%+v", a)
	}
	fresh := w.join("fresh")
	fresh.inc = fleet.ID{1, 2, 3} // a database that was made anew
	if a := fresh.hello(); a.Incarnation != fresh.inc {
		t.Errorf("%+v", a)
	}
}
