package fleet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/wire"
)

// poison is in the body of an event that the store of a test cannot keep.
var poison = []byte("poison")

// poisoned is a journal that fails at such an event, as a database would at a value that it
// cannot hold.
type poisoned struct{ fleet.Journal }

func (j poisoned) Append(r fleet.Record) (bool, error) {
	if bytes.Contains(r.Body, poison) {
		return false, errors.New("this event cannot be kept")
	}
	return j.Journal.Append(r)
}

// choosy is a store with a poisoned journal, which counts transactions.
type choosy struct {
	fleet.Store
	writes atomic.Int64
}

func (s *choosy) Write(ctx context.Context, by audit.Actor, fn func(fleet.Tx) error) error {
	s.writes.Add(1)
	return s.Store.Write(ctx, by, func(tx fleet.Tx) error {
		tx.Journal = poisoned{tx.Journal}
		return fn(tx)
	})
}

// together makes terminals whose frames all wait when the hub next looks: it stands in a
// transaction until they do.
func together(t *testing.T, terminals int, frames func(n int, x *terminal)) (*world, *choosy, []*terminal) {
	t.Helper()
	w := newWorld(t, t.TempDir())
	store := &choosy{Store: w.turns.Store}
	w.turns.Store = store
	first := w.join("first")
	first.hello()
	var all []*terminal
	for n := range terminals {
		x := w.join(fmt.Sprintf("door%d", n))
		x.hello()
		all = append(all, x)
	}
	stands, wait := make(chan struct{}), make(chan struct{})
	w.turns.beforeWrite.once(func() { close(stands); <-wait })
	first.send(wire.MsgEvents, first.frame(wire.StreamEvents, swipe()))
	<-stands
	for n, x := range all {
		frames(n, x)
	}
	store.writes.Store(0)
	close(wait)
	first.ack(func(a wire.Ack) bool { return a.Upto[wire.StreamEvents] == 1 })
	return w, store, all
}

// Issue 13, line 6: frames of several terminals that arrive together share a transaction, and
// each terminal is told of all of its frames at once.
func TestFramesThatArriveTogetherShareATransaction(t *testing.T) {
	w, store, all := together(t, 20, func(_ int, x *terminal) {
		for range 4 {
			x.send(wire.MsgEvents, x.frame(wire.StreamEvents, swipe(), swipe(), swipe(), swipe(), swipe()))
		}
	})
	for _, x := range all {
		if a := x.ack(func(wire.Ack) bool { return true }); a.Upto[wire.StreamEvents] != 20 {
			t.Errorf("%s is told of %d events", x.name, a.Upto[wire.StreamEvents])
		}
	}
	if n := store.writes.Load(); n != 2 {
		t.Errorf("%d transactions, want that of the first frame and one of all others", n)
	}
	if n := len(w.events()); n != 401 {
		t.Errorf("the hub has %d events", n)
	}
}

// Issue 13, line 6: a frame that cannot be stored spoils no neighbour of its transaction, and
// nothing behind it in its own stream is taken. The others go on together.
func TestAPoisonFrameSpoilsNoNeighbour(t *testing.T) {
	w, store, all := together(t, 16, func(n int, x *terminal) {
		if n == 3 || n == 11 {
			bad := swipe()
			bad.Point = string(poison)
			x.send(wire.MsgEvents, x.frame(wire.StreamEvents, swipe()))
			x.send(wire.MsgEvents, x.frame(wire.StreamEvents, swipe(), bad))
		}
		x.send(wire.MsgEvents, x.frame(wire.StreamEvents, swipe(), swipe()))
	})
	want := 1 // of the first
	for n, x := range all {
		if n != 3 && n != 11 {
			x.ack(func(a wire.Ack) bool { return a.Upto[wire.StreamEvents] == 2 })
			want += 2
			continue
		}
		x.ack(func(a wire.Ack) bool { return a.Upto[wire.StreamEvents] == 1 })
		x.ack(func(a wire.Ack) bool { return a.Problem != "" })
		want++
	}
	for _, x := range all { // all were handled, in whatever order they are told of it
		x.report(swipe())
		want++
	}
	if n := len(w.events()); n != want {
		t.Errorf("the hub has %d events, want %d", n, want)
	}
	if n := store.writes.Load() - int64(len(all)); n > 10 {
		t.Errorf("%d transactions for 20 frames, of which 2 are bad", n)
	}
}

// Issue 13, line 6: what each frame of a transaction finds is what those before it in the same
// transaction left, also where a hello begins another database between them.
func TestAFrameFindsWhatThoseBeforeItLeft(t *testing.T) {
	w, _, all := together(t, 1, func(_ int, x *terminal) {
		f := x.frame(wire.StreamEvents, swipe(), swipe())
		x.send(wire.MsgEvents, f)
		x.send(wire.MsgEvents, f) // again
		x.send(wire.MsgEvents, x.frame(wire.StreamEvents, swipe()))
		x.nonce[0]++
		x.send(wire.MsgHello, wire.Hello{
			MinVersion: 1, MaxVersion: 1, Nonce: x.nonce, Incarnation: x.inc, Next: x.next, Vector: []wire.CollectionState{}, Agent: "test", Chain: x.chain,
		})
		x.send(wire.MsgEvents, x.frame(wire.StreamEvents, swipe()))
	})
	all[0].ack(func(a wire.Ack) bool { return a.Problem == "" && a.Upto[wire.StreamEvents] == 4 })
	var seqs []uint64
	for _, e := range w.events() {
		if e.Terminal == all[0].name {
			seqs = append(seqs, e.Seq)
		}
	}
	if fmt.Sprint(seqs) != "[1 2 3 4]" {
		t.Errorf("the hub has %v", seqs)
	}
}
