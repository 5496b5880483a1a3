package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Issue 7, 6: `badgectl outbox export FIFO` hung for ever, and a link to /dev/zero filled the
// disk. Nothing but a file of a sensible size is copied, and no copy stays.
func TestSalvageCopiesOnlyFilesOfASensibleSize(t *testing.T) {
	temp, dir := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temp)
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(syscall.Mkfifo(at("pipe"), 0o600), os.Symlink("/dev/zero", at("zero")), os.Symlink("pipe", at("link")),
		os.WriteFile(at("huge"), nil, 0o600), os.Truncate(at("huge"), maxCopy+1),
		os.WriteFile(at("db"), []byte("x"), 0o600), os.Symlink("/dev/zero", at("db-wal"))); err != nil {
		t.Fatal(err)
	}
	for name, says := range map[string]string{"pipe": "no file", "zero": "no file", "link": "no file", "huge": "no database", "db": "no file", ".": "no file"} {
		if _, _, err := Salvage(t.Context(), at(name), Options{}); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	wantEmpty(t, temp)
}

// A signal ends the command's context in the middle of the copy.
func TestSalvageThatIsInterruptedLeavesNoCopy(t *testing.T) {
	temp, path := t.TempDir(), filepath.Join(t.TempDir(), "db")
	t.Setenv("TMPDIR", temp)
	if err := os.WriteFile(path, make([]byte, 3*chunk), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Salvage(ctx, path, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := copyFile(ctx, filepath.Join(t.TempDir(), "copy"), path); !errors.Is(err, context.Canceled) {
		t.Errorf("the copy goes on: %v", err)
	}
	wantEmpty(t, temp)
}

func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
