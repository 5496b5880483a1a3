package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"badged/internal/sqlite"
)

// rawSchema is that of the hub's events, which is all that the yardstick writes.
const rawSchema = `CREATE TABLE event (
	id INTEGER PRIMARY KEY, source INTEGER NOT NULL, stream INTEGER NOT NULL, seq INTEGER NOT NULL,
	ord INTEGER NOT NULL, received INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_place ON event (source, stream, seq);`

// rawRows is the yardstick: a database in which rows like those of events are inserted by a
// prepared statement, and nothing is looked at.
type rawRows struct {
	db     *sqlite.DB
	insert *sql.Stmt
	seq    int64
	body   []byte
}

func openRawRows(ctx context.Context, dir string) (_ *rawRows, err error) {
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "0001_rows.sql"), []byte(rawSchema), 0o600)); err != nil {
		return nil, fmt.Errorf("make a folder for the yardstick: %w", err)
	}
	r := &rawRows{body: make([]byte, 90)}
	r.db, err = sqlite.Open(ctx, sqlite.Options{
		Path: filepath.Join(dir, "raw.db"), PageSize: 4096, ApplicationID: 1, Migrations: os.DirFS(dir), CacheKiB: 8 << 10,
	})
	if err != nil {
		return nil, err
	}
	r.insert, err = r.db.Write.PrepareContext(ctx, `INSERT INTO event VALUES (?, ?, 1, ?, ?, ?, ?)`)
	if err != nil {
		return nil, errors.Join(err, r.db.Close())
	}
	return r, nil
}

func (r *rawRows) close() error { return errors.Join(r.insert.Close(), r.db.Close()) }

// write writes the rows of one frame, durably.
func (r *rawRows) write(ctx context.Context) error {
	t, err := r.db.Write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	insert, now := t.StmtContext(ctx, r.insert), time.Now().UnixMilli()
	for range frameEvents {
		r.seq++
		if _, err := insert.ExecContext(ctx, r.seq, r.seq/frameEvents%32, r.seq, r.seq, now, r.body); err != nil {
			return errors.Join(err, t.Rollback())
		}
	}
	return t.Commit()
}
