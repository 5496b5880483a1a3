package fleet_test

import (
	"testing"
	"time"

	"badged/sync/hub/fleet"
)

// TestO10_ATerminalThatIsAwayAnswersWithWhatItHas (O10): what would happen at a door depends
// on when its terminal heard from the hub.
func TestO10_ATerminalThatIsAwayAnswersWithWhatItHas(t *testing.T) {
	w := newWorld(t, t.TempDir())
	keeper := func() (k fleet.Keeper) {
		t.Helper()
		w.must(w.read(func(tx fleet.Tx) (err error) {
			k, err = w.hub.Keeper(tx, "front")
			return err
		}))
		return k
	}
	if k := keeper(); k.Terminal != "" || k.Away {
		t.Errorf("a door that no terminal serves: %+v", k)
	}
	near, far := w.join("near"), w.join("far")
	near.doors, far.doors = []string{"front"}, []string{"front"}
	for _, b := range []*terminal{near, far} {
		b.hello()
		b.wait("numbers", func() bool { return len(b.numbers()) > 0 }) // its session runs
	}
	later := time.Now().Add(100 * time.Hour)
	if k := keeper(); k.Terminal == "" || k.Away || !k.Moment(later, true).Heard.Equal(later) {
		t.Errorf("with both connected: %+v", k)
	}
	far.away()
	k := keeper()
	if k.Terminal != "far" || !k.Away || k.Heard.IsZero() || !k.Moment(later, true).Heard.Equal(k.Heard) {
		t.Errorf("with one away: %+v", k)
	}
	if err := w.hub.RemoveTerminal(t.Context(), operator, "far"); err != nil {
		t.Fatal(err)
	}
	if k := keeper(); k.Terminal != "near" {
		t.Errorf("after it was removed: %+v", k)
	}
}
