package uplink_test

import (
	"fmt"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"badged/sync/wire"
)

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
		Delay:  time.Duration(rapid.Int64Range(0, int64(60*time.Second)).Draw(t, "delay")),
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
	r.store.onAcked = func(inc [16]byte, stream wire.Stream, upto uint64) {
		if have := r.hub.upto[logID{inc, stream}]; upto > have {
			problem = fmt.Sprintf("forgot stream %d up to %d, the hub has %d", stream, upto, have)
		}
	}
	r.run(func() {
		for i := range tr.Events {
			r.store.append(wire.Stream(1+i%2), uint64(i+1))
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
