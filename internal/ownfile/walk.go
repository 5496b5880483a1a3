package ownfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// maxLinks bounds the symbolic links on a path, as the kernel does.
const maxLinks = 40

// CheckPath is CheckFile for what a path leads to, through links too, and CheckFolder
// for the folder of that. A file that is not there is fine.
func CheckPath(path string, rule Rule) error {
	users := caller()
	at, info, err := users.walk(path)
	if err != nil || info == nil {
		return err
	}
	if err := checkFile(at, info, rule, users); err != nil {
		return err
	}
	return users.checkFolder(filepath.Dir(at))
}

// CheckFolder reports why others could exchange what is in a folder: because the
// folder, one above it, or a link on the way to it belongs to somebody else, or because
// others can write one of the folders. A folder above may be sticky (/tmp), where nobody
// can rename what belongs to another. A folder that is not there is as safe as those
// above. Its error satisfies ErrUnsafe, or says that the folder cannot be looked at.
func CheckFolder(path string) error { return caller().checkFolder(path) }

// CheckSocket reports why a program should not talk to the socket at path: somebody else
// may have made it. Beside root and the user who runs the program, the owner of the
// folder home is trusted: a service keeps its socket in a folder of its own. What leads
// to home is checked as any folder. A socket that is not there is fine.
func CheckSocket(path, home string) error {
	users, err := caller().withOwner(home)
	if err != nil {
		return err
	}
	at, info, err := users.walk(path)
	if err != nil {
		return err
	}
	if err := users.checkFolder(filepath.Dir(at)); err != nil || info == nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return &problem{at, fmt.Sprintf("has mode %v: it is no socket", info.Mode()), "name the path of the socket", false}
	}
	return users.checkOwner(at, info)
}

// trusted are the users who may own a file; root may always. The first one runs this
// program.
type trusted []int

func caller() trusted { return trusted{os.Geteuid()} }

// withOwner adds the owner of a folder, if there is one. Only the folders above it decide
// who could have put it there.
func (t trusted) withOwner(folder string) (trusted, error) {
	if err := t.checkFolder(filepath.Dir(filepath.Clean(folder))); err != nil {
		return nil, err
	}
	info, err := os.Lstat(folder)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return t, nil
	}
	if err != nil {
		return nil, err
	}
	return append(slices.Clone(t), ownerOf(info)), nil
}

func (t trusted) checkFolder(path string) error {
	at, info, err := t.walk(filepath.Clean(path))
	if err != nil || info == nil {
		return err
	}
	return t.checkOneFolder(at, info, true)
}

// walk follows a path from the root, one name after the other, as the kernel does. It
// checks each folder and each link that it goes through, so that what is where it ends is
// there because somebody trusted put it there. It gives the place where it ends, free of
// links, and what is there: nil if there is nothing.
func (t trusted) walk(path string) (at string, info fs.FileInfo, err error) {
	names, err := namesFromRoot(path)
	if err != nil {
		return "", nil, err
	}
	at = "/"
	for links := 0; ; {
		if info, err = os.Lstat(at); err != nil || len(names) == 0 {
			return at, info, err
		}
		if err := t.checkOneFolder(at, info, false); err != nil {
			return "", nil, err
		}
		next := filepath.Join(at, names[0]) // at is free of links: .. is the folder above
		names = names[1:]
		target, err := t.readLink(next)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return next, nil, nil
		case err != nil:
			return "", nil, err
		case target == "":
			at = next
			continue
		case filepath.IsAbs(target):
			at = "/"
		}
		if links++; links > maxLinks {
			return "", nil, &fs.PathError{Op: "follow", Path: path, Err: syscall.ELOOP}
		}
		names = append(split(target), names...)
	}
}

// readLink gives where a link leads that somebody trusted made; nothing if it is no link.
func (t trusted) readLink(path string) (target string, err error) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != fs.ModeSymlink {
		return "", err
	}
	if err := t.checkOwner(path, info); err != nil {
		return "", err
	}
	return os.Readlink(path)
}

func namesFromRoot(path string) ([]string, error) {
	if filepath.IsAbs(path) {
		return split(path), nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	return append(split(dir), split(path)...), nil
}

func split(path string) []string {
	return slices.DeleteFunc(strings.Split(path, "/"), func(name string) bool { return name == "" || name == "." })
}

func (t trusted) checkOneFolder(path string, info fs.FileInfo, last bool) error {
	mode := info.Mode()
	if !mode.IsDir() {
		return &problem{path, fmt.Sprintf("has mode %v: it is no folder", mode), "move it away", false}
	}
	if err := t.checkOwner(path, info); err != nil {
		return err
	}
	if mode.Perm()&0o022 != 0 && (last || mode&fs.ModeSticky == 0) {
		return &problem{path, fmt.Sprintf("has mode %v: others can change what is in it", mode), "chmod go-w " + path, false}
	}
	return nil
}

// checkOwner complains about what belongs neither to root nor to somebody trusted.
func (t trusted) checkOwner(path string, info fs.FileInfo) error {
	owner := ownerOf(info)
	if owner == 0 || owner >= 0 && slices.Contains(t, owner) {
		return nil
	}
	what, chown := "belongs", "chown"
	if info.Mode().Type() == fs.ModeSymlink {
		what, chown = "is a symbolic link and belongs", "chown -h"
	}
	return &problem{path, fmt.Sprintf("%s to user %s, this program runs as user %s", what, userName(owner), userName(t[0])),
		fmt.Sprintf("if it is %[1]s's for good reason, run this as %[1]s: sudo -u %[1]s ...; if somebody else put it there: %[2]s %[3]d %[4]s",
			userName(owner), chown, t[0], path), false}
}

// userName is the name of a user, or the number of one without a name.
func userName(id int) string {
	u, err := user.LookupId(strconv.Itoa(id))
	if err != nil {
		return "#" + strconv.Itoa(id) // sudo takes it like this
	}
	return u.Username
}

// ownerOf is the user whom a file belongs to; -1: the system does not tell.
func ownerOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return -1
}
