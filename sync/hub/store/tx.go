package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
	"badged/sync/hub/publish"
)

// tx implements all parts of fleet.Tx in one transaction.
type tx struct {
	ctx  context.Context // of the transaction
	t    *sql.Tx
	conn *sql.Conn // of t; nil: it only reads
	d    Database
	by   audit.Actor
	now  time.Time

	mailKey mail.Key
	home    string

	failed error // of the first statement that did

	seq, seqAtStart uint64 // number of the last event
	changes         *publish.Changes
	topics          map[Topic]bool
	states          map[place]*publish.State // changed in this transaction, written by flush
	sources         map[database]sourceRow   // found in this transaction
	waiting         [][]any                  // rows of events, in order, which writeEvents writes
	lastSeq         map[streamOf]uint64      // highest seq of a stream that is taken, as far as it was asked for
	audit           *auditHead               // nil: not read yet
	values          map[string]string        // of the settings; nil: not read yet
}

func (s *Store) transaction(ctx context.Context, t *sql.Tx, by audit.Actor) *tx {
	return &tx{
		ctx: ctx, t: t, d: s.d, by: by, now: s.now().UTC().Truncate(time.Millisecond), mailKey: s.mailKey, home: s.home,
		changes: publish.NewChanges(), topics: make(map[Topic]bool),
		states: make(map[place]*publish.State), sources: make(map[database]sourceRow),
		lastSeq: make(map[streamOf]uint64),
	}
}

// tx is the transaction as the domain sees it.
func (x *tx) tx() fleet.Tx {
	return fleet.Tx{
		Tx: publish.Tx{
			Tx: access.Tx{
				Tx: people.Tx{
					Tx: mail.Tx{
						Tx:     audit.Tx{Log: x, By: x.by, Now: x.now},
						Outbox: x, Shelf: x, Templates: x, Values: x, MailKey: x.mailKey, Home: x.home,
					},
					Accounts: x, Directory: x, Groups: x, Lists: x, DoorGroups: x, Numbers: x, Profiles: x, Imports: x,
					Credentials: x, Links: x, Sessions: x, Throttle: x,
					Permissions: x, Services: x, Notices: x,
				},
				Cards: x, Conflicts: x, Claims: x, Doors: x, Lists: x, Grants: x, Schedules: x, PINs: x, Enrolments: x, Labels: x, Muted: x, Store: x,
			},
			Rows: x,
		},
		Terminals: x, Lists: x, Leases: x, Journal: x, Alarms: x, History: x, Releases: x,
	}
}

// flush writes what a transaction keeps to its end: events, the states of collections and
// the number of the last event.
func (x *tx) flush() error {
	if err := x.writeEvents(); err != nil {
		return err
	}
	for p, st := range x.states {
		if err := x.putState(p, *st); err != nil {
			return err
		}
	}
	if x.seq == x.seqAtStart {
		return nil
	}
	_, err := x.exec(`UPDATE site SET seq = ?`, x.seq)
	return err
}

// fail explains an error of a statement, and keeps it: PostgreSQL commits nothing after one,
// so a command cannot pass over it on SQLite either.
func (x *tx) fail(op string, err error) error {
	err = x.d.Explain(op, err)
	if x.failed == nil {
		x.failed = err
	}
	return err
}

func (x *tx) exec(query string, args ...any) (int64, error) {
	if err := checkTexts(args); err != nil {
		return 0, x.fail("write", err)
	}
	res, err := x.t.ExecContext(x.ctx, x.d.Rebind(query), args...)
	if err != nil {
		return 0, x.fail("write", err)
	}
	return res.RowsAffected()
}

// isAbsent reports whether a query asks for a text that no row can have, for which PostgreSQL
// would end the transaction. To write such a text fails.
func (x *tx) isAbsent(query string, args []any) (bool, error) {
	err := checkTexts(args)
	if err == nil {
		return false, nil
	}
	if !strings.HasPrefix(query, "INSERT") {
		return true, nil
	}
	return false, x.fail("write", err)
}

// one reads one row; people.ErrNotFound if there is none.
func (x *tx) one(query string, args []any, into ...any) error {
	if absent, err := x.isAbsent(query, args); absent || err != nil {
		return cmp.Or(err, people.ErrNotFound)
	}
	err := x.t.QueryRowContext(x.ctx, x.d.Rebind(query), args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return people.ErrNotFound
	}
	return x.fail("read", err)
}

// scan copies the columns of one row.
type scan = func(...any) error

// all reads many rows. Between them fn may not use the transaction.
func (x *tx) all(query string, args []any, fn func(scan) error) error {
	if absent, err := x.isAbsent(query, args); absent || err != nil {
		return err
	}
	rows, err := x.t.QueryContext(x.ctx, x.d.Rebind(query), args...)
	if err != nil {
		return x.fail("read", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return x.fail("read", rows.Err())
}

// list reads many rows.
func list[T any](x *tx, query string, args []any, read func(scan) (T, error)) (out []T, err error) {
	err = x.all(query, args, func(s scan) error {
		v, err := read(s)
		out = append(out, v)
		return err
	})
	return out, err
}

// collect reads many rows before fn gets them, so that fn may use the transaction.
func collect[T any](x *tx, query string, args []any, read func(scan) (T, error), fn func(T) error) error {
	rows, err := list(x, query, args, read)
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

// first reads the first row; people.ErrNotFound if there is none.
func first[T any](x *tx, query string, args []any, read func(scan) (T, error)) (v T, err error) {
	rows, err := list(x, query, args, read)
	if err != nil {
		return v, err
	}
	if len(rows) == 0 {
		return v, people.ErrNotFound
	}
	return rows[0], nil
}
