package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"badged/enroll"
	"badged/sync/wire"
)

// errReadOnly is the error of writing in View.
var errReadOnly = errors.New("View cannot write")

const (
	sqlHubRow   = `SELECT body FROM hub_row WHERE collection = ? AND key = ?`
	sqlLocalRow = `SELECT mark, body, base FROM local_row WHERE collection = ? AND key = ?`
	sqlPutLocal = `INSERT OR REPLACE INTO local_row (collection, key, mark, body, base) VALUES (?, ?, ?, ?, ?)`
	sqlEndLocal = `DELETE FROM local_row WHERE collection = ? AND key = ?`
	sqlTally    = `SELECT count, since FROM tally WHERE name = ?`
	sqlPutTally = `INSERT OR REPLACE INTO tally (name, count, since) VALUES (?, ?, ?)`
)

// find runs a query for at most one row, in a snapshot or in the writer's transaction.
type find func(query string, args ...any) interface{ Scan(dest ...any) error }

// hubRow gives the hub's row, nil if there is none.
func (f find) hubRow(c wire.Collection, key []byte) (body []byte, err error) {
	err = f(sqlHubRow, c, key).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return body, err
}

// localRow gives the terminal's row, nil if there is none.
func (f find) localRow(k rowKey) (*localRow, error) {
	var l localRow
	err := f(sqlLocalRow, k.c, k.key[:]).Scan(&l.mark, &l.body, &l.base)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &l, err
}

// bothRows gives the two sides of a row.
func (f find) bothRows(k rowKey) (hub []byte, l *localRow, err error) {
	if hub, err = f.hubRow(k.c, k.key[:]); err != nil {
		return nil, nil, err
	}
	l, err = f.localRow(k)
	return hub, l, err
}

// Account implements enroll.Tx.
func (f find) Account(id enroll.AccountID) (enroll.Account, error) {
	hub, l, err := f.bothRows(rowKey{wire.Accounts, id})
	if err != nil {
		return enroll.Account{}, err
	}
	a, ok, err := mergeAccount(id, hub, l)
	if err == nil && !ok {
		err = enroll.ErrNotFound
	}
	if err == nil {
		a.Offered, err = f.offered(id)
	}
	return a, err
}

// Tally implements enroll.Tx.
func (f find) Tally(name string) (t enroll.Tally, err error) {
	var since int64
	err = f(sqlTally, name).Scan(&t.Count, &since)
	if errors.Is(err, sql.ErrNoRows) {
		return enroll.Tally{}, nil
	}
	t.Since = fromMilli(since)
	return t, err
}

// txn is the writer's transaction, with what becomes known when it commits.
type txn struct {
	*writer
	changes    []enroll.Change
	localPuts  []rowKey
	localDrops []rowKey
	strangers  []strangeRow
	appended   bool
	told       uint64 // refused events
	counted    counted
}

func (t *txn) find(query string, args ...any) interface{ Scan(dest ...any) error } {
	return t.queryRow(query, args...)
}

// Account implements enroll.Tx.
func (t *txn) Account(id enroll.AccountID) (enroll.Account, error) { return find(t.find).Account(id) }

// Tally implements enroll.Tx.
func (t *txn) Tally(name string) (enroll.Tally, error) { return find(t.find).Tally(name) }

// PutTally implements enroll.Tx.
func (t *txn) PutTally(name string, v enroll.Tally) error {
	c := counter{v.Count, toMilli(v.Since)}
	t.counted.tallies[name] = c
	return t.exec(sqlPutTally, name, c.Count, c.Since)
}

// PutAccount implements enroll.Tx.
func (t *txn) PutAccount(a enroll.Account) error {
	k := rowKey{wire.Accounts, a.ID}
	hub, l, err := find(t.find).bothRows(k)
	if err != nil {
		return err
	}
	had, ok, err := mergeAccount(a.ID, hub, l)
	if err != nil {
		return err
	}
	if ok && beganAnew(a, had) {
		l = nil // what the terminal had is over, and the hub's row is what it replaces
	}
	return t.putLocal(k, hub, l, accountToWire(a))
}

