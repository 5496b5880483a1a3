package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"strings"
)

// Load implements store.Bulk, with one prepared statement: many rows in one cost the driver
// more than they save.
func (d dialect) Load(ctx context.Context, _ *sql.Conn, t *sql.Tx, table string, columns []string, next func() ([]any, error)) error {
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
	insert, err := t.PrepareContext(ctx, fmt.Sprintf(`INSERT INTO %s (%s) VALUES (%s)`, table, strings.Join(columns, ", "), marks))
	if err != nil {
		return err
	}
	defer insert.Close()
	for {
		row, err := next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := insert.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
}

// Given implements store.Bulk. SQLite keeps a number for tables with AUTOINCREMENT only.
func (d dialect) Given(ctx context.Context, t *sql.Tx) (map[string]int64, error) {
	rows, err := t.QueryContext(ctx, `SELECT name, seq FROM sqlite_sequence`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	given := make(map[string]int64)
	for rows.Next() {
		var table string
		var last int64
		if err := rows.Scan(&table, &last); err != nil {
			return nil, err
		}
		given[table] = last
	}
	return given, rows.Err()
}

// SetGiven implements store.Bulk. The tables without AUTOINCREMENT need none.
func (d dialect) SetGiven(ctx context.Context, t *sql.Tx, last map[string]int64) error {
	for table, n := range last {
		_, err := t.ExecContext(ctx, `DELETE FROM sqlite_sequence WHERE name = ?`, table)
		if err == nil {
			_, err = t.ExecContext(ctx, `INSERT INTO sqlite_sequence (name, seq)
				SELECT name, ? FROM sqlite_schema WHERE type = 'table' AND name = ? AND sql LIKE '%AUTOINCREMENT%'`, n, table)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
