package ownfile

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// linked makes a folder that only we can change, with a key in it, and a link to it in
// another folder.
func linked(t *testing.T) (folder, link string) {
	t.Helper()
	top := t.TempDir()
	state := filepath.Join(top, "real", "state")
	folder, link = filepath.Join(top, "odd"), filepath.Join(top, "odd", "state")
	err := errors.Join(os.MkdirAll(state, 0o700), os.WriteFile(filepath.Join(state, "key"), []byte("secret"), 0o600),
		os.Mkdir(folder, 0o755), os.Symlink("../real/./state/", link))
	if err != nil {
		t.Fatal(err)
	}
	return folder, link
}

// Issue 7, 6: whoever can change the folder of a link can turn it to an older copy of the
// state. The links were followed first, and their folders never looked at.
func TestALinkIsAsSafeAsTheFolderThatHoldsIt(t *testing.T) {
	folder, link := linked(t)
	longer := filepath.Join(t.TempDir(), "longer") // an absolute link to the link
	if err := os.Symlink(link, longer); err != nil {
		t.Fatal(err)
	}
	for mode, safe := range map[os.FileMode]bool{0o755: true, 0o777 | os.ModeSticky: true, 0o777: false, 0o775: false} {
		if err := os.Chmod(folder, mode); err != nil {
			t.Fatal(err)
		}
		for _, way := range []string{link, longer} {
			_, readErr := Read(filepath.Join(way, "key"), Secret, 100)
			for what, err := range map[string]error{
				"folder": CheckFolder(way), "folder to be made": CheckFolder(filepath.Join(way, "not", "there")),
				"file": CheckPath(filepath.Join(way, "key"), Secret), "file that is read": readErr,
				"file of the folder above": CheckPath(way+"/../state/key", Secret),
			} {
				if (err == nil) != safe || !safe && (!errors.Is(err, ErrUnsafe) || !strings.Contains(err.Error(), "chmod go-w "+folder+")")) {
					t.Errorf("%s through %s in a folder of mode %v: got %v", what, way, mode, err)
				}
			}
		}
	}
}

// In /tmp everybody can make a link, and turn it later: only ours and root's are followed.
func TestALinkOfSomebodyElseIsNotFollowed(t *testing.T) {
	folder, link := linked(t)
	if err := os.Chmod(folder, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Lchown(link, stranger(), -1); err != nil {
			t.Fatal(err)
		}
		wantOwner(t, CheckFolder(link), link)
		wantOwner(t, CheckPath(filepath.Join(link, "key"), Secret), link)
		return
	}
	_, err := trusted{stranger()}.readLink(link) // our link, as a stranger sees it
	wantOwner(t, err, link)
}

func TestLinksInARingEnd(t *testing.T) {
	dir := t.TempDir()
	for from, to := range map[string]string{"a": "b", "b": "a"} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	if err := CheckFolder(filepath.Join(dir, "a")); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("got %v", err)
	}
}

func socketAt(t *testing.T, path string) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
}

// A socket in a folder that others can change may be anybody's.
func TestASocketIsTrustedWhereOnlyTheTrustedCanPutIt(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "s"), filepath.Join(t.TempDir(), "link")
	file := filepath.Join(dir, "file")
	if err := errors.Join(os.Symlink(path, link), os.WriteFile(file, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, link} {
		if err := CheckSocket(p, dir); err != nil {
			t.Errorf("%s, which is not there: %v", p, err)
		}
	}
	socketAt(t, path)
	for mode, safe := range map[os.FileMode]bool{0o755: true, 0o777: false, 0o777 | os.ModeSticky: false} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		for _, p := range []string{path, link, filepath.Join(dir, "none")} {
			if err := CheckSocket(p, "/"); (err == nil) != safe || !safe && !errors.Is(err, ErrUnsafe) {
				t.Errorf("%s in a folder of mode %v: %v", p, mode, err)
			}
		}
		if err := CheckSocket(file, "/"); !errors.Is(err, ErrUnsafe) {
			t.Errorf("a file: %v", err)
		}
	}
}

// Root manages a hub that runs as a user of its own: what the owner of the hub's folder
// put there is the hub's. In any other folder of that user or of others it is not.
func TestTheOwnerOfTheHomeFolderMayOwnTheSocket(t *testing.T) {
	top := t.TempDir()
	home, path := filepath.Join(top, "home"), filepath.Join(top, "home", "s")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	socketAt(t, path)
	if os.Geteuid() != 0 { // only root can give the folder away: look at it as a stranger below /
		users, err := trusted{stranger()}.withOwner("/")
		if err != nil || len(users) != 2 || users[1] != 0 {
			t.Errorf("got %v, %v", users, err)
		}
		return
	}
	give := func(uid int, paths ...string) {
		for _, p := range paths {
			if err := os.Lchown(p, uid, -1); err != nil {
				t.Fatal(err)
			}
		}
	}
	give(stranger(), home, path)
	if err := CheckSocket(path, home); err != nil {
		t.Errorf("the hub of another user: %v", err)
	}
	wantOwner(t, CheckSocket(path, filepath.Join(top, "other")), home)
	give(stranger()+1, path) // a third user's socket
	wantOwner(t, CheckSocket(path, home), path)
	give(stranger(), path, top) // the folder above is not root's any more
	wantOwner(t, CheckSocket(path, home), top)
}
