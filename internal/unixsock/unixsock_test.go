package unixsock

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"badged/internal/ownfile"
)

// Whatever is not a socket stays: `badgehub serve --socket FILE` deleted the file.
func TestListenNeverDeletesWhatIsNoSocket(t *testing.T) {
	dir := t.TempDir()
	for name, put := range map[string]func(path string) error{
		"file":   func(path string) error { return os.WriteFile(path, []byte("the annual accounts"), 0o600) },
		"folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"pipe":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"link":   func(path string) error { return os.Symlink(filepath.Join(dir, "file"), path) },
		"loose":  func(path string) error { return os.Symlink("nowhere", path) },
	} {
		path := filepath.Join(dir, name)
		if err := put(path); err != nil {
			t.Fatal(err)
		}
		before, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Listen(path); !errors.Is(err, ErrNotSocket) {
			t.Errorf("%s: got %v", name, err)
		}
		if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) {
			t.Errorf("%s: it is gone: %v", name, err)
		}
	}
}

func TestListenLeavesASocketThatAnswers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	first, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if _, err := Listen(path); !errors.Is(err, ErrAnswers) {
		t.Errorf("got %v", err)
	}
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("the first one is cut off: %v", err)
	}
	_ = c.Close()
}

func TestListenReplacesASocketThatADeadProgramLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	_ = dead.Close()
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
}

// Whatever the process's mask is, there is no moment at which everybody may connect.
func TestSocketIsPrivateFromTheFirstMoment(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	path := filepath.Join(t.TempDir(), "c.sock")
	ln, err := listenPrivate(path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	if mask := syscall.Umask(0); mask != 0 {
		t.Errorf("the mask is left at %o", mask)
	}
}

// Issue 7, 6: a socket in a folder that others can change may be exchanged for theirs.
func TestSocketsAreMadeAndUsedWhereOnlyTheTrustedCanPutThem(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	if _, err := Dial(t.Context(), path, dir); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("where none is: %v", err)
	}
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := Dial(t.Context(), path, dir)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	for _, mode := range []os.FileMode{0o777, 0o775, 0o777 | os.ModeSticky} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if c, err := Dial(t.Context(), path, "/"); !errors.Is(err, ownfile.ErrUnsafe) {
			t.Errorf("Dial in a folder of mode %v: %v, %v", mode, c, err)
		}
		if l, err := Listen(filepath.Join(dir, "other")); !errors.Is(err, ownfile.ErrUnsafe) {
			t.Errorf("Listen in a folder of mode %v: %v, %v", mode, l, err)
		}
	}
}
