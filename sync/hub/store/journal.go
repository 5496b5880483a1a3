package store

import (
	"bytes"
	"errors"
	"io"
	"math"
	"time"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

const (
	sqlAppend  = `INSERT INTO event (id, source, stream, seq, ord, received, body) VALUES (?, ?, ?, ?, ?, ?, ?)`
	sqlLastSeq = `SELECT coalesce(max(seq), 0) FROM event WHERE source = ? AND stream = ?`
	sqlTaken   = `SELECT seq FROM event WHERE source = ? AND stream = ? AND seq = ?`
)

// eventFields are the columns of sqlAppend.
var eventFields = []string{"id", "source", "stream", "seq", "ord", "received", "body"}

// Events wait in the transaction for each other: many rows at once cost a fraction of as many
// statements, at PostgreSQL a round trip less for each.
const (
	mostWaiting = 1024
	fewWaiting  = 4 // fewer go one by one
)

// streamOf is one stream of a source.
type streamOf struct {
	source int64
	stream wire.Stream
}

// Append implements fleet.Journal. The event has its number at once, and is written with
// those that follow it: see writeEvents.
func (x *tx) Append(r fleet.Record) (bool, error) {
	source, err := x.sourceID(&fleet.Source{Terminal: r.Terminal, Incarnation: r.Incarnation})
	if err != nil {
		return false, err
	}
	if taken, err := x.isTaken(streamOf{source, r.Stream}, r.Seq); taken || err != nil {
		return false, err
	}
	x.seq++
	x.topics[EventsCame] = true
	x.waiting = append(x.waiting, []any{int64(x.seq), source, int64(r.Stream), int64(r.Seq), int64(r.Order), millis(r.Received), r.Body})
	if len(x.waiting) < mostWaiting {
		return true, nil
	}
	return true, x.writeEvents()
}

// isTaken reports whether a place of a stream has an event, and takes it otherwise. Places are
// taken in order, so that nearly always the last one says it.
func (x *tx) isTaken(s streamOf, seq uint64) (bool, error) {
	last, known := x.lastSeq[s]
	if !known {
		if err := x.one(sqlLastSeq, []any{s.source, s.stream}, &last); err != nil {
			return false, err
		}
	}
	x.lastSeq[s] = max(last, seq)
	if seq > last {
		return false, nil
	}
	if err := x.writeEvents(); err != nil {
		return false, err
	}
	var there uint64
	err := x.one(sqlTaken, []any{s.source, s.stream, seq}, &there)
	if errors.Is(err, people.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// writeEvents writes the events that wait. Whatever reads events calls it before.
func (x *tx) writeEvents() error {
	rows := x.waiting
	x.waiting = nil
	if len(rows) >= fewWaiting {
		err := x.d.Load(x.ctx, x.conn, x.t, "event", eventFields, func() ([]any, error) {
			if len(rows) == 0 {
				return nil, io.EOF
			}
			row := rows[0]
			rows = rows[1:]
			return row, nil
		})
		return x.fail("write", err)
	}
	for _, row := range rows {
		if _, err := x.exec(sqlAppend, row...); err != nil {
			return err
		}
	}
	return nil
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
	if err := x.writeEvents(); err != nil {
		return false, err
	}
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
	if err := x.writeEvents(); err != nil {
		return err
	}
	return collect(x, eventColumns+`WHERE e.id > ? ORDER BY e.id LIMIT ?`, []any{after, limit}, readEvent, fn)
}

// EventsBelow implements fleet.Journal.
func (x *tx) EventsBelow(below uint64, limit int, fn func(fleet.Record) error) error {
	if below == 0 {
		below = math.MaxInt64
	}
	if err := x.writeEvents(); err != nil {
		return err
	}
	return collect(x, eventColumns+`WHERE e.id < ? ORDER BY e.id DESC LIMIT ?`, []any{below, limit}, readEvent, fn)
}

// FirstEventAt implements fleet.Journal.
func (x *tx) FirstEventAt(t time.Time) (uint64, error) {
	if err := x.writeEvents(); err != nil {
		return 0, err
	}
	id, err := x.firstAt("event", "id", "received", t)
	if id == math.MaxInt64 {
		id = 0
	}
	return id, err
}

// DropEvents implements fleet.Journal.
func (x *tx) DropEvents(below uint64, limit int) (int, error) {
	if err := x.writeEvents(); err != nil {
		return 0, err
	}
	n, err := x.exec(`DELETE FROM event WHERE id IN (SELECT id FROM event WHERE id < ? ORDER BY id LIMIT ?)`, below, limit)
	return int(n), err
}
