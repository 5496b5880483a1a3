package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"badged/enroll"
	"badged/sync/wire"
)

const (
	keepEvents = 1000 // events that stay for Tail when the hub has them
	pruneEvery = 256  // events that are deleted at once
	ackEvery   = 64   // events that the hub has, of which a power cut may forget it
)

// tables are the tables of the streams.
var tables = [1 + len(streams)]string{wire.StreamEvents: "ev_event", wire.StreamSecurity: "sec_event"}

// perTable makes one statement for each stream's table out of a pattern.
func perTable(pattern string) (q [1 + len(streams)]string) {
	for _, stream := range streams {
		q[stream] = fmt.Sprintf(pattern, tables[stream])
	}
	return q
}

var (
	sqlAppend  = perTable(`INSERT INTO %s (pos, ord, chain, body) VALUES (?, ?, ?, ?)`)
	sqlPending = perTable(`SELECT pos, body FROM %s WHERE pos > ? ORDER BY pos LIMIT ?`)
	sqlTail    = perTable(`SELECT pos, ord, body FROM %s ORDER BY pos DESC LIMIT ?`)
	sqlUnacked = perTable(`SELECT ord FROM %s WHERE pos > ? ORDER BY pos LIMIT 1`)
	sqlPrune   = perTable(`DELETE FROM %s WHERE pos <= ? AND ord <= ?`)
	sqlOldest  = perTable(`SELECT pos FROM %s ORDER BY pos LIMIT 1`)
	sqlChainOf = perTable(`SELECT chain FROM %s WHERE ord = ?`)
)

// Append implements enroll.Tx.
func (t *txn) Append(e enroll.Event) error {
	stream := e.Stream()
	e.Order = uint64(t.at.ord + 1)
	body, err := wire.Marshal(eventToWire(e))
	if err != nil {
		return err
	}
	t.at.ord++
	t.at.pos[stream]++
	t.at.chain = t.at.chain.next(body)
	t.appended = true
	if err := t.agree(e); err != nil {
		return err
	}
	return t.exec(sqlAppend[stream], t.at.pos[stream], t.at.ord, t.at.chain[:], body)
}

// Tail gives the last n events, at most those that are kept, oldest first.
func (s *Store) Tail(ctx context.Context, n int) ([]enroll.Event, error) {
	n = min(max(n, 0), keepEvents)
	v, end, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	base := s.meta().base
	var events []enroll.Event
	for _, stream := range streams {
		rows, err := v.tx.QueryContext(ctx, sqlTail[stream], n)
		if err != nil {
			return nil, s.db.Explain("read the events of", err)
		}
		for rows.Next() && err == nil {
			var e enroll.Event
			e, err = scanEvent(rows, stream, base[stream])
			events = append(events, e)
		}
		if err := errors.Join(err, rows.Err(), rows.Close()); err != nil {
			return nil, s.db.Explain("read the events of", err)
		}
	}
	slices.SortFunc(events, func(a, b enroll.Event) int { return int(int64(a.Order) - int64(b.Order)) })
	return events[max(0, len(events)-n):], nil
}

func scanEvent(rows *sql.Rows, stream wire.Stream, base int64) (e enroll.Event, err error) {
	var pos, ord int64
	var body []byte
	if err := rows.Scan(&pos, &ord, &body); err != nil {
		return e, err
	}
	var w wire.Event
	if err := wire.Unmarshal(body, &w); err != nil {
		return e, fmt.Errorf("event %d: %w", ord, err)
	}
	return eventFromWire(w, stream, uint64(max(pos-base, 0))), nil
}

func (s *Store) meta() meta {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at.meta
}

