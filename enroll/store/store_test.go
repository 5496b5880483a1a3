package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/clock"
	"badged/sync/wire"
)

func TestAnEnrolmentIsThereAfterARestart(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	lend(t, s, 1, 2)
	if n := enrol(t, s, 7); n != 1 {
		t.Fatalf("the first number is %d", n)
	}
	for round := range 2 {
		if round == 1 {
			s = reopen(t, s, path)
		}
		known, ok := s.Index().Card(id(7), "")
		if !ok || known.Account.Number != 1 || known.Binding != binding(7) {
			t.Errorf("the index has %+v, %v", known, ok)
		}
		if a, err := account(t, s, 7); err != nil || a.Lang != "fr" || a.DisplayName() != "anonym1" {
			t.Errorf("the account is %+v, %v", a, err)
		}
		events, err := s.Tail(t.Context(), 10)
		if err != nil || len(events) != 1 || events[0].Seq != 1 || events[0].Order != 1 || events[0].Account != id(7) {
			t.Errorf("the events are %+v, %v", events, err)
		}
		sound(t, s)
	}
}

func TestAFailedUpdateChangesNothing(t *testing.T) {
	s := openStore(t, dbPath(t))
	lend(t, s, 1, 9)
	refusal := errors.New("no")
	err := s.Update(t.Context(), func(tx enroll.Tx) error {
		if _, err := tx.TakeNumber(); err != nil {
			return err
		}
		if err := errors.Join(tx.PutBinding(binding(1)), tx.PutTally("x", enroll.Tally{Count: 3}), tx.Append(routine(1))); err != nil {
			return err
		}
		return refusal
	})
	if !errors.Is(err, refusal) {
		t.Fatalf("got %v", err)
	}
	if _, ok := s.Index().Card(id(1), ""); ok {
		t.Error("the binding is in the index")
	}
	if n := enrol(t, s, 2); n != 1 {
		t.Errorf("the number after it is %d, want 1", n)
	}
	update(t, s, func(tx enroll.Tx) error {
		if v, err := tx.Tally("x"); err != nil || v.Count != 0 {
			t.Errorf("the tally is %+v, %v", v, err)
		}
		return nil
	})
	if st := s.Stats(); st.Outbox != 1 {
		t.Errorf("the outbox has %d events, want 1", st.Outbox)
	}
	sound(t, s)
}

func TestWhatWasQueuedBeforeARefusedUpdateIsKept(t *testing.T) {
	s := openStore(t, dbPath(t))
	must(t, s.Queue(t.Context(), routine(1)))
	_ = s.Update(t.Context(), func(enroll.Tx) error { return errors.New("no") })
	update(t, s, func(enroll.Tx) error { return nil }) // behind it
	if st := s.Stats(); st.Outbox != 1 {
		t.Errorf("the outbox has %d events, want 1", st.Outbox)
	}
}

func TestOrderIsTheOrderOfTheCalls(t *testing.T) {
	s := openStore(t, dbPath(t))
	const rounds = 200
	for n := range rounds {
		must(t, s.Queue(t.Context(), routine(2*n)))
		if n%10 == 0 {
			update(t, s, func(tx enroll.Tx) error { return tx.Append(security(2*n + 1)) })
		} else {
			must(t, s.Queue(t.Context(), security(2*n+1)))
		}
	}
	update(t, s, func(enroll.Tx) error { return nil })
	events, err := s.Tail(t.Context(), 2*rounds)
	must(t, err)
	if len(events) != 2*rounds {
		t.Fatalf("there are %d events", len(events))
	}
	for i, e := range events {
		if e.Order != uint64(i+1) || e.Account != id(i) || e.Seq != uint64(i/2+1) {
			t.Fatalf("event %d has order %d, seq %d, account %v", i, e.Order, e.Seq, e.Account)
		}
	}
	sound(t, s)
}

