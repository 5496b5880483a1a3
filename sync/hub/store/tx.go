package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"badged/internal/sqlite"
	"badged/sync/hub"
)

// tx implements all parts of hub.Tx in one transaction.
type tx struct {
	ctx    context.Context // of the transaction
	tx     *sql.Tx
	pool   *pool
	db     *sqlite.DB
	states map[place]*hub.State // changed in this transaction, written by flush

	sources map[database]sourceRow // found in this transaction
}

func (x *tx) exec(query string, args ...any) (int64, error) {
	var res sql.Result
	var err error
	if st := x.pool.prepared[query]; st != nil {
		res, err = x.tx.StmtContext(x.ctx, st).ExecContext(x.ctx, args...)
	} else {
		res, err = x.tx.ExecContext(x.ctx, query, args...)
	}
	if err != nil {
		return 0, x.db.Explain("write", err)
	}
	return res.RowsAffected()
}

// one reads one row; hub.ErrNotFound if there is none.
func (x *tx) one(query string, args []any, into ...any) error {
	var row *sql.Row
	if st := x.pool.prepared[query]; st != nil {
		row = x.tx.StmtContext(x.ctx, st).QueryRowContext(x.ctx, args...)
	} else {
		row = x.tx.QueryRowContext(x.ctx, query, args...)
	}
	err := row.Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return hub.ErrNotFound
	}
	return x.db.Explain("read", err)
}

// all reads many rows. Between them fn may not use the transaction.
func (x *tx) all(query string, args []any, fn func(scan func(...any) error) error) error {
	var rows *sql.Rows
	var err error
	if st := x.pool.prepared[query]; st != nil {
		rows, err = x.tx.StmtContext(x.ctx, st).QueryContext(x.ctx, args...)
	} else {
		rows, err = x.tx.QueryContext(x.ctx, query, args...)
	}
	if err != nil {
		return x.db.Explain("read", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return x.db.Explain("read", rows.Err())
}

// collect reads many rows before fn gets them, so that fn may use the transaction.
func collect[T any](x *tx, query string, args []any, read func(scan func(...any) error) (T, error), fn func(T) error) error {
	var rows []T
	err := x.all(query, args, func(scan func(...any) error) error {
		v, err := read(scan)
		rows = append(rows, v)
		return err
	})
	if err != nil {
		return err
	}
	for _, v := range rows {
		if err := fn(v); err != nil {
			return err
		}
	}
	return nil
}

// Times are kept in milliseconds; 0 is no time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// blob is NULL for no bytes at all, which is not the same as empty.
func blob(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// orderInto scans an order, which any terminal may have made up to 64 bits long.
type orderInto struct{ order *uint64 }

// Scan implements sql.Scanner.
func (s orderInto) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return errors.New("an order that is not a number")
	}
	*s.order = uint64(n)
	return nil
}

// idInto scans 16 bytes.
type idInto struct{ id *hub.ID }

// Scan implements sql.Scanner.
func (s idInto) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(s.id) {
		return errors.New("an id of another length than 16 bytes")
	}
	copy(s.id[:], b)
	return nil
}

// timeInto scans milliseconds.
type timeInto struct{ t *time.Time }

// Scan implements sql.Scanner.
func (s timeInto) Scan(v any) error {
	ms, ok := v.(int64)
	if !ok {
		return errors.New("a time that is not a number")
	}
	*s.t = moment(ms)
	return nil
}
