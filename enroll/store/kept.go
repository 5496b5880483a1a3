package store

import (
	"context"
	"time"

	"badged/internal/clock"
)

// keepTimeEvery is how far the floor may go on before a commit of its own: a box that loses
// its power and its clock revives nothing that ended longer ago.
const keepTimeEvery = time.Hour

// KeptTime is what was stored for the clock.
func (s *Store) KeptTime() clock.Kept {
	s.mu.Lock()
	defer s.mu.Unlock()
	return clock.Kept{Floor: fromMilli(s.at.floor), Heard: fromMilli(s.at.heard)}
}

// KeepTime stores what the clock must know after a restart: with the next commit or at the
// end, or at once where the floor falls or has gone on for long.
func (s *Store) KeepTime(ctx context.Context, k clock.Kept) error {
	floor, heard := k.Floor.UnixMilli(), k.Heard.UnixMilli()
	urgent := false
	err := s.runNote(ctx, func(w *writer) error {
		if floor != w.at.floor || heard != w.at.heard {
			w.at.floor, w.at.heard, w.at.dirty = floor, heard, true
		}
		urgent = floor < w.at.onDisk || floor-w.at.onDisk >= keepTimeEvery.Milliseconds()
		return nil
	})
	if err != nil || !urgent {
		return err
	}
	return s.runJob(ctx, func(*txn) error { return nil })
}
