package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"slices"
	"testing"

	"badged/sync/hub/store"
	"badged/sync/hub/store/sqlite"
	"badged/sync/hub/store/storetest"
)

func open(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func openEmpty(t *testing.T) *store.Store {
	return open(t, filepath.Join(t.TempDir(), "hub.db"))
}

func TestContract(t *testing.T) { storetest.Run(t, openEmpty) }

func TestCopy(t *testing.T) { storetest.Copies(t, openEmpty, openEmpty) }

// TestFormerNamesAreFound: a site of before is searched too.
func TestFormerNamesAreFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	s := open(t, path)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	storetest.FormerNames(t, s, db)
}

// TestEveryTableIsCopied: a table that a migration adds moves with the site too.
func TestEveryTableIsCopied(t *testing.T) {
	from, path := openEmpty(t), filepath.Join(t.TempDir(), "hub.db")
	copied, err := store.Copy(t.Context(), from, open(t, path), quiet)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('site', 'migration', 'sqlite_sequence')`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(copied, func(c store.Content) bool { return c.Table == name }) {
			t.Errorf("table %s is not copied", name)
		}
	}
	if n == 0 || rows.Err() != nil {
		t.Errorf("%d tables, %v", n, rows.Err())
	}
}
