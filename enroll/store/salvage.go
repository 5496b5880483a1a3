package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
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
// file: some of the events may be at the hub.
func Salvage(ctx context.Context, path string) (s Salvaged, err error) {
	db, closeDB, err := sqlite.Salvage(ctx, path)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, closeDB()) }()
	var acked, base perStream
	row := db.QueryRowContext(ctx, `SELECT ev_acked, sec_acked, ev_base, sec_base FROM meta`)
	s.Unknown = row.Scan(&acked[1], &acked[2], &base[1], &base[2]) != nil
	for _, stream := range streams {
		events, whole, err := salvageStream(ctx, db, stream, acked[stream], base[stream])
		if err != nil {
			return s, err
		}
		s.Events = append(s.Events, events...)
		s.Damaged = s.Damaged || !whole
	}
	slices.SortFunc(s.Events, func(a, b enroll.Event) int { return cmp.Compare(a.Order, b.Order) })
	return s, nil
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
