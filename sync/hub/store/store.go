// Package store is the hub's store: one SQLite file with what terminals copy, their
// events, and what the hub alone knows.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"badged/internal/sqlite"
	"badged/sync/hub"
)

//go:embed migrations/*.sql
var migrations embed.FS

// applicationID marks the file: "bghb".
const applicationID = 0x62676862

// Store implements hub.Store. It is safe for concurrent use.
type Store struct {
	db    *sqlite.DB
	write *pool // has one connection
	read  *pool
}

// Open opens the file at path, or makes it.
func Open(ctx context.Context, path string) (*Store, error) {
	steps, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	db, err := sqlite.Open(ctx, sqlite.Options{
		Path: path, PageSize: 4096, ApplicationID: applicationID, Migrations: steps, CacheKiB: 8 << 10,
	})
	if err != nil {
		return nil, err
	}
	s := &Store{db: db}
	if s.write, err = newPool(ctx, db.Write, hotWrites); err == nil {
		s.read, err = newPool(ctx, db.Read, nil)
	}
	if err != nil {
		return nil, errors.Join(db.Explain("prepare", err), db.Close())
	}
	return s, nil
}

// Close closes the file. Nothing that was committed waits for it.
func (s *Store) Close() error {
	return errors.Join(s.write.close(), s.read.close(), s.db.Close())
}

// View implements hub.Store.
func (s *Store) View(ctx context.Context, fn func(hub.Tx) error) error {
	return s.run(ctx, s.read, &sql.TxOptions{ReadOnly: true}, fn)
}

// Update implements hub.Store.
func (s *Store) Update(ctx context.Context, fn func(hub.Tx) error) error {
	return s.run(ctx, s.write, nil, fn)
}

func (s *Store) run(ctx context.Context, p *pool, o *sql.TxOptions, fn func(hub.Tx) error) error {
	t, err := p.db.BeginTx(ctx, o)
	if err != nil {
		return s.db.Explain("begin to use", err)
	}
	defer func() { _ = t.Rollback() }() // without effect after the commit
	x := &tx{ctx: ctx, tx: t, pool: p, states: make(map[place]*hub.State), db: s.db, sources: make(map[database]sourceRow)}
	if err := fn(hub.Tx{Rows: x, Terminals: x, Numbers: x, Ledger: x, Profiles: x, Journal: x}); err != nil {
		return err
	}
	if err := x.flush(); err != nil {
		return err
	}
	return s.db.Explain("commit to", t.Commit())
}

// SiteID gives the site's id, which is candidate if it has none yet.
func (s *Store) SiteID(ctx context.Context, candidate string) (id string, err error) {
	_, err = s.db.Write.ExecContext(ctx, "INSERT INTO meta VALUES ('site', ?) ON CONFLICT DO NOTHING", candidate)
	if err == nil {
		err = s.db.Write.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = 'site'").Scan(&id)
	}
	return id, s.db.Explain("read the site's id from", err)
}

// pool is the connections of one kind, with the statements that are used so often
// that they are prepared once.
type pool struct {
	db       *sql.DB
	prepared map[string]*sql.Stmt
}

func newPool(ctx context.Context, db *sql.DB, hot []string) (*pool, error) {
	p := &pool{db: db, prepared: make(map[string]*sql.Stmt)}
	for _, query := range hot {
		st, err := db.PrepareContext(ctx, query)
		if err != nil {
			return p, err
		}
		p.prepared[query] = st
	}
	return p, nil
}

func (p *pool) close() error {
	var errs []error
	for _, st := range p.prepared {
		errs = append(errs, st.Close())
	}
	return errors.Join(errs...)
}
