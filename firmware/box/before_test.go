package box

import (
	"os"
	"path/filepath"
	"testing"
)

// A release on trial changed the database, and the one of before refuses it: it gets the files of
// before, once, and what the trial made is kept aside. A copy that was broken off is none.
func TestTheAgentGetsItsFilesBack(t *testing.T) {
	dir := t.TempDir()
	b := before{filepath.Join(dir, "state"), filepath.Join(dir, "before"), filepath.Join(dir, "after")}
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(b.state, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	has := func(folder, name, want string) {
		t.Helper()
		got, err := os.ReadFile(filepath.Join(dir, folder, name))
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%s/%s is %q, %v, want %q", folder, name, got, err, want)
		}
	}
	write("badged.db", "old")
	write("keys/reader", "key")
	if err := os.MkdirAll(b.copy+".new", 0o700); err != nil { // a copy that was broken off
		t.Fatal(err)
	}
	if put, err := b.putBack(); put || err != nil {
		t.Errorf("nothing was kept: %v, %v", put, err)
	}
	if err := b.keepFiles(); err != nil {
		t.Fatal(err)
	}
	write("badged.db", "new schema")
	write("badged.db-wal", "new")
	if put, err := b.putBack(); !put || err != nil {
		t.Fatalf("%v, %v", put, err)
	}
	has("state", "badged.db", "old")
	has("state", "badged.db-wal", "")
	has("state", "keys/reader", "key")
	has("after", "badged.db", "new schema")
	if info, err := os.Stat(filepath.Join(b.state, "badged.db")); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if put, err := b.putBack(); put || err != nil {
		t.Errorf("a second time: %v, %v", put, err)
	}
	if err := b.keepFiles(); err != nil {
		t.Fatal(err)
	}
	if err := b.dropCopy(); err != nil {
		t.Fatal(err)
	}
	if put, _ := b.putBack(); put {
		t.Error("after the update was committed, the files of before come back")
	}
}
