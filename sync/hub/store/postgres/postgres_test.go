//go:build postgres

package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"badged/internal/rig/pgserver"
	"badged/sync/hub/store"
	"badged/sync/hub/store/postgres"
	"badged/sync/hub/store/sqlite"
	"badged/sync/hub/store/storetest"
)

// server is one for all tests; each has a database of its own.
var server *pgserver.Server

func TestMain(m *testing.M) {
	if role := os.Getenv(childRole); role != "" {
		fmt.Println("ended:", countForever(context.Background(), role, os.Getenv(childURL)))
		os.Exit(0)
	}
	var err error
	if server, err = pgserver.Start(context.Background(), pgserver.NoSync); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func newDatabase(t testing.TB) string {
	t.Helper()
	url, err := server.NewDatabase(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return url
}

func open(t testing.TB, url string) *store.Store {
	t.Helper()
	s, err := postgres.Open(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestContract(t *testing.T) {
	storetest.Run(t, openNew)
}

// TestFormerNamesAreFound: a site of before is searched too.
func TestFormerNamesAreFound(t *testing.T) {
	url := newDatabase(t)
	s := open(t, url)
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	storetest.FormerNames(t, s, db)
}

func openNew(t *testing.T) *store.Store { return open(t, newDatabase(t)) }

func openFile(t *testing.T) *store.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestCopy moves a site to PostgreSQL, and back.
func TestCopy(t *testing.T) {
	t.Run("from SQLite", func(t *testing.T) { storetest.Copies(t, openFile, openNew) })
	t.Run("to SQLite", func(t *testing.T) { storetest.Copies(t, openNew, openFile) })
}

// TestTablesAreTheSame: SQLite and PostgreSQL have the same tables with the same columns,
// keys and indexes, but for what only PostgreSQL needs.
func TestTablesAreTheSame(t *testing.T) {
	url, path := newDatabase(t), filepath.Join(t.TempDir(), "hub.db")
	open(t, url)
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	here := lines(t, plain(t, url), `
		SELECT table_name || ' ' || ordinal_position || ' ' || column_name || ' ' || data_type ||
			CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END || coalesce(' ' || collation_name, '')
			FROM information_schema.columns
			WHERE table_schema = 'public' AND table_name NOT IN ('migration', 'lease', 'command') AND column_name <> 'epoch'
		UNION ALL SELECT tablename || ' ' || indexname FROM pg_indexes
			WHERE schemaname = 'public' AND tablename NOT IN ('migration', 'lease', 'command')
				AND indexname NOT LIKE '%\_key' AND indexname NOT LIKE '%\_pkey'`)
	there := lines(t, file, `
		SELECT t.name || ' ' || (c.cid + 1) || ' ' || c.name ||
			CASE c.type WHEN 'INTEGER' THEN ' bigint' WHEN 'BLOB' THEN ' bytea' ELSE ' text' END ||
			CASE WHEN c."notnull" OR c.pk THEN ' not null' ELSE '' END || CASE c.type WHEN 'TEXT' THEN ' C' ELSE '' END
			FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT IN ('migration', 'sqlite_sequence')
		UNION ALL SELECT tbl_name || ' ' || name FROM sqlite_schema WHERE type = 'index' AND name NOT LIKE 'sqlite_%'`)
	for _, l := range there {
		if !slices.Contains(here, l) {
			t.Errorf("PostgreSQL does not have: %s", l)
		}
	}
	for _, l := range here {
		if !slices.Contains(there, l) {
			t.Errorf("SQLite does not have: %s", l)
		}
	}
}

func lines(t *testing.T, db *sql.DB, query string) (all []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var l string
		if err := rows.Scan(&l); err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// What is wrong with a URL is told without repeating a part of it: it may be the password.
func TestAURLThatCannotBeReadIsNotRepeated(t *testing.T) {
	for _, url := range []string{
		"postgres://hub:corre/ct-horse@db.example.com/badged", "postgres://hub:corre%zzct@db.example.com/badged",
		"postgres://hub:corre:ct@db.example.com:port/badged", "postgres://hub@db.example.com/badged?password=corre&sslmode=nonsense",
	} {
		_, err := postgres.Open(t.Context(), url)
		if !errors.Is(err, postgres.ErrURL) || strings.Contains(err.Error(), "corre") || !strings.Contains(err.Error(), "%40 for @") {
			t.Errorf("%s: %v", url, err)
		}
	}
	_, err := postgres.Open(t.Context(), "postgres://hub:corre@127.0.0.1:1/badged")
	if err == nil || strings.ContainsAny(err.Error(), "\n\t") || strings.Contains(err.Error(), "corre") || strings.Count(err.Error(), "refused") != 1 {
		t.Errorf("without a server: %v", err)
	}
	missing := filepath.Join(t.TempDir(), "ca.crt")
	if _, err := postgres.Open(t.Context(), "postgres://db.example.com/x?sslmode=verify-full&sslrootcert="+missing); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("without the certificate: %v", err)
	}
}
