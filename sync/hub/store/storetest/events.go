package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/store"
	"badged/sync/wire"
)

// event is one of a terminal's, as it comes.
func event(terminal string, incarnation byte, seq uint64) fleet.Record {
	return fleet.Record{
		Terminal: terminal, Incarnation: fleet.ID{incarnation}, Stream: wire.StreamEvents, Seq: seq,
		Order: seq * 10, Received: now.Add(time.Duration(seq) * time.Minute),
		Body: fmt.Appendf(nil, "%s/%d/%d", terminal, incarnation, seq),
	}
}

// join makes a terminal with one database.
func join(t *testing.T, s *store.Store, name string, incarnation byte) {
	t.Helper()
	write(t, s, func(tx fleet.Tx) error {
		return errors.Join(tx.PutTerminal(fleet.Terminal{Name: name}),
			tx.PutSource(fleet.Source{Terminal: name, Incarnation: fleet.ID{incarnation}}))
	})
}

func add(tx fleet.Tx, records ...fleet.Record) error {
	for _, r := range records {
		if added, err := tx.Append(r); err != nil || !added {
			return fmt.Errorf("event %s: added %v, %w", r.Body, added, err)
		}
	}
	return nil
}

func bodies(list func(fn func(fleet.Record) error) error) (all []string, err error) {
	err = list(func(r fleet.Record) error {
		all = append(all, fmt.Sprintf("%d %s", r.ID, r.Body))
		return nil
	})
	return all, err
}

func testEvents(t *testing.T, open Open) {
	s := open(t)
	join(t, s, "hall", 1)
	huge := event("hall", 1, 3)
	huge.Order = 1<<64 - 5 // a terminal can make up any
	write(t, s, func(tx fleet.Tx) error { return add(tx, event("hall", 1, 1), event("hall", 1, 2)) })
	write(t, s, func(tx fleet.Tx) error { return add(tx, huge) })
	read(t, s, func(tx fleet.Tx) error {
		up, err1 := bodies(func(fn func(fleet.Record) error) error { return tx.Events(1, 5, fn) })
		down, err2 := bodies(func(fn func(fleet.Record) error) error { return tx.EventsBelow(3, 5, fn) })
		newest, err3 := bodies(func(fn func(fleet.Record) error) error { return tx.EventsBelow(0, 1, fn) })
		if !slices.Equal(up, []string{"2 hall/1/2", "3 hall/1/3"}) || !slices.Equal(down, []string{"2 hall/1/2", "1 hall/1/1"}) ||
			!slices.Equal(newest, []string{"3 hall/1/3"}) {
			t.Errorf("after 1: %v; below 3: %v; newest: %v", up, down, newest)
		}
		err4 := tx.Events(2, 1, func(r fleet.Record) error {
			huge.ID = 3
			if fmt.Sprint(r) != fmt.Sprint(huge) {
				t.Errorf("came back as %+v", r)
			}
			return nil
		})
		return errors.Join(err1, err2, err3, err4)
	})
}

// testEventOnce: a place of a source is taken once, and numbers have no gap, also after what
// failed or was there already.
func testEventOnce(t *testing.T, open Open) {
	s := open(t)
	join(t, s, "hall", 1)
	write(t, s, func(tx fleet.Tx) error { return add(tx, event("hall", 1, 1)) })
	write(t, s, func(tx fleet.Tx) error {
		other := event("hall", 1, 1)
		other.Body = []byte("another")
		added, err := tx.Append(other)
		if added {
			t.Error("a place was taken twice")
		}
		return err
	})
	broken := errors.New("broken")
	err := s.Write(t.Context(), operator, func(tx fleet.Tx) error {
		return errors.Join(add(tx, event("hall", 1, 2)), broken)
	})
	if !errors.Is(err, broken) {
		t.Fatal(err)
	}
	err = s.Write(t.Context(), operator, func(tx fleet.Tx) error { return add(tx, event("nobody", 1, 1)) })
	if !errors.Is(err, people.ErrNotFound) {
		t.Errorf("an event of nobody: %v", err)
	}
	write(t, s, func(tx fleet.Tx) error { return add(tx, event("hall", 1, 2)) })
	read(t, s, func(tx fleet.Tx) error {
		all, err := bodies(func(fn func(fleet.Record) error) error { return tx.Events(0, 9, fn) })
		if !slices.Equal(all, []string{"1 hall/1/1", "2 hall/1/2"}) {
			t.Errorf("the events are %v", all)
		}
		return err
	})
}

