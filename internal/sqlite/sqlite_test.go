package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"badged/internal/sqlite"
)

func steps(scripts ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i, s := range scripts {
		fsys["000"+string(rune('1'+i))+"_step.sql"] = &fstest.MapFile{Data: []byte(s)}
	}
	return fsys
}

const (
	first  = `CREATE TABLE a (id INTEGER PRIMARY KEY, b BLOB) STRICT;`
	second = `CREATE TABLE c (id INTEGER PRIMARY KEY REFERENCES a(id)) STRICT; INSERT INTO a VALUES (7, NULL);`
)

func options(t *testing.T, scripts ...string) sqlite.Options {
	t.Helper()
	return sqlite.Options{
		Path: filepath.Join(t.TempDir(), "it's 50% of a?b#.db"), PageSize: 512, ApplicationID: 42, Migrations: steps(scripts...),
	}
}

func open(t *testing.T, o sqlite.Options) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func pragma(t *testing.T, db *sqlite.DB, name string) (v string) {
	t.Helper()
	if err := db.Write.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTheFileIsSetUpForDurability(t *testing.T) {
	o := options(t, first)
	db := open(t, o)
	for name, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "page_size": "512",
		"application_id": "42", "user_version": "1", "journal_size_limit": "1048576", "wal_autocheckpoint": "1024",
	} {
		if got := pragma(t, db, name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		st, err := os.Stat(o.Path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if st.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", suffix, st.Mode())
		}
	}
	if !db.Made {
		t.Error("a new file is not reported as made")
	}
	if err := db.QuickCheck(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestReadersCannotWrite(t *testing.T) {
	db := open(t, options(t, first))
	if _, err := db.Read.ExecContext(t.Context(), "INSERT INTO a VALUES (1, NULL)"); !sqlite.IsReadOnly(err) {
		t.Errorf("a reading connection wrote: %v", err)
	}
}

func TestReadersDoNotWaitForTheWriter(t *testing.T) {
	db := open(t, options(t, first, second))
	tx, err := db.Write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "DELETE FROM a"); err != nil {
		t.Fatal(err)
	}
	if n := count(t, db); n != 1 {
		t.Errorf("a reader sees %d rows during a transaction, want the 1 of the last commit", n)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if n := count(t, db); n != 0 {
		t.Errorf("a reader sees %d rows after the commit, want 0", n)
	}
}

func count(t *testing.T, db *sqlite.DB) (n int) {
	t.Helper()
	if err := db.Read.QueryRowContext(t.Context(), "SELECT count(*) FROM a").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestMigrationsContinueWhereTheyStopped(t *testing.T) {
	o := options(t, first)
	if err := open(t, o).Close(); err != nil {
		t.Fatal(err)
	}
	o.Migrations = steps(first, second)
	db := open(t, o)
	if n := count(t, db); n != 1 || db.Made {
		t.Errorf("after the second migration there are %d rows, made=%v", n, db.Made)
	}
}

func TestAFailingMigrationChangesNothing(t *testing.T) {
	o := options(t, first)
	if err := open(t, o).Close(); err != nil {
		t.Fatal(err)
	}
	o.Migrations = steps(first, "INSERT INTO a VALUES (1, NULL); INSERT INTO nowhere VALUES (1);")
	if _, err := sqlite.Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "0002_step") {
		t.Fatalf("the error does not name the migration: %v", err)
	}
	o.Migrations = steps(first)
	if n := count(t, open(t, o)); n != 0 {
		t.Errorf("the failed migration left %d rows", n)
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(t *testing.T, o *sqlite.Options)
		want  func(error) bool
		says  string
	}{
		{"newer", func(_ *testing.T, o *sqlite.Options) { o.Migrations = steps(first) }, is(sqlite.ErrNewer), "install the version"},
		{"other build", func(_ *testing.T, o *sqlite.Options) { o.Migrations = steps(first+" ", second) }, is(sqlite.ErrForeign), "0001_step"},
		{"other program", func(_ *testing.T, o *sqlite.Options) { o.ApplicationID = 43 }, is(sqlite.ErrForeign), "another file"},
		{"readable by others", func(t *testing.T, o *sqlite.Options) { chmod(t, o.Path, 0o644) }, is(sqlite.ErrOwner), "chmod 600"},
		{"not a database", func(t *testing.T, o *sqlite.Options) { flip(t, o.Path, 0, 100) }, sqlite.IsCorrupt, "restore"},
		{"emptied", func(t *testing.T, o *sqlite.Options) { truncate(t, o.Path) }, sqlite.IsCorrupt, "empty"},
		{"folder", func(t *testing.T, o *sqlite.Options) { o.Path = t.TempDir() }, is(sqlite.ErrForeign), "folder"},
		{"no folder", func(_ *testing.T, o *sqlite.Options) { o.Path += "/x/y.db" }, isAnError, "/x/y.db"},
		{"gap in the steps", func(_ *testing.T, o *sqlite.Options) {
			o.Migrations = fstest.MapFS{"0002_x.sql": &fstest.MapFile{}}
		}, isAnError, "0001_name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := options(t, first, second)
			if err := open(t, o).Close(); err != nil {
				t.Fatal(err)
			}
			tt.spoil(t, &o)
			_, err := sqlite.Open(t.Context(), o)
			if !tt.want(err) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), o.Path) {
				t.Errorf("the error does not say the file and %q: %v", tt.says, err)
			}
		})
	}
}

