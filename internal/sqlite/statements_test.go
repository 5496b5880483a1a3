package sqlite

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"testing/fstest"
)

// A statement is read once by a connection, however often it runs: also when it runs within its
// own rows, fails, or the schema changes under it.
func TestStatementsAreKept(t *testing.T) {
	db, err := Open(t.Context(), Options{
		Path: filepath.Join(t.TempDir(), "x.db"), PageSize: 4096, ApplicationID: 1,
		Migrations: fstest.MapFS{"0001_first.sql": {Data: []byte("CREATE TABLE t (a);")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	conn, err := db.Write.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	kept := func() (n int) {
		err := conn.Raw(func(c any) error { n = len(c.(*cachingConn).idle); return nil })
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	exec := func(query string, args ...any) error {
		_, err := conn.ExecContext(t.Context(), query, args...)
		return err
	}
	opened := kept()
	for _, err := range []error{exec("CREATE TABLE n (i INTEGER PRIMARY KEY)"), exec("INSERT INTO n VALUES (?)", 1), exec("INSERT INTO n VALUES (?)", 2)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if kept() != opened+1 {
		t.Errorf("%d statements are kept after one that came twice", kept())
	}
	if exec("INSERT INTO n VALUES (?)", 2) == nil || kept() != opened {
		t.Errorf("a second row 2 is taken, or %d statements are kept", kept())
	}
	const all = "SELECT i FROM n ORDER BY i"
	var pairs string
	each := func(fn func(int)) {
		rows, err := conn.QueryContext(t.Context(), all)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var i int
			if err := rows.Scan(&i); err != nil {
				t.Fatal(err)
			}
			fn(i)
		}
		if rows.Err() != nil {
			t.Fatal(rows.Err())
		}
	}
	each(func(i int) { each(func(j int) { pairs += fmt.Sprint(i, j, " ") }) })
	if pairs != "1 1 1 2 2 1 2 2 " || kept() != opened+1 {
		t.Errorf("rows within rows: %s; %d statements are kept", pairs, kept())
	}
	var columns int
	for range 2 {
		if err := exec("ALTER TABLE n ADD COLUMN c" + fmt.Sprint(columns)); err != nil {
			t.Fatal(err)
		}
		rows, err := conn.QueryContext(t.Context(), "SELECT * FROM n")
		if err != nil {
			t.Fatal(err)
		}
		names, err := rows.Columns()
		if err != nil || len(names) != columns+2 {
			t.Errorf("columns %v, %v", names, err)
		}
		columns++
		_ = rows.Close()
	}
	for i := range mostCached + 10 {
		if err := conn.QueryRowContext(t.Context(), fmt.Sprintf("SELECT %d", i)).Scan(new(int)); err != nil {
			t.Fatal(err)
		}
	}
	if kept() != mostCached {
		t.Errorf("%d statements are kept, want %d", kept(), mostCached)
	}
	if err := conn.QueryRowContext(t.Context(), all+" LIMIT ?", 0).Scan(new(int)); err != sql.ErrNoRows {
		t.Errorf("no row: %v", err)
	}
}
