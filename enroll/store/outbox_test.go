package store_test

import (
	"errors"
	"os"
	"testing"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/clock"
	"badged/sync/wire"
)

func queue(t testing.TB, s *store.Store, events ...enroll.Event) {
	t.Helper()
	for _, e := range events {
		must(t, s.Queue(t.Context(), e))
	}
	must(t, s.Update(t.Context(), func(enroll.Tx) error { return nil })) // behind them
}

func pending(t testing.TB, s *store.Store, stream wire.Stream, after uint64, maxEvents, maxBytes int) (uint64, []wire.Event) {
	t.Helper()
	b, err := s.Pending(t.Context(), stream, after, maxEvents, maxBytes)
	must(t, err)
	events := make([]wire.Event, len(b.Events))
	for i, body := range b.Events {
		must(t, wire.Unmarshal(body, &events[i]))
	}
	return b.First, events
}

func TestTheOutboxGivesEachStreamInOrderAndWithinBounds(t *testing.T) {
	s := openStore(t, dbPath(t))
	queue(t, s, routine(0), security(1), routine(2), routine(3), security(4))
	if first, events := pending(t, s, wire.StreamEvents, 0, 64, 1<<14); first != 1 || len(events) != 3 || events[2].Order != 4 {
		t.Errorf("routine: first %d, %+v", first, events)
	}
	if first, events := pending(t, s, wire.StreamSecurity, 1, 64, 1<<14); first != 2 || len(events) != 1 || events[0].Order != 5 {
		t.Errorf("security: first %d, %+v", first, events)
	}
	if _, events := pending(t, s, wire.StreamEvents, 0, 2, 1<<14); len(events) != 2 {
		t.Errorf("%d events where 2 were asked for", len(events))
	}
	if _, events := pending(t, s, wire.StreamEvents, 0, 64, 1); len(events) != 1 {
		t.Errorf("%d events in one byte, want the one that must be given", len(events))
	}
	if _, events := pending(t, s, wire.StreamEvents, 1<<63+5, 64, 1<<14); len(events) != 0 {
		t.Errorf("%d events behind the end of all numbers", len(events))
	}
	if _, err := s.Pending(t.Context(), 3, 0, 1, 1); err == nil {
		t.Error("there is a third stream")
	}
}

func TestWakeTellsOfEvents(t *testing.T) {
	s := openStore(t, dbPath(t))
	queue(t, s, routine(1))
	<-s.Wake()
	must(t, s.KeepTime(t.Context(), clock.Kept{Floor: day, Heard: day}))
	queue(t, s)
	select {
	case <-s.Wake():
		t.Error("woken without an event")
	default:
	}
}

func TestAnAcknowledgementShrinksTheOutbox(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	queue(t, s, routine(0), routine(1), security(2))
	p, err := s.Position(t.Context())
	must(t, err)
	must(t, s.Acked(t.Context(), wire.Durable{Incarnation: p.Incarnation, Stream: wire.StreamEvents, Upto: 1}))
	must(t, s.Acked(t.Context(), wire.Durable{Incarnation: id(99), Stream: wire.StreamEvents, Upto: 2})) // somebody else's
	if st := s.Stats(); st.Outbox != 2 || st.Acked != 1 || st.LastAck.IsZero() {
		t.Errorf("the state is %+v", st)
	}
	if err := s.Acked(t.Context(), wire.Durable{Incarnation: p.Incarnation, Stream: wire.StreamEvents, Upto: 3}); err == nil {
		t.Error("the hub has more than was ever written, and that is no error")
	}
	s = reopen(t, s, path)
	if st := s.Stats(); st.Outbox != 2 {
		t.Errorf("after a restart the outbox has %d events, want 2", st.Outbox)
	}
	if p2, err := s.Position(t.Context()); err != nil || p2.Incarnation != p.Incarnation || p2.Next[wire.StreamEvents] != 3 || p2.Next[wire.StreamSecurity] != 2 {
		t.Errorf("the position is %+v, %v", p2, err)
	}
}

func TestANoteBehindQueuedEventsAnswersWithItsOwnError(t *testing.T) {
	s := openStore(t, dbPath(t))
	refusal := errors.New("no")
	for n := range 20 {
		must(t, s.Queue(t.Context(), routine(n)))
		if err := s.Note(t.Context(), func() error { return refusal }); !errors.Is(err, refusal) {
			t.Fatalf("note %d gives %v", n, err)
		}
		if st := s.Stats(); st.Outbox != uint64(n+1) {
			t.Fatalf("after note %d the outbox has %d events", n, st.Outbox)
		}
	}
}

func TestAnAcknowledgementBehindQueuedEventsCountsAtOnce(t *testing.T) {
	s := openStore(t, dbPath(t))
	p, err := s.Position(t.Context())
	must(t, err)
	for n := range 50 {
		must(t, s.Queue(t.Context(), routine(n)))
		must(t, s.Acked(t.Context(), wire.Durable{Incarnation: p.Incarnation, Stream: wire.StreamEvents, Upto: uint64(n + 1)}))
		if st := s.Stats(); st.Acked != uint64(n+1) {
			t.Fatalf("%d events are acknowledged, %d count", n+1, st.Acked)
		}
	}
	must(t, s.Queue(t.Context(), routine(50)))
	if s.Acked(t.Context(), wire.Durable{Incarnation: p.Incarnation, Stream: wire.StreamEvents, Upto: 1000}) == nil {
		t.Error("an acknowledgement of events that were never written is taken")
	}
}

