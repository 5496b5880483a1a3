package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"badged/enroll"
	"badged/internal/sqlite"
)

// request is one thing for the writer: an event, a job or a note.
type request struct {
	event enroll.Event
	job   func(*txn) error
	note  func(*writer) error
	ctx   context.Context // of job and note
	done  chan error      // of job and note
}

func (r request) isEvent() bool { return r.done == nil }

const (
	queueLength = 256         // events that wait while a commit is under way
	maxBatch    = 256         // events of one commit
	retryAfter  = time.Second // between attempts to write again
)

// writer owns the writing connection. All its methods run on one goroutine.
//
//	working ── a commit fails ──► failed ── a retry succeeds ──► working
//	failed (error of the disk, damage) ── only a new Open ends it
type writer struct {
	s      *Store
	conn   *sql.Conn
	at     state
	locals map[rowKey]struct{} // keys of local_row

	strange strangeRows

	witness *witnessFile
	lookAt  time.Time // before it, no event may go

	unsaved []enroll.Event // taken and not yet on disk, in order
	failed  error
	sqlErr  error // of the transaction under way
}

func newWriter(ctx context.Context, s *Store) (*writer, error) {
	conn, err := s.db.Write.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &writer{s: s, conn: conn, locals: make(map[rowKey]struct{}), strange: make(strangeRows)}, nil
}

// serveRequests serves requests until the channel is closed.
func (w *writer) serveRequests(requests <-chan request) {
	defer close(w.s.done)
	retry := time.NewTicker(retryAfter)
	defer retry.Stop()
	for {
		select {
		case r, open := <-requests:
			if !open {
				w.endWriter()
				return
			}
			w.serveRequest(w.gatherEvents(r, requests))
		case <-retry.C:
			w.retryCommit()
		}
	}
}

// gatherEvents adds r and the events queued behind it to unsaved, if r is an event. It returns the
// request that follows the last event, for the same transaction; it is empty if there is none.
func (w *writer) gatherEvents(r request, requests <-chan request) request {
	for r.isEvent() {
		w.unsaved = append(w.unsaved, r.event)
		if len(w.unsaved) >= maxBatch {
			return request{}
		}
		select {
		case next, open := <-requests:
			if !open {
				return request{}
			}
			r = next
		default:
			return request{}
		}
	}
	return r
}

// serveRequest commits the events that were gathered, with the job behind them, or runs the
// note after them. It answers once.
func (w *writer) serveRequest(r request) {
	if r.ctx != nil && r.ctx.Err() != nil {
		r.finish(r.ctx.Err())
		r = request{}
	}
	if r.note != nil {
		w.serveRequest(request{}) // the events
		err := r.note(w)
		w.publishState() // before the caller goes on
		r.finish(err)
		return
	}
	if w.failed == nil && (r.job != nil || len(w.unsaved) > 0) {
		w.commitWaiting(r)
	} else if r.job != nil {
		r.finish(w.failed)
	}
}

func (r request) finish(err error) {
	if r.done != nil {
		r.done <- err
	}
}

// retryCommit tries to write again what a failed commit left, if that can help.
func (w *writer) retryCommit() {
	if w.failed == nil || !mayPass(w.failed) {
		return
	}
	w.at.dirty = true // something to write
	w.commitWaiting(request{})
	if w.failed != nil {
		return
	}
	w.s.log.Info("the store can write again", "events", w.at.ord)
	if w.s.gap().events > 0 { // refused during that commit
		w.commitWaiting(request{})
	}
}

// mayPass reports whether a failure ends when somebody makes room. After an error of the disk a
// later success proves nothing.
func mayPass(err error) bool {
	return sqlite.IsFull(err) || sqlite.IsReadOnly(err) || sqlite.IsBusy(err)
}

// endWriter writes what is left.
func (w *writer) endWriter() {
	if w.failed != nil {
		w.retryCommit()
	} else if w.at.dirty || w.at.acked != w.at.written {
		w.at.dirty = true
		w.commitWaiting(request{})
	}
	w.publishState() // also what was taken since a commit failed
	_ = w.conn.Close()
	w.endWitness()
}

