package store

import (
	"bytes"
	"errors"
	"fmt"

	"badged/sync/hub"
	"badged/sync/wire"
)

// sqlAppend inserts one row by its values: from a SELECT, SQLite would keep a second
// journal, which costs a third of the work.
const sqlAppend = `INSERT INTO event (source, stream, seq, ord, received, body) VALUES (?, ?, ?, ?, ?, ?)
	ON CONFLICT DO NOTHING`

// hotWrites are the statements of a frame.
var hotWrites = []string{sqlAppend, sqlSource, sqlWatermarks, sqlPutSource, sqlPutMark, sqlRow, sqlPutRow, sqlState, sqlPutState}

// Append implements hub.Journal.
func (x *tx) Append(r hub.Record) (bool, error) {
	source, err := x.sourceID(&hub.Source{Terminal: r.Terminal, Incarnation: r.Incarnation})
	if err != nil {
		return false, err
	}
	n, err := x.exec(sqlAppend, source, r.Stream, r.Seq, int64(r.Order), millis(r.Received), r.Body)
	return n == 1, err
}

// Happened implements hub.Journal. The order of events grows along a stream, so the
// place of an event in another database of the terminal is found by halving.
func (x *tx) Happened(r hub.Record) (bool, error) {
	known := false
	err := x.EachSource(r.Terminal, func(s hub.Source) error {
		if known || s.Incarnation == r.Incarnation {
			return nil
		}
		id, err := x.sourceID(&s)
		if err != nil {
			return err
		}
		known, err = x.holds(id, s.Upto[r.Stream], r)
		return err
	})
	return known, err
}

func (x *tx) holds(source int64, upto uint64, r hub.Record) (bool, error) {
	for low, high := uint64(1), upto; low <= high; {
		mid := low + (high-low)/2
		var ord uint64
		var body []byte
		err := x.one(`SELECT ord, body FROM event WHERE source = ? AND stream = ? AND seq = ?`,
			[]any{source, r.Stream, mid}, orderInto{&ord}, &body)
		switch {
		case errors.Is(err, hub.ErrNotFound):
			return false, nil
		case err != nil:
			return false, err
		case ord == r.Order:
			return bytes.Equal(body, r.Body), nil
		case ord < r.Order:
			low = mid + 1
		default:
			high = mid - 1
		}
	}
	return false, nil
}

// Events implements hub.Journal.
func (x *tx) Events(after uint64, limit int, fn func(hub.Record) error) error {
	return collect(x, `SELECT e.id, s.terminal, s.incarnation, e.stream, e.seq, e.ord, e.received, e.body
		FROM event e JOIN source s ON s.id = e.source WHERE e.id > ? ORDER BY e.id LIMIT ?`,
		[]any{after, limit},
		func(scan func(...any) error) (r hub.Record, err error) {
			return r, scan(&r.ID, &r.Terminal, idInto{&r.Incarnation}, &r.Stream, &r.Seq, orderInto{&r.Order},
				timeInto{&r.Received}, &r.Body)
		}, fn)
}

// AddEdit implements hub.Profiles.
func (x *tx) AddEdit(e hub.EditRecord) error {
	before, err := wire.Marshal(e.Before)
	if err != nil {
		return fmt.Errorf("write an edit: %w", err)
	}
	after, err := wire.Marshal(e.After)
	if err != nil {
		return fmt.Errorf("write an edit: %w", err)
	}
	_, err = x.exec(`INSERT INTO edit (account, terminal, ord, at, before, after) VALUES (?, ?, ?, ?, ?, ?)`,
		e.Account[:], e.Terminal, int64(e.Order), millis(e.At), before, after)
	return err
}

// Edits implements hub.Profiles.
func (x *tx) Edits(account hub.ID) (edits []hub.EditRecord, err error) {
	err = collect(x, `SELECT terminal, ord, at, before, after FROM edit WHERE account = ? ORDER BY id`,
		[]any{account[:]},
		func(scan func(...any) error) (e hub.EditRecord, err error) {
			e.Account = account
			var before, after []byte
			if err := scan(&e.Terminal, orderInto{&e.Order}, timeInto{&e.At}, &before, &after); err != nil {
				return e, err
			}
			return e, errors.Join(wire.Unmarshal(before, &e.Before), wire.Unmarshal(after, &e.After))
		},
		func(e hub.EditRecord) error {
			edits = append(edits, e)
			return nil
		})
	return edits, err
}

// DropEdits implements hub.Profiles.
func (x *tx) DropEdits(account hub.ID) error {
	_, err := x.exec(`DELETE FROM edit WHERE account = ?`, account[:])
	return err
}

// AddConflict implements hub.Journal. One that is open already is not added again.
func (x *tx) AddConflict(c hub.Conflict) error {
	_, err := x.exec(`INSERT INTO conflict (card, account, other, terminal, why, at, resolved)
		VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		c.Card[:], c.Account[:], c.Other[:], c.Terminal, c.Why, millis(c.At), c.Resolved)
	return err
}

// Conflicts implements hub.Journal.
func (x *tx) Conflicts() (open []hub.Conflict, err error) {
	err = collect(x, `SELECT card, account, other, terminal, why, at FROM conflict WHERE resolved = 0 ORDER BY id`, nil,
		func(scan func(...any) error) (c hub.Conflict, err error) {
			return c, scan(idInto{&c.Card}, idInto{&c.Account}, idInto{&c.Other}, &c.Terminal, &c.Why, timeInto{&c.At})
		},
		func(c hub.Conflict) error {
			open = append(open, c)
			return nil
		})
	return open, err
}

// ResolveConflicts implements hub.Journal.
func (x *tx) ResolveConflicts(card hub.ID) error {
	_, err := x.exec(`UPDATE conflict SET resolved = 1 WHERE card = ? AND resolved = 0`, card[:])
	return err
}
