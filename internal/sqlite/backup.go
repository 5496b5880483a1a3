package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ErrExists means that a file is in the way, which is never written over. It is fs.ErrExist
// too.
var ErrExists error = existsError{}

type existsError struct{}

func (existsError) Error() string { return "there is a file of that name" }

func (existsError) Is(target error) bool { return target == fs.ErrExist }

// Backup writes what was last committed to a new file, which only its owner can read and
// which is on the disk when Backup returns. Others read and write meanwhile. Under its own
// name the file is never incomplete.
func (db *DB) Backup(ctx context.Context, path string) error {
	return opError("write backup", path, db.backup(ctx, path))
}

func (db *DB) backup(ctx context.Context, path string) error {
	if err := mustNotExist(path); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part") // mode 0600
	if err != nil {
		return err
	}
	err = db.vacuumInto(ctx, f.Name())
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(path))
}

func mustNotExist(path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, ErrExists)
	}
	return nil
}

// vacuumInto reads one snapshot on a connection of its own: those of Read may not write, not
// even another file.
func (db *DB) vacuumInto(ctx context.Context, path string) error {
	own := sql.OpenDB(&connector{dsn(db.path, "mode=ro"), []string{"busy_timeout = 10000", "trusted_schema = off"}})
	defer own.Close()
	_, err := own.ExecContext(ctx, "VACUUM INTO ?", path)
	return err
}

// CopyBackup copies a backup to a new file that only its owner can read and which is on the
// disk then. A database in use is not taken for a backup.
func CopyBackup(ctx context.Context, to, from string) error {
	if info, err := os.Stat(from + "-wal"); err == nil && info.Size() > 0 {
		return opError(opCopy, from, fmt.Errorf("%w: it has a write-ahead log, so it is a database in use and no backup", ErrForeign))
	}
	return opError(opCopy, from, copyBackup(ctx, to, from))
}

func copyBackup(ctx context.Context, to, from string) error {
	src, err := openRegular(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return errors.Join(ErrExists, err)
	}
	if err != nil {
		return err
	}
	return errors.Join(copyBytes(ctx, dst, src), dst.Sync(), dst.Close())
}

// Verify reads the whole file and checks its structure, its indexes and its references.
func (db *DB) Verify(ctx context.Context) error {
	return opError("check", db.path, db.verify(ctx))
}

func (db *DB) verify(ctx context.Context) error {
	var verdict string
	if err := db.Read.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, strings.Join(strings.Fields(verdict), " "))
	}
	var table string
	err := db.Read.QueryRowContext(ctx, `SELECT "table" FROM pragma_foreign_key_check LIMIT 1`).Scan(&table)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err == nil:
		return fmt.Errorf("%w: a row of table %s refers to nothing", ErrDamaged, table)
	}
	return err
}

// Move gives a closed file its name, under which there must be none. No other process can
// open or make one there meanwhile.
func Move(from, to string) error {
	return opError("put in place", to, move(from, to))
}

func move(from, to string) error {
	lock, err := lockFile(to + ".lock")
	if err != nil {
		return err
	}
	defer lock.Close()
	for _, path := range []string{to, to + "-wal", to + "-shm"} {
		if err := mustNotExist(path); err != nil {
			return err
		}
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return errors.Join(os.Remove(from+".lock"), syncDir(filepath.Dir(to)))
}
