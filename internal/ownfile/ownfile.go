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
	path = filepath.Clean(path) // opened and checked along the same way
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
	return checkFile(path, info, rule, caller())
}

func checkFile(path string, info fs.FileInfo, rule Rule, users trusted) error {
	mode := info.Mode()
	if !mode.IsRegular() {
		return &problem{path, fmt.Sprintf("has mode %v: it is no file", mode), "move it away", false}
	}
	if err := users.checkOwner(path, info); err != nil {
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
