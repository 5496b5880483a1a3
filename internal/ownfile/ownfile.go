// Package ownfile tells whether a program may trust a file or a folder: whether it
// belongs to the user that the program runs as, or to root, and nobody else can change
// it or put another one in its place.
package ownfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrUnsafe means that somebody else could have made or changed what is at a path.
// Starting again does not mend it.
var ErrUnsafe = errors.New("others could have changed it")

// ErrExposed means, beside ErrUnsafe, that a file is of its rightful owner, but others
// may read or write it.
var ErrExposed = errors.New("others have access to it")

// Rule says what people other than the owner may do with a file.
type Rule fs.FileMode

// The rules: the permission bits that a file must not have.
const (
	Secret Rule = 0o077 // nobody else may read it
	Shared Rule = 0o022 // everybody may read it, nobody else may write it
)

// problem is one thing that is wrong with a path, and the command that mends it.
type problem struct {
	path, what, do string
	exposed        bool
}

// Error gives one line: path, what is wrong, what to do.
func (p *problem) Error() string { return fmt.Sprintf("%s %s (%s)", p.path, p.what, p.do) }

// Is knows ErrUnsafe and ErrExposed.
func (p *problem) Is(target error) bool {
	return target == ErrUnsafe || target == ErrExposed && p.exposed
}

// Read reads a regular file of at most limit bytes that satisfies the rule, in a folder
// that CheckFolder finds safe. It follows no link at the end of the path and waits for
// no pipe.
func Read(path string, rule Rule, limit int64) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, &problem{path, "is a symbolic link", "put the file itself there", false}
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := errors.Join(CheckFile(path, info, rule), CheckFolder(filepath.Dir(path))); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", path, limit)
	}
	return b, err
}

// CheckFile reports why what was found at path is not a file to trust under the rule.
// Its error satisfies ErrUnsafe.
func CheckFile(path string, info fs.FileInfo, rule Rule) error {
	return checkFile(path, info, rule, os.Geteuid())
}

func checkFile(path string, info fs.FileInfo, rule Rule, uid int) error {
	mode := info.Mode()
	if !mode.IsRegular() {
		return &problem{path, fmt.Sprintf("has mode %v: it is no file", mode), "move it away", false}
	}
	if err := checkOwner(path, info, uid); err != nil {
		return err
	}
	switch open := mode.Perm() & fs.FileMode(rule); {
	case open&0o022 != 0:
		return &problem{path, fmt.Sprintf("has mode %v: others can write it", mode),
			fmt.Sprintf("look at what is in it, then: chmod %s %s", rule.chmod(), path), true}
	case open != 0:
		return &problem{path, fmt.Sprintf("has mode %v: others can read it", mode), fmt.Sprintf("chmod %s %s, and make a new one if somebody did", rule.chmod(), path), true}
	}
	return nil
}

func (r Rule) chmod() string {
	if r == Secret {
		return "600"
	}
	return "go-w"
}

// CheckPath is CheckFile for what a path leads to, through links too, and CheckFolder
// for the folder of that. A file that is not there is fine.
func CheckPath(path string, rule Rule) error {
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := os.Lstat(real)
	if err != nil {
		return err
	}
	if err := CheckFile(real, info, rule); err != nil {
		return err
	}
	return CheckFolder(filepath.Dir(real))
}

// CheckFolder reports why others could exchange what is in a folder: because the
// folder, or one above it, belongs to somebody else or can be written by others. A
// folder above may be sticky (/tmp), where nobody can rename what belongs to another.
// A folder that is not there is as safe as those above. Its error satisfies ErrUnsafe,
// or says that the folder cannot be looked at.
func CheckFolder(path string) error { return checkFolder(path, os.Geteuid()) }

func checkFolder(path string, uid int) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	first, err := filepath.EvalSymlinks(path)
	for there := path; errors.Is(err, fs.ErrNotExist) && there != filepath.Dir(there); {
		there = filepath.Dir(there)
		first, err = filepath.EvalSymlinks(there)
		path = "" // the folder itself is not there
	}
	if err != nil {
		return err
	}
	for at := first; ; at = filepath.Dir(at) {
		info, err := os.Lstat(at)
		if err != nil {
			return err
		}
		if err := checkOneFolder(at, info, uid, at == first && path != ""); err != nil {
			return err
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

func checkOneFolder(path string, info fs.FileInfo, uid int, last bool) error {
	mode := info.Mode()
	if !mode.IsDir() {
		return &problem{path, fmt.Sprintf("has mode %v: it is no folder", mode), "move it away", false}
	}
	if err := checkOwner(path, info, uid); err != nil {
		return err
	}
	if mode.Perm()&0o022 != 0 && (last || mode&fs.ModeSticky == 0) {
		return &problem{path, fmt.Sprintf("has mode %v: others can change what is in it", mode), "chmod go-w " + path, false}
	}
	return nil
}

// checkOwner complains about what is neither root's nor of the user uid.
func checkOwner(path string, info fs.FileInfo, uid int) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if ok && (stat.Uid == 0 || int(stat.Uid) == uid) {
		return nil
	}
	owner := -1
	if ok {
		owner = int(stat.Uid)
	}
	return &problem{path, fmt.Sprintf("belongs to user %d, this program runs as user %d", owner, uid),
		fmt.Sprintf("find out who put it there, then: chown %d %s", uid, path), false}
}
