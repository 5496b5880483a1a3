package enroll

import (
	"context"
	"errors"
)

// The errors of a store that is well.
var (
	ErrNotFound = errors.New("not found")
	// ErrTaken means that a change from the hub came after the look-up in the index: the card
	// belongs to somebody else or is revoked, or the claim has ended.
	ErrTaken = errors.New("the hub has given it to somebody else or taken it back")
)

// Store keeps the data of a terminal. enroll/store implements it on SQLite.
type Store interface {
	// View runs fn on a snapshot. It never waits for a writer.
	View(ctx context.Context, fn func(Tx) error) error
	// Update runs fn in one transaction, after everything that was queued before.
	// nil means that all of it, with its events and their outbox rows, is on disk
	// and in the index. On an error nothing of fn is.
	Update(ctx context.Context, fn func(Tx) error) error
	// Queue adds an event to the next group commit, which Commit begins. It blocks only for
	// another call of Queue, and fails once a commit has failed.
	Queue(ctx context.Context, e Event) error
	// Commit begins a group commit of the queued events. It blocks while the writer is
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
