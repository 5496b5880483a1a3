package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	base "badged/internal/sqlite"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/store"
	"badged/sync/hub/store/sqlite"
	"badged/sync/hub/store/storetest"
)

var operator = audit.Actor{Kind: audit.Operator, ID: "0", Via: "socket"}

// pair is two numbers that every command keeps alike.
func pair(tx fleet.Tx) (a, b uint64, err error) {
	x, err1 := tx.BlockOf(1001)
	y, err2 := tx.BlockOf(1002)
	if errors.Is(err1, people.ErrNotFound) {
		return 0, 0, nil
	}
	return x.Used, y.Used, errors.Join(err1, err2)
}

func setPair(tx fleet.Tx, n uint64) error {
	return errors.Join(tx.PutBlock(fleet.Block{First: 1001, Last: 1001, Used: n}), tx.PutBlock(fleet.Block{First: 1002, Last: 1002, Used: n}))
}

// O8: a backup is of one moment, at or after its beginning, and
// writers go on while it is made.
func TestBackupWhileOthersWrite(t *testing.T) {
	s := openEmpty(t)
	storetest.Fill(t, s)
	dir := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	begun, over := make(chan struct{}), make(chan uint64)
	go func() {
		n := uint64(0)
		for ; ctx.Err() == nil; n++ {
			if err := s.Write(t.Context(), operator, func(tx fleet.Tx) error { return setPair(tx, n+1) }); err != nil {
				t.Error(err)
				break
			}
			if n == 0 {
				close(begun)
			}
		}
		over <- n
	}()
	<-begun
	backup := filepath.Join(dir, "hub.backup")
	err := s.Backup(t.Context(), backup)
	stop()
	last := <-over
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(backup); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup has mode %v, %v", info.Mode(), err)
	}
	restored := filepath.Join(dir, "hub.db")
	if err := sqlite.Restore(t.Context(), backup, restored); err != nil {
		t.Fatal(err)
	}
	err = open(t, restored).Read(t.Context(), func(tx fleet.Tx) error {
		a, b, err := pair(tx)
		if a != b || a < 1 || a > last {
			t.Errorf("the backup has %d and %d, of %d", a, b, last)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	wantFiles(t, dir, "hub.backup", "hub.db", "hub.db-shm", "hub.db-wal", "hub.db.lock")
}

func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("there are %v, want %v", got, want)
	}
}

// O8: a restored site goes on where the backup was made.
func TestBackupGoesOn(t *testing.T) {
	s := openEmpty(t)
	storetest.Fill(t, s)
	dir := t.TempDir()
	backup, restored := filepath.Join(dir, "b"), filepath.Join(dir, "r")
	if err := errors.Join(s.Backup(t.Context(), backup), sqlite.Restore(t.Context(), backup, restored)); err != nil {
		t.Fatal(err)
	}
	storetest.Continue(t, open(t, restored))
}

