package uplink_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

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
		Store: r.store, Dial: r.hub.dial, Site: "lyon", Terminal: "hall", Agent: "test", Key: terminalKey,
		HubKey: hubKey.Public().(ed25519.PublicKey), Clock: r, Log: silent, OnState: r.onState,
	})
	return r
}

func (r *rig) HubTime(t time.Time) (settled bool) {
	r.told.Lock()
	defer r.told.Unlock()
	r.heard = append(r.heard, t)
	return true
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

// Issue 7, 4.3: however quiet a site is, a door whose terminal is connected has always
// heard of the hub within the time that it trusts its copy, also when two messages in
// a row get lost.
func TestADoorThatIsConnectedNeverHasAnOldCopy(t *testing.T) {
	for _, fresh := range []time.Duration{30 * time.Second, time.Minute, 90 * time.Second, 72 * time.Hour, 0} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(1)
			r.store.fresh = fresh
			r.run(func() { r.after(time.Hour) })
			r.told.Lock()
			defer r.told.Unlock()
			bound := time.Minute
			if fresh > 0 {
				bound = min(bound, fresh/3)
			}
			for i, at := range r.heard[1:] {
				if gap := at.Sub(r.heard[i]); gap > bound {
					t.Fatalf("fresh_for %v: nothing was heard for %v, want %v at most", fresh, gap, bound)
				}
			}
			if most := int(time.Hour/bound) + 2; len(r.heard) < most-3 || len(r.heard) > most {
				t.Errorf("fresh_for %v: heard %d times in an hour, want about %d", fresh, len(r.heard), most)
			}
		})
	}
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

// An acknowledgement that was on the way for long must not make the hub look as if it
// had lost events.
func TestAnOvertakenAckDoesNotLeadBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(1)
		for i := range 100 {
			r.store.append(wire.StreamEvents, uint64(i+1))
		}
		r.run(func() {
			r.after(time.Second)
			r.hub.ignore, r.hub.hold = true, true
			r.store.append(wire.StreamEvents, 101)
			r.after(11 * time.Second) // not acknowledged: the terminal says hello, and waits
			stale, err := wire.Seal(hubKey, topic.Of(wire.Down, wire.MsgAck), wire.Ack{
				Nonce: r.hub.nonce, Incarnation: r.hub.inc, Upto: map[wire.Stream]uint64{1: 0, 2: 0}, Credit: 4,
			})
			if err != nil {
				t.Fatal(err)
			}
			r.hub.link.in <- uplink.Message{Kind: wire.MsgAck, Payload: stale}
			r.after(0)
			r.hub.ignore = false
			r.hub.release()
			r.after(20 * time.Second)
			if r.store.incarnation != ([16]byte{1}) || !r.store.allAcked() {
				t.Errorf("incarnation %x, all acknowledged %v", r.store.incarnation[:1], r.store.allAcked())
			}
		})
	})
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
			Store: r.store, Site: "lyon", Terminal: "hall", Key: terminalKey, HubKey: hubKey.Public().(ed25519.PublicKey), Clock: r, Log: silent,
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
			forged, err := wire.Seal(terminalKey, topic.Of(wire.Down, wire.MsgAck), wire.Ack{
				Nonce: r.hub.nonce, Incarnation: r.hub.inc, Upto: map[wire.Stream]uint64{1: 1, 2: 0}, Credit: 4,
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
