package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"badged/enroll"
	"badged/sync/wire"
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
	sqlAppend = perTable(`INSERT INTO %s (pos, ord, chain, body) VALUES (?, ?, ?, ?)`)
	sqlTail   = perTable(`SELECT pos, ord, body FROM %s ORDER BY pos DESC LIMIT ?`)
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
	t.at.heads[stream] = t.at.heads[stream].Next(body)
	t.at.last = t.at.heads[stream]
	t.appended = true
	if err := t.keepAgreement(e); err != nil {
		return err
	}
	return t.exec(sqlAppend[stream], t.at.pos[stream], t.at.ord, t.at.last[:], body)
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

const sqlVerify = `SELECT 1, ord, chain, body FROM ev_event UNION ALL SELECT 2, ord, chain, body FROM sec_event ORDER BY ord`

// Verify reads all events that are kept and holds them against the chains of their streams,
// and their order against that of the terminal. Its error names the first that is missing
// or was changed.
func (s *Store) Verify(ctx context.Context) error {
	v, end, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	defer end()
	var ord int64
	var ev, sec []byte
	if err := v.find(`SELECT pruned_ord, ev_chain, sec_chain FROM meta`).Scan(&ord, &ev, &sec); err != nil {
		return s.db.Explain("verify", err)
	}
	var heads perChain
	copy(heads[wire.StreamEvents][:], ev)
	copy(heads[wire.StreamSecurity][:], sec)
	rows, err := v.tx.QueryContext(ctx, sqlVerify)
	if err != nil {
		return s.db.Explain("verify", err)
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	for rows.Next() {
		ord++
		if err = verifyRow(rows, ord, &heads); err != nil {
			return s.db.Explain("verify", err)
		}
	}
	return s.db.Explain("verify", rows.Err())
}

func verifyRow(rows *sql.Rows, want int64, heads *perChain) error {
	var stream wire.Stream
	var ord int64
	var sum, body sql.RawBytes
	if err := rows.Scan(&stream, &ord, &sum, &body); err != nil {
		return err
	}
	heads[stream] = heads[stream].Next(body)
	if ord != want || string(heads[stream][:]) != string(sum) {
		return fmt.Errorf("%w at event %d", ErrChain, want)
	}
	return nil
}

// ErrChain means that an event was changed, taken out or put in.
var ErrChain = errors.New("the chain of events is broken")
