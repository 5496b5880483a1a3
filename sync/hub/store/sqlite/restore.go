package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"badged/internal/sqlite"
)

// Restore puts a backup in place at path, where there must be no file. It works on a copy
// that gets the name when it has passed all checks: the file's structure, every set hash, the
// chain of the audit log. The backup stays as it is.
func Restore(ctx context.Context, backup, path string) error {
	part := path + ".restore"
	if err := removeAll(part); err != nil { // of a restore that was cut off
		return err
	}
	err := sqlite.CopyBackup(ctx, part, backup)
	if err == nil {
		if err = check(ctx, part); err != nil {
			err = fmt.Errorf("backup %s does not pass: %w", backup, err)
		}
	}
	if err == nil {
		err = sqlite.Move(part, path)
	}
	if err != nil {
		return errors.Join(err, removeAll(part))
	}
	return nil
}

func check(ctx context.Context, path string) error {
	db, err := openFile(ctx, path)
	if err != nil {
		return err
	}
	if err := db.Verify(ctx); err != nil {
		return errors.Join(err, db.Close())
	}
	s, err := newStore(ctx, db, time.Now)
	if err != nil {
		return err
	}
	return errors.Join(s.Check(ctx), s.Close())
}

func removeAll(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		if err := os.Remove(path + suffix); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
