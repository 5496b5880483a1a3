package store

import (
	"context"
	"database/sql"
	"errors"

	"badged/sync/wire"
)

// chunkRows is how many of the hub's rows one transaction holds: what people do at
// the terminal meanwhile waits for no more than that.
const (
	chunkRows   = 256
	chunkBytes  = wire.MaxPageBytes / 2 // then one more makes it too much
	stageChunks = 8                     // that are staged in one transaction
)

const (
	sqlStage     = `INSERT INTO hub_stage (collection, changes) VALUES (?, ?)`
	sqlNextStage = `SELECT id, changes FROM hub_stage WHERE collection = ? ORDER BY id LIMIT 1`
	sqlUnstage   = `DELETE FROM hub_stage WHERE id = ?`
	sqlLeftover  = `DELETE FROM hub_stage WHERE id IN (SELECT id FROM hub_stage WHERE collection = ? LIMIT 16)`
	sqlStaged    = `SELECT count(*) FROM hub_stage WHERE collection = ?`
)

// applyStaged applies a large change:
//
//	stage chunks ──► declare them valid ──► move chunk by chunk ──► done
//	a crash here: forgotten            a crash here: continued by fold
func (s *Store) applyStaged(ctx context.Context, d delta) error {
	if err := s.dropStage(ctx, d.c); err != nil {
		return err
	}
	if err := s.stageChanges(ctx, d); err != nil {
		return err
	}
	err := s.runJob(ctx, func(t *txn) error { return t.setCollection(d.c, d.to, d.hash, true) })
	if err != nil {
		return err
	}
	if err := s.foldStaged(context.WithoutCancel(ctx), d.c); err != nil {
		return err
	}
	return s.runJob(ctx, func(t *txn) error { return t.sweepLocals(d.c, d.snapshot) })
}

// chunkLen is how many of the first changes go into one transaction.
func chunkLen(changes []wire.Change) int {
	size := 0
	for i, ch := range changes {
		if size += len(ch.Key) + len(ch.Body) + 32; i == chunkRows || i > 0 && size > chunkBytes {
			return i
		}
	}
	return len(changes)
}

// stageChanges writes the changes aside, a few chunks at a time: they go to the end of one
// table, which costs little.
func (s *Store) stageChanges(ctx context.Context, d delta) error {
	var chunks [][]byte
	for rest := d.changes; len(rest) > 0; {
		n := chunkLen(rest)
		body, err := wire.Marshal(wire.Page{Changes: rest[:n]})
		if err != nil {
			return err
		}
		chunks, rest = append(chunks, body), rest[n:]
		if len(chunks) < stageChunks && len(rest) > 0 {
			continue
		}
		err = s.runJob(ctx, func(t *txn) error {
			for _, body := range chunks {
				if err := t.exec(sqlStage, d.c, body); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		chunks = nil
	}
	return nil
}

// dropStage deletes staged rows that a crash left before they were declared valid.
func (s *Store) dropStage(ctx context.Context, c wire.Collection) error {
	for left := 1; left > 0; {
		err := s.runJob(ctx, func(t *txn) error {
			if err := t.exec(sqlLeftover, c); err != nil {
				return err
			}
			return t.queryRow(sqlStaged, c).Scan(&left)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// foldStaged moves the staged rows of a collection into place, if they are valid.
func (s *Store) foldStaged(ctx context.Context, c wire.Collection) error {
	for s.collection(c).folding {
		if err := s.foldSome(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) foldSome(ctx context.Context, c wire.Collection) error {
	return s.runJob(ctx, func(t *txn) error { return t.foldNext(c) })
}

func (t *txn) foldNext(c wire.Collection) error {
	var id int64
	var body []byte
	err := t.queryRow(sqlNextStage, c).Scan(&id, &body)
	if errors.Is(err, sql.ErrNoRows) {
		v := t.at.vector[c]
		return t.setCollection(c, v.rev, v.hash, false)
	}
	if err != nil {
		return err
	}
	var page wire.Page
	if err := wire.Unmarshal(body, &page); err != nil {
		return err
	}
	return errors.Join(t.putHubRows(c, page.Changes), t.exec(sqlUnstage, id))
}
