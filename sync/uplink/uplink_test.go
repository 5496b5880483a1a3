package uplink_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"badged/sync/uplink"
	"badged/sync/wire"
)

// rig is a terminal's uplink, its store and a hub. The test holds mu, except while it
// lets time pass.
type rig struct {
	mu    sync.Mutex // guards store and hub
	store *memStore
	hub   *memHub
	up    *uplink.Uplink

	told   sync.Mutex // guards what follows
	states []uplink.State
	heard  []time.Time
}

func newRig(seed uint64) *rig {
	r := &rig{}
	r.store, r.hub = newStore(&r.mu), newMemHub(&r.mu, seed)
	r.up = uplink.New(uplink.Options{
		Store: r.store, Dial: r.hub.dial, Site: "lyon", Device: "hall", Agent: "test", Key: deviceKey,
		HubKey: hubKey.Public().(ed25519.PublicKey), Clock: r, Log: silent, OnState: r.onState,
	})
	return r
}

func (r *rig) HubTime(t time.Time) {
	r.told.Lock()
	defer r.told.Unlock()
	r.heard = append(r.heard, t)
}

func (r *rig) onState(s uplink.State) {
	r.told.Lock()
	defer r.told.Unlock()
	r.states = append(r.states, s)
}

func (r *rig) state() uplink.State {
	r.told.Lock()
	defer r.told.Unlock()
	if len(r.states) == 0 {
		return uplink.State{}
	}
	return r.states[len(r.states)-1]
}

// run runs the uplink while fn plays, and ends it.
func (r *rig) run(fn func()) {
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan error)
	r.mu.Lock()
	go func() { over <- r.up.Run(ctx) }()
	fn()
	stop()
	r.mu.Unlock()
	if err := <-over; err != nil {
		panic(err)
	}
	synctest.Wait()
}

// after lets virtual time pass.
func (r *rig) after(d time.Duration) {
	r.mu.Unlock()
	time.Sleep(d)
	synctest.Wait()
	r.mu.Lock()
}

func TestEventsReachTheHubOnceAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(1)
		for i := range 200 {
			r.store.append(wire.StreamEvents, uint64(i+1))
		}
		r.run(func() {
			r.after(time.Second)
			r.store.append(wire.StreamSecurity, 1000)
			r.after(time.Second)
		})
		if got := r.hub.orders(); len(got) != 201 || !r.store.allAcked() {
			t.Errorf("the hub has %d of 201 events, all acknowledged %v", len(got), r.store.allAcked())
		}
		for _, f := range r.hub.frames {
			if f.Count > wire.MaxFrameEvents {
				t.Errorf("a frame of %d events", f.Count)
			}
		}
		if len(r.heard) == 0 || !r.heard[0].Equal(time.UnixMilli(r.heard[0].UnixMilli())) {
			t.Errorf("the clock heard %v", r.heard)
		}
	})
}

func TestStatusIsToldWithTheNonce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(1)
		r.run(func() {
			r.after(time.Second)
			if s := r.state(); !s.Connected || s.Problem != "" || s.LastAck.IsZero() {
				t.Errorf("connected: %+v", s)
			}
		})
		want := []wire.Status{{Nonce: r.hub.nonce, Online: true}, {Nonce: r.hub.nonce}}
		if !reflect.DeepEqual(r.hub.statuses, want) {
			t.Errorf("told %+v", r.hub.statuses)
		}
		if s := r.state(); s.Connected {
			t.Errorf("after the end: %+v", s)
		}
	})
}

func TestWindowBoundsWhatIsOnTheWayAndSecurityDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(1)
		r.hub.ignore = true
		for i := range 1000 {
			r.store.append(wire.StreamEvents, uint64(i+1))
		}
		r.run(func() {
			r.after(time.Second)
			if len(r.hub.frames) != wire.Window {
				t.Errorf("%d frames on the way, want %d", len(r.hub.frames), wire.Window)
			}
			r.store.append(wire.StreamSecurity, 5000)
			r.after(time.Second)
			last := r.hub.frames[len(r.hub.frames)-1]
			if last.Stream != wire.StreamSecurity {
				t.Error("a security event waits behind routine")
			}
		})
	})
}

func TestFramesAreSentAgainWhenTheHubForgetsToAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(1)
		r.hub.ignore = true
		r.store.append(wire.StreamEvents, 1)
		r.run(func() {
			r.after(11 * time.Second) // the acknowledgement is late: hello, whose answer tells that it is there
			if !r.store.allAcked() {
				t.Error("a hello did not find the lost acknowledgement")
			}
		})
	})
}

