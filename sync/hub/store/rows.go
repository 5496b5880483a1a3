package store

import (
	"bytes"
	"errors"

	"badged/sync/hub"
	"badged/sync/wire"
)

// place is one scope of one collection.
type place struct {
	collection wire.Collection
	scope      string
}

const (
	sqlRow = `SELECT body FROM row WHERE collection = ? AND scope = ? AND key = ?`

	sqlPutRow = `INSERT INTO row (collection, scope, key, rev, body) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET rev = excluded.rev, body = excluded.body`

	sqlPutState = `INSERT INTO collection (collection, scope, rev, hash, floor) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET rev = excluded.rev, hash = excluded.hash, floor = excluded.floor`

	sqlState = `SELECT rev, hash, floor FROM collection WHERE collection = ? AND scope = ?`
)

// Row implements hub.Rows.
func (x *tx) Row(c wire.Collection, scope string, key []byte) ([]byte, error) {
	body, err := x.body(c, scope, key)
	if err == nil && body == nil {
		err = hub.ErrNotFound
	}
	return body, err
}

// body is nil for a tombstone.
func (x *tx) body(c wire.Collection, scope string, key []byte) (body []byte, err error) {
	err = x.one(sqlRow, []any{uint64(c), scope, key}, &body)
	return body, err
}

// PutRow implements hub.Rows.
func (x *tx) PutRow(c wire.Collection, scope string, key, body []byte) error {
	old, err := x.body(c, scope, key)
	if err != nil && !errors.Is(err, hub.ErrNotFound) {
		return err
	}
	if bytes.Equal(old, body) { // also: a tombstone of nothing
		return nil
	}
	st, err := x.state(place{c, scope})
	if err != nil {
		return err
	}
	st.Rev++
	if old != nil {
		st.Hash = wire.Xor(st.Hash, wire.RowHash(c, key, old))
	}
	if body != nil {
		st.Hash = wire.Xor(st.Hash, wire.RowHash(c, key, body))
	}
	_, err = x.exec(sqlPutRow, uint64(c), scope, key, st.Rev, blob(body))
	return err
}

// state loads how far a place is, to be changed in this transaction.
func (x *tx) state(p place) (*hub.State, error) {
	if st, ok := x.states[p]; ok {
		return st, nil
	}
	st, err := x.loadState(p)
	if err != nil {
		return nil, err
	}
	x.states[p] = &st
	return &st, nil
}

func (x *tx) loadState(p place) (st hub.State, err error) {
	err = x.one(sqlState, []any{uint64(p.collection), p.scope}, &st.Rev, idInto{&st.Hash}, &st.Floor)
	if errors.Is(err, hub.ErrNotFound) {
		return hub.State{}, nil
	}
	return st, err
}

// flush writes the states that changed.
func (x *tx) flush() error {
	for p, st := range x.states {
		if _, err := x.exec(sqlPutState, uint64(p.collection), p.scope, st.Rev, st.Hash[:], st.Floor); err != nil {
			return err
		}
	}
	return nil
}

// RowState implements hub.Rows.
func (x *tx) RowState(c wire.Collection, scope string) (hub.State, error) {
	if st, ok := x.states[place{c, scope}]; ok {
		return *st, nil
	}
	return x.loadState(place{c, scope})
}

func readRow(scan func(...any) error) (r hub.Row, err error) {
	return r, scan(&r.Key, &r.Rev, &r.Body)
}

// EachRow implements hub.Rows. It reads a page at a time, so that fn may use the
// transaction and a collection of any size takes little room.
func (x *tx) EachRow(c wire.Collection, scope string, fn func(hub.Row) error) error {
	const page = 500
	after := []byte{}
	for {
		n := 0
		err := collect(x, `SELECT key, rev, body FROM row
			WHERE collection = ? AND scope = ? AND key > ? AND body IS NOT NULL ORDER BY key LIMIT ?`,
			[]any{uint64(c), scope, after, page}, readRow,
			func(r hub.Row) error {
				n, after = n+1, r.Key
				return fn(r)
			})
		if err != nil || n < page {
			return err
		}
	}
}

// RowsSince implements hub.Rows.
func (x *tx) RowsSince(c wire.Collection, scope string, rev uint64, fn func(hub.Row) error) error {
	return collect(x, `SELECT key, rev, body FROM row
		WHERE collection = ? AND scope = ? AND rev > ? ORDER BY rev`,
		[]any{uint64(c), scope, rev}, readRow, fn)
}

// PruneRows implements hub.Rows.
func (x *tx) PruneRows(c wire.Collection, scope string, rev uint64) error {
	st, err := x.state(place{c, scope})
	if err != nil {
		return err
	}
	st.Floor = max(st.Floor, min(rev, st.Rev))
	_, err = x.exec(`DELETE FROM row WHERE collection = ? AND scope = ? AND rev <= ? AND body IS NULL`,
		uint64(c), scope, st.Floor)
	return err
}
