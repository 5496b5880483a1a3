// Package postgres opens the hub's store in a PostgreSQL database, version 15 or later.
package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"badged/internal/migration"
	"badged/sync/hub/fleet"
	"badged/sync/hub/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	writers = 4 // one has its turn, others begin
	readers = 8
)

// settings hold for every connection, unless the URL says otherwise. A hub that stands still
// in a transaction must not hold up those who wait for its turn, so the server ends such a
// transaction before others give up.
var settings = map[string]string{
	"application_name":                    "badgehub",
	"default_transaction_isolation":       "read committed",
	"idle_in_transaction_session_timeout": "5s",
	"lock_timeout":                        "15s",
	"synchronous_commit":                  "on",
}

// dialect implements store.Dialect.
type dialect struct {
	name        string // host and database, without a password
	write, read *sql.DB
	lease       *lease
	rebound     rebound
}

// Open opens the database of a URL like postgres://user@host/name, which must exist, and
// brings its schema up to date.
func Open(ctx context.Context, url string) (*store.Store, error) {
	return OpenWithClock(ctx, url, time.Now)
}

// OpenWithClock opens the database as Open does; its transactions take the time from now.
func OpenWithClock(ctx context.Context, url string, now func() time.Time) (*store.Store, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil { // which may repeat a part of the password
		return nil, explain("open", "of the given URL", errors.Join(ErrURL, missingFile(err)))
	}
	for name, value := range settings {
		if _, given := config.RuntimeParams[name]; !given {
			config.RuntimeParams[name] = value
		}
	}
	d := &dialect{name: net.JoinHostPort(config.Host, fmt.Sprint(config.Port)) + "/" + config.Database}
	d.write, d.read = connections(config, writers), connections(config, readers)
	if err := d.prepare(ctx, connections(config, 1)); err != nil {
		return nil, errors.Join(d.Explain("open", err), d.Close())
	}
	return store.New(store.Database{
		Dialect: d, Write: d.write, Read: d.read, Remote: true,
		Guard: d.lease.guard(), Snapshot: sql.LevelRepeatableRead, Replaced: d.lease.lost,
	}, now), nil
}

// missingFile is what is wrong with a file that a URL names, like a certificate.
func missingFile(err error) error {
	var file *fs.PathError
	if errors.As(err, &file) {
		return file
	}
	return nil
}

func connections(config *pgx.ConnConfig, most int) *sql.DB {
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	return db
}

// prepare brings the schema up to date and makes this hub the hub of the site.
func (d *dialect) prepare(ctx context.Context, own *sql.DB) error {
	err := d.migrate(ctx)
	if err == nil {
		d.lease, err = acquire(ctx, own)
	}
	if err != nil {
		return errors.Join(err, own.Close())
	}
	return nil
}

func (d *dialect) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	steps, err := migration.Read(files)
	if err != nil {
		return err
	}
	if err := checkServer(ctx, d.write); err != nil {
		return err
	}
	return migrate(ctx, d.write, steps)
}

// checkServer refuses a server that is too old and a database that cannot keep every text.
func checkServer(ctx context.Context, db *sql.DB) error {
	var version int
	var encoding string
	err := db.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::bigint, current_setting('server_encoding')`).
		Scan(&version, &encoding)
	switch {
	case err != nil:
		return err
	case version < 150000:
		return fmt.Errorf("%w: it is version %d", ErrOld, version/10000)
	case encoding != "UTF8":
		return fmt.Errorf("%w: it is in %s", ErrEncoding, encoding)
	}
	return nil
}

// Close ends all connections and lets another hub in.
func (d *dialect) Close() error {
	err := errors.Join(d.read.Close(), d.write.Close())
	if d.lease != nil {
		err = errors.Join(err, d.lease.release())
	}
	return err
}

// Backup is left to pg_dump and pg_restore, which read one snapshot too.
func (d *dialect) Backup(context.Context, string) error {
	return d.Explain("back up", fleet.ErrNoBackup)
}

// Rebind gives a statement with ? the numbered arguments of PostgreSQL.
func (d *dialect) Rebind(query string) string { return d.rebound.query(query) }

// Explain names the database and what to do.
func (d *dialect) Explain(op string, err error) error { return explain(op, d.name, err) }
