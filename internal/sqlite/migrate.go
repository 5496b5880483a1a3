package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"

	"badged/internal/migration"
)

// migrate applies the steps that the file lacks, one transaction each. user_version
// is the number of the last one; the table migration keeps all with their checksums.
func migrate(ctx context.Context, w *sql.DB, appID int32, steps []migration.Step) error {
	have, err := schemaVersion(ctx, w, appID)
	if err != nil {
		return err
	}
	if have > len(steps) {
		return fmt.Errorf("%w: it has schema %d, this program knows %d", ErrNewer, have, len(steps))
	}
	if err := checkApplied(ctx, w, steps[:have]); err != nil {
		return err
	}
	for _, m := range steps[have:] {
		if err := apply(ctx, w, appID, m); err != nil {
			return fmt.Errorf("migration %s: %w", m, err)
		}
	}
	return nil
}

// schemaVersion is user_version, after a look at whose file this is.
func schemaVersion(ctx context.Context, w *sql.DB, appID int32) (version int, err error) {
	var app int32
	var tables int
	if err := w.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, err
	}
	if err := w.QueryRowContext(ctx, "PRAGMA application_id").Scan(&app); err != nil {
		return 0, err
	}
	if err := w.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return 0, err
	}
	if app != appID && (app != 0 || version != 0 || tables != 0) {
		return 0, fmt.Errorf("%w: its application id is %d, not %d", ErrForeign, app, appID)
	}
	return version, nil
}

func checkApplied(ctx context.Context, w *sql.DB, steps []migration.Step) error {
	for _, m := range steps {
		var sum []byte
		err := w.QueryRowContext(ctx, "SELECT sum FROM migration WHERE version = ?", m.Version).Scan(&sum)
		if err != nil {
			return fmt.Errorf("read migration %s: %w", m, err)
		}
		if !bytes.Equal(sum, m.Sum[:]) {
			return fmt.Errorf("%w: its schema %d was made by a different %s", ErrForeign, m.Version, m)
		}
	}
	return nil
}

func apply(ctx context.Context, w *sql.DB, appID int32, m migration.Step) error {
	tx, err := w.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // without effect after the commit
	if m.Version == 1 {
		_, err := tx.ExecContext(ctx, `CREATE TABLE migration (
			version INTEGER PRIMARY KEY, name TEXT NOT NULL, sum BLOB NOT NULL) STRICT`)
		if err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, m.Script); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO migration VALUES (?, ?, ?)", m.Version, m.Name, m.Sum[:]); err != nil {
		return err
	}
	mark := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", appID, m.Version)
	if _, err := tx.ExecContext(ctx, mark); err != nil {
		return err
	}
	return tx.Commit()
}
