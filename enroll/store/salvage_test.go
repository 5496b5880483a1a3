package store_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/sqlite"
	"badged/sync/wire"
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
			s := openStore(t, path)
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
	s := openStore(t, path)
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

// TestEventsOutOfATornFirstBlock (issue 7, 6): a flash block of 4 KiB is page 1, which says what the
// tables are: the program knows that, and the events stand behind it. A file that was cut off keeps
// what is left of it.
func TestEventsOutOfATornFirstBlock(t *testing.T) {
	const events, acked = 2000, 50
	whole := filledStore(t, events, acked)
	half := len(whole) / 2
	zero := func(from, to int) func([]byte) []byte {
		return func(b []byte) []byte { clear(b[from:to]); return b }
	}
	for name, tt := range map[string]struct {
		damage  func(b []byte) []byte
		least   int  // events that are found
		precise bool // the file still tells what the hub had
	}{
		"512 bytes":         {zero(0, 512), events - acked, true},
		"behind 512 bytes":  {zero(512, 4096), events - acked, true},
		"4096 bytes":        {zero(0, 4096), events - acked, true},
		"its beginning":     {zero(0, 8*4096), (events - acked) * 3 / 4, false},
		"cut to half":       {func(b []byte) []byte { return b[:half] }, events / 3, true},
		"cut, no header":    {func(b []byte) []byte { clear(b[:4096]); return b[:half] }, events / 3, true},
		"cut inside a page": {func(b []byte) []byte { return b[:half+100] }, events / 3, true},
		"cut to its roots":  {func(b []byte) []byte { return b[:8*4096] }, 0, true},
		"one block in two": {func(b []byte) []byte {
			for at := 4096; at < len(b); at += 8192 {
				clear(b[at:min(len(b), at+4096)])
			}
			return b
		}, (events - acked) / 4, false},
	} {
		t.Run(name, func(t *testing.T) {
			path := dbPath(t)
			must(t, os.WriteFile(path, tt.damage(bytes.Clone(whole)), 0o600))
			got, err := store.Salvage(t.Context(), path)
			must(t, err)
			if len(got.Events) < tt.least || len(got.Events) > events {
				t.Fatalf("%d events, want at least %d; unknown %v, damaged %v", len(got.Events), tt.least, got.Unknown, got.Damaged)
			}
			if tt.precise && (got.Unknown || len(got.Events) > events-acked) {
				t.Errorf("%d events, unknown %v", len(got.Events), got.Unknown)
			}
			if short := len(got.Events) < events-acked; short && !got.Damaged {
				t.Error("events are missing, and it does not say so")
			}
			for i, e := range got.Events {
				if i > 0 && e.Order <= got.Events[i-1].Order || e.Account != id(int(e.Order)-1) || e.Point != "hall" {
					t.Fatalf("event %d is %+v", i, e)
				}
			}
		})
	}
}

// filledStore gives the file of a store with events, some of which the hub has.
func filledStore(t *testing.T, events int, acked uint64) []byte {
	t.Helper()
	path := dbPath(t)
	s := openStore(t, path)
	for n := range events {
		must(t, s.Queue(t.Context(), routine(n)))
	}
	must(t, s.Update(t.Context(), func(enroll.Tx) error { return nil }))
	p, err := s.Position(t.Context())
	must(t, err)
	must(t, s.Acked(t.Context(), wire.Durable{Incarnation: p.Incarnation, Stream: wire.StreamEvents, Upto: acked}))
	must(t, s.Close())
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}

// The newest events stand only in the log.
func TestEventsOfTheLogWithoutTheFirstBlock(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	long := routine(1)
	long.Device = strings.Repeat("x", 256)
	queue(t, s, routine(0), long, routine(2))
	live, err := os.ReadFile(path)
	must(t, err)
	log, err := os.ReadFile(path + "-wal")
	must(t, err)
	must(t, s.Close())
	clear(live[:min(len(live), 8*4096)]) // what the log does not have
	must(t, os.WriteFile(path, live, 0o600))
	must(t, os.WriteFile(path+"-wal", log, 0o600))
	got, err := store.Salvage(t.Context(), path)
	must(t, err)
	if len(got.Events) != 3 || got.Events[1].Device != long.Device {
		t.Errorf("%d events of 3, the long one has %d characters", len(got.Events), len(got.Events[1].Device))
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

// TestAFileThatIsNotThereIsCalledSo (issue 7, 6): nobody is told to make the folder of a file to read.
func TestAFileThatIsNotThereIsCalledSo(t *testing.T) {
	_, err := store.Salvage(t.Context(), dbPath(t))
	if err == nil || strings.Contains(err.Error(), "make its folder") || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v", err)
	}
}