// Pending gives encoded events of a stream behind seq after, and the seq of the first:
// at least one if there is any, at most maxEvents, and maxBytes or one event.
func (s *Store) Pending(ctx context.Context, stream wire.Stream, after uint64, maxEvents, maxBytes int) (first uint64, events [][]byte, err error) {
	if err := checkStream(stream); err != nil {
		return 0, nil, err
	}
	base := s.meta().base[stream]
	rows, err := s.db.Read.QueryContext(ctx, sqlPending[stream], int64(min(after, math.MaxInt32<<16))+base, maxEvents)
	if err != nil {
		return 0, nil, s.db.Explain("read the outbox of", err)
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	for size := 0; rows.Next(); {
		var pos int64
		var body []byte
		if err := rows.Scan(&pos, &body); err != nil {
			return 0, nil, s.db.Explain("read the outbox of", err)
		}
		if size += len(body); size > maxBytes && len(events) > 0 {
			break
		}
		if len(events) == 0 {
			first = uint64(pos - base)
		}
		events = append(events, body)
	}
	return first, events, s.db.Explain("read the outbox of", rows.Err())
}

func checkStream(stream wire.Stream) error {
	if stream != wire.StreamEvents && stream != wire.StreamSecurity {
		return fmt.Errorf("there is no stream %d", stream)
	}
	return nil
}

// Acked takes the hub's word that it has everything of a stream up to seq upto, under
// that incarnation; another incarnation's is ignored. The watermark is written
// with a later commit, once in a while, since it costs a block of flash: if it is lost,
// the hub says it again.
func (s *Store) Acked(ctx context.Context, incarnation [16]byte, stream wire.Stream, upto uint64) error {
	if err := checkStream(stream); err != nil {
		return err
	}
	var due bool
	err := s.note(ctx, func(w *writer) error {
		at := &w.at
		if incarnation != at.incarnation {
			return nil
		}
		if given := uint64(at.pos[stream] - at.base[stream]); upto > given {
			return fmt.Errorf("the hub has %d events of stream %d, but only %d were ever written here", upto, stream, given)
		}
		if pos := int64(upto) + at.base[stream]; pos > at.acked[stream] {
			at.acked[stream] = pos
			at.dirty = at.dirty || pos-at.written[stream] >= ackEvery
		}
		due = at.ord-at.prunedOrd-max(at.outbox(), keepEvents) >= pruneEvery
		return nil
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.lastAck = time.Now()
	s.mu.Unlock()
	if due {
		return s.do(ctx, (*txn).prune)
	}
	return nil
}

// prune deletes the oldest events, as far as the hub has all before them and Tail does
// not show them, a bounded number at a time. What is left begins without a gap.
func (t *txn) prune() error {
	upto := min(t.at.ord-keepEvents, t.at.prunedOrd+4*pruneEvery)
	for _, stream := range streams {
		var ord int64
		switch err := t.row(sqlUnacked[stream], t.at.acked[stream]).Scan(&ord); {
		case err == nil:
			upto = min(upto, ord-1)
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
	}
	if upto-t.at.prunedOrd < pruneEvery {
		return nil
	}
	return t.pruneTo(upto)
}

func (t *txn) pruneTo(upto int64) error {
	sum, err := t.chainAt(upto)
	if err != nil {
		return err
	}
	for _, stream := range streams {
		if err := t.exec(sqlPrune[stream], t.at.acked[stream], upto); err != nil {
			return err
		}
		var oldest int64
		err := t.row(sqlOldest[stream]).Scan(&oldest)
		if errors.Is(err, sql.ErrNoRows) {
			oldest, err = t.at.pos[stream]+1, nil
		}
		if err != nil {
			return err
		}
		t.at.pruned[stream] = oldest - 1
	}
	t.at.prunedOrd, t.at.prunedChain, t.at.dirty = upto, sum, true
	return nil
}

func (t *txn) chainAt(ord int64) (c chain, err error) {
	for _, stream := range streams {
		var sum []byte
		err := t.row(sqlChainOf[stream], ord).Scan(&sum)
		if err == nil {
			copy(c[:], sum)
			return c, nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return c, err
		}
	}
	return c, fmt.Errorf("event %d is not there", ord)
}

const sqlVerify = `SELECT ord, chain, body FROM ev_event UNION ALL SELECT ord, chain, body FROM sec_event ORDER BY ord`

// Verify reads all events that are kept and holds them against their chain. Its error
// names the first that is missing or was changed.
func (s *Store) Verify(ctx context.Context) error {
	v, end, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	defer end()
	var ord int64
	var begin []byte
	if err := v.find(`SELECT pruned_ord, pruned_chain FROM meta`).Scan(&ord, &begin); err != nil {
		return s.db.Explain("verify", err)
	}
	var want chain
	copy(want[:], begin)
	rows, err := v.tx.QueryContext(ctx, sqlVerify)
	if err != nil {
		return s.db.Explain("verify", err)
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	for rows.Next() {
		ord++
		if want, err = verifyRow(rows, ord, want); err != nil {
			return s.db.Explain("verify", err)
		}
	}
	return s.db.Explain("verify", rows.Err())
}

func verifyRow(rows *sql.Rows, want int64, before chain) (chain, error) {
	var ord int64
	var sum, body sql.RawBytes
	if err := rows.Scan(&ord, &sum, &body); err != nil {
		return before, err
	}
	c := before.next(body)
	if ord != want || string(c[:]) != string(sum) {
		return c, fmt.Errorf("%w at event %d", ErrChain, want)
	}
	return c, nil
}

// ErrChain means that an event was changed, taken out or put in.
var ErrChain = errors.New("the chain of events is broken")
