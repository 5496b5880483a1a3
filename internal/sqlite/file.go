package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"badged/internal/migration"
)

// lockFile takes the lock that keeps a second process away. It ends with the process.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close() // the first error is the one to tell
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrInUse
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

// makeFile makes the file with its schema if there is none, under another name
// first, so that under its own name it is never incomplete.
func makeFile(ctx context.Context, o Options, steps []migration.Step) (made bool, err error) {
	if _, err := os.Lstat(o.Path); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	tmp := o.Path + ".new"
	for _, suffix := range []string{"", "-wal", "-shm"} { // of a start that was cut off
		if err := os.Remove(tmp + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	f, err := os.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return false, err
	}
	if err := f.Close(); err != nil {
		return false, err
	}
	w, err := openWriter(ctx, o, tmp, steps)
	if err != nil {
		return false, err
	}
	if err := w.Close(); err != nil {
		return false, err
	}
	if err := os.Rename(tmp, o.Path); err != nil {
		return false, err
	}
	return true, syncDir(filepath.Dir(o.Path))
}

// checkFiles refuses files that are not regular, not ours, open to others, or empty.
func checkFiles(path string) error {
	for _, p := range []string{path, path + "-wal", path + "-shm"} {
		st, err := os.Lstat(p)
		if errors.Is(err, fs.ErrNotExist) && p != path {
			continue
		}
		if err != nil {
			return err
		}
		if err := checkOwner(p, st); err != nil {
			return err
		}
		if p == path && st.Size() == 0 {
			return errEmpty
		}
	}
	return nil
}

func checkOwner(path string, st fs.FileInfo) error {
	uid := os.Geteuid()
	switch sys := st.Sys().(*syscall.Stat_t); {
	case !st.Mode().IsRegular():
		return &Error{"open", path, "point the configuration at a file", fmt.Errorf("%w: it is a %s", ErrForeign, kind(st.Mode()))}
	case int(sys.Uid) != uid:
		return &Error{"open", path, fmt.Sprintf("run as that user, or: chown %d %s", uid, path),
			fmt.Errorf("%w: it belongs to user %d, this process runs as %d", ErrOwner, sys.Uid, uid)}
	case st.Mode().Perm()&0o077 != 0:
		return &Error{"open", path, "chmod 600 " + path,
			fmt.Errorf("%w: others have access, its mode is %04o", ErrOwner, st.Mode().Perm())}
	}
	return nil
}

func kind(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "folder"
	case m&fs.ModeSymlink != 0:
		return "symbolic link"
	default:
		return "device or pipe"
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
