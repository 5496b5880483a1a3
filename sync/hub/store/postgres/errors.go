package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"badged/sync/hub/fleet"
)

var (
	// ErrURL means that a URL is not one of PostgreSQL.
	ErrURL = errors.New("the URL cannot be read")
	// ErrOld means that the server is older than version 15.
	ErrOld = errors.New("the server is too old")
	// ErrEncoding means that the database is not in UTF-8.
	ErrEncoding = errors.New("the database is not in UTF-8")
	// ErrInUse means that another hub has the site.
	ErrInUse = errors.New("another hub has this site")
	// ErrNewer means that a newer version of the program has changed the schema.
	ErrNewer = errors.New("the database is from a newer version of the program")
	// ErrForeign means that another program, or a changed build, made the tables.
	ErrForeign = errors.New("the database is not one of this program")
)

// Error is the error of a database: what was attempted, on which one, and what an operator
// can do about it. It never has a password or a value from a row.
type Error struct {
	Op, Name, Hint string
	Err            error
}

// Error gives one line: attempt, database, cause, hint.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s database %s: %s", e.Op, e.Name, oneLine(e.Err.Error()))
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// oneLine joins the lines of a text, and says once what it says of every try to connect.
func oneLine(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(slices.Compact(lines), " ")
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

func explain(op, name string, err error) error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return err
	}
	return &Error{op, name, hint(err), err}
}

// The codes of https://www.postgresql.org/docs/15/errcodes-appendix.html that are known here.
const (
	idleInTransaction    = "25P03"
	invalidPassword      = "28P01"
	invalidAuthorization = "28000"
	noSuchDatabase       = "3D000"
	serializationFailure = "40001"
	deadlock             = "40P01"
	noPrivilege          = "42501"
	outOfSpace           = "53100"
	tooManyConnections   = "53300"
	lockTimeout          = "55P03"
	connectionClass      = "08"
	shutdownClass        = "57P"
)

func hint(err error) string {
	switch code := code(err); {
	case errors.Is(err, ErrURL):
		return "it is like postgres://USER:PASSWORD@HOST/NAME?sslmode=verify-full; in the password, write %40 for @, %3A for :, %2F for / and %25 for %"
	case errors.Is(err, ErrOld):
		return "install PostgreSQL 15 or later"
	case errors.Is(err, ErrEncoding):
		return "make one with: createdb --encoding=UTF8 --template=template0"
	case errors.Is(err, ErrInUse):
		return "stop that hub first"
	case errors.Is(err, fleet.ErrNoBackup):
		return "pg_dump --format=custom, and pg_restore into an empty database"
	case errors.Is(err, fleet.ErrReplaced):
		return "stop this hub: the other one serves the site"
	case errors.Is(err, ErrNewer):
		return "install the version that wrote it, or a later one"
	case errors.Is(err, ErrForeign):
		return "make an empty database for the hub"
	case code == invalidPassword, code == invalidAuthorization:
		return "check user and password, and pg_hba.conf of the server"
	case code == noSuchDatabase:
		return "make it first, with createdb"
	case code == noPrivilege:
		return "give the database to the hub's user: ALTER DATABASE ... OWNER TO ..."
	case code == outOfSpace:
		return "the server's disk is full: free some space on it"
	case code == tooManyConnections:
		return "the server has no connection left: raise max_connections"
	case code == lockTimeout, code == idleInTransaction:
		return "another program holds the hub's rows: see pg_stat_activity"
	case isConnection(err):
		return "check that the server runs and can be reached"
	}
	return ""
}

// code is the server's code in err, or "".
func code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Retry reports whether a transaction that failed may run again: it met another one, or its
// connection broke.
func (d *dialect) Retry(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	again := []string{serializationFailure, deadlock, lockTimeout, idleInTransaction}
	return slices.Contains(again, code(err)) || isConnection(err)
}

// isConnection reports whether the connection could not be made, or broke.
func isConnection(err error) bool {
	if code := code(err); code != "" {
		return strings.HasPrefix(code, connectionClass) || strings.HasPrefix(code, shutdownClass)
	}
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.As(err, &network) || errors.As(err, &connect) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		strings.Contains(err.Error(), "conn closed")
}