func TestForeignAcksAreIgnored(t *testing.T) {
	for name, spoil := range map[string]func(*wire.Ack){
		"another nonce": func(a *wire.Ack) { a.Nonce[0]++ },
		"beyond what was numbered": func(a *wire.Ack) {
			if a.Upto[1] > 0 {
				a.Upto[1] = 99
			}
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(1)
			r.hub.answer = spoil
			r.store.append(wire.StreamEvents, 1)
			r.run(func() { r.after(5 * time.Second) })
			if r.store.acked[1] != 0 {
				t.Errorf("%s: acknowledged up to %d", name, r.store.acked[1])
			}
		})
	}
}

func TestARestoredDatabaseBeginsANewIncarnation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(1)
		for i := range uint64(10) { // what the hub heard from the database before it was restored
			r.hub.events[logID{r.store.incarnation, 1}] = map[uint64][]byte{}
			r.hub.upto[logID{r.store.incarnation, 1}] = i + 1
		}
		r.store.append(wire.StreamEvents, 500)
		r.run(func() { r.after(3 * time.Second) })
		if r.store.incarnation == ([16]byte{1}) || !r.store.allAcked() || r.hub.orders()[500] != 1 {
			t.Errorf("incarnation %x, all acknowledged %v, hub has %v", r.store.incarnation[:1], r.store.allAcked(), r.hub.orders())
		}
	})
}

func TestAHubThatLostItsLastMomentsIsHelped(t *testing.T) {
	for name, lost := range map[string]uint64{"what the terminal still has": 3, "more than the terminal still has": 50} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(1)
			for i := range 100 {
				r.store.append(wire.StreamEvents, uint64(i+1))
			}
			r.run(func() { r.after(time.Second) })
			id := logID{r.store.incarnation, 1}
			for seq := 100 - lost + 1; seq <= 100; seq++ {
				delete(r.hub.events[id], seq)
			}
			r.hub.upto[id] = 100 - lost
			r.store.append(wire.StreamEvents, 101)
			r.run(func() { r.after(5 * time.Second) })
			if !r.store.allAcked() || r.hub.orders()[101] == 0 {
				t.Errorf("%s: the new event did not arrive", name)
			}
			if (r.store.incarnation == [16]byte{1}) != (lost < kept) {
				t.Errorf("%s: incarnation %x", name, r.store.incarnation[:1])
			}
		})
	}
}

func TestThePauseThatTheHubWantsIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(1)
		r.hub.answer = func(a *wire.Ack) { a.RetryAfter, a.Problem = 20_000, "terminal suspended" }
		r.store.append(wire.StreamEvents, 1)
		r.run(func() {
			r.after(19 * time.Second)
			if len(r.hub.hellos) != 1 || len(r.hub.frames) != 0 {
				t.Errorf("%d hellos, %d frames within the pause", len(r.hub.hellos), len(r.hub.frames))
			}
			if s := r.state(); s.Connected || s.Problem != "terminal suspended" {
				t.Errorf("paused: %+v", s)
			}
			r.hub.answer = func(*wire.Ack) {}
			r.after(2 * time.Second)
			if s := r.state(); !s.Connected || s.Problem != "" || !r.store.allAcked() {
				t.Errorf("after the pause: %+v", s)
			}
		})
	})
}

func TestBackOffGrowsAndIsResetByAWelcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(1)
		r.hub.down = true
		var dials []time.Time
		r.up = uplink.New(uplink.Options{
			Store: r.store, Site: "lyon", Device: "hall", Key: deviceKey, HubKey: hubKey.Public().(ed25519.PublicKey), Clock: r, Log: silent,
			OnState: r.onState,
			Dial: func(ctx context.Context, will []byte) (uplink.Link, error) {
				r.mu.Lock()
				dials = append(dials, time.Now())
				r.mu.Unlock()
				return r.hub.dial(ctx, will)
			},
		})
		r.run(func() {
			r.after(2 * time.Hour)
			for i := 1; i < len(dials); i++ {
				gap, top := dials[i].Sub(dials[i-1]), min(time.Second<<min(i, 20), 5*time.Minute)
				if gap < top/2 || gap > top {
					t.Errorf("attempt %d after %v, want %v to %v", i, gap, top/2, top)
				}
			}
			if s := r.state(); s.Connected || s.Problem != errDown.Error() {
				t.Errorf("down: %+v", s)
			}
			r.hub.down = false
			r.after(5 * time.Minute)
			before := len(dials)
			r.hub.cut()
			r.after(2 * time.Second)
			if len(dials) != before+1 {
				t.Error("after a welcome the next attempt comes within 2 s")
			}
		})
	})
}

func TestCollectionsAreFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(1)
		for i := range 20 {
			r.hub.put(wire.Accounts, fmt.Sprint(i), "x")
		}
		r.run(func() {
			r.after(time.Second)
			r.checkSets(t, "after the snapshot")
			r.hub.put(wire.Accounts, "3", "")
			r.hub.put(wire.Cards, "a", "b")
			r.after(0)
			r.checkSets(t, "after deltas")
			r.after(2 * time.Second)
			last := r.hub.hellos[len(r.hub.hellos)-1]
			if last.Vector[wire.Accounts-1].Rev != 21 {
				t.Errorf("the hub was told revision %d, want 21", last.Vector[wire.Accounts-1].Rev)
			}
			n := len(r.hub.hellos)
			r.after(50 * time.Second)
			if len(r.hub.hellos) != n {
				t.Error("hello is repeated though nothing changed")
			}
		})
	})
}

func (r *rig) checkSets(t *testing.T, when string) {
	t.Helper()
	for c, want := range r.hub.sets {
		if got := r.store.sets[c]; got.rev != want.rev || !reflect.DeepEqual(got.rows, want.rows) {
			t.Errorf("%s: %v is at %d with %d rows, the hub at %d with %d", when, c, got.rev, len(got.rows), want.rev, len(want.rows))
		}
	}
}

func TestADeltaThatDoesNotAddUpIsRepairedBySnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(1)
		r.hub.put(wire.Cards, "a", "1")
		r.run(func() {
			r.after(3 * time.Second)
			r.store.sets[wire.Cards].rows["stray"] = "x"
			r.hub.put(wire.Cards, "b", "2")
			r.after(100 * time.Millisecond)
			r.checkSets(t, "after a delta on a spoilt copy")
			if s := r.state(); !s.Connected || s.Problem != "" {
				t.Errorf("%+v", s)
			}
		})
	})
}

func TestAHubWhoseRowsNeverAddUpIsNotAskedInALoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(1)
		r.hub.spoil = func(p *wire.Page) { p.Hash[0]++ }
		r.hub.put(wire.Cards, "a", "1")
		r.run(func() {
			r.after(50 * time.Second)
			if len(r.hub.hellos) > 3 {
				t.Errorf("%d hellos in 50 s", len(r.hub.hellos))
			}
			if s := r.state(); !strings.Contains(s.Problem, "cards do not add up") {
				t.Errorf("%+v", s)
			}
			r.hub.spoil = func(*wire.Page) {}
			r.after(time.Minute)
			r.checkSets(t, "once the hub is right again")
			if s := r.state(); s.Problem != "" {
				t.Errorf("%+v", s)
			}
		})
	})
}

func TestARestoredHubTakesItsTerminalsBack(t *testing.T) {
	for _, revs := range []int{2, 5} { // below and at the revision that the terminal has
		synctest.Test(t, func(t *testing.T) {
			r := newRig(1)
			for i := range 5 {
				r.hub.put(wire.Grants, fmt.Sprint(i), "x")
			}
			r.run(func() { r.after(time.Second) })
			restored := newMemHub(&r.mu, 2)
			for i := range revs {
				restored.put(wire.Grants, fmt.Sprint(i), "other")
			}
			r.hub.sets, r.hub.deltas = restored.sets, restored.deltas
			r.run(func() { r.after(time.Second) })
			r.checkSets(t, "after the hub was restored")
		})
	}
}

func TestABrokenStoreIsReportedAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(1)
		r.store.fail = errors.New("disk full")
		r.store.append(wire.StreamEvents, 1)
		r.run(func() {
			r.after(time.Minute)
			if s := r.state(); s.Connected || !strings.Contains(s.Problem, "disk full") {
				t.Errorf("%+v", s)
			}
			r.store.fail = nil
			r.after(5 * time.Minute)
			if s := r.state(); !s.Connected || !r.store.allAcked() {
				t.Errorf("%+v", s)
			}
		})
	})
}

func TestForgedMessagesHaveNoEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(1)
		r.store.append(wire.StreamEvents, 1)
		r.hub.ignore = true
		r.run(func() {
			r.after(time.Second)
			forged, err := wire.Seal(deviceKey, topic.Of(wire.Down, wire.MsgAck), wire.Ack{
				Nonce: r.hub.nonce, Incarnation: r.hub.inc, Upto: map[uint64]uint64{1: 1, 2: 0}, Credit: 4,
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range []uplink.Message{
				{Kind: wire.MsgAck, Payload: forged}, {Kind: wire.MsgAck}, {Kind: wire.MsgPage, Payload: []byte("junk")}, {Kind: "other"},
			} {
				r.hub.link.in <- m
			}
			r.after(time.Second)
			if r.store.acked[1] != 0 {
				t.Error("a forged acknowledgement was believed")
			}
			if s := r.state(); !s.Connected {
				t.Error("junk ended the connection")
			}
		})
	})
}

func TestPagesMayComeInAnyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(1)
		r.run(func() {
			r.after(time.Second)
			r.hub.hold = true
			for i := range 4 {
				r.hub.put(wire.Claims, fmt.Sprint(i), "x")
			}
			slices.Reverse(r.hub.held)
			r.hub.release()
			r.after(0)
			r.checkSets(t, "after deltas in reverse order")
			if len(r.hub.hellos) != 1 {
				t.Errorf("it took %d hellos", len(r.hub.hellos))
			}
		})
	})
}

func TestALostPageIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(1)
		r.run(func() {
			r.after(time.Second)
			r.hub.hold = true
			for i := range 4 {
				r.hub.put(wire.Claims, fmt.Sprint(i), "x")
			}
			r.hub.held = r.hub.held[1:]
			r.hub.release()
			r.after(11 * time.Second)
			r.checkSets(t, "after the first of four deltas was lost")
		})
	})
}

func TestPagesOfAnotherConnectionAreIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(1)
		r.run(func() {
			r.after(time.Second)
			r.hub.spoil = func(p *wire.Page) { p.Nonce[0]++ }
			r.hub.put(wire.Claims, "a", "x")
			r.after(time.Second)
			if got := r.store.sets[wire.Claims].rev; got != 0 {
				t.Errorf("revision %d was applied", got)
			}
		})
	})
}

// trouble is one run of the property below.
type trouble struct {
	Seed      uint64
	Loss, Dup float64
	Delay     time.Duration
	Events    int
	Cuts      int
}

func drawTrouble(t *rapid.T) trouble {
	return trouble{
		Seed: rapid.Uint64().Draw(t, "seed"), Loss: rapid.Float64Range(0, 0.6).Draw(t, "loss"), Dup: rapid.Float64Range(0, 0.6).Draw(t, "dup"),
		Delay:  time.Duration(rapid.Int64Range(0, int64(20*time.Second)).Draw(t, "delay")),
		Events: rapid.IntRange(0, 100).Draw(t, "events"), Cuts: rapid.IntRange(0, 8).Draw(t, "cuts"),
	}
}

// Whatever the network does, every event is at the hub in the end, none was forgotten
// before it was there, and every collection is the hub's.
func TestNothingIsLostInAnyNetwork(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tr := drawTrouble(rt)
		var problem string
		synctest.Test(t, func(*testing.T) { problem = tr.play() })
		if problem != "" {
			rt.Fatal(problem)
		}
	})
}

func (tr trouble) play() (problem string) {
	r := newRig(tr.Seed)
	r.hub.net.loss, r.hub.net.dup, r.hub.net.delay = tr.Loss, tr.Dup, tr.Delay
	r.store.onAcked = func(inc [16]byte, stream, upto uint64) {
		if have := r.hub.upto[logID{inc, stream}]; upto > have {
			problem = fmt.Sprintf("forgot stream %d up to %d, the hub has %d", stream, upto, have)
		}
	}
	r.run(func() {
		for i := range tr.Events {
			r.store.append(uint64(1+i%2), uint64(i+1))
			r.hub.put(wire.Collection(1+i%8), fmt.Sprint(i%7), fmt.Sprint(i))
			if tr.Cuts > 0 && i%(1+tr.Events/tr.Cuts) == 0 {
				r.hub.cut()
			}
			r.after(time.Second)
		}
		r.hub.net.calm()
		r.after(8 * time.Minute)
	})
	return cmpOr(problem, r.verdict(tr))
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (r *rig) verdict(tr trouble) string {
	if !r.store.allAcked() {
		return fmt.Sprintf("not everything is acknowledged: %v", r.store.acked)
	}
	got := r.hub.orders()
	for i := range tr.Events {
		if got[uint64(i+1)] != 1 {
			return fmt.Sprintf("the hub has event %d %d times", i+1, got[uint64(i+1)])
		}
	}
	for c, want := range r.hub.sets {
		if have := r.store.sets[c]; have.rev != want.rev || !reflect.DeepEqual(have.rows, want.rows) {
			return fmt.Sprintf("%v is at %d, the hub at %d", c, have.rev, want.rev)
		}
	}
	return ""
}