// TestBackupOverwritesNothing: neither a backup nor a restore writes over a file, and a
// failure leaves nothing behind.
func TestBackupOverwritesNothing(t *testing.T) {
	s := openEmpty(t)
	storetest.Fill(t, s)
	dir := t.TempDir()
	backup, there := filepath.Join(dir, "backup"), filepath.Join(dir, "there")
	if err := errors.Join(s.Backup(t.Context(), backup), os.WriteFile(there, []byte("precious"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), there); !errors.Is(err, base.ErrExists) {
		t.Errorf("a backup over a file: %v", err)
	}
	if err := sqlite.Restore(t.Context(), backup, there); !errors.Is(err, base.ErrExists) {
		t.Errorf("a restore over a file: %v", err)
	}
	if b, err := os.ReadFile(there); string(b) != "precious" || err != nil {
		t.Errorf("the file has %q, %v", b, err)
	}
	if err := s.Backup(t.Context(), filepath.Join(dir, "no", "folder")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a backup into no folder: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := s.Backup(ended, filepath.Join(dir, "ended")); !errors.Is(err, context.Canceled) {
		t.Errorf("a backup that nobody waits for: %v", err)
	}
	wantFiles(t, dir, "backup", "there", "there.lock")
}

// O8: a backup that could not be put back is none, and the error says so while there is time. The
// copy stays: nobody may have a better one.
func TestABackupThatCannotBePutBackIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	s := open(t, path)
	storetest.Fill(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	changeFile(t, path, `DELETE FROM row WHERE rev = 5`)
	s = open(t, path)
	dir := t.TempDir()
	backup := filepath.Join(dir, "backup")
	if err := s.Backup(t.Context(), backup); err == nil || !strings.Contains(err.Error(), backup+" does not pass") {
		t.Errorf("got %v", err)
	}
	wantFiles(t, dir, "backup")
}

// changeFile runs a statement on a file behind the store's back.
func changeFile(t *testing.T, path, query string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err == nil {
		_, err = db.ExecContext(t.Context(), query)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestRestoreRefusesWhatIsNotWhole: a file that is no backup of a site is not put in place.
func TestRestoreRefusesWhatIsNotWhole(t *testing.T) {
	s := openEmpty(t)
	storetest.Fill(t, s)
	good := filepath.Join(t.TempDir(), "good")
	if err := s.Backup(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	change := func(query string) func(*testing.T, string) {
		return func(t *testing.T, path string) { changeFile(t, path, query) }
	}
	for name, spoil := range map[string]func(*testing.T, string){
		"empty":                   func(t *testing.T, path string) { truncate(t, path, 0) },
		"cut short":               func(t *testing.T, path string) { truncate(t, path, 3*4096) },
		"a page is other":         spoilPage,
		"another program's":       change(`PRAGMA application_id = 1`),
		"from a newer hub":        change(`PRAGMA user_version = 99`),
		"a row is missing":        change(`DELETE FROM row WHERE rev = 5`),
		"a row is other":          change(`UPDATE row SET body = x'ff' WHERE rev = 5`),
		"an audit line is gone":   change(`DELETE FROM audit WHERE seq = 2`),
		"an audit line is other":  change(`UPDATE audit SET action = 'other' WHERE seq = 2`),
		"events after the last":   change(`UPDATE site SET seq = 1`),
		"a reference to nothing":  change(`DELETE FROM terminal`),
		"no site is in it":        change(`UPDATE site SET id = ''`),
		"a database in use":       func(t *testing.T, path string) { writeFile(t, path+"-wal", []byte("log")) },
		"a schema of other texts": change(`UPDATE migration SET sum = x'00' WHERE version = 1`),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			bad := filepath.Join(dir, "bad")
			b, err := os.ReadFile(good)
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, bad, b)
			spoil(t, bad)
			into := t.TempDir()
			err = sqlite.Restore(t.Context(), bad, filepath.Join(into, "hub.db"))
			if err == nil {
				t.Fatal("it was restored")
			}
			if !strings.Contains(err.Error(), bad) {
				t.Errorf("the error does not name the backup: %v", err)
			}
			wantFiles(t, into)
		})
	}
	if err := sqlite.Restore(t.Context(), good, filepath.Join(t.TempDir(), "hub.db")); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

func writeFile(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func truncate(t *testing.T, path string, n int64) {
	t.Helper()
	if err := os.Truncate(path, n); err != nil {
		t.Fatal(err)
	}
}

// spoilPage makes the bytes of one page others that make no sense.
func spoilPage(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(b[5*4096:], bytes.Repeat([]byte{0xaa}, 4096))
	writeFile(t, path, b)
}

// TestCopyRefusesTextsThatOthersCannotKeep: such a site cannot move, and the error says which
// table it is.
func TestCopyRefusesTextsThatOthersCannotKeep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Fill(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err == nil {
		_, err = db.ExecContext(t.Context(), `UPDATE door SET grp = 'a' || char(0) || 'b'`)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	to := openEmpty(t)
	if _, err := store.Copy(t.Context(), open(t, path), to, quiet); err == nil || !strings.Contains(err.Error(), "table door") {
		t.Errorf("a NUL was copied: %v", err)
	}
	if id, err := to.SiteID(t.Context(), "none"); id != "none" || err != nil {
		t.Errorf("a site %s is there, %v", id, err)
	}
}

// TestCopyReadsAgainWhatArrived: what arrives otherwise than it was is noticed, and nothing of
// it stays.
func TestCopyReadsAgainWhatArrived(t *testing.T) {
	from := openEmpty(t)
	storetest.Fill(t, from)
	path := filepath.Join(t.TempDir(), "hub.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err == nil {
		_, err = db.ExecContext(t.Context(), `CREATE TRIGGER spoil AFTER INSERT ON card BEGIN UPDATE card SET state = 'lost'; END`)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	to := open(t, path)
	if _, err := store.Copy(t.Context(), from, to, quiet); err == nil || !strings.Contains(err.Error(), "table card") {
		t.Errorf("other cards arrived: %v", err)
	}
	if id, err := to.SiteID(t.Context(), "none"); id != "none" || err != nil {
		t.Errorf("a site %s is there, %v", id, err)
	}
}

func quiet(string, int, bool) {}