// testEventsOfOneTransaction: whatever asks for events in the transaction that adds them finds
// them, and all are there once it has ended, with numbers without gaps; also of a terminal
// whose places come out of order, or are taken.
func testEventsOfOneTransaction(t *testing.T, open Open) {
	const many = 3000
	s := open(t)
	join(t, s, "hall", 1)
	join(t, s, "hall2", 2)
	write(t, s, func(tx fleet.Tx) error { return add(tx, event("hall", 1, 5), event("hall", 1, 7)) })
	write(t, s, func(tx fleet.Tx) error {
		for seq, want := range map[uint64]bool{5: false, 6: true, 7: false} {
			if added, err := tx.Append(event("hall", 1, seq)); added != want || err != nil {
				t.Errorf("place %d: added %v, %v", seq, added, err)
			}
		}
		if added, err := tx.Append(event("hall", 1, 6)); added || err != nil {
			t.Errorf("a place was taken twice in one transaction: %v", err)
		}
		for seq := range uint64(many) {
			if err := add(tx, event("hall2", 2, seq+1)); err != nil {
				return err
			}
		}
		other := event("hall2", 2, many)
		other.Incarnation = fleet.ID{9}
		known, err := tx.Happened(other)
		if known || err != nil { // the source does not say that it is so far
			t.Errorf("an event is known: %v", err)
		}
		return errors.Join(tx.PutSource(fleet.Source{Terminal: "hall2", Incarnation: fleet.ID{2}, Upto: map[wire.Stream]uint64{wire.StreamEvents: many}}),
			isKnown(t, tx, other), counts(t, tx, many+3))
	})
	read(t, s, func(tx fleet.Tx) error { return counts(t, tx, many+3) })
	write(t, s, func(tx fleet.Tx) error {
		if err := add(tx, event("hall2", 2, many+1)); err != nil {
			return err
		}
		return tx.EventsBelow(0, 1, func(r fleet.Record) error {
			if r.ID != many+4 {
				t.Errorf("the newest event is %d", r.ID)
			}
			return nil
		})
	})
	write(t, s, func(tx fleet.Tx) error {
		if err := add(tx, event("hall2", 2, many+2)); err != nil {
			return err
		}
		n, err := tx.DropEvents(many+99, many+99)
		if n != many+5 {
			t.Errorf("%d events were dropped", n)
		}
		return err
	})
	write(t, s, func(tx fleet.Tx) error { // numbers are not given again
		if err := add(tx, event("hall2", 2, many+3)); err != nil {
			return err
		}
		id, err := tx.FirstEventAt(now)
		if id != many+6 {
			t.Errorf("the event has number %d", id)
		}
		return err
	})
}

func isKnown(t *testing.T, tx fleet.Tx, r fleet.Record) error {
	known, err := tx.Happened(r)
	if !known {
		t.Errorf("%s is not known", r.Body)
	}
	return err
}

// counts holds the numbers of events against 1 to n.
func counts(t *testing.T, tx fleet.Tx, n uint64) error {
	next, below := uint64(1), n
	err1 := tx.Events(0, int(n)+9, func(r fleet.Record) error {
		if r.ID != next {
			t.Errorf("event %d follows %d", r.ID, next-1)
		}
		next++
		return nil
	})
	err2 := tx.EventsBelow(0, int(n)+9, func(r fleet.Record) error {
		if r.ID != below {
			t.Errorf("event %d comes before %d", r.ID, below+1)
		}
		below--
		return nil
	})
	if next != n+1 || below != 0 {
		t.Errorf("%d events, want %d", next-1, n)
	}
	return errors.Join(err1, err2)
}