func TestAFileOfSomebodyElseIsRefused(t *testing.T) {
	o := options(t, first)
	if err := open(t, o).Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(o.Path, 12345, -1); err != nil { // only root can give a file away
		chmod(t, o.Path, 0o644)
	}
	if _, err := sqlite.Open(t.Context(), o); !errors.Is(err, sqlite.ErrOwner) {
		t.Errorf("got %v, want ErrOwner", err)
	}
}

func TestASecondOpenIsRefused(t *testing.T) {
	o := options(t, first)
	open(t, o)
	if _, err := sqlite.Open(t.Context(), o); !errors.Is(err, sqlite.ErrInUse) {
		t.Errorf("got %v, want ErrInUse", err)
	}
}

func TestDamageInTheMiddleIsFound(t *testing.T) {
	o := options(t, first)
	db := open(t, o)
	fill(t, db, 200)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	flip(t, o.Path, 20*512, 4*512)
	if err := open(t, o).QuickCheck(t.Context()); !sqlite.IsCorrupt(err) {
		t.Errorf("got %v, want IsCorrupt", err)
	}
}

func TestAFullDiskIsNamed(t *testing.T) {
	db := open(t, options(t, first))
	if _, err := db.Write.ExecContext(t.Context(), "PRAGMA max_page_count = 20"); err != nil {
		t.Fatal(err)
	}
	_, err := db.Write.ExecContext(t.Context(), "INSERT INTO a VALUES (1, zeroblob(20000))")
	if err = db.Explain("write", err); !sqlite.IsFull(err) || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("got %v, want IsFull with a hint", err)
	}
}

func TestTheLogIsRecycled(t *testing.T) {
	o := options(t, first)
	db := open(t, o)
	for range 5 {
		fill(t, db, 2000)
		if _, err := db.Write.ExecContext(t.Context(), "DELETE FROM a"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Write.ExecContext(t.Context(), "PRAGMA wal_checkpoint; INSERT INTO a VALUES (1, NULL)"); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(o.Path + "-wal"); err != nil || st.Size() > 1<<20 {
		t.Errorf("the log has %d bytes, %v; want at most 1 MiB", st.Size(), err)
	}
}

func TestADamagedFileIsKeptAside(t *testing.T) {
	o := options(t, first)
	for _, want := range []string{".corrupt-1", ".corrupt-2"} {
		if err := open(t, o).Close(); err != nil {
			t.Fatal(err)
		}
		aside, err := sqlite.KeepAside(o.Path)
		if err != nil || aside != o.Path+want {
			t.Fatalf("kept aside as %s, %v", aside, err)
		}
	}
	if db := open(t, o); !db.Made {
		t.Error("the damaged file is still in its place")
	}
}

func fill(t *testing.T, db *sqlite.DB, rows int) {
	t.Helper()
	ctx := context.Background()
	tx, err := db.Write.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range rows {
		if _, err := tx.ExecContext(ctx, "INSERT INTO a (b) VALUES (randomblob(300))"); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

func is(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }

func isAnError(err error) bool { return err != nil }

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func truncate(t *testing.T, path string) {
	t.Helper()
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
}

func flip(t *testing.T, path string, from, n int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := from; i < from+n && i < len(b); i++ {
		b[i] ^= 0xa5
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
