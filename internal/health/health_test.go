package health_test

import (
	"encoding/json"
	"testing"

	"badged/internal/health"
)

func TestSnapshotShowsTheWorstFirst(t *testing.T) {
	var r health.Register
	r.Set(health.Item{Name: "store"})
	r.Set(health.Item{Name: "reader b", State: health.Warn, Text: "gone", Do: "plug it in"})
	r.Set(health.Item{Name: "uplink", State: health.Fail})
	r.Set(health.Item{Name: "reader a", State: health.Warn})
	var names string
	for _, it := range r.Snapshot() {
		names += it.Name + ","
	}
	if names != "uplink,reader a,reader b,store," {
		t.Error(names)
	}
}

func TestChangedTellsChangesOnly(t *testing.T) {
	var r health.Register
	it := health.Item{Name: "store"}
	r.Set(it)
	changed := r.Changed()
	r.Set(it)
	select {
	case <-changed:
		t.Fatal("nothing changed")
	default:
	}
	r.Set(health.Item{Name: "store", State: health.Fail})
	<-changed
}

func TestStateTravelsAsText(t *testing.T) {
	for _, s := range []health.State{health.OK, health.Warn, health.Fail} {
		b, err := json.Marshal(health.Item{Name: "x", State: s})
		var back health.Item
		if err != nil || json.Unmarshal(b, &back) != nil || back.State != s {
			t.Errorf("%s: got %v, %v", b, back.State, err)
		}
	}
}