// commitWaiting writes what waits, with the request's job, in one transaction.
func (w *writer) commitWaiting(r request) {
	before := w.at
	w.sqlErr = nil
	t := &txn{writer: w, counted: counted{map[string]counter{}, map[string]uint64{}}}
	err := w.runTransaction(t, r.job)
	if err == nil {
		w.announceCommit(t)
		r.finish(nil)
		w.updateWitness(t.counted)
		return
	}
	w.at = before
	w.rollback()
	if w.sqlErr == nil { // the job itself refused
		r.finish(err)
		if len(w.unsaved) > 0 {
			w.commitWaiting(request{})
		}
		return
	}
	w.markFailed(w.sqlErr)
	r.finish(w.failed)
}

func (w *writer) runTransaction(t *txn, job func(*txn) error) error {
	if err := w.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, e := range w.unsaved {
		if err := t.Append(e); err != nil {
			return err
		}
	}
	if err := t.appendGap(); err != nil {
		return err
	}
	if job != nil {
		if err := job(t); err != nil {
			return err
		}
	}
	if w.at.dirty {
		if err := w.writeMeta(); err != nil {
			return err
		}
	}
	if err := w.raiseWitness(t.counted); err != nil {
		return err
	}
	return w.exec("COMMIT")
}

// rollback ends the transaction, unless SQLite has done so.
func (w *writer) rollback() {
	failed := w.sqlErr
	_ = w.exec("ROLLBACK") // fails if there is no transaction any more
	w.sqlErr = failed
}

// announceCommit updates the index and the published state after a commit, and wakes the uplink.
func (w *writer) announceCommit(t *txn) {
	clear(w.unsaved)
	w.unsaved, w.failed = w.unsaved[:0], nil
	for _, k := range t.localPuts {
		w.locals[k] = struct{}{}
	}
	for _, k := range t.localDrops {
		delete(w.locals, k)
	}
	for _, r := range t.strangers {
		if r.gone {
			w.strange.drop(r.c, r.key)
		} else {
			w.strange.put(r.c, r.key)
		}
	}
	w.s.index.Apply(t.changes...)
	w.s.mu.Lock()
	w.s.refused.events -= t.told
	w.s.mu.Unlock()
	w.publishState()
	if t.appended {
		select {
		case w.s.wake <- struct{}{}:
		default:
		}
	}
}

func (w *writer) publishState() {
	w.at.unsaved, w.at.locals, w.at.strange = len(w.unsaved), len(w.locals), w.strange.count()
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	w.s.at, w.s.failed = w.at, w.failed
}

func (w *writer) markFailed(cause error) {
	first := w.failed == nil
	w.failed = fmt.Errorf("%w: %w", ErrFailed, w.s.db.Explain("write", cause))
	w.publishState()
	if first {
		w.s.log.Error("the store cannot write; nothing new is granted", "err", w.failed)
	}
}

// noteError remembers that SQLite failed, to distinguish that from a job that refused.
func (w *writer) noteError(err error) error {
	if err != nil && !errors.Is(err, sql.ErrNoRows) && w.sqlErr == nil {
		w.sqlErr = err
	}
	return err
}

// exec runs a statement. It has no context, because a write that has begun is not interrupted.
func (w *writer) exec(query string, args ...any) error {
	_, err := w.conn.ExecContext(context.Background(), query, args...)
	return w.noteError(err)
}

// queryRow runs a query for at most one row.
func (w *writer) queryRow(query string, args ...any) scanner {
	return scanner{w, w.conn.QueryRowContext(context.Background(), query, args...)}
}

type scanner struct {
	w   *writer
	row *sql.Row
}

// Scan is that of sql.Row.
func (sc scanner) Scan(dest ...any) error { return sc.w.noteError(sc.row.Scan(dest...)) }

// queryRows runs a query and calls fn for every row.
func (w *writer) queryRows(query string, fn func(*sql.Rows) error, args ...any) error {
	rows, err := w.conn.QueryContext(context.Background(), query, args...)
	if err != nil {
		return w.noteError(err)
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return w.noteError(rows.Err())
}
