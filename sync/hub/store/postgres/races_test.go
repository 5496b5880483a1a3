//go:build postgres

package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/store"
)

// These tests show what a plain use of PostgreSQL does wrong, step by step, and that the
// store does not.

var operator = audit.Actor{Kind: audit.Operator, ID: "0", Via: "socket"}

// plain opens a database without the store.
func plain(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func connect(url string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	return stdlib.OpenDB(*config), nil
}

func execute(t *testing.T, on interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, query string, args ...any) {
	t.Helper()
	if _, err := on.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

func number(t *testing.T, on interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, query string, args ...any) (n int) {
	t.Helper()
	if err := on.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func begin(t *testing.T, db *sql.DB, level sql.IsolationLevel) *sql.Tx {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: level})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	return tx
}

func commit(t *testing.T, tx *sql.Tx) {
	t.Helper()
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// TestSerialColumnLosesAnEvent is the control for the events' cursor: numbers of a serial
// column appear behind a reader that has seen a later one.
func TestSerialColumnLosesAnEvent(t *testing.T) {
	db := plain(t, newDatabase(t))
	execute(t, db, `CREATE TABLE event (id BIGSERIAL PRIMARY KEY)`)
	slow, fast := begin(t, db, 0), begin(t, db, 0)
	execute(t, slow, `INSERT INTO event DEFAULT VALUES`)
	execute(t, fast, `INSERT INTO event DEFAULT VALUES`)
	commit(t, fast)
	cursor := number(t, db, `SELECT max(id) FROM event`)
	commit(t, slow)
	if seen := 1 + number(t, db, `SELECT count(*) FROM event WHERE id > $1`, cursor); seen != 1 {
		t.Errorf("the reader saw %d of 2 events: this control no longer shows the loss", seen)
	}
}

// TestSlowWriterHoldsBackTheCursor is the same with the store: the later number waits.
func TestSlowWriterHoldsBackTheCursor(t *testing.T) {
	url := newDatabase(t)
	s := open(t, url)
	err := s.Write(t.Context(), operator, func(tx fleet.Tx) error {
		return errors.Join(tx.PutTerminal(fleet.Terminal{Name: "hall"}), tx.PutSource(fleet.Source{Terminal: "hall"}))
	})
	if err != nil {
		t.Fatal(err)
	}
	add := func(seq uint64) func(tx fleet.Tx) error {
		return func(tx fleet.Tx) error {
			_, err := tx.Append(fleet.Record{Terminal: "hall", Stream: 1, Seq: seq, Body: []byte{1}})
			return err
		}
	}
	inOrder(t, s, plain(t, url), add(1), add(2))
	err = s.Read(t.Context(), func(tx fleet.Tx) error {
		return tx.Events(0, 9, func(r fleet.Record) error {
			if r.ID != r.Seq {
				t.Errorf("the event of writer %d has number %d", r.Seq, r.ID)
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// inOrder runs two commands at the same time, the second while the first is between its
// last statement and its COMMIT. It checks that the second does not begin there.
func inOrder(t *testing.T, s *store.Store, db *sql.DB, first, second func(tx fleet.Tx) error) {
	t.Helper()
	waiting := func() bool {
		return number(t, db, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0
	}
	over := make(chan error, 1)
	begun := make(chan struct{})
	err := s.Write(t.Context(), operator, func(tx fleet.Tx) error {
		if err := first(tx); err != nil {
			return err
		}
		go func() {
			over <- s.Write(t.Context(), operator, func(tx fleet.Tx) error { close(begun); return second(tx) })
		}()
		for !waiting() {
			select {
			case <-begun:
				return errors.New("the second command began before the first was over")
			default:
			}
		}
		return nil
	})
	if err := errors.Join(err, <-over); err != nil {
		t.Error(err)
	}
}

// checkThenAct is a command that looks first and changes something then.
type checkThenAct struct {
	name, schema string
	check, act   string // act is done if the check gives a number above 0
	wrong        string // gives a number above 0 if two did it at once
}

var checkThenActs = []checkThenAct{
	{
		"last administrator", `CREATE TABLE admin (n BIGINT PRIMARY KEY, active BOOLEAN); INSERT INTO admin VALUES (1, true), (2, true)`,
		`SELECT count(*) - 1 FROM admin WHERE active`, `UPDATE admin SET active = false WHERE n = $1`,
		`SELECT count(*) FROM (SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM admin WHERE active)) none`,
	},
	{
		"one owner of an e-mail", `CREATE TABLE account (n BIGINT PRIMARY KEY, email TEXT)`,
		`SELECT 1 - count(*) FROM account WHERE email = 'ada@example.com'`, `INSERT INTO account VALUES ($1, 'ada@example.com')`,
		`SELECT count(*) - 1 FROM account`,
	},
	{
		"budget of guesses", `CREATE TABLE guess (n BIGINT PRIMARY KEY); INSERT INTO guess VALUES (11), (12), (13), (14)`,
		`SELECT 5 - count(*) FROM guess`, `INSERT INTO guess VALUES ($1)`,
		`SELECT count(*) - 5 FROM guess`,
	},
}

// TestCheckThenActGoesWrong is the control: two transactions look before either acts, and
// both act. REPEATABLE READ does not stop it.
func TestCheckThenActGoesWrong(t *testing.T) {
	for _, c := range checkThenActs {
		for _, level := range []sql.IsolationLevel{sql.LevelReadCommitted, sql.LevelRepeatableRead} {
			t.Run(c.name+", "+level.String(), func(t *testing.T) {
				db := plain(t, newDatabase(t))
				execute(t, db, c.schema)
				one, two := begin(t, db, level), begin(t, db, level)
				may := []int{number(t, one, c.check), number(t, two, c.check)}
				execute(t, one, c.act, 1)
				execute(t, two, c.act, 2)
				commit(t, one)
				commit(t, two)
				if may[0] < 1 || may[1] < 1 || number(t, db, c.wrong) < 1 {
					t.Error("nothing went wrong: this control no longer shows the race")
				}
			})
		}
	}
}

// TestSecondCommandSeesTheFirst is the same with the store.
func TestSecondCommandSeesTheFirst(t *testing.T) {
	url := newDatabase(t)
	s := open(t, url)
	takeLast := func(tx fleet.Tx) error {
		b, err := tx.BlockOf(1)
		if errors.Is(err, people.ErrNotFound) {
			return tx.PutBlock(fleet.Block{First: 1, Last: 1, Used: 1})
		}
		b.Used += 10 // it was taken
		return errors.Join(err, tx.PutBlock(b))
	}
	inOrder(t, s, plain(t, url), takeLast, takeLast)
	wantUsed(t, s, 11)
}

func used(tx fleet.Tx) (uint64, error) {
	b, err := tx.BlockOf(1)
	if errors.Is(err, people.ErrNotFound) {
		err = nil
	}
	return b.Used, err
}

func countOne(tx fleet.Tx) error {
	n, err := used(tx)
	return errors.Join(err, tx.PutBlock(fleet.Block{First: 1, Last: 1, Used: n + 1}))
}

func wantUsed(t *testing.T, s *store.Store, want uint64) {
	t.Helper()
	err := s.Read(t.Context(), func(tx fleet.Tx) error {
		n, err := used(tx)
		if n != want {
			t.Errorf("%d effects, want %d", n, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
