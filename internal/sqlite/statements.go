package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"
)

// mostKept bounds the statements that a connection keeps prepared. A program has fewer, but
// for those that it puts together from what somebody asks.
const mostKept = 256

// driverConn is what a connection of the driver can do.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// statement is a prepared statement of the driver.
type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// keeper is a connection that keeps the statements that it has run prepared: to read their
// text again takes SQLite as long as to run them.
type keeper struct {
	driverConn
	idle map[string]statement // by its text; one that runs is not here
}

func keepStatements(c driverConn) *keeper { return &keeper{c, make(map[string]statement)} }

// ExecContext implements driver.ExecerContext.
func (k *keeper) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if !isKept(query) {
		return k.driverConn.ExecContext(ctx, query, args)
	}
	st, err := k.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := st.ExecContext(ctx, args)
	if err != nil {
		_ = st.Close() // it gives the same error again
		return nil, err
	}
	return result, k.keep(query, st)
}

// QueryContext implements driver.QueryerContext.
func (k *keeper) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if !isKept(query) {
		return k.driverConn.QueryContext(ctx, query, args)
	}
	st, err := k.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryContext(ctx, args)
	if err != nil {
		_ = st.Close() // it gives the same error again
		return nil, err
	}
	return &keptRows{rows, func() error { return k.keep(query, st) }}, nil
}

// isKept reports whether a statement is of those that come again. Scripts, pragmas and
// transactions are not.
func isKept(query string) bool {
	verb, _, _ := strings.Cut(query, " ")
	switch verb {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH":
		return true
	default:
		return false
	}
}

func (k *keeper) prepare(ctx context.Context, query string) (statement, error) {
	if st, ok := k.idle[query]; ok {
		delete(k.idle, query)
		return st, nil
	}
	st, err := k.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.(statement), nil
}

// keep takes a statement back that has run.
func (k *keeper) keep(query string, st statement) (err error) {
	if _, twice := k.idle[query]; twice { // it ran within its own rows
		return st.Close()
	}
	if len(k.idle) >= mostKept {
		err = k.forgetOne()
	}
	k.idle[query] = st
	return err
}

// forgetOne closes any of the statements.
func (k *keeper) forgetOne() error {
	for query, st := range k.idle {
		delete(k.idle, query)
		return st.Close()
	}
	return nil
}

// Close implements driver.Conn.
func (k *keeper) Close() error {
	var errs []error
	for _, st := range k.idle {
		errs = append(errs, st.Close())
	}
	clear(k.idle)
	return errors.Join(append(errs, k.driverConn.Close())...)
}

// keptRows give their statement back when they are closed.
type keptRows struct {
	driver.Rows
	done func() error
}

// Close implements driver.Rows.
func (r *keptRows) Close() error { return errors.Join(r.Rows.Close(), r.done()) }
