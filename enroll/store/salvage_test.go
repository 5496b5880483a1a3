package store_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"testing"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/sqlite"
)

// Events that had not been sent were lost with a database that was kept aside.
func TestUnsentEventsComeOutOfADatabaseThatWasKeptAside(t *testing.T) {
	for name, tt := range map[string]struct {
		damage func(t *testing.T, path string)
		whole  bool // all of them are found
	}{
		"only cut off": {func(*testing.T, string) {}, true},
		"no header":    {func(t *testing.T, path string) { flip(t, path, 0, 100) }, true},
		"no log":       {func(t *testing.T, path string) { must(t, os.Remove(path+"-wal")) }, true},
		"cards gone":   {func(t *testing.T, path string) { raw(t, path, "DROP TABLE hub_row") }, true},
		"meta gone":    {func(t *testing.T, path string) { raw(t, path, "DROP TABLE meta") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			path := dbPath(t)
			s := open(t, path)
			lend(t, s, 1, 10)
			queue(t, s, routine(1))
			ackAll(t, s)
			queue(t, s, routine(2))
			number := enrol(t, s, 3)
			queue(t, s, routine(4))
			want := s.Stats().Outbox
			if must(t, s.Close()); name == "no log" {
				must(t, os.WriteFile(path+"-wal", nil, 0o600))
			}
			tt.damage(t, path)
			before, err := os.ReadFile(path)
			must(t, err)
			got, err := store.Salvage(t.Context(), path)
			must(t, err)
			if got.Unknown == tt.whole || got.Damaged || tt.whole && uint64(len(got.Events)) != want {
				t.Fatalf("%d events of %d, unknown %v, damaged %v", len(got.Events), want, got.Unknown, got.Damaged)
			}
			last := got.Events[len(got.Events)-3:]
			if last[0].Account != id(2) || last[1].Reason != enroll.NewAccount || last[1].Account != id(3) || last[2].Account != id(4) || number != 1 {
				t.Errorf("the events are %+v", last)
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the file was changed: %v", err)
			}
		})
	}
}

func TestEventsOnBothSidesOfDamageAreFound(t *testing.T) {
	path := dbPath(t)
	s := open(t, path)
	const events = 2000
	for n := range events {
		must(t, s.Queue(t.Context(), routine(n)))
	}
	must(t, s.Close())
	info, err := os.Stat(path)
	must(t, err)
	flip(t, path, int(info.Size())/2/4096*4096, 4096)
	got, err := store.Salvage(t.Context(), path)
	must(t, err)
	if !got.Damaged || len(got.Events) < events/2 || len(got.Events) >= events {
		t.Fatalf("%d events of %d, damaged %v", len(got.Events), events, got.Damaged)
	}
	if got.Events[0].Order != 1 || got.Events[len(got.Events)-1].Order != events {
		t.Errorf("the events are those from %d to %d", got.Events[0].Order, got.Events[len(got.Events)-1].Order)
	}
}

func TestWhatIsNoDatabaseGivesNoEvents(t *testing.T) {
	path := dbPath(t)
	must(t, os.WriteFile(path, bytes.Repeat([]byte("nothing "), 4096), 0o600))
	if _, err := store.Salvage(t.Context(), path); !sqlite.IsCorrupt(err) {
		t.Errorf("got %v", err)
	}
	if _, err := store.Salvage(t.Context(), path+"x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
