// Package sqlite opens the one SQLite file of a program, the same way for the
// terminal's store and for the hub's: write-ahead log with synchronous=FULL, foreign
// keys on, a single writing connection and several reading ones, the file only for
// its owner, numbered migrations.
//
// A file is made under another name and renamed when its schema is complete, so an
// empty file under the real name is damage and not a fresh start.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"badged/internal/migration"
)

// Options say which file to open and how.
type Options struct {
	Path          string // of the file; its folder must exist
	PageSize      int    // bytes, a power of two from 512; takes effect when the file is made
	ApplicationID int32  // marks the file as this program's; not 0
	Migrations    fs.FS  // NNNN_name.sql from 0001 on, without gaps; see migrate
	Readers       int    // reading connections; 0: 4
	CacheKiB      int    // page cache of each connection; 0: 1024
	ReadCacheKiB  int    // that of each reading one; 0: CacheKiB
}

// DB is an open file. Write has exactly one connection, whose transactions begin
// immediately; Read has several, which cannot write and see the last commit at the
// time when their transaction began. Neither waits for the other.
type DB struct {
	Write, Read *sql.DB
	Made        bool // the file did not exist before

	path string
	lock *os.File
}

// Open opens the file and brings its schema up to date, or makes it. Its errors are
// *Error; errors.Is finds ErrOwner, ErrNewer, ErrForeign and ErrInUse in them, and
// IsCorrupt, IsFull and the like tell the causes that SQLite gives.
func Open(ctx context.Context, o Options) (*DB, error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, opError("open", o.Path, err)
	}
	o.Path = path
	steps, err := migration.Read(o.Migrations)
	if err != nil {
		return nil, opError("open", path, err)
	}
	db := &DB{path: path}
	if db.lock, err = lockFile(path + ".lock"); err != nil {
		return nil, opError("open", path, err)
	}
	if err := db.open(ctx, o, steps); err != nil {
		return nil, opError("open", path, errors.Join(err, db.Close()))
	}
	return db, nil
}

func (db *DB) open(ctx context.Context, o Options, steps []migration.Step) error {
	made, err := makeFile(ctx, o, steps)
	if err != nil {
		return err
	}
	db.Made = made
	if err := checkFiles(o.Path); err != nil {
		return err
	}
	if db.Write, err = openWriter(ctx, o, o.Path, steps); err != nil {
		return err
	}
	db.Read = sql.OpenDB(reader(o))
	db.Read.SetMaxOpenConns(orDefault(o.Readers, 4))
	db.Read.SetMaxIdleConns(orDefault(o.Readers, 4))
	return db.Read.PingContext(ctx)
}

// openWriter opens the writing connection and brings the schema up to date.
func openWriter(ctx context.Context, o Options, path string, steps []migration.Step) (*sql.DB, error) {
	w := sql.OpenDB(writer(o, path))
	w.SetMaxOpenConns(1)
	w.SetMaxIdleConns(1)
	if err := migrate(ctx, w, o.ApplicationID, steps); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Close ends all connections and moves the write-ahead log into the file.
func (db *DB) Close() error {
	var errs []error
	if db.Read != nil {
		errs = append(errs, db.Read.Close())
	}
	if db.Write != nil {
		errs = append(errs, db.Write.Close())
	}
	return errors.Join(append(errs, db.lock.Close())...)
}

// Path is the absolute path of the file.
func (db *DB) Path() string { return db.path }

// Size is the number of bytes of the file and its write-ahead log.
func (db *DB) Size() int64 {
	var n int64
	for _, p := range []string{db.path, db.path + "-wal"} {
		if st, err := os.Stat(p); err == nil {
			n += st.Size()
		}
	}
	return n
}

// QuickCheck reads the whole file and verifies its structure. Its error satisfies
// IsCorrupt if the file is damaged.
func (db *DB) QuickCheck(ctx context.Context) error {
	var verdict string
	if err := db.Read.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return opError("check", db.path, err)
	}
	if verdict != "ok" {
		return opError("check", db.path, fmt.Errorf("%w: %s", ErrDamaged, verdict))
	}
	return nil
}

// KeepAside renames a damaged file and what belongs to it to <path>.corrupt-<n>,
// n being the first free number, and returns the new name. The file must be closed.
func KeepAside(path string) (string, error) {
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s.corrupt-%d", path, n)
		if _, err := os.Lstat(aside); !errors.Is(err, fs.ErrNotExist) {
			if err != nil {
				return "", opError("keep aside", path, err)
			}
			continue
		}
		for _, suffix := range []string{"-wal", "-shm", ""} { // the file itself last: a crash before it repeats all
			if err := os.Rename(path+suffix, aside+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", opError("keep aside", path, err)
			}
		}
		return aside, syncDir(filepath.Dir(path))
	}
}

func orDefault(n, def int) int {
	if n == 0 {
		return def
	}
	return n
}
