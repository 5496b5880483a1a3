package store

import (
	"bytes"
	"errors"

	"badged/sync/hub/people"
	"badged/sync/hub/publish"
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
		ON CONFLICT (collection, scope, key) DO UPDATE SET rev = excluded.rev, body = excluded.body`

	sqlPutState = `INSERT INTO collection (collection, scope, rev, hash, floor) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (collection, scope) DO UPDATE SET rev = excluded.rev, hash = excluded.hash, floor = excluded.floor`

	sqlState = `SELECT rev, hash, floor FROM collection WHERE collection = ? AND scope = ?`
)

// body is nil for a tombstone.
func (x *tx) body(c wire.Collection, scope string, key []byte) (body []byte, err error) {
	err = x.one(sqlRow, []any{uint64(c), scope, key}, &body)
	return body, err
}

// PutRow implements publish.Rows.
func (x *tx) PutRow(c wire.Collection, scope string, key, body []byte) error {
	old, err := x.body(c, scope, key)
	if err != nil && !errors.Is(err, people.ErrNotFound) {
		return err
	}
	if bytes.Equal(old, body) { // also: a tombstone of nothing
		return nil
	}
	st, err := x.state(place{c, scope})
	if err != nil {
		return err
	}
	x.topics[RowsChanged] = true
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
func (x *tx) state(p place) (*publish.State, error) {
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

func (x *tx) loadState(p place) (st publish.State, err error) {
	err = x.one(sqlState, []any{uint64(p.collection), p.scope}, &st.Rev, idInto{&st.Hash}, &st.Floor)
	if errors.Is(err, people.ErrNotFound) {
		return publish.State{}, nil
	}
	return st, err
}

func (x *tx) putState(p place, st publish.State) error {
	_, err := x.exec(sqlPutState, uint64(p.collection), p.scope, st.Rev, st.Hash[:], st.Floor)
	return err
}

// RowState implements publish.Rows.
func (x *tx) RowState(c wire.Collection, scope string) (publish.State, error) {
	if st, ok := x.states[place{c, scope}]; ok {
		return *st, nil
	}
	return x.loadState(place{c, scope})
}

func readRow(scan scan) (r publish.Row, err error) {
	return r, scan(&r.Key, &r.Rev, &r.Body)
}

// Row implements publish.Rows.
func (x *tx) Row(c wire.Collection, scope string, key []byte) (publish.Row, error) {
	return first(x, `SELECT key, rev, body FROM row WHERE collection = ? AND scope = ? AND key = ?`, []any{uint64(c), scope, key}, readRow)
}

// RowsAfter implements publish.Rows.
func (x *tx) RowsAfter(c wire.Collection, scope string, after []byte, limit int, fn func(publish.Row) error) error {
	if after == nil {
		after = []byte{}
	}
	return collect(x, `SELECT key, rev, body FROM row
		WHERE collection = ? AND scope = ? AND key > ? AND body IS NOT NULL ORDER BY key LIMIT ?`,
		[]any{uint64(c), scope, after, limit}, readRow, fn)
}

// RowsSince implements publish.Rows.
func (x *tx) RowsSince(c wire.Collection, scope string, rev uint64, fn func(publish.Row) error) error {
	return collect(x, `SELECT key, rev, body FROM row
		WHERE collection = ? AND scope = ? AND rev > ? ORDER BY rev`,
		[]any{uint64(c), scope, rev}, readRow, fn)
}

// RaiseRev implements publish.Rows.
func (x *tx) RaiseRev(c wire.Collection, scope string, above uint64) error {
	st, err := x.state(place{c, scope})
	if err != nil {
		return err
	}
	x.topics[RowsChanged] = true
	st.Rev = max(st.Rev, above) + 1
	st.Floor = st.Rev
	return nil
}

// PruneRows implements publish.Rows.
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
