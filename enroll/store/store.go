package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"badged/enroll"
	"badged/internal/sqlite"
	"badged/sync/wire"
)

// The errors of the store that a caller can do something about. Those of the file
// are *sqlite.Error, with a hint.
var (
	// ErrFailed means that nothing can be written; the cause is wrapped with it.
	ErrFailed = errors.New("the store cannot write")
	// ErrClosed means that Close was called.
	ErrClosed = errors.New("the store is closed")
)

// Options say which file to open.
type Options struct {
	Path     string // of the file; its folder must exist
	Terminal string // its name, for the log
	Log      *slog.Logger
	// Progress is told, while Open works, that it goes on, and how many rows were read so
	// far. It must return at once; nil: nobody.
	Progress func(rows int)
}

// Store is a terminal's open store. It is safe for concurrent use.
type Store struct {
	db    *sqlite.DB
	log   *slog.Logger
	index *enroll.Index
	aside string

	recovery Recovery // what the start found

	requests chan request
	done     chan struct{} // closed when the writer has ended
	wake     chan struct{}
	applying sync.Mutex // held by Apply and Reincarnate: one change of hub rows at a time

	order  sync.Mutex     // guards held and closed, and is held while a request is handed over
	held   []enroll.Event // queued, not yet handed to the writer
	closed bool           // requests is closed

	mu      sync.Mutex // guards all below
	at      state      // as of the last commit
	failed  error      // why nothing can be written; nil: all is well
	refused gap        // by Queue, and not yet told on disk
	settled int64      // pos of the last security event that the hub had at the last Position
	lastAck time.Time
}

// Index is the mirror in memory of what has been committed.
func (s *Store) Index() *enroll.Index { return s.index }

// Recovered is where the former file was kept because it was damaged, or empty.
// The store then started empty and waits for the hub's rows.
func (s *Store) Recovered() string { return s.aside }

// Failed returns why nothing can be written, or nil.
func (s *Store) Failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// Wake gets a value after events were appended.
func (s *Store) Wake() <-chan struct{} { return s.wake }

// Queue takes an event for the next group commit, which Commit begins: waking the
// writer costs more than all else that a door waits for. It fails with ErrFailed once
// a commit has failed; the event is then counted, and EventsLost tells how many were
// when the store can write again.
func (s *Store) Queue(_ context.Context, e enroll.Event) error {
	if err := s.refuseEvent(e); err != nil {
		return err
	}
	s.order.Lock()
	defer s.order.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.held = append(s.held, e)
	return nil
}

// Commit begins a group commit of what was queued. It waits while the writer is
// behind.
func (s *Store) Commit(ctx context.Context) error {
	s.order.Lock()
	defer s.order.Unlock()
	return s.handHeld(ctx)
}

// handHeld hands the writer what was queued; the caller holds order.
func (s *Store) handHeld(ctx context.Context) error {
	for i, e := range s.held {
		if err := s.handRequest(ctx, request{event: e}); err != nil {
			s.held = append(s.held[:0], s.held[i:]...)
			return err
		}
	}
	clear(s.held)
	s.held = s.held[:0]
	return nil
}

// Update runs fn in one transaction after what was queued before. fn runs on the
// writer's goroutine and must not call Update or Queue.
func (s *Store) Update(ctx context.Context, fn func(enroll.Tx) error) error {
	return s.runJob(ctx, func(t *txn) error { return fn(t) })
}

// runJob runs a job of its own transaction on the writer and waits for its end.
func (s *Store) runJob(ctx context.Context, job func(*txn) error) error {
	return s.awaitRequest(ctx, request{job: job})
}

// runNote runs fn on the writer's goroutine without a transaction. What it changes in
// meta is written with the next commit.
func (s *Store) runNote(ctx context.Context, fn func(*writer) error) error {
	return s.awaitRequest(ctx, request{note: fn})
}

// awaitRequest hands a request over and waits for its end, whatever ctx does meanwhile: once
// it has begun, only its end tells whether it is on disk.
func (s *Store) awaitRequest(ctx context.Context, r request) error {
	r.ctx, r.done = ctx, make(chan error, 1)
	if err := s.handInOrder(ctx, r); err != nil {
		return err
	}
	return <-r.done
}

// handInOrder hands a request over behind what was queued before it.
func (s *Store) handInOrder(ctx context.Context, r request) error {
	s.order.Lock()
	defer s.order.Unlock()
	if err := s.handHeld(ctx); err != nil {
		return err
	}
	return s.handRequest(ctx, r)
}

// handRequest hands one request to the writer; the caller holds order.
func (s *Store) handRequest(ctx context.Context, r request) error {
	if s.closed {
		return ErrClosed
	}
	select {
	case s.requests <- r:
		return nil
	default:
	}
	select {
	case s.requests <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// View runs fn on a snapshot of the last commit.
func (s *Store) View(ctx context.Context, fn func(enroll.Tx) error) error {
	v, end, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	defer end()
	return fn(v)
}

// Close commits what was queued and closes the file. Its error tells how many events
// could not be written.
func (s *Store) Close() error {
	if !s.endRequests() {
		return nil
	}
	<-s.done
	return errors.Join(s.lostError(), s.db.Close())
}

// endRequests hands over what was queued and closes the queue. It returns false if that was done
// before.
func (s *Store) endRequests() bool {
	s.order.Lock()
	defer s.order.Unlock()
	if s.closed {
		return false
	}
	_ = s.handHeld(context.Background()) // waits for the writer; only closed or ctx stop it
	s.closed = true
	close(s.requests)
	return true
}

func (s *Store) lostError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := uint64(s.at.unsaved) + s.refused.events
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%d events were not written: %w", n, s.failed)
}

// Stats is the state of the store for status pages.
type Stats struct {
	Outbox  uint64    // events that the hub does not have yet
	Unsaved uint64    // events in memory only, because a commit failed
	Bytes   int64     // of the file and its log
	Acked   uint64    // events that the hub has, of this incarnation
	Lease   uint64    // numbers left for anonymN
	LastAck time.Time // zero: none since the start
	Local   int       // rows that the hub has not confirmed
	// NotUnderstood counts the hub's rows that give no right, because this version
	// does not know all that it must of them.
	NotUnderstood map[wire.Collection]uint64
}

// Stats returns the state as of the last commit.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{
		Unsaved: uint64(s.at.unsaved), Bytes: s.db.Size(), Lease: s.at.leaseLeft(),
		LastAck: s.lastAck, Local: s.at.locals, NotUnderstood: s.at.strange.nonZero(),
	}
	for _, stream := range streams {
		st.Outbox += uint64(s.at.pos[stream] - s.at.acked[stream])
		st.Acked += uint64(s.at.acked[stream] - s.at.base[stream])
	}
	return st
}
