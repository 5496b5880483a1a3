package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Load implements store.Bulk, with one prepared statement: many rows in one cost the driver
// more than they save. The driver is called without database/sql between, which for each row
// costs a third of the work, and a goroutine that waits for the caller's end.
func (d dialect) Load(ctx context.Context, conn *sql.Conn, _ *sql.Tx, table string, columns []string, next func() ([]any, error)) error {
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
	query := fmt.Sprintf(`INSERT INTO %s (%s) VALUES (%s)`, table, strings.Join(columns, ", "), marks)
	return conn.Raw(func(raw any) error {
		own, ok := raw.(driver.ConnPrepareContext)
		if !ok {
			return errNoDriver
		}
		statement, err := own.PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		defer statement.Close()
		insert, ok := statement.(driver.StmtExecContext)
		if !ok {
			return errNoDriver
		}
		return insertRows(ctx, insert, len(columns), next)
	})
}

var errNoDriver = errors.New("the connection is not one of the driver")

func insertRows(ctx context.Context, insert driver.StmtExecContext, columns int, next func() ([]any, error)) error {
	args := make([]driver.NamedValue, columns)
	for whole := context.WithoutCancel(ctx); ctx.Err() == nil; {
		row, err := next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for i, v := range row {
			if v, err = driver.DefaultParameterConverter.ConvertValue(v); err != nil {
				return err
			}
			args[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
		}
		if _, err := insert.ExecContext(whole, args); err != nil {
			return err
		}
	}
	return ctx.Err()
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
