package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// migration is one step of the schema: the file NNNN_name.sql. Once released it
// never changes; what was applied is kept with its checksum.
type migration struct {
	version int
	name    string
	script  string
	sum     [sha256.Size]byte
}

// readMigrations reads the steps in order and refuses a gap or a strange name.
func readMigrations(fsys fs.FS) ([]migration, error) {
	names, err := fs.Glob(fsys, "*.sql") // sorted
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no migrations")
	}
	steps := make([]migration, len(names))
	for i, name := range names {
		number, rest, ok := strings.Cut(strings.TrimSuffix(path.Base(name), ".sql"), "_")
		if v, err := strconv.Atoi(number); !ok || rest == "" || len(number) != 4 || err != nil || v != i+1 {
			return nil, fmt.Errorf("migration %s: want %04d_name.sql here", name, i+1)
		}
		script, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		steps[i] = migration{i + 1, rest, string(script), sha256.Sum256(script)}
	}
	return steps, nil
}

// migrate applies the steps that the file lacks, one transaction each. user_version
// is the number of the last one; the table migration keeps all with their checksums.
func migrate(ctx context.Context, w *sql.DB, appID int32, steps []migration) error {
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
		if err := m.apply(ctx, w, appID); err != nil {
			return fmt.Errorf("migration %04d_%s: %w", m.version, m.name, err)
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

func checkApplied(ctx context.Context, w *sql.DB, steps []migration) error {
	for _, m := range steps {
		var sum []byte
		err := w.QueryRowContext(ctx, "SELECT sum FROM migration WHERE version = ?", m.version).Scan(&sum)
		if err != nil {
			return fmt.Errorf("read migration %04d_%s: %w", m.version, m.name, err)
		}
		if !bytes.Equal(sum, m.sum[:]) {
			return fmt.Errorf("%w: its schema %d was made by a different %04d_%s", ErrForeign, m.version, m.version, m.name)
		}
	}
	return nil
}

func (m migration) apply(ctx context.Context, w *sql.DB, appID int32) error {
	tx, err := w.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // without effect after the commit
	if m.version == 1 {
		_, err := tx.ExecContext(ctx, `CREATE TABLE migration (
			version INTEGER PRIMARY KEY, name TEXT NOT NULL, sum BLOB NOT NULL) STRICT`)
		if err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, m.script); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO migration VALUES (?, ?, ?)", m.version, m.name, m.sum[:]); err != nil {
		return err
	}
	mark := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", appID, m.version)
	if _, err := tx.ExecContext(ctx, mark); err != nil {
		return err
	}
	return tx.Commit()
}
