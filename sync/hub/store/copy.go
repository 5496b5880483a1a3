package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// tables are all that a site is, those that others refer to first.
var tables = []string{
	"counter", "setting", "row", "collection", "terminal", "source", "watermark", "event", "block", "audit",
	"account", "word", "number", "grp", "member", "name_word", "edit", "merge_request", "import", "import_line",
	"credential", "link", "session", "throttle", "mail_out", "mail_template",
	"offer", "assignment", "notice", "acknowledgement",
	"card", "conflict", "claim", "door", "access_grant", "schedule", "holiday", "pin",
	"enrolment", "card_label", "mail_muted",
	"alarm", "seen_number", "applied",
	"release", "install",
}

// ErrNotEmpty means that a site cannot be copied into a database that has one.
var ErrNotEmpty = errors.New("there is a site in it already")

// Content is what a table has: how many rows, and a sum over them that does not depend on
// their order or on the database.
type Content struct {
	Table string
	Rows  int
	Sum   [sha256.Size]byte
}

func (c *Content) add(row []any) {
	h := sha256.New()
	for _, v := range row {
		writeValue(h, v)
	}
	sum := h.Sum(nil)
	c.Rows++
	for i := range c.Sum {
		c.Sum[i] ^= sum[i]
	}
}

func writeValue(w io.Writer, v any) {
	var text []byte
	kind := byte('n')
	switch v := v.(type) {
	case int64:
		kind, text = 'i', binary.BigEndian.AppendUint64(nil, uint64(v))
	case string:
		kind, text = 't', []byte(v)
	case []byte:
		kind, text = 'b', v
	}
	head := binary.BigEndian.AppendUint64([]byte{kind}, uint64(len(text)))
	_, _ = w.Write(append(head, text...)) // a hash takes all
}

// Progress hears how many rows of a table are copied, and when it is done.
type Progress func(table string, rows int, done bool)

// Copy copies the whole site of one store into another, which must be empty, and compares
// what is in both then. Nothing is in the other if it fails. progress hears of every row, and
// of the end of a table.
func Copy(ctx context.Context, from, to *Store, progress Progress) ([]Content, error) {
	var copied []Content
	err := from.readAll(ctx, func(source *tx) error {
		return to.writeAll(ctx, func(target *tx, conn *sql.Conn) (err error) {
			copied, err = copySite(source, target, conn, progress)
			return err
		})
	})
	return copied, err
}

// readAll runs fn on one snapshot of the whole site.
func (s *Store) readAll(ctx context.Context, fn func(*tx) error) error {
	t, err := s.d.Read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: s.d.Snapshot})
	if err != nil {
		return s.d.Explain("begin to read", err)
	}
	defer func() { _ = t.Rollback() }() // nothing was written
	return fn(s.transaction(ctx, t, system))
}

// writeAll runs fn once, in its turn.
func (s *Store) writeAll(ctx context.Context, fn func(*tx, *sql.Conn) error) error {
	conn, err := s.d.Write.Conn(ctx)
	if err != nil {
		return s.d.Explain("begin to write", err)
	}
	defer conn.Close()
	t, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return s.d.Explain("begin to write", err)
	}
	defer func() { _ = t.Rollback() }() // without effect after the commit
	x := s.transaction(ctx, t, system)
	c := newCommand(s, system, nil)
	if _, err := c.begin(x); err != nil {
		return err
	}
	if err := fn(x, conn); err != nil {
		return err
	}
	return s.d.Explain("commit", t.Commit())
}

func copySite(source, target *tx, conn *sql.Conn, progress Progress) (copied []Content, err error) {
	if err := isEmpty(target); err != nil {
		return nil, err
	}
	for _, table := range tables {
		c, err := copyTable(source, target, conn, table, progress)
		if err != nil {
			return nil, fmt.Errorf("copy table %s: %w", table, err)
		}
		copied = append(copied, c)
	}
	given, err := source.d.Given(source.ctx, source.t)
	if err != nil {
		return nil, source.d.Explain("read the last ids from", err)
	}
	if err := target.d.SetGiven(target.ctx, target.t, given); err != nil {
		return nil, target.d.Explain("set the next ids of", err)
	}
	if err := copyHead(source, target); err != nil {
		return nil, err
	}
	return copied, compare(target, copied)
}

func isEmpty(x *tx) error {
	var id string
	if err := x.one(`SELECT id FROM site`, nil, &id); err != nil {
		return err
	}
	if id != "" {
		return x.d.Explain("copy into", fmt.Errorf("%w: %s", ErrNotEmpty, id))
	}
	for _, table := range tables {
		c, err := content(x, table, 1)
		if err != nil {
			return err
		}
		if c.Rows > 0 {
			return x.d.Explain("copy into", fmt.Errorf("%w: table %s has rows", ErrNotEmpty, table))
		}
	}
	return nil
}

func copyTable(source, target *tx, conn *sql.Conn, table string, progress Progress) (Content, error) {
	rows, columns, err := openTable(source, `SELECT * FROM `+table)
	if err != nil {
		return Content{}, err
	}
	defer rows.Close()
	c := Content{Table: table}
	next := func() ([]any, error) {
		row, err := nextRow(source, rows, len(columns))
		if err == nil {
			c.add(row)
			err = checkTexts(row)
			progress(table, c.Rows, false)
		}
		if err != nil && err != io.EOF {
			err = fmt.Errorf("row %d: %w", c.Rows, err)
		}
		return row, err
	}
	err = target.d.Load(target.ctx, conn, target.t, table, columns, next)
	progress(table, c.Rows, true)
	return c, target.d.Explain("write", err)
}

func openTable(x *tx, query string) (*sql.Rows, []string, error) {
	rows, err := x.t.QueryContext(x.ctx, query)
	if err != nil {
		return nil, nil, x.d.Explain("read", err)
	}
	columns, err := rows.Columns()
	return rows, columns, x.d.Explain("read", err)
}

// nextRow gives one row, or io.EOF.
func nextRow(x *tx, rows *sql.Rows, width int) ([]any, error) {
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return nil, x.d.Explain("read", err)
		}
		return nil, io.EOF
	}
	row, into := make([]any, width), make([]any, width)
	for i := range row {
		into[i] = &row[i]
	}
	return row, x.d.Explain("read", rows.Scan(into...))
}

// copyHead copies the row of the site, which every database has.
func copyHead(source, target *tx) error {
	var id string
	var seq uint64
	if err := source.one(`SELECT id, seq FROM site`, nil, &id, &seq); err != nil {
		return err
	}
	_, err := target.exec(`UPDATE site SET id = ?, seq = ?`, id, seq)
	return err
}

// content reads up to limit rows of a table; 0: all.
func content(x *tx, table string, limit int) (c Content, err error) {
	c.Table = table
	query := `SELECT * FROM ` + table
	if limit > 0 {
		query += fmt.Sprintf(` LIMIT %d`, limit)
	}
	rows, columns, err := openTable(x, query)
	if err != nil {
		return c, err
	}
	defer rows.Close()
	for {
		row, err := nextRow(x, rows, len(columns))
		if err == io.EOF {
			return c, nil
		}
		if err != nil {
			return c, err
		}
		c.add(row)
	}
}

// compare reads again what was copied.
func compare(x *tx, copied []Content) error {
	for _, want := range copied {
		got, err := content(x, want.Table, 0)
		if err != nil {
			return err
		}
		if got != want {
			return x.d.Explain("copy into", fmt.Errorf("table %s has %d rows that are not the %d of the other database",
				want.Table, got.Rows, want.Rows))
		}
	}
	return nil
}
