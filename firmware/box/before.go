package box

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// before keeps the agent's files as they were when a trial began. A release may change the database
// in a way that the one of before does not understand; after a rollback that agent refuses it, and
// gets the files of before. What it still understands stays: events of the trial are in it.
//
//	trial begins: keep ──► committed: forget
//	                  └──► rolled back, and the agent refuses: putBack
type before struct {
	state string // folder of the agent
	copy  string // of it
	aside string // the agent's files as the trial left them
}

// newBefore is that of a terminal.
func newBefore() before { return before{"/data/badged", "/data/box/before", "/data/box/after"} }

// keepFiles copies the agent's files. The copy has its name when it is whole.
func (b before) keepFiles() error {
	half := b.copy + ".new"
	if err := errors.Join(os.RemoveAll(half), os.RemoveAll(b.copy), copyTree(b.state, half)); err != nil {
		return fmt.Errorf("keep the agent's files as they were before the update: %w", err)
	}
	if err := os.Rename(half, b.copy); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(b.copy))
}

// dropCopy drops the copy.
func (b before) dropCopy() error { return os.RemoveAll(b.copy) }

// putBack restores the agent's files of before the update, once, and reports whether there were any.
// It moves the present files aside. If it is interrupted, the next start repeats it.
func (b before) putBack() (bool, error) {
	if _, err := os.Stat(b.copy); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	entries, err := os.ReadDir(b.state)
	if err == nil {
		err = errors.Join(os.RemoveAll(b.aside), os.MkdirAll(b.aside, 0o700))
	}
	for _, e := range entries {
		err = errors.Join(err, os.Rename(filepath.Join(b.state, e.Name()), filepath.Join(b.aside, e.Name())))
	}
	if err == nil {
		err = copyTree(b.copy, b.state)
	}
	if err != nil {
		return false, fmt.Errorf("give the agent its files of before the update: %w", err)
	}
	return true, b.dropCopy()
}

// copyTree copies folders and files with their owners, and waits until they are on the card. Sockets
// and links are left out: the agent makes none that last.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case d.IsDir():
			err = errors.Join(os.MkdirAll(target, 0o700), syncFolder(filepath.Dir(target)))
		case d.Type().IsRegular():
			err = copyFile(path, target)
		default:
			return nil
		}
		st := info.Sys().(*syscall.Stat_t)
		return errors.Join(err, os.Chown(target, int(st.Uid), int(st.Gid)), os.Chmod(target, info.Mode().Perm()))
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
