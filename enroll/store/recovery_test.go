package store_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"badged/enroll"
	"badged/enroll/store"
)

const guesses = "wrong-codes/0"

// files are what is on disk, by the end of its name.
type files map[string][]byte

// disk copies what is on disk now, as a power cut would leave it. The store's goroutine
// has finished with the last commit.
func disk(t *testing.T, s *store.Store, path string) files {
	t.Helper()
	f := files{}
	must(t, s.Note(t.Context(), func() error {
		for _, suffix := range []string{"", "-wal", ".witness"} {
			b, err := os.ReadFile(path + suffix)
			if err != nil {
				return err
			}
			f[suffix] = b
		}
		return nil
	}))
	return f
}

// start opens a copy of what was on disk.
func (f files) start(t *testing.T) *store.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "badged.db")
	for suffix, b := range f {
		must(t, os.WriteFile(path+suffix, b, 0o600))
	}
	s, err := store.Open(t.Context(), store.Options{Path: path, Terminal: "hall"})
	must(t, err)
	return s
}

func (f files) with(suffix string, b []byte) files {
	f = maps.Clone(f)
	if f[suffix] = b; b == nil {
		delete(f, suffix)
	}
	return f
}

func tally(t *testing.T, s *store.Store) (n int64) {
	t.Helper()
	must(t, s.View(t.Context(), func(tx enroll.Tx) error {
		v, err := tx.Tally(guesses)
		n = v.Count
		return err
	}))
	return n
}

func guess(t *testing.T, s *store.Store, count int64) {
	t.Helper()
	update(t, s, func(tx enroll.Tx) error { return tx.PutTally(guesses, enroll.Tally{Count: count}) })
}

// A log that was cut short or damaged looks to SQLite like one that was never longer: 91
// of 100 starts were silently older, guesses refunded and numbers given again.
func TestADatabaseThatIsOlderThanItWasIsNoticed(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	lend(t, s, 1, 1000)
	var given uint64
	for n := range 6 {
		guess(t, s, int64(n+1))
		given = enrol(t, s, n)
		queue(t, s, routine(n))
	}
	now := disk(t, s, path)
	wal := now["-wal"]
	had := s.Stats().Outbox
	older := 0
	for at := 0; at < len(wal); at += 4096 {
		cut := wal[:at]
		flipped := append([]byte{}, wal...)
		flipped[at+100] ^= 0x10
		for name, log := range map[string][]byte{"cut": cut, "flipped": flipped} {
			s := now.with("-wal", log).start(t)
			what := fmt.Sprintf("log %s at %d of %d", name, at, len(wal))
			if s.Recovered() != "" || len(cut) == 0 && s.Stats().Outbox == 0 {
				must(t, s.Close())
				continue // it did not even have its tables, which is noticed too
			}
			r := s.Recovery()
			lost := had - s.Stats().Outbox
			if r.Older {
				older++
				lost++ // the event that tells of it
			}
			if !r.Unclean || r.Older != (lost > 0) || r.Missing != lost {
				t.Errorf("%s: %d events are lost, the start found %+v", what, lost, r)
			}
			if got := tally(t, s); got != 6 {
				t.Errorf("%s: %d guesses are counted of 6", what, got)
			}
			if r.Older {
				wantLost(t, what, s, lost)
			}
			if s.Stats().Lease > 0 {
				if number := enrol(t, s, 99); number <= given {
					t.Errorf("%s: the number %d is given again", what, number)
				}
			}
			must(t, s.Close())
		}
	}
	if older < 20 {
		t.Errorf("only %d logs were damaged enough", older)
	}
}

func wantLost(t *testing.T, what string, s *store.Store, n uint64) {
	t.Helper()
	events, err := s.Tail(t.Context(), 1)
	must(t, err)
	if len(events) != 1 || events[0].Reason != enroll.EventsLost || events[0].Count != n {
		t.Errorf("%s: the last event is %+v, want that %d were lost", what, events, n)
	}
}

// Somebody who puts an older database back and lets it go on has other events at the same
// places: their chain tells.
func TestADatabaseWithOtherEventsIsNoticed(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	queue(t, s, routine(1))
	old := disk(t, s, path)
	queue(t, s, routine(2), routine(3))
	seen := disk(t, s, path)[".witness"]
	other := filepath.Join(t.TempDir(), "badged.db")
	for suffix, b := range old {
		must(t, os.WriteFile(other+suffix, b, 0o600))
	}
	o := openStore(t, other)
	queue(t, o, routine(4), routine(5), routine(6))
	b := disk(t, o, other).with(".witness", seen).start(t)
	if r := b.Recovery(); !r.Older || r.Missing != 0 {
		t.Errorf("the start found %+v", r)
	}
	must(t, b.Close())
}

