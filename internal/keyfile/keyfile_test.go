package keyfile_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"badged/internal/keyfile"
	"badged/internal/secret"
)

const (
	first  = "9c1f02e855b7403dd6118afe276390cb"
	second = "0f3b6e8d44a1c2975be07719d3f8a62c"
	third  = "71ce0a95b82d46f3e8190b5d6ca2f437"
)

func folder(t *testing.T) (keyfile.Folder, string) {
	dir := filepath.Join(t.TempDir(), "osdp")
	return keyfile.New(dir), dir
}

func holds(t *testing.T, f keyfile.Folder, want ...string) {
	t.Helper()
	keys, err := f.Load("hall")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range keys {
		got = append(got, k.Reveal())
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%d keys, want %d, or others than these", len(got), len(want))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Each step can be the last before a power cut: the key that the reader may have is
// always among those that are found.
func TestStory(t *testing.T) {
	f, dir := folder(t)
	one, two, three := secret.New(first), secret.New(second), secret.New(third)
	holds(t, f)
	must(t, f.Withdraw("hall", one)) // it does not wait
	must(t, f.Stage("hall", one))
	holds(t, f, first)
	if !f.Waits("hall") || f.Waits("desk") {
		t.Error("it is not told who waits")
	}
	must(t, f.Stage("hall", two)) // was the first one ever taken?
	holds(t, f, second, first)
	must(t, f.Confirm("hall", one))
	holds(t, f, first)
	must(t, f.Stage("hall", two))
	must(t, f.Stage("hall", three))
	holds(t, f, first, third, second)
	must(t, f.Withdraw("hall", two))
	holds(t, f, first, third)
	must(t, f.Withdraw("hall", three))
	holds(t, f, first)
	must(t, f.Stage("hall", two))
	must(t, f.Confirm("hall", two))
	must(t, f.Confirm("hall", two))
	holds(t, f, second)
	if k, err := keyfile.Read(filepath.Join(dir, "hall.key")); err != nil || k != two || f.Waits("hall") {
		t.Error("the confirmed key is not in its file, or waits")
	}
	if _, err := keyfile.Read(filepath.Join(dir, "desk.key")); err == nil {
		t.Error("a file that is not there was read")
	}

	names, err := filepath.Glob(filepath.Join(dir, "*"))
	hidden, herr := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || herr != nil || len(names) != 1 || len(hidden) != 0 {
		t.Errorf("the folder has %v %v", names, hidden)
	}
	file, err := os.Stat(filepath.Join(dir, "hall.key"))
	must(t, err)
	folder, err := os.Stat(dir)
	must(t, err)
	if file.Mode().Perm() != 0o600 || folder.Mode().Perm() != 0o700 {
		t.Errorf("modes %v, %v", file.Mode(), folder.Mode())
	}
}

func TestReadersAreApart(t *testing.T) {
	f, _ := folder(t)
	must(t, f.Stage("desk", secret.New(first)))
	must(t, f.Confirm("desk", secret.New(second)))
	holds(t, f)
}

func TestTheOldestOfManyGoes(t *testing.T) {
	f, _ := folder(t)
	for range 7 {
		must(t, f.Stage("hall", secret.New(first)))
	}
	must(t, f.Stage("hall", secret.New(second)))
	must(t, f.Stage("hall", secret.New(third)))
	holds(t, f, third, second, first, first, first, first, first, first)
}

// What is wrong with a file is said with its path, and never with its content.
func TestBadFiles(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"others can read it": func(path string) error { return os.Chmod(path, 0o640) },
		"no key":             func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"holds no key":       func(path string) error { return os.WriteFile(path, make([]byte, 1100), 0o600) },
		"it is no file": func(path string) error {
			must(t, os.Remove(path))
			return syscall.Mkfifo(path, 0o600)
		},
		"others can change": func(path string) error { return os.Chmod(filepath.Dir(path), 0o730) },
		"symbolic link": func(path string) error {
			return os.Rename(path, path+".real")
		},
	} {
		f, dir := folder(t)
		must(t, f.Stage("hall", secret.New(first)))
		must(t, f.Confirm("hall", secret.New(first)))
		path := filepath.Join(dir, "hall.key")
		must(t, spoil(path))
		if _, err := os.Stat(path); os.IsNotExist(err) {
			must(t, os.Symlink(path+".real", path))
		}
		_, err := f.Load("hall")
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), first) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// No key goes into a folder that others can change.
func TestFolderOfOthers(t *testing.T) {
	f, dir := folder(t)
	must(t, os.Mkdir(dir, 0o700))
	must(t, os.Chmod(dir, 0o702))
	if err := f.Stage("hall", secret.New(first)); err == nil || !strings.Contains(err.Error(), "chmod go-w") {
		t.Errorf("got %v", err)
	}
	list, err := os.ReadDir(dir)
	must(t, err)
	if len(list) > 0 {
		t.Error("a key was put there")
	}
}

func TestNoRoom(t *testing.T) {
	f, dir := folder(t)
	must(t, os.WriteFile(dir, nil, 0o600)) // a file is in the way
	if err := f.Stage("hall", secret.New(first)); err == nil || !strings.Contains(err.Error(), "writable") {
		t.Errorf("got %v", err)
	}
}

// The key of another user may be known to them, and changed by them.
func TestTheKeyFileOfAnotherUserIsRefused(t *testing.T) {
	path := t.TempDir() + "/key"
	must(t, os.WriteFile(path, []byte(first), 0o600))
	_, err := keyfile.Read(path)
	must(t, err)
	if os.Chown(path, 65534, 65534) != nil {
		must(t, os.Chmod(path, 0o606)) // only root can give a file away; ownfile's test has shown the rule
	}
	if _, err := keyfile.Read(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("the key of another user was taken, or %v", err)
	}
}
