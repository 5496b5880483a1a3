package store

import (
	"context"
	"errors"
	"fmt"

	"badged/sync/wire"
)

// SetPages bounds the file, as a full disk would.
func (s *Store) SetPages(ctx context.Context, n int) error {
	return s.runNote(ctx, func(w *writer) error { return w.exec(fmt.Sprintf("PRAGMA max_page_count = %d", n)) })
}

// SkipSyncs makes the store tell of commits that are not on disk.
func (s *Store) SkipSyncs(ctx context.Context) error {
	return s.runNote(ctx, func(w *writer) error { return w.exec("PRAGMA synchronous = off") })
}

// Note runs fn between two commits, on the writer's goroutine.
func (s *Store) Note(ctx context.Context, fn func() error) error {
	return s.runNote(ctx, func(*writer) error { return fn() })
}

// Break makes the store fail for good, as an error of the disk would, after meanwhile.
func (s *Store) Break(ctx context.Context, cause error, meanwhile func()) error {
	return s.runNote(ctx, func(w *writer) error {
		meanwhile()
		w.markFailed(cause)
		return nil
	})
}

// CloseWitness takes the second record away, as a broken disk would.
func (s *Store) CloseWitness(ctx context.Context) error {
	return s.runNote(ctx, func(w *writer) error { return w.witness.file.Close() })
}

// Leave puts a row as a later version of the program left it.
func (s *Store) Leave(ctx context.Context, c wire.Collection, key, body []byte) error {
	return s.runJob(ctx, func(t *txn) error {
		return errors.Join(t.exec(sqlPutHub, c, key, body), t.setCollection(c, 1, wire.RowHash(c, key, body), false))
	})
}

// Stage does what Apply does of a large change until a crash behind the transaction that
// declares it valid.
func (s *Store) Stage(ctx context.Context, pages []wire.Page) error {
	d, err := joinPages(pages)
	if err != nil {
		return err
	}
	if err := errors.Join(d.orderChanges(), s.stageChanges(ctx, d)); err != nil {
		return err
	}
	return s.runJob(ctx, func(t *txn) error { return t.setCollection(d.c, d.to, d.hash, true) })
}

// Agreements counts what people agreed to here and the hub does not confirm yet.
func Agreements(ctx context.Context, s *Store) (n int) {
	v, end, err := s.snapshot(ctx)
	if err != nil {
		return -1
	}
	defer end()
	if err := v.tx.QueryRowContext(ctx, `SELECT count(*) FROM agreed`).Scan(&n); err != nil {
		return -1
	}
	return n
}
