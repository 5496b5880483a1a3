package uplink_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"badged/sync/wire"
)

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
