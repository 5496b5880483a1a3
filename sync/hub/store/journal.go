package store

import (
	"bytes"
	"errors"
	"math"
	"time"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
)

// sqlAppend inserts one row by its values: from a SELECT, SQLite would keep a second
// journal, which costs a third of the work.
const sqlAppend = `INSERT INTO event (id, source, stream, seq, ord, received, body) VALUES (?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (source, stream, seq) DO NOTHING`

// hotWrites are the statements of a frame.
var hotWrites = []string{sqlAppend, sqlSource, sqlWatermarks, sqlPutSource, sqlPutMark, sqlRow, sqlPutRow, sqlState, sqlPutState}

// Append implements fleet.Journal.
func (x *tx) Append(r fleet.Record) (bool, error) {
	source, err := x.sourceID(&fleet.Source{Terminal: r.Terminal, Incarnation: r.Incarnation})
	if err != nil {
		return false, err
	}
	n, err := x.exec(sqlAppend, x.seq+1, source, r.Stream, r.Seq, int64(r.Order), millis(r.Received), r.Body)
	if err != nil || n == 0 {
		return false, err
	}
	x.seq++
	x.topics[EventsCame] = true
	return true, nil
}

// Happened implements fleet.Journal. The order of events grows along a stream, so the
// place of an event in another database of the terminal is found by halving. Places are
// empty whose event was forgotten, or was here from yet another database.
func (x *tx) Happened(r fleet.Record) (bool, error) {
	known := false
	err := x.EachSource(r.Terminal, func(s fleet.Source) error {
		if known || s.Incarnation == r.Incarnation {
			return nil
		}
		id, err := x.sourceID(&s)
		if err != nil {
			return err
		}
		known, err = x.holdsEvent(id, s.Upto[r.Stream], r)
		return err
	})
	return known, err
}

func (x *tx) holdsEvent(source int64, upto uint64, r fleet.Record) (bool, error) {
	for low, high := uint64(1), upto; low <= high; {
		mid := low + (high-low)/2
		var seq, ord uint64
		var body []byte
		err := x.one(`SELECT seq, ord, body FROM event WHERE source = ? AND stream = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT 1`,
			[]any{source, r.Stream, mid, high}, &seq, orderInto{&ord}, &body)
		switch {
		case errors.Is(err, people.ErrNotFound): // none is left from there on
			high = mid - 1
		case err != nil:
			return false, err
		case ord == r.Order:
			return bytes.Equal(body, r.Body), nil
		case ord < r.Order:
			low = seq + 1
		default:
			high = mid - 1
		}
	}
	return false, nil
}

const eventColumns = `SELECT e.id, s.terminal, s.incarnation, e.stream, e.seq, e.ord, e.received, e.body
	FROM event e JOIN source s ON s.id = e.source `

func readEvent(scan scan) (r fleet.Record, err error) {
	return r, scan(&r.ID, &r.Terminal, idInto{&r.Incarnation}, &r.Stream, &r.Seq, orderInto{&r.Order},
		timeInto{&r.Received}, &r.Body)
}

// Events implements fleet.Journal.
func (x *tx) Events(after uint64, limit int, fn func(fleet.Record) error) error {
	return collect(x, eventColumns+`WHERE e.id > ? ORDER BY e.id LIMIT ?`, []any{after, limit}, readEvent, fn)
}

// EventsBelow implements fleet.Journal.
func (x *tx) EventsBelow(below uint64, limit int, fn func(fleet.Record) error) error {
	if below == 0 {
		below = math.MaxInt64
	}
	return collect(x, eventColumns+`WHERE e.id < ? ORDER BY e.id DESC LIMIT ?`, []any{below, limit}, readEvent, fn)
}

// FirstEventAt implements fleet.Journal.
func (x *tx) FirstEventAt(t time.Time) (uint64, error) {
	id, err := x.firstAt("event", "id", "received", t)
	if id == math.MaxInt64 {
		id = 0
	}
	return id, err
}

// DropEvents implements fleet.Journal.
func (x *tx) DropEvents(below uint64, limit int) (int, error) {
	n, err := x.exec(`DELETE FROM event WHERE id IN (SELECT id FROM event WHERE id < ? ORDER BY id LIMIT ?)`, below, limit)
	return int(n), err
}
