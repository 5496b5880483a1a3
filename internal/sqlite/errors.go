package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
)

var (
	// ErrOwner means that the file belongs to somebody else, or that others may
	// read or write it.
	ErrOwner = errors.New("the database is not ours alone")
	// ErrNewer means that a newer version of the program has changed the schema.
	ErrNewer = errors.New("the database is from a newer version of the program")
	// ErrForeign means that another program, or a changed build, made the file.
	ErrForeign = errors.New("the database is not one of this program")
	// ErrInUse means that another process has the file open.
	ErrInUse = errors.New("the database is in use by another process")

	// ErrDamaged means that the contents contradict themselves; IsCorrupt finds it too.
	ErrDamaged = errors.New("the database is damaged")
	errEmpty   = fmt.Errorf("%w: the file is empty", ErrDamaged)
)

// Error is the error of a database: what was attempted, on which file, and what a
// technician can do about it.
type Error struct {
	Op, Path, Hint string
	Err            error
}

// Error gives one line: attempt, file, cause, hint.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s database %s: %v", e.Op, e.Path, e.Err)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Explain wraps an error of SQLite's with what was attempted, the file and a hint;
// nil stays nil.
func (db *DB) Explain(op string, err error) error { return opError(op, db.path, err) }

func opError(op, path string, err error) error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return err
	}
	return &Error{op, path, hint(op, err), err}
}

// opCopy reads a file that must be there; others make theirs.
const opCopy = "copy"

func hint(op string, err error) string {
	switch {
	case IsFull(err):
		return "the disk is full: free some space on it"
	case IsReadOnly(err):
		return "the disk or the file is read-only: check how it is mounted"
	case errors.Is(err, ErrInUse), IsBusy(err):
		return "stop the other process that uses it"
	case errors.Is(err, ErrNewer):
		return "install the version that wrote it, or a later one"
	case errors.Is(err, ErrExists):
		return "choose another name, or move that file away"
	case errors.Is(err, ErrForeign):
		return "point the configuration at another file, or move this one away"
	case IsCorrupt(err):
		return "restore a backup, or move it away to start anew"
	case errors.Is(err, fs.ErrNotExist) && op == opCopy:
		return "no such file: see ls -l in the folder of the database"
	case errors.Is(err, fs.ErrNotExist), code(err) == sqliteCantOpen:
		return "make its folder first and give it to the account that runs the program"
	case errors.Is(err, fs.ErrPermission):
		return "give its folder to the account that runs the program"
	}
	return ""
}

// The primary result codes of SQLite, https://sqlite.org/rescode.html.
const (
	sqliteBusy     = 5
	sqliteLocked   = 6
	sqliteReadOnly = 8
	sqliteCorrupt  = 11
	sqliteFull     = 13
	sqliteCantOpen = 14
	sqliteNotADB   = 26
)

// code is SQLite's primary result code in err, or 0.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// IsCorrupt reports whether err says that the file is damaged or not a database.
func IsCorrupt(err error) bool {
	c := code(err)
	return c == sqliteCorrupt || c == sqliteNotADB || errors.Is(err, ErrDamaged)
}

// IsFull reports whether err says that the disk, or the room given to the file, is
// used up.
func IsFull(err error) bool {
	return code(err) == sqliteFull || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// IsReadOnly reports whether err says that the file cannot be written.
func IsReadOnly(err error) bool {
	return code(err) == sqliteReadOnly || errors.Is(err, syscall.EROFS)
}

// IsBusy reports whether err says that another connection holds a lock for too long.
func IsBusy(err error) bool {
	c := code(err)
	return c == sqliteBusy || c == sqliteLocked
}