func TestConcurrentCallersLoseNothing(t *testing.T) {
	s := openStore(t, dbPath(t))
	const callers, each = 8, 100
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			for n := range each {
				var err error
				if n%20 == 0 {
					err = s.Update(context.Background(), func(tx enroll.Tx) error { return tx.Append(security(n)) })
				} else {
					err = errors.Join(s.Queue(context.Background(), routine(c*each+n)), s.Commit(context.Background()))
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	update(t, s, func(enroll.Tx) error { return nil })
	if st := s.Stats(); st.Outbox != callers*each {
		t.Errorf("the outbox has %d events, want %d", st.Outbox, callers*each)
	}
	sound(t, s)
}

func TestViewSeesTheLastCommitWhileAnUpdateRuns(t *testing.T) {
	s := openStore(t, dbPath(t))
	enrol(t, s, 1)
	update(t, s, func(tx enroll.Tx) error {
		a, err := tx.Account(id(1))
		if err != nil {
			return err
		}
		a.Name = "Ada"
		if err := tx.PutAccount(a); err != nil {
			return err
		}
		if inside, err := tx.Account(id(1)); err != nil || inside.Name != "Ada" {
			t.Errorf("inside, the account is %+v, %v", inside, err)
		}
		if outside, err := account(t, s, 1); err != nil || outside.Name != "" {
			t.Errorf("outside, the account is %+v, %v", outside, err)
		}
		return nil
	})
	if after, err := account(t, s, 1); err != nil || after.Name != "Ada" {
		t.Errorf("afterwards, the account is %+v, %v", after, err)
	}
}

func TestViewCannotWrite(t *testing.T) {
	s := openStore(t, dbPath(t))
	must(t, s.View(t.Context(), func(tx enroll.Tx) error {
		_, take := tx.TakeNumber()
		for _, err := range []error{
			tx.PutAccount(enroll.Account{}), tx.PutBinding(binding(1)), tx.PutClaim(enroll.Claim{}), take,
			tx.PutTally("x", enroll.Tally{}), tx.Append(routine(1)),
		} {
			if err == nil {
				t.Error("a View wrote")
			}
		}
		if _, err := tx.Account(id(1)); !errors.Is(err, enroll.ErrNotFound) {
			t.Errorf("an unknown account gives %v", err)
		}
		return nil
	}))
}

// Issue 14, 1.3: what was stored of the time survives, also when it is taken back because it
// was believed by mistake.
func TestTalliesAndTheTimeSurvive(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	want := enroll.Tally{Count: 5, Since: day}
	update(t, s, func(tx enroll.Tx) error { return tx.PutTally("wrong-codes", want) })
	kept := clock.Kept{Floor: day, Heard: day.Add(-time.Hour)}
	must(t, s.KeepTime(t.Context(), clock.From(day.AddDate(1, 0, 0)).Kept))
	must(t, s.KeepTime(t.Context(), kept))
	s = reopen(t, s, path)
	update(t, s, func(tx enroll.Tx) error {
		if got, err := tx.Tally("wrong-codes"); err != nil || got != want {
			t.Errorf("the tally is %+v, %v", got, err)
		}
		return nil
	})
	if got := s.KeptTime(); got != kept {
		t.Errorf("%v is kept, want %v", got, kept)
	}
}

// Issue 14, 1.3: a box that loses its power an hour after the last event knows what ended in
// that hour, and a time that was taken back stays so.
func TestTheTimeIsOnDiskWithoutEvents(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	must(t, s.KeepTime(t.Context(), clock.From(day).Kept))
	for _, c := range []struct {
		tell, want time.Duration
	}{{time.Minute, 0}, {time.Hour, time.Hour}, {90 * time.Minute, time.Hour}, {59 * time.Minute, 59 * time.Minute}} {
		must(t, s.KeepTime(t.Context(), clock.From(day.Add(c.tell)).Kept))
		copied := filepath.Join(t.TempDir(), "badged.db") // as a power cut leaves it
		for _, suffix := range []string{"", "-wal"} {
			b, err := os.ReadFile(path + suffix)
			must(t, err)
			must(t, os.WriteFile(copied+suffix, b, 0o600))
		}
		after := openStore(t, copied)
		if got := after.KeptTime().Floor; !got.Equal(day.Add(c.want)) {
			t.Errorf("told %v, the disk has %v, want %v", c.tell, got.Sub(day), c.want)
		}
		must(t, after.Close())
	}
}

func TestNumbersComeFromTheLowestBlockAndAreNeverReused(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	h := newHub(wire.Leases)
	apply(t, s, h.put(t, 1, wire.Lease{First: 20, Last: 21}, 2, wire.Lease{First: 5, Last: 6}))
	if p, err := s.Position(t.Context()); err != nil || p.Lease != 4 {
		t.Errorf("there are %d numbers left, %v", p.Lease, err)
	}
	for i, want := range []uint64{5, 6, 20} {
		if got := enrol(t, s, i); got != want {
			t.Errorf("number %d is %d, want %d", i, got, want)
		}
		s = reopen(t, s, path)
	}
	apply(t, s, h.put(t, 1, nil, 2, nil)) // taken back, and lent again
	if got := enrol(t, s, 10); got != 0 {
		t.Errorf("without a lease the number is %d", got)
	}
	apply(t, s, h.put(t, 1, wire.Lease{First: 20, Last: 21}, 2, wire.Lease{First: 5, Last: 6}))
	for i, want := range []uint64{21, 0} {
		if got := enrol(t, s, 11+i); got != want {
			t.Errorf("after the return, number %d is %d, want %d", i, got, want)
		}
	}
}

func TestAClosedStoreSaysSo(t *testing.T) {
	s := openStore(t, dbPath(t))
	must(t, s.Queue(t.Context(), routine(1)))
	must(t, s.Close())
	must(t, s.Close())
	for _, err := range []error{
		s.Queue(t.Context(), routine(1)), s.Update(t.Context(), func(enroll.Tx) error { return nil }), s.KeepTime(t.Context(), clock.Kept{Floor: day, Heard: day}),
	} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	}
}

func TestCloseKeepsWhatWasTakenMeanwhile(t *testing.T) {
	for range 20 {
		path := dbPath(t)
		s := openStore(t, path)
		var taken atomic.Uint64
		var all sync.WaitGroup
		begun := make(chan struct{}, 4)
		for caller := range cap(begun) {
			all.Go(func() {
				for n := 0; ; n++ {
					if err := takeOne(s, caller, n); errors.Is(err, store.ErrClosed) {
						return
					} else if err != nil {
						t.Error(err)
						return
					}
					taken.Add(1)
					select {
					case begun <- struct{}{}:
					default:
					}
				}
			})
		}
		for range cap(begun) {
			<-begun
		}
		must(t, s.Close())
		all.Wait()
		s = openStore(t, path)
		if st := s.Stats(); st.Outbox != taken.Load() {
			t.Fatalf("%d events were taken, %d are there", taken.Load(), st.Outbox)
		}
		sound(t, s)
		must(t, s.Close())
	}
}

// takeOne has the store take one event, in one of the ways that there are. Its error
// tells that the event was not taken.
func takeOne(s *store.Store, caller, n int) error {
	ctx := context.Background()
	if caller == 0 {
		return s.Update(ctx, func(tx enroll.Tx) error { return tx.Append(security(n)) })
	}
	if err := s.Queue(ctx, routine(n)); err != nil {
		return err
	}
	if caller == 1 || n%64 == 0 {
		_ = s.Commit(ctx) // of a closed store: the event was taken all the same
	}
	return nil
}

func TestAnUpdateThatNobodyWaitsForIsNotBegun(t *testing.T) {
	s := openStore(t, dbPath(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Update(ctx, func(enroll.Tx) error { t.Error("it was begun"); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
