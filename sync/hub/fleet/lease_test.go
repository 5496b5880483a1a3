package fleet_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// S1.05, S1.06: whatever terminals do, no number is lent twice and no two accounts
// have the same.
func TestNumbersAreNeverReused(t *testing.T) {
	w := newWorld(t, t.TempDir())
	given := map[uint64]string{}
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		var all []*terminal
		for i := range rapid.IntRange(1, 2).Draw(rt, "terminals") {
			x := w.join(fmt.Sprintf("t%d-%d", round, i))
			x.hello()
			x.wait("leases", func() bool { return len(x.numbers()) > 0 })
			all = append(all, x)
		}
		for step := range rapid.IntRange(1, 8).Draw(rt, "steps") {
			x := all[rapid.IntRange(0, len(all)-1).Draw(rt, "terminal")]
			badge := fmt.Sprintf("badge %d", rapid.IntRange(0, 400).Draw(rt, "badge"))
			switch rapid.SampledFrom([]string{"lent", "lent", "lent", "provisional", "invented", "reconnect"}).Draw(rt, "act") {
			case "lent":
				numbers := x.numbers()
				n := numbers[0]
				if former, used := given[n]; used && former != x.name {
					rt.Fatalf("step %d: number %d was given by %s and lent to %s", step, n, former, x.name)
				}
				given[n] = x.name
				x.report(x.newAccount(badge, n))
				forget(x, n)
			case "provisional":
				x.report(x.newAccount(badge, 0))
			case "invented":
				n := rapid.Uint64().Draw(rt, "n")
				if !slices.Contains(x.numbers(), n) {
					x.report(x.newAccount(badge, n))
				}
			case "reconnect":
				x.hello()
			}
			x.wait("more numbers", func() bool { return len(x.numbers()) > 0 })
		}
		checkNumbers(rt, w, all)
		for _, x := range all {
			x.send(wire.MsgStatus, wire.Status{Nonce: x.nonce})
		}
	})
}

// forget drops a number from what the terminal holds, as its store does.
func forget(t *terminal, n uint64) {
	for key, body := range t.rows[wire.Leases] {
		var l wire.Lease
		if wire.Unmarshal(body, &l) != nil || n < l.First || n > l.Last {
			continue
		}
		if n == l.Last {
			// The hub ends the row; until that is here there is nothing left in it.
			t.wait("the end of a lease", func() bool { _, ok := t.rows[wire.Leases][key]; return !ok })
			return
		}
		t.used = max(t.used, n)
	}
}

// checkNumbers holds accounts and leases against each other.
func checkNumbers(rt *rapid.T, w *world, all []*terminal) {
	owners := map[uint64]fleet.ID{}
	for id, a := range w.accounts() {
		if a.Number == 0 {
			rt.Errorf("account %s has no number", people.ShortID(id))
		}
		for _, n := range append([]uint64{a.Number}, a.Aliases...) {
			if other, taken := owners[n]; taken && other != id {
				rt.Errorf("number %d has two accounts", n)
			}
			owners[n] = id
		}
	}
	lent := map[uint64]string{}
	for _, x := range all {
		for _, n := range x.numbers() {
			if who, taken := lent[n]; taken {
				rt.Errorf("number %d is lent to %s and %s", n, who, x.name)
			}
			if _, used := owners[n]; used {
				rt.Errorf("number %d is lent and used", n)
			}
			lent[n] = x.name
		}
	}
}

func TestBlocksGrowWithConsumption(t *testing.T) {
	w := newWorld(t, t.TempDir())
	busy := w.join("busy")
	busy.hello()
	sizes := map[uint64]bool{}
	for i := range 120 {
		busy.wait("numbers", func() bool { return len(busy.numbers()) > 0 })
		for _, body := range busy.rows[wire.Leases] {
			var l wire.Lease
			if err := wire.Unmarshal(body, &l); err != nil {
				t.Fatal(err)
			}
			sizes[l.Last-l.First+1] = true
		}
		n := busy.numbers()[0]
		busy.report(busy.newAccount(fmt.Sprint(i), n))
		forget(busy, n)
	}
	if !sizes[8] || !sizes[64] || sizes[128] {
		t.Errorf("blocks of sizes %v, want 8 to 64", sizes)
	}
}
