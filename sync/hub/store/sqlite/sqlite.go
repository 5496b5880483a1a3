// Package sqlite opens the hub's store in one SQLite file.
package sqlite

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"badged/internal/sqlite"
	"badged/sync/hub/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// applicationID marks the file: "bghb".
const applicationID = 0x62676862

// dialect implements store.Dialect.
type dialect struct{ db *sqlite.DB }

// Open opens the file at path, or makes it.
func Open(ctx context.Context, path string) (*store.Store, error) {
	return OpenWithClock(ctx, path, time.Now)
}

// OpenWithClock opens the file as Open does; its transactions take the time from now.
func OpenWithClock(ctx context.Context, path string, now func() time.Time) (*store.Store, error) {
	db, err := openFile(ctx, path)
	if err != nil {
		return nil, err
	}
	return newStore(db, now), nil
}

func openFile(ctx context.Context, path string) (*sqlite.DB, error) {
	steps, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	return sqlite.Open(ctx, sqlite.Options{
		Path: path, PageSize: 4096, ApplicationID: applicationID, Migrations: steps, CacheKiB: 8 << 10,
	})
}

func newStore(db *sqlite.DB, now func() time.Time) *store.Store {
	return store.New(store.Database{
		Dialect: dialect{db}, Write: db.Write, Read: db.Read,
		Guard: `SELECT seq FROM site`, // a transaction that has begun has its turn
	}, now)
}

// Rebind gives SQLite's form, which is that of the statements.
func (d dialect) Rebind(query string) string { return query }

// Retry never: whoever waits for the turn gets it or a clear error.
func (d dialect) Retry(error) bool { return false }

// Explain names the file and what to do.
func (d dialect) Explain(op string, err error) error { return d.db.Explain(op, err) }

// Backup writes all to a new file, and tries to restore that: a file that could not be put back
// is no backup.
func (d dialect) Backup(ctx context.Context, path string) error {
	if err := d.db.Backup(ctx, path); err != nil {
		return err
	}
	return TryRestore(ctx, path)
}

// Close closes the file.
func (d dialect) Close() error { return d.db.Close() }
