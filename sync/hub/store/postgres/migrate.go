package postgres

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"badged/internal/migration"
)

// lockSchema makes two hubs that start at once take turns: "bghb".
const lockSchema = `SELECT pg_advisory_xact_lock(x'62676862'::int)`

// migrate applies the steps that the database lacks, all or none. The table migration keeps
// them with their checksums.
func migrate(ctx context.Context, db *sql.DB, steps []migration.Step) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // without effect after the commit
	if _, err := tx.ExecContext(ctx, lockSchema); err != nil {
		return err
	}
	have, err := applied(ctx, tx, steps)
	if err != nil {
		return err
	}
	for _, m := range steps[have:] {
		if err := apply(ctx, tx, m); err != nil {
			return fmt.Errorf("migration %s: %w", m, err)
		}
	}
	return tx.Commit()
}

// applied counts the steps that the database has, and holds them against those of the
// program.
func applied(ctx context.Context, tx *sql.Tx, steps []migration.Step) (int, error) {
	var ours bool
	var tables int
	err := tx.QueryRowContext(ctx, `SELECT to_regclass('migration') IS NOT NULL,
		(SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace)`).
		Scan(&ours, &tables)
	switch {
	case err != nil:
		return 0, err
	case !ours && tables > 0:
		return 0, fmt.Errorf("%w: it has %d tables of something else", ErrForeign, tables)
	case !ours:
		_, err := tx.ExecContext(ctx, `CREATE TABLE migration (version BIGINT PRIMARY KEY, name TEXT NOT NULL, sum BYTEA NOT NULL)`)
		return 0, err
	}
	for n := 0; ; n++ {
		var sum []byte
		err := tx.QueryRowContext(ctx, `SELECT sum FROM migration WHERE version = $1`, n+1).Scan(&sum)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return n, nil
		case err != nil:
			return n, err
		case n == len(steps):
			return n, fmt.Errorf("%w: it has schema %d or later, this program knows %d", ErrNewer, n+1, n)
		case !bytes.Equal(sum, steps[n].Sum[:]):
			return n, fmt.Errorf("%w: its schema %d was made by a different %s", ErrForeign, n+1, steps[n])
		}
	}
}

func apply(ctx context.Context, tx *sql.Tx, m migration.Step) error {
	if _, err := tx.ExecContext(ctx, m.Script); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO migration VALUES ($1, $2, $3)`, m.Version, m.Name, m.Sum[:])
	return err
}
