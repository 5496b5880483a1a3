package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"badged/enroll"
	"badged/internal/sqlite"
	"badged/sync/wire"
)

// Salvaged is what could be read of a database that was kept aside.
type Salvaged struct {
	Events  []enroll.Event // that the hub did not have, as far as the file knows; in order
	Unknown bool           // the file does not tell what the hub had: Events are all that were kept
	Damaged bool           // parts of the events could not be read
}

// Salvage reads the events that the hub did not have out of a database that need not be
// whole. It works on a copy. What the hub has said in the last moments may not be in the
// file: some of the events may be at the hub. Where the tables cannot be read to the end, all
// pages are looked through for events.
func Salvage(ctx context.Context, path string) (s Salvaged, err error) {
	var acked, base perStream
	events := map[uint64]enroll.Event{} // by their order
	err = s.readTables(ctx, path, &acked, &base, events)
	if err != nil && !sqlite.IsCorrupt(err) {
		return s, err
	}
	unreadable := err
	if unreadable != nil || s.Damaged {
		s.Unknown = s.Unknown || unreadable != nil
		s.Damaged = true
		if err := readLeaves(ctx, path, acked, base, events); err != nil {
			return s, err
		}
	}
	if len(events) == 0 && s.Unknown {
		return s, cmp.Or(unreadable, error(&sqlite.Error{Op: "read what is left of", Path: path, Err: fmt.Errorf("%w: no event is in it", sqlite.ErrDamaged)}))
	}
	s.Events = slices.SortedFunc(maps.Values(events), func(a, b enroll.Event) int { return cmp.Compare(a.Order, b.Order) })
	return s, nil
}

// readTables reads the events as the tables lead to them.
func (s *Salvaged) readTables(ctx context.Context, path string, acked, base *perStream, events map[uint64]enroll.Event) (err error) {
	like, err := databaseOptions(path)
	if err != nil {
		return err
	}
	db, closeDB, err := sqlite.Salvage(ctx, path, like)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeDB()) }()
	row := db.QueryRowContext(ctx, `SELECT ev_acked, sec_acked, ev_base, sec_base FROM meta`)
	s.Unknown = row.Scan(&acked[1], &acked[2], &base[1], &base[2]) != nil
	for _, stream := range streams {
		found, whole, err := salvageStream(ctx, db, stream, acked[stream], base[stream])
		if err != nil {
			return err
		}
		for _, e := range found {
			events[e.Order] = e
		}
		s.Damaged = s.Damaged || !whole
	}
	return nil
}

// readLeaves looks for events in all pages. Files that were made before have smaller ones.
func readLeaves(ctx context.Context, path string, acked, base perStream, events map[uint64]enroll.Event) error {
	for _, size := range []int{pageSize, 512} {
		err := sqlite.Leaves(path, size, func(pos int64, values []any) {
			e, ok := eventOfRow(pos, values, base)
			if _, known := events[e.Order]; ok && !known && pos > acked[e.Stream()] {
				events[e.Order] = e
			}
		})
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
	return nil
}

// eventOfRow reads a row of a table of events: pos, which is the row's number, ord, chain, body.
func eventOfRow(pos int64, values []any, base perStream) (e enroll.Event, ok bool) {
	if len(values) != 4 || values[0] != nil || pos < 1 {
		return e, false
	}
	ord, isNumber := values[1].(int64)
	chain, isChain := values[2].([]byte)
	body, isBody := values[3].([]byte)
	var w wire.Event
	if !isNumber || !isChain || !isBody || len(chain) != len(wire.Chain{}) || ord < 1 || wire.Unmarshal(body, &w) != nil {
		return e, false
	}
	e = eventFromWire(w, wire.StreamEvents, 0)
	stream := wire.Stream(e.Stream())
	e = eventFromWire(w, stream, uint64(max(pos-base[stream], 0)))
	return e, e.Order == uint64(ord)
}

var (
	sqlForward  = perTable(`SELECT pos, ord, body FROM %s WHERE pos > ? ORDER BY pos`)
	sqlBackward = perTable(`SELECT pos, ord, body FROM %s WHERE pos > ? ORDER BY pos DESC`)
)

// salvageStream reads a stream from its beginning and, if damage stops that, from its end.
func salvageStream(ctx context.Context, db *sql.DB, stream wire.Stream, acked, base int64) (events []enroll.Event, whole bool, err error) {
	seen, broken := map[uint64]bool{}, false
	take := func(rows *sql.Rows) {
		e, err := scanEvent(rows, stream, base)
		broken = broken || err != nil
		if err == nil && !seen[e.Order] {
			seen[e.Order] = true
			events = append(events, e)
		}
	}
	for _, query := range []string{sqlForward[stream], sqlBackward[stream]} {
		err := salvageRows(ctx, db, query, acked, take)
		if ctx.Err() != nil {
			return nil, false, ctx.Err()
		}
		if err == nil {
			return events, !broken, nil
		}
		broken = true
	}
	return events, false, nil
}

func salvageRows(ctx context.Context, db *sql.DB, query string, acked int64, take func(*sql.Rows)) error {
	rows, err := db.QueryContext(ctx, query, acked)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	for rows.Next() {
		take(rows)
	}
	return rows.Err()
}
