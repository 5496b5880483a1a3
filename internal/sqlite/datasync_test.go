package sqlite_test

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"badged/internal/sqlite"
)

// loseLog puts another file in the place of the log at each connection that is open. It takes
// all that is written, and cannot be synced: fsync and fdatasync of /dev/null fail.
func loseLog(t *testing.T, path string) {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	lost := 0
	for _, link := range links {
		if to, err := os.Readlink(link); err != nil || to != path+"-wal" {
			continue // one that was there while they were listed, or another file
		}
		fd, err := strconv.Atoi(filepath.Base(link))
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Dup3(int(null.Fd()), fd, syscall.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		lost++
	}
	if lost == 0 {
		t.Fatal("no connection has the log open")
	}
}

// A commit is told of, and seen by readers, only when the disk has it.
func TestACommitThatTheDiskDoesNotTakeIsNone(t *testing.T) {
	o := options(t, first)
	db := open(t, o)
	insert := func(id int) error {
		_, err := db.Write.ExecContext(t.Context(), "INSERT INTO a VALUES (?, NULL)", id)
		return err
	}
	if err := insert(1); err != nil {
		t.Fatal(err)
	}
	loseLog(t, o.Path)
	if err := insert(2); err == nil || sqlite.IsFull(err) || sqlite.IsReadOnly(err) || sqlite.IsBusy(err) {
		t.Errorf("a commit that cannot be synced gives %v, want an error that does not pass", err)
	}
	held, err := db.Read.Conn(t.Context()) // it reads what took the log's place; the next one opens the log
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if n := count(t, db); n != 1 {
		t.Errorf("a reader sees %d rows, one is on disk", n)
	}
}
