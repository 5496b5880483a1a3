package main

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	sqlitefile "badged/internal/sqlite"
	"badged/sync/hub/store"
	"badged/sync/hub/store/postgres"
	"badged/sync/hub/store/sqlite"
)

// databaseEnv is the environment variable that says where the site's database is: others
// do not see it, as they see a command line.
const databaseEnv = "BADGEHUB_DB"

// database is where a site is kept: a file of SQLite, or a URL of PostgreSQL, which may
// have a password.
type database struct{ path, url string }

// same reports whether both name the same database.
func (d database) same(other database) bool { return d == other }

// what names the database for people; what the store says of one in PostgreSQL has its host.
func (d database) what() any {
	if d.url != "" {
		return cli.Phrase{Format: "the database in PostgreSQL"}
	}
	return d.path
}

// open opens the database, or makes it if it is a file.
func (d database) open(ctx context.Context) (*store.Store, error) {
	if d.url != "" {
		return postgres.Open(ctx, d.url)
	}
	st, err := sqlite.Open(ctx, d.path)
	if errors.Is(err, sqlitefile.ErrInUse) {
		return nil, cli.Errorf("another `badgehub serve` or `badgehub db copy` has %s (stop it, or give another one with --dir or --db)", d.path)
	}
	return st, err
}

// databaseFlag adds --db, which names the hub's own database.
func (p *program) databaseFlag(c *cobra.Command) {
	c.Flags().StringVar(&p.db, "db", "", "database: a file, or postgres://USER@HOST/NAME without a password (default: $"+databaseEnv+", else DIR/hub.db)")
}

// ownDatabase is that of the hub.
func (p *program) ownDatabase() (database, error) {
	if p.db != "" {
		return databaseOfFlag("db", p.db)
	}
	if text := p.env(databaseEnv); text != "" {
		return parseDatabase(databaseEnv, text)
	}
	return database{path: filepath.Join(p.dir, "hub.db")}, nil
}

// databaseOfFlag reads what the command line says, which must have no password.
func databaseOfFlag(flag, text string) (database, error) {
	if hasPassword(text) {
		return database{}, cli.Usagef("--%s has a password, and everybody on this machine can read a command line: "+
			"give the address in the environment variable %s, or keep the password in a file (~/.pgpass); change it, since it was shown", flag, databaseEnv)
	}
	return parseDatabase("--"+flag, text)
}

// parseDatabase reads a path or a URL; from says where it was given. What cannot be read is
// not repeated: it may be a password.
func parseDatabase(from, text string) (database, error) {
	switch scheme, _, isURL := strings.Cut(text, "://"); {
	case isURL && (scheme == "postgres" || scheme == "postgresql"):
		return database{url: text}, nil
	case isURL, hasPassword(text):
		return database{}, cli.Usagef("%s: it is a file, or an address like postgres://USER@HOST/NAME", from)
	}
	return database{path: text}, nil
}

// hasPassword reports whether a URL, or what is meant as one, has a password.
func hasPassword(text string) bool {
	if strings.Contains(strings.ToLower(text), "password=") {
		return true
	}
	_, rest, isURL := strings.Cut(text, "://")
	if u, err := url.Parse(text); err == nil {
		_, has := u.User.Password()
		return isURL && has
	}
	at := strings.LastIndex(rest, "@")
	return at >= 0 && strings.Contains(rest[:at], ":")
}
