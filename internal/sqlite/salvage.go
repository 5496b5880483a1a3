package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Salvage opens a copy of a file that may be damaged, so that what can still be read is
// read; the file itself is not touched. A header that is destroyed is made anew. end
// closes it and deletes the copy.
func Salvage(ctx context.Context, path string) (db *sql.DB, end func() error, err error) {
	dir, err := os.MkdirTemp("", "badged-salvage-") // mode 0700
	if err != nil {
		return nil, nil, opError("copy", path, err)
	}
	remove := func() error { return os.RemoveAll(dir) }
	copied := filepath.Join(dir, "copy.db")
	if err := copyFiles(copied, path); err != nil {
		return nil, nil, opError("copy", path, errors.Join(err, remove()))
	}
	db, err = openCopy(ctx, copied)
	for _, size := range []uint16{4096, 512} {
		if IsCorrupt(err) {
			db, err = openWithHeader(ctx, copied, size)
		}
	}
	if err != nil {
		return nil, nil, opError("read what is left of", path, errors.Join(err, remove()))
	}
	return db, func() error { return errors.Join(db.Close(), remove()) }, nil
}

// copyFiles copies a file and its write-ahead log.
func copyFiles(to, from string) error {
	if err := copyFile(to, from); err != nil {
		return err
	}
	err := copyFile(to+"-wal", from+"-wal")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func copyFile(to, from string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}

// openCopy opens a copy as far as its schema can be read.
func openCopy(ctx context.Context, path string) (*sql.DB, error) {
	db := sql.OpenDB(&connector{dsn(path, "mode=rw"), []string{"query_only = on", "trusted_schema = off"}})
	db.SetMaxOpenConns(1)
	var tables int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if tables == 0 {
		return nil, errors.Join(fmt.Errorf("%w: it has no tables", ErrDamaged), db.Close())
	}
	return db, nil
}

// openWithHeader puts the header of a database with such pages into a copy and opens it
// (https://sqlite.org/fileformat.html#the_database_header).
func openWithHeader(ctx context.Context, path string, pageSize uint16) (*sql.DB, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.WriteAt(header(pageSize, info.Size()), 0)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return openCopy(ctx, path)
}

func header(pageSize uint16, size int64) []byte {
	h := make([]byte, 100)
	copy(h, "SQLite format 3\x00")
	binary.BigEndian.PutUint16(h[16:], pageSize)
	copy(h[18:], []byte{2, 2, 0, 64, 32, 32}) // write-ahead log, no reserved bytes, fractions
	binary.BigEndian.PutUint32(h[24:], 1)     // change counter
	binary.BigEndian.PutUint32(h[28:], uint32(size/int64(pageSize)))
	binary.BigEndian.PutUint32(h[40:], 1) // schema cookie
	binary.BigEndian.PutUint32(h[44:], 4) // schema format
	binary.BigEndian.PutUint32(h[56:], 1) // UTF-8
	binary.BigEndian.PutUint32(h[92:], 1) // the change counter that the size is valid for
	return h
}
