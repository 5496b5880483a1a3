package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Load implements store.Bulk with COPY.
func (d *dialect) Load(ctx context.Context, conn *sql.Conn, _ *sql.Tx, table string, columns []string, next func() ([]any, error)) error {
	return conn.Raw(func(raw any) error {
		own, ok := raw.(*stdlib.Conn)
		if !ok {
			return errors.New("the connection is not one of pgx")
		}
		_, err := own.Conn().CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromFunc(func() ([]any, error) {
			row, err := next()
			if err == io.EOF {
				return nil, nil // what CopyFromFunc takes for the end
			}
			return row, err
		}))
		return err
	})
}

// identities are the columns whose values come from a sequence.
const identities = `SELECT c.relname, a.attname, pg_get_serial_sequence(c.relname, a.attname)
	FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
	WHERE a.attidentity <> '' AND c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace`

type identity struct{ table, column, sequence string }

func readIdentities(ctx context.Context, t *sql.Tx) (all []identity, err error) {
	rows, err := t.QueryContext(ctx, identities)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var i identity
		if err := rows.Scan(&i.table, &i.column, &i.sequence); err != nil {
			return nil, err
		}
		all = append(all, i)
	}
	return all, rows.Err()
}

// Given implements store.Bulk.
func (d *dialect) Given(ctx context.Context, t *sql.Tx) (map[string]int64, error) {
	all, err := readIdentities(ctx, t)
	given := make(map[string]int64)
	for _, i := range all {
		var last sql.NullInt64
		if err := t.QueryRowContext(ctx, `SELECT pg_sequence_last_value($1::regclass)`, i.sequence).Scan(&last); err != nil {
			return nil, err
		}
		given[i.table] = last.Int64
	}
	return given, err
}

// SetGiven implements store.Bulk.
func (d *dialect) SetGiven(ctx context.Context, t *sql.Tx, last map[string]int64) error {
	all, err := readIdentities(ctx, t)
	for _, i := range all {
		if err != nil {
			return err
		}
		query := fmt.Sprintf(`SELECT setval($1::regclass, greatest($2, (SELECT max(%s) FROM %s), 1), greatest($2, (SELECT max(%[1]s) FROM %[2]s)) > 0)`,
			pgx.Identifier{i.column}.Sanitize(), pgx.Identifier{i.table}.Sanitize())
		_, err = t.ExecContext(ctx, query, i.sequence, last[i.table])
	}
	return err
}