func TestOldEventsGoWhenTheHubHasThem(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	for range 30 {
		for n := range 100 {
			must(t, s.Queue(t.Context(), routine(n)))
		}
		queue(t, s, security(1))
		ackAll(t, s)
	}
	events, err := s.Tail(t.Context(), 5000)
	must(t, err)
	if len(events) != 1000 || events[999].Order != 3030 {
		t.Errorf("the tail has %d events, the last is %d", len(events), events[len(events)-1].Order)
	}
	if first, _ := pending(t, s, wire.StreamEvents, 0, 1, 1); first < 1500 || first > 2000 {
		t.Errorf("the oldest routine event that is kept is %d of 3000", first)
	}
	sound(t, s)
	s = reopen(t, s, path)
	queue(t, s, routine(1))
	if tail, err := s.Tail(t.Context(), 1); err != nil || tail[0].Order != 3031 || tail[0].Seq != 3001 {
		t.Errorf("the next event is %+v, %v", tail, err)
	}
	sound(t, s)
}

func TestNothingGoesThatTheHubDoesNotHave(t *testing.T) {
	s := openStore(t, dbPath(t))
	queue(t, s, security(0)) // never acknowledged
	for range 20 {
		for n := range 100 {
			must(t, s.Queue(t.Context(), routine(n)))
		}
		queue(t, s)
		p, err := s.Position(t.Context())
		must(t, err)
		must(t, s.Acked(t.Context(), wire.Durable{Incarnation: p.Incarnation, Stream: wire.StreamEvents, Upto: p.Next[wire.StreamEvents] - 1}))
	}
	if first, events := pending(t, s, wire.StreamSecurity, 0, 9, 1<<14); first != 1 || len(events) != 1 {
		t.Errorf("the security event is gone: first %d, %d events", first, len(events))
	}
	sound(t, s)
}

// A hub that first heard of the database at another time than before forgot it in between, and
// what it lent then.
func TestAHubThatForgotTheDatabaseIsNoticed(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	p, err := s.Position(t.Context())
	must(t, err)
	told := wire.Durable{Incarnation: p.Incarnation, Stream: wire.StreamEvents, Born: 7}
	must(t, s.Acked(t.Context(), told))
	s = reopen(t, s, path)
	must(t, s.Acked(t.Context(), told))
	told.Born = 0 // an acknowledgement that does not say
	must(t, s.Acked(t.Context(), told))
	told.Born = 8
	if err := s.Acked(t.Context(), told); !errors.Is(err, wire.ErrFork) {
		t.Errorf("the store says %v", err)
	}
}

// A database under a new name sends all that it still has, what the hub acknowledged too.
func TestARestoredDatabaseBeginsAgain(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	lend(t, s, 1, 9)
	enrol(t, s, 1)
	ackAll(t, s)
	enrol(t, s, 2)
	queue(t, s, routine(3))
	must(t, s.Reincarnate(t.Context(), id(77)))
	for round := range 2 {
		if round == 1 {
			s = reopen(t, s, path)
		}
		p, err := s.Position(t.Context())
		must(t, err)
		if p.Incarnation != id(77) || p.Lease != 0 || p.Next[wire.StreamEvents] != 2 || p.Next[wire.StreamSecurity] != 3 {
			t.Errorf("the position is %+v", p)
		}
		if first, events := pending(t, s, wire.StreamSecurity, 0, 9, 1<<14); first != 1 || len(events) != 2 || events[0].Order != 1 {
			t.Errorf("first %d, %+v", first, events)
		}
		for _, v := range p.Vector {
			if v.Collection == wire.Leases && v.Rev != 0 {
				t.Errorf("the leases are at revision %d", v.Rev)
			}
		}
		if st := s.Stats(); st.Outbox != 3 || st.Acked != 0 {
			t.Errorf("the state is %+v", st)
		}
		sound(t, s)
	}
	if n := enrol(t, s, 4); n != 0 {
		t.Errorf("the number %d came out of a lease of the former life", n)
	}
	lend(t, s, 1, 9) // the same block again: a hub that does not know better
	if n := enrol(t, s, 5); n != 3 {
		t.Errorf("the number is %d, want 3", n)
	}
}

func TestAChangedEventIsFound(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	queue(t, s, routine(1), security(2), routine(3))
	must(t, s.Close())
	raw(t, path, `UPDATE ev_event SET body = (SELECT body FROM ev_event WHERE pos = 1) WHERE pos = 2`)
	if err := openStore(t, path).Verify(t.Context()); !errors.Is(err, store.ErrChain) {
		t.Errorf("got %v, want ErrChain", err)
	}
}

// A page of 512 bytes costs 536 in the log. An event is one or two of them, what the hub
// acknowledged one more.
// A commit fills up the block of flash in which it ends, so that no later one shares it.
func TestAnEventWritesTwoBlocks(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	queue(t, s, routine(0))
	size := func() int64 {
		st, err := os.Stat(path + "-wal")
		must(t, err)
		return st.Size()
	}
	const events, block = 50, 4096
	before := size()
	for n := range events {
		queue(t, s, routine(n))
		ackAll(t, s)
	}
	if blocks := float64(size()-before) / events / block; blocks > 2.1 {
		t.Errorf("an event with its acknowledgement writes %.2f blocks", blocks)
	}
}