// PutBinding implements enroll.Tx. It refuses with enroll.ErrTaken a card that belongs to
// another account, unless b's outranks it, and one that was taken out of use.
func (t *txn) PutBinding(b enroll.Binding) error {
	k := rowKey{wire.Cards, b.Card}
	hub, l, err := find(t.find).bothRows(k)
	if err != nil {
		return err
	}
	had, ok, err := mergeBinding(b.Card, hub, l)
	switch {
	case err != nil:
		return err
	case !ok || had.Account == b.Account && (had.State == enroll.BindingActive || had.State == enroll.BindingPending):
		return t.putLocal(k, hub, l, bindingToWire(b))
	}
	moves, err := t.mayMoveCard(had, b)
	if err != nil {
		return err
	}
	if !moves {
		return fmt.Errorf("bind a card to account %v: %w", b.Account, enroll.ErrTaken)
	}
	former := hub
	if former == nil {
		former = l.body
	}
	return t.putLocal(k, hub, &localRow{base: former}, bindingToWire(b))
}

// mayMoveCard reports whether a new binding takes its card from the account that had it.
func (t *txn) mayMoveCard(had, b enroll.Binding) (bool, error) {
	former, err1 := t.Account(had.Account)
	owner, err2 := t.Account(b.Account)
	for _, err := range []error{err1, err2} {
		if err != nil && !errors.Is(err, enroll.ErrNotFound) {
			return false, err
		}
	}
	return had.State == enroll.BindingActive && owner.Outranks(former), nil
}

// PutClaim implements enroll.Tx. It refuses with enroll.ErrTaken to use a claim that is not
// live or not there any more.
func (t *txn) PutClaim(c enroll.Claim) error {
	k := rowKey{wire.Claims, c.ID}
	hub, l, err := find(t.find).bothRows(k)
	if err != nil {
		return err
	}
	had, ok, err := mergeClaim(c.ID, hub, l)
	if err != nil {
		return err
	}
	if ok && had.State != enroll.ClaimLive || !ok && c.State == enroll.ClaimUsed {
		return fmt.Errorf("use a claim of account %v: %w", c.Account, enroll.ErrTaken)
	}
	return t.putLocal(k, hub, l, claimToWire(c))
}

// TakeNumber implements enroll.Tx.
func (t *txn) TakeNumber() (uint64, error) { return t.takeNumber() }

// putLocal keeps what the terminal made of a row. Its mark is the next security event:
// the engine changes first and appends then.
func (t *txn) putLocal(k rowKey, hub []byte, had *localRow, row any) error {
	body, err := wire.Marshal(row)
	if err != nil {
		return err
	}
	l := localRow{mark: t.at.pos[wire.StreamSecurity] + 1, body: body, base: hub}
	if had != nil {
		l.base = had.base
	}
	change, err := effective(k.c, k.key[:], hub, &l)
	if err != nil {
		return err
	}
	t.changes = append(t.changes, change)
	t.localPuts = append(t.localPuts, k)
	return t.exec(sqlPutLocal, k.c, k.key[:], l.mark, l.body, l.base)
}

func (t *txn) endLocal(k rowKey) error {
	t.localDrops = append(t.localDrops, k)
	return t.exec(sqlEndLocal, k.c, k.key[:])
}

// snapshot is a view of one commit.
type snapshot struct {
	find
	conn *sql.Conn
	tx   *sql.Tx
}

// snapshot begins one; end lets it go.
func (s *Store) snapshot(ctx context.Context) (v snapshot, end func(), err error) {
	conn, err := s.db.Read.Conn(ctx)
	if err != nil {
		return v, nil, s.db.Explain("read", err)
	}
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return v, nil, s.db.Explain("read", errors.Join(err, conn.Close()))
	}
	row := func(query string, args ...any) interface{ Scan(dest ...any) error } {
		return tx.QueryRowContext(ctx, query, args...)
	}
	return snapshot{row, conn, tx}, func() { _, _ = tx.Rollback(), conn.Close() }, nil
}

// PutAccount implements enroll.Tx.
func (snapshot) PutAccount(enroll.Account) error { return errReadOnly }

// PutBinding implements enroll.Tx.
func (snapshot) PutBinding(enroll.Binding) error { return errReadOnly }

// PutClaim implements enroll.Tx.
func (snapshot) PutClaim(enroll.Claim) error { return errReadOnly }

// TakeNumber implements enroll.Tx.
func (snapshot) TakeNumber() (uint64, error) { return 0, errReadOnly }

// PutTally implements enroll.Tx.
func (snapshot) PutTally(string, enroll.Tally) error { return errReadOnly }

// Append implements enroll.Tx.
func (snapshot) Append(enroll.Event) error { return errReadOnly }