func testHappened(t *testing.T, open Open) {
	s := open(t)
	join(t, s, "hall", 1)
	join(t, s, "other", 7)
	write(t, s, func(tx fleet.Tx) error {
		source := fleet.Source{Terminal: "hall", Incarnation: fleet.ID{1}, Upto: map[wire.Stream]uint64{wire.StreamEvents: 9}}
		for seq := range uint64(9) {
			if err := add(tx, event("hall", 1, seq+1)); err != nil {
				return err
			}
		}
		return errors.Join(tx.PutSource(source), tx.PutSource(fleet.Source{Terminal: "hall", Incarnation: fleet.ID{2}, Successor: true}))
	})
	read(t, s, func(tx fleet.Tx) error {
		for seq := range uint64(11) {
			r := event("hall", 1, seq)
			r.Incarnation, r.Seq = fleet.ID{2}, seq+40
			known, err := tx.Happened(r)
			if want := seq >= 1 && seq <= 9; known != want || err != nil {
				t.Errorf("order %d: %v, %v", r.Order, known, err)
			}
			r.Body = append(r.Body, '!')
			if known, err := tx.Happened(r); known || err != nil {
				t.Errorf("another event of order %d: %v, %v", r.Order, known, err)
			}
		}
		known, err := tx.Happened(event("other", 8, 1))
		if known {
			t.Error("what happened elsewhere is known")
		}
		return err
	})
}

func testEventTimes(t *testing.T, open Open) {
	s := open(t)
	join(t, s, "hall", 1)
	read(t, s, func(tx fleet.Tx) error {
		id, err := tx.FirstEventAt(now)
		if id != 0 {
			t.Errorf("of no events the first is %d", id)
		}
		return err
	})
	write(t, s, func(tx fleet.Tx) error {
		for seq := range uint64(20) {
			if err := add(tx, event("hall", 1, seq+1)); err != nil {
				return err
			}
		}
		dropped, err := tx.DropEvents(6, 3)
		rest, err2 := tx.DropEvents(6, 30)
		if dropped != 3 || rest != 2 {
			t.Errorf("dropped %d, then %d", dropped, rest)
		}
		return errors.Join(err, err2)
	})
	read(t, s, func(tx fleet.Tx) error {
		for minute, want := range map[int]uint64{0: 6, 6: 6, 7: 7, 20: 20, 21: 0} {
			id, err := tx.FirstEventAt(now.Add(time.Duration(minute) * time.Minute))
			if id != want || err != nil {
				t.Errorf("from minute %d on: event %d, want %d; %v", minute, id, want, err)
			}
		}
		return nil
	})
}

// testCursor follows the events while many write: none appears behind the cursor.
func testCursor(t *testing.T, open Open) {
	s := open(t)
	const writers, each = 16, 40
	var all sync.WaitGroup
	for i := range writers {
		name := fmt.Sprintf("t%d", i)
		join(t, s, name, 1)
		all.Go(func() {
			for seq := range uint64(each) {
				if err := s.Write(t.Context(), operator, func(tx fleet.Tx) error { return add(tx, event(name, 1, seq+1)) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	written := make(chan struct{})
	go func() { all.Wait(); close(written) }()
	cursor := uint64(0)
	for over := false; !over; {
		came := s.Changed(store.EventsCame)
		select {
		case <-written:
			over = true // what is there now is all
		default:
		}
		before := cursor
		read(t, s, func(tx fleet.Tx) error {
			return tx.Events(cursor, 1000, func(r fleet.Record) error {
				if r.ID != cursor+1 {
					t.Errorf("event %d follows %d", r.ID, cursor)
				}
				cursor = r.ID
				return nil
			})
		})
		if cursor == before && !over {
			select {
			case <-came:
			case <-written:
			}
		}
	}
	if cursor != writers*each {
		t.Errorf("the reader saw %d of %d events", cursor, writers*each)
	}
}
