// Package keyfile keeps the keys that an agent shares with its readers: a folder with
// one file a reader, which nobody but its owner may read. A new key is on disk before
// the reader gets it, beside the old one, until the reader has shown that it took it;
// a power cut in between loses neither.
//
//	        Stage              Confirm
//	(key) --------> (key, next) ------> (next is the key)
//	  ^                  |
//	  +------------------+ Withdraw
package keyfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"badged/internal/secret"
)

// Folder is where the keys are. It is made with the first key.
type Folder struct{ path string }

// New names a folder.
func New(path string) Folder { return Folder{path} }

// The files of a reader.
const (
	current = ".key"
	next    = ".key.next"
)

// maxFile bounds what is read: no key of any reader is longer.
const maxFile = 512

// Keys are those of a reader.
type Keys struct {
	Current secret.Text // the one that was confirmed last; zero: none was
	Next    secret.Text // the one that was staged since; zero: none is
}

// Load gives the keys of a reader; none is no error.
func (f Folder) Load(reader string) (k Keys, err error) {
	for kind, to := range map[string]*secret.Text{current: &k.Current, next: &k.Next} {
		*to, err = load(filepath.Join(f.path, reader+kind))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Keys{}, fmt.Errorf("read a key of reader %s: %w", reader, err)
		}
	}
	return k, nil
}

// Stage puts a new key beside the old one. It returns when the key is on disk.
func (f Folder) Stage(reader string, key secret.Text) error {
	err := os.MkdirAll(f.path, 0o700)
	if err == nil {
		err = f.write(reader+next, key)
	}
	return f.failed(reader, err)
}

// Confirm drops the old key: the reader has the staged one. It is fine if nothing is
// staged.
func (f Folder) Confirm(reader string) error {
	err := os.Rename(filepath.Join(f.path, reader+next), filepath.Join(f.path, reader+current))
	return f.done(reader, err)
}

// Withdraw drops a staged key that the reader was never given. It is fine if nothing is
// staged.
func (f Folder) Withdraw(reader string) error {
	return f.done(reader, os.Remove(filepath.Join(f.path, reader+next)))
}

// done makes a change of names last.
func (f Folder) done(reader string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = syncDir(f.path)
	}
	return f.failed(reader, err)
}

func (f Folder) failed(reader string, err error) error {
	if err != nil {
		return fmt.Errorf("keep the key of reader %s: %w (is the disk full, and is %s writable for the user that badged runs as?)", reader, err, f.path)
	}
	return nil
}

// load reads a file that nobody but its owner may read.
func load(path string) (key secret.Text, err error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return key, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return key, err
	}
	if mode := info.Mode(); !mode.IsRegular() || mode.Perm()&0o077 != 0 {
		return key, fmt.Errorf("%s has mode %v: others can read it (chmod 600 it, and commission the reader anew if somebody did)", path, mode)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return key, err
	}
	if len(text) > maxFile || len(strings.TrimSpace(string(text))) == 0 {
		return key, fmt.Errorf("%s holds no key (delete it, and commission the reader anew)", path)
	}
	return secret.New(strings.TrimSpace(string(text))), nil
}

// write replaces one file and returns once it and its name are on disk.
func (f Folder) write(name string, key secret.Text) error {
	tmp, err := os.CreateTemp(f.path, "."+name+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	if _, err := io.WriteString(tmp, key.Reveal()+"\n"); err != nil {
		return err
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), filepath.Join(f.path, name)); err != nil {
		return err
	}
	return syncDir(f.path)
}

// syncDir puts the names in dir on disk. File systems that cannot do that say EINVAL.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}