// The witness is not written to the disk with every event; a guess and a number are.
func TestAGuessIsNeverRefundedThoughTheWitnessHasNotSeenTheLastEvents(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	lend(t, s, 1, 1000)
	guess(t, s, 3)
	number := enrol(t, s, 1)
	before := disk(t, s, path)
	queue(t, s, routine(1), routine(2))
	if b := disk(t, s, path).with("-wal", before["-wal"]).with(".witness", before[".witness"]).start(t); tally(t, b) != 3 || b.Recovery().Older {
		t.Errorf("%d guesses, %+v", tally(t, b), b.Recovery())
	} else {
		must(t, b.Close())
	}
	// The commit that counted is lost, the witness has seen that it would come.
	empty := dbPath(t)
	e := openStore(t, empty)
	lend(t, e, 1, 1000)
	without := disk(t, e, empty)
	b := without.with(".witness", before[".witness"]).start(t)
	if got := tally(t, b); got != 3 {
		t.Errorf("%d guesses are counted of 3", got)
	}
	if next := enrol(t, b, 5); next <= number {
		t.Errorf("the number %d is given again", next)
	}
	must(t, b.Close())
}

// A good code takes its own count back, also after a restart.
func TestARefundLastsOverARestart(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	guess(t, s, 3)
	guess(t, s, 2)
	b := disk(t, s, path).start(t)
	if got := tally(t, b); got != 2 {
		t.Errorf("%d guesses are counted of 2", got)
	}
	must(t, b.Close())
}

func TestGuessesAndNumbersOutliveADatabaseThatIsKeptAside(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	leases := lend(t, s, 1, 10)
	guess(t, s, 7)
	last := enrol(t, s, 1)
	must(t, s.Close())
	flip(t, path, 0, 64)
	s = openStore(t, path)
	if s.Recovered() == "" {
		t.Fatal("the damage was not found")
	}
	apply(t, s, leases.snapshot())
	if got := tally(t, s); got != 7 {
		t.Errorf("%d guesses are counted of 7", got)
	}
	if number := enrol(t, s, 2); number <= last {
		t.Errorf("the number %d is given again", number)
	}
}

func TestAnEndInOrderIsToldFromAPowerCut(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	queue(t, s, routine(1))
	if r := s.Recovery(); r != (store.Recovery{}) {
		t.Errorf("a first start found %+v", r)
	}
	cut := disk(t, s, path)
	s = reopen(t, s, path)
	if r := s.Recovery(); r != (store.Recovery{}) {
		t.Errorf("after an end in order: %+v", r)
	}
	b := cut.start(t)
	if r := b.Recovery(); r != (store.Recovery{Unclean: true}) {
		t.Errorf("after a power cut: %+v", r)
	}
	must(t, b.Close())
	b = cut.with(".witness", nil).start(t)
	if r := b.Recovery(); r != (store.Recovery{Unclean: true, NoWitness: true}) {
		t.Errorf("without its second record: %+v", r)
	}
	must(t, b.Close())
}

// Whichever block of the witness a power cut tears, what was counted before is in the other.
func TestATornWitnessHasStillCounted(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	guess(t, s, 1)
	for n := int64(2); n < 6; n++ {
		before := disk(t, s, path)
		guess(t, s, n)
		queue(t, s, routine(1))
		after := disk(t, s, path)
		for at := 0; at < len(after[".witness"]); at += 512 {
			torn := append([]byte{}, after[".witness"]...)
			from := at / 4096 * 4096
			copy(torn[at:from+4096], make([]byte, 4096))
			b := before.with(".witness", torn).start(t)
			if got := tally(t, b); got < n-1 || b.Recovery().NoWitness {
				t.Errorf("torn at %d after guess %d: %d are counted, %+v", at, n, got, b.Recovery())
			}
			must(t, b.Close())
		}
	}
}

func TestAWitnessOfSomebodyElseIsRefused(t *testing.T) {
	path := dbPath(t)
	must(t, openStore(t, path).Close())
	must(t, os.Chmod(path+".witness", 0o622))
	if _, err := store.Open(t.Context(), store.Options{Path: path}); err == nil {
		t.Error("a file that others can write is believed")
	}
}

// The witness counts first: a guess that it cannot count is not taken at all.
func TestAGuessThatTheWitnessCannotCountIsNotTaken(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	guess(t, s, 1)
	must(t, s.CloseWitness(t.Context()))
	err := s.Update(t.Context(), func(tx enroll.Tx) error { return tx.PutTally(guesses, enroll.Tally{Count: 2}) })
	if !errors.Is(err, store.ErrFailed) || !strings.Contains(err.Error(), path+".witness") {
		t.Errorf("Update gives %v", err)
	}
	if got := tally(t, s); got != 1 {
		t.Errorf("%d guesses are counted of 1", got)
	}
}
