// Package keyfile keeps the keys that an agent shares with its readers: a folder with
// two files a reader, which nobody but their owner may read. A new key is on disk
// before the reader gets it, beside the old one, until the reader has shown that it
// took it: a power cut in between loses neither. NAME.key holds the confirmed key,
// NAME.key.next those that wait, one a line, the newest first.
//
//	        Stage                     Confirm
//	(key) --------> (key, waiting) -----------> (the confirmed one is the key)
//	  ^                | ^  | Stage: another one waits
//	  +----------------+ +--+
//	       Withdraw
package keyfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"badged/internal/ownfile"
	"badged/internal/secret"
)

// Folder is where the keys are. It is made with the first key.
type Folder struct{ path string }

// New names a folder.
func New(path string) Folder { return Folder{path} }

// String gives its path.
func (f Folder) String() string { return f.path }

// The files of a reader.
const (
	current = ".key"
	next    = ".key.next"
)

// The bounds of a file: no key of any reader is longer, and the oldest of more than
// maxKeys is of a reader that was cleared since.
const (
	maxKeys = 8
	maxFile = maxKeys * 128
)

// Load gives the keys that a reader may have: the one that was confirmed last, then
// those that wait, the newest first. None is no error.
func (f Folder) Load(reader string) (keys []secret.Text, err error) {
	for _, kind := range []string{current, next} {
		list, err := f.read(reader, kind)
		if err != nil {
			return nil, err
		}
		keys = append(keys, list...)
	}
	return keys, nil
}

// Waits tells whether a reader has keys that were not confirmed.
func (f Folder) Waits(reader string) bool {
	_, err := os.Lstat(filepath.Join(f.path, reader+next))
	return err == nil
}

// Confirmed tells whether a reader has shown that it has one of its keys.
func (f Folder) Confirmed(reader string) bool {
	_, err := os.Lstat(filepath.Join(f.path, reader+current))
	return err == nil
}

// Read gives the key in a file that somebody else made, and that nobody but its owner
// may read.
func Read(path string) (key secret.Text, err error) {
	keys, err := load(path)
	if err != nil {
		return key, fmt.Errorf("read a key: %w", err)
	}
	return keys[0], nil
}

// Stage lets a new key wait. It returns when the key is on disk.
func (f Folder) Stage(reader string, key secret.Text) error {
	if err := f.make(); err != nil {
		return f.failed(reader, err)
	}
	old, err := f.read(reader, next)
	if err != nil {
		return err
	}
	keys := append([]secret.Text{key}, old[:min(len(old), maxKeys-1)]...)
	return f.failed(reader, f.write(reader+next, keys))
}

// Confirm makes a key that the reader has shown to have the only one.
func (f Folder) Confirm(reader string, key secret.Text) error {
	err := f.write(reader+current, []secret.Text{key})
	if err == nil {
		err = f.remove(reader + next)
	}
	return f.failed(reader, err)
}

// Withdraw drops a key that waits and that the reader was never given. It is fine if
// it does not wait.
func (f Folder) Withdraw(reader string, key secret.Text) error {
	old, err := f.read(reader, next)
	if err != nil || !slices.Contains(old, key) {
		return err
	}
	rest := slices.DeleteFunc(old, func(k secret.Text) bool { return k == key })
	if len(rest) == 0 {
		err = f.remove(reader + next)
	} else {
		err = f.write(reader+next, rest)
	}
	return f.failed(reader, err)
}

// make makes the folder, if it is not there, and returns once its name is on disk.
func (f Folder) make() error {
	_, err := os.Lstat(f.path)
	if !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, ownfile.CheckFolder(f.path))
	}
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return err
	}
	return syncDir(filepath.Dir(f.path))
}

// remove makes the end of a file last.
func (f Folder) remove(name string) error {
	err := os.Remove(filepath.Join(f.path, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, syncDir(f.path))
}

func (f Folder) failed(reader string, err error) error {
	if err != nil {
		return fmt.Errorf("keep the key of reader %s: %w (is the disk full, and is %s writable for the user that badged runs as?)", reader, err, f.path)
	}
	return nil
}

// read gives the keys in a file of a reader; none if it is not there.
func (f Folder) read(reader, kind string) ([]secret.Text, error) {
	keys, err := load(filepath.Join(f.path, reader+kind))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a key of reader %s: %w", reader, err)
	}
	return keys, nil
}

// load reads a file that nobody but its owner may read, in a folder where nobody else
// can put another in its place.
func load(path string) (keys []secret.Text, err error) {
	text, err := ownfile.Read(path, ownfile.Secret, 2*maxFile)
	if errors.Is(err, ownfile.ErrUnsafe) {
		return nil, fmt.Errorf("%s is not safe: %w; commission the reader anew if somebody could read it", path, err)
	}
	if err != nil {
		return nil, err
	}
	defer clear(text)
	for _, line := range strings.Fields(string(text)) {
		keys = append(keys, secret.New(line))
	}
	if len(text) > maxFile || len(keys) == 0 || len(keys) > maxKeys {
		return nil, fmt.Errorf("%s holds no key (delete it, and commission the reader anew)", path)
	}
	return keys, nil
}

// write replaces one file and returns once it and its name are on disk.
func (f Folder) write(name string, keys []secret.Text) error {
	tmp, err := os.CreateTemp(f.path, "."+name+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	for _, key := range keys {
		if _, err := fmt.Fprintln(tmp, key.Reveal()); err != nil {
			return err
		}
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
