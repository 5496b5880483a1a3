package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"badged/internal/sqlite"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
)

// Restore puts a backup in place at path, where there must be no file. It works on a copy
// that gets the name when it has passed all checks: the file's structure, every set hash, the
// chain of the audit log; that it was restored is noted in it. The backup stays as it is.
func Restore(ctx context.Context, backup, path string) error {
	part := path + ".restore"
	err := copyChecked(ctx, backup, part)
	if err == nil {
		err = sqlite.Move(part, path)
	}
	if err != nil {
		return errors.Join(err, removeAll(part))
	}
	return nil
}

// TryRestore restores a backup to a copy beside it, with all checks, and takes that away again.
func TryRestore(ctx context.Context, backup string) error {
	part := backup + ".restore"
	return errors.Join(copyChecked(ctx, backup, part), removeAll(part))
}

// copyChecked copies a backup to part, where one that was cut off may be, and checks the copy.
func copyChecked(ctx context.Context, backup, part string) error {
	if err := removeAll(part); err != nil {
		return err
	}
	if err := sqlite.CopyBackup(ctx, part, backup); err != nil {
		return err
	}
	if err := check(ctx, part); err != nil {
		return fmt.Errorf("backup %s does not pass: %w", backup, err)
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
	s := newStore(db, time.Now)
	err = s.Check(ctx)
	if err == nil {
		err = s.Write(ctx, audit.Actor{Kind: audit.System, Via: "restore"}, fleet.MarkRestored)
	}
	return errors.Join(err, s.Close())
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
