package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"
)

// mostCached bounds the statements that a connection keeps prepared. A program has fewer, but
// for those that it puts together from what somebody asks.
const mostCached = 256

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

// cachingConn is a connection that keeps the statements that it has run prepared: to read their
// text again takes SQLite as long as to run them.
type cachingConn struct {
	driverConn
	idle map[string]statement // by its text; one that runs is not here
}

func cacheStatements(c driverConn) *cachingConn {
	return &cachingConn{c, make(map[string]statement)}
}

// ExecContext implements driver.ExecerContext.
func (c *cachingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if !mayCache(query) {
		return c.driverConn.ExecContext(ctx, query, args)
	}
	st, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := st.ExecContext(ctx, args)
	if err != nil {
		_ = st.Close() // it gives the same error again
		return nil, err
	}
	return result, c.giveBack(query, st)
}

// QueryContext implements driver.QueryerContext.
func (c *cachingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if !mayCache(query) {
		return c.driverConn.QueryContext(ctx, query, args)
	}
	st, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryContext(ctx, args)
	if err != nil {
		_ = st.Close() // it gives the same error again
		return nil, err
	}
	return &cachedRows{rows, func() error { return c.giveBack(query, st) }}, nil
}

// mayCache reports whether a statement is of those that come again. Scripts, pragmas and
// transactions are not.
func mayCache(query string) bool {
	verb, _, _ := strings.Cut(query, " ")
	switch verb {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH":
		return true
	default:
		return false
	}
}

func (c *cachingConn) prepare(ctx context.Context, query string) (statement, error) {
	if st, ok := c.idle[query]; ok {
		delete(c.idle, query)
		return st, nil
	}
	st, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.(statement), nil
}

// giveBack takes a statement back that has run.
func (c *cachingConn) giveBack(query string, st statement) (err error) {
	if _, twice := c.idle[query]; twice { // it ran within its own rows
		return st.Close()
	}
	if len(c.idle) >= mostCached {
		err = c.closeAny()
	}
	c.idle[query] = st
	return err
}

// closeAny closes any of the idle statements.
func (c *cachingConn) closeAny() error {
	for query, st := range c.idle {
		delete(c.idle, query)
		return st.Close()
	}
	return nil
}

// Close implements driver.Conn.
func (c *cachingConn) Close() error {
	var errs []error
	for _, st := range c.idle {
		errs = append(errs, st.Close())
	}
	clear(c.idle)
	return errors.Join(append(errs, c.driverConn.Close())...)
}

// cachedRows give their statement back when they are closed.
type cachedRows struct {
	driver.Rows
	done func() error
}

// Close implements driver.Rows.
func (r *cachedRows) Close() error { return errors.Join(r.Rows.Close(), r.done()) }
