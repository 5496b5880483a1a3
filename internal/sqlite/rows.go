package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
)

// EachRow runs a query on a connection and calls fn with the columns of each row: int64
// or []byte, which are fn's to keep. It is for a whole table: what database/sql does with a
// row takes as long as reading it.
func EachRow(ctx context.Context, conn *sql.Conn, query string, fn func(columns []driver.Value) error) error {
	return conn.Raw(func(c any) error {
		rows, err := c.(driver.QueryerContext).QueryContext(ctx, query, nil)
		if err != nil {
			return err
		}
		return errors.Join(eachRow(rows, fn), rows.Close())
	})
}

func eachRow(rows driver.Rows, fn func([]driver.Value) error) error {
	columns := make([]driver.Value, len(rows.Columns()))
	for {
		err := rows.Next(columns)
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = fn(columns)
		}
		if err != nil {
			return err
		}
	}
}
