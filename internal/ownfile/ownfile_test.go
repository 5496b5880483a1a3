package ownfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// stranger is a user that this test does not run as, and that is not root.
func stranger() int { return os.Geteuid() + 12345 }

func file(t *testing.T, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := errors.Join(os.WriteFile(path, []byte("secret"), mode), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAFileThatOthersMayReadOrWriteIsNotRead(t *testing.T) {
	for _, tt := range []struct {
		mode os.FileMode
		rule Rule
		says string // empty: it is read
	}{
		{0o600, Secret, ""}, {0o400, Secret, ""}, {0o644, Shared, ""}, {0o640, Shared, ""},
		{0o640, Secret, "others can read it (chmod 600 "}, {0o604, Secret, "others can read it (chmod 600 "},
		{0o620, Secret, "chmod 600 "}, {0o602, Secret, "chmod 600 "}, {0o610, Secret, "chmod 600 "},
		{0o664, Shared, "chmod go-w "}, {0o646, Shared, "chmod go-w "},
	} {
		path := file(t, tt.mode)
		b, err := Read(path, tt.rule, 100)
		if tt.says == "" {
			if err != nil || string(b) != "secret" {
				t.Errorf("%v under rule %o: %v", tt.mode, tt.rule, err)
			}
			continue
		}
		if !errors.Is(err, ErrUnsafe) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), path) || len(b) > 0 {
			t.Errorf("%v under rule %o: got %v, want %q", tt.mode, tt.rule, err, tt.says)
		}
	}
}

func TestAFileOfSomebodyElseIsNotTrusted(t *testing.T) {
	path := file(t, 0o600)
	if os.Geteuid() == 0 { // the file of a stranger, as root sees it
		if err := os.Chown(path, stranger(), -1); err != nil {
			t.Fatal(err)
		}
		_, err := Read(path, Secret, 100)
		wantOwner(t, err, path)
		return
	}
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	wantOwner(t, checkFile(path, info, Secret, trusted{stranger()}), path) // our file, as a stranger sees it
}

func wantOwner(t *testing.T, err error, path string) {
	t.Helper()
	if !errors.Is(err, ErrUnsafe) || !strings.Contains(err.Error(), "belongs to user") || !strings.Contains(err.Error(), "chown") ||
		!strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
}

func TestRootsFileIsTrustedByEverybody(t *testing.T) {
	if err := CheckFolder("/"); err != nil { // root's on every system
		t.Error(err)
	}
	if err := (trusted{stranger()}).checkFolder("/"); err != nil {
		t.Error(err)
	}
}

func TestLinksPipesAndFoldersAreNoFiles(t *testing.T) {
	path := file(t, 0o600)
	dir := filepath.Dir(path)
	link, pipe := filepath.Join(dir, "link"), filepath.Join(dir, "pipe")
	if err := errors.Join(os.Symlink(path, link), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{link, pipe, dir} {
		if _, err := Read(p, Secret, 100); !errors.Is(err, ErrUnsafe) || !strings.Contains(err.Error(), p) {
			t.Errorf("%s: got %v", p, err)
		}
	}
}

func TestAFileIsBounded(t *testing.T) {
	path := file(t, 0o600)
	if _, err := Read(path, Secret, 5); err == nil {
		t.Error("6 bytes are read where 5 are the bound")
	}
	if _, err := Read(path, Secret, 6); err != nil {
		t.Error(err)
	}
}

// Who can write a folder above can put another folder in the place of ours.
func TestAFolderThatOthersCanChangeIsNotSafe(t *testing.T) {
	for _, tt := range []struct {
		upper, lower os.FileMode
		bad          string // which one is named; empty: both are fine
	}{
		{0o755, 0o700, ""}, {0o755, 0o755, ""}, {0o777 | os.ModeSticky, 0o700, ""}, {0o775 | os.ModeSticky, 0o750, ""},
		{0o777, 0o700, "upper"}, {0o775, 0o700, "upper"},
		{0o755, 0o777, "lower"}, {0o755, 0o770, "lower"}, {0o755, 0o777 | os.ModeSticky, "lower"},
	} {
		upper := filepath.Join(t.TempDir(), "upper")
		lower := filepath.Join(upper, "lower")
		if err := errors.Join(os.MkdirAll(lower, 0o700), os.Chmod(lower, tt.lower), os.Chmod(upper, tt.upper)); err != nil {
			t.Fatal(err)
		}
		err := CheckFolder(lower)
		want := map[string]string{"": "", "upper": "chmod go-w " + upper + ")", "lower": "chmod go-w " + lower + ")"}[tt.bad]
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v above %v: got %v, want %q", tt.upper, tt.lower, err, want)
		}
		if _, err := Read(lower+"/key", Secret, 1); errors.Is(err, ErrUnsafe) {
			t.Error("a file that is not there is called unsafe")
		}
	}
}

func TestAFolderThatIsToBeMadeIsAsSafeAsThoseAbove(t *testing.T) {
	upper := t.TempDir()
	for mode, safe := range map[os.FileMode]bool{0o755: true, 0o777 | os.ModeSticky: true, 0o777: false} {
		if err := os.Chmod(upper, mode); err != nil {
			t.Fatal(err)
		}
		if err := CheckFolder(filepath.Join(upper, "not", "there")); (err == nil) != safe {
			t.Errorf("below %v: %v", mode, err)
		}
	}
}

// A configuration may be a link, as ostree and nix make them: what counts is where it leads.
func TestAPathIsFollowedToItsEnd(t *testing.T) {
	path := file(t, 0o644)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(CheckPath(link, Shared), CheckPath(link+"x", Shared)); err != nil {
		t.Error(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := CheckPath(link, Shared); !errors.Is(err, ErrUnsafe) || !strings.Contains(err.Error(), "chmod go-w "+path) {
		t.Errorf("got %v", err)
	}
}

func TestAFolderOfSomebodyElseIsNotTrusted(t *testing.T) {
	dir := t.TempDir()
	uid := stranger() // our folder, as a stranger sees it
	if os.Geteuid() == 0 {
		if err := os.Chown(dir, uid, -1); err != nil {
			t.Fatal(err)
		}
		uid = 0
	}
	wantOwner(t, trusted{uid}.checkFolder(filepath.Join(dir, ".")), dir)
}
