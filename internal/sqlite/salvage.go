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
	"syscall"
)

// Salvage opens a copy of a file that may be damaged, so that what can still be read is
// read; the file itself is not touched. A header that is destroyed or does not fit the file
// is made anew; so is the first page, with like's schema if like has one. end closes it and
// deletes the copy.
func Salvage(ctx context.Context, path string, like Options) (db *sql.DB, end func() error, err error) {
	dir, err := os.MkdirTemp("", "badged-salvage-") // mode 0700
	if err != nil {
		return nil, nil, opError(opCopy, path, err)
	}
	remove := func() error { return os.RemoveAll(dir) }
	copied := filepath.Join(dir, "copy.db")
	if err := copyFiles(ctx, copied, path); err != nil {
		return nil, nil, opError(opCopy, path, errors.Join(err, remove()))
	}
	db, err = openCopy(ctx, copied)
	for _, mend := range mendings(ctx, like, dir) {
		if IsCorrupt(err) {
			db, err = openMended(ctx, copied, mend)
		}
	}
	if err != nil {
		return nil, nil, opError("read what is left of", path, errors.Join(err, remove()))
	}
	return db, func() error { return errors.Join(db.Close(), remove()) }, nil
}

// copyFiles copies a file and its write-ahead log.
func copyFiles(ctx context.Context, to, from string) error {
	if err := copyFile(ctx, to, from); err != nil {
		return err
	}
	err := copyFile(ctx, to+"-wal", from+"-wal")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// maxCopy bounds a file that is copied: many times what an agent keeps.
const maxCopy = 1 << 30

// chunk is how much is copied between two looks at ctx.
const chunk = 1 << 20

// copyFile copies a regular file. It waits for no pipe, and ends with ctx.
func copyFile(ctx context.Context, to, from string) error {
	src, err := openRegular(from)
	if err != nil {
		return err
	}
	defer src.Close()
	if info, err := src.Stat(); err != nil {
		return err
	} else if info.Size() > maxCopy {
		return fmt.Errorf("%s has %d bytes: no database of an agent has more than %d", from, info.Size(), maxCopy)
	}
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(copyBytes(ctx, dst, io.LimitReader(src, maxCopy)), dst.Close())
}

func openRegular(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s has mode %v: it is no file (name the database that was kept aside)", path, info.Mode())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func copyBytes(ctx context.Context, dst io.Writer, src io.Reader) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := io.CopyN(dst, src, chunk); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
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

// mending gives what is written over the beginning of a file.
type mending func(first []byte, size int64) ([]byte, error)

// mendings are the ways to mend the first page of a copy, those that change least first.
func mendings(ctx context.Context, like Options, dir string) []mending {
	ways := []mending{withSize, withHeader(4096), withHeader(512)}
	if like.Migrations == nil {
		return ways
	}
	return append(ways, func(_ []byte, size int64) ([]byte, error) {
		return firstPage(ctx, like, dir, size)
	})
}

// openMended mends the first page of a copy and opens it.
func openMended(ctx context.Context, path string, mend mending) (*sql.DB, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	first := make([]byte, headerSize)
	info, err := f.Stat()
	if err == nil {
		_, err = f.ReadAt(first, 0)
	}
	if err == nil || errors.Is(err, io.EOF) {
		first, err = mend(first, info.Size())
	}
	if err == nil {
		_, err = f.WriteAt(first, 0)
	}
	if err == nil {
		err = lengthen(f, first, info.Size())
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return openCopy(ctx, path)
}

// lengthen makes a file that was cut off as long as its header says: what is missing is zeros.
func lengthen(f *os.File, first []byte, size int64) error {
	if says := sizeOf(first); says > size {
		return f.Truncate(says)
	}
	return nil
}

// sizeOf is the length of the file that a header is of, in bytes.
func sizeOf(first []byte) int64 {
	return int64(binary.BigEndian.Uint16(first[16:])) * int64(min(binary.BigEndian.Uint32(first[28:]), maxPages))
}

// headerSize is the length of the header of a database, whose fields are those of
// https://sqlite.org/fileformat.html#the_database_header.
const headerSize = 100

// withSize lets a header say how long the file is, if that is more than it says.
func withSize(first []byte, size int64) ([]byte, error) {
	pageSize := int64(binary.BigEndian.Uint16(first[16:]))
	if pageSize < 512 {
		return first, nil // no header: another way mends it
	}
	binary.BigEndian.PutUint32(first[28:], uint32(max(size, sizeOf(first))/pageSize))
	copy(first[92:96], first[24:28]) // the change counter that the size is valid for
	return first, nil
}

// withHeader puts the header of a database with such pages in front.
func withHeader(pageSize uint16) mending {
	return func(_ []byte, size int64) ([]byte, error) { return header(pageSize, size), nil }
}

// firstPage gives the first page of an empty database, for a file of a size: what its tables
// are and where they begin is the same in each database of the schema.
func firstPage(ctx context.Context, like Options, dir string, size int64) ([]byte, error) {
	like.Path = filepath.Join(dir, "empty.db")
	db, err := Open(ctx, like)
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(like.Path)
	if err != nil || len(b) < like.PageSize {
		return nil, errors.Join(err, errEmpty)
	}
	first, err := withSize(b[:like.PageSize], size)
	clear(first[32:40]) // pages that are free
	return first, err
}

func header(pageSize uint16, size int64) []byte {
	h := make([]byte, headerSize)
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
