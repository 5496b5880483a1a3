package enroll

import (
	"context"
	"errors"
)

// The errors of a store that is well.
var (
	ErrNotFound = errors.New("not found")
	// ErrTaken means that the hub has said otherwise since the index was asked: the card
	// is somebody else's or revoked, the claim has ended.
	ErrTaken = errors.New("the hub has given it to somebody else or taken it back")
)

// Store keeps what a terminal knows. enroll/store is the real one, on SQLite.
type Store interface {
	// View runs fn on a snapshot. It never waits for a writer.
	View(ctx context.Context, fn func(Tx) error) error
	// Update runs fn in one transaction, after everything that was queued before.
	// nil means that all of it, with its events and their outbox rows, is on disk
	// and in the index. On an error nothing of fn is.
	Update(ctx context.Context, fn func(Tx) error) error
	// Queue takes an event for the next group commit, which Commit begins. It waits for
	// nothing but another call's hand-over, and fails once a commit has failed.
	Queue(ctx context.Context, e Event) error
	// Commit begins a group commit of what was queued. It waits while the writer is
	// behind, but not for the commit.
	Commit(ctx context.Context) error
	// Index is the in-memory mirror of what has been committed.
	Index() *Index
}

// Tx is one transaction. In View, the methods that write fail.
type Tx interface {
	Account(id AccountID) (Account, error) // ErrNotFound
	PutAccount(a Account) error
	PutBinding(b Binding) error
	PutClaim(c Claim) error
	// TakeNumber gives the next N of anonymN out of the lease, or 0 when the lease
	// is used up.
	TakeNumber() (uint64, error)
	Tally(name string) (Tally, error) // zero if never put
	PutTally(name string, t Tally) error
	// Append puts an event and its outbox row into the order.
	Append(e Event) error
}
