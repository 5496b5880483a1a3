// Package store keeps what a hub knows in a database: people, rights, the rows that
// terminals copy, terminals, events and the audit log. The statements are the same for
// SQLite and PostgreSQL; what differs is a Dialect (store/sqlite, store/postgres).
package store

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
)

// Database is an open database whose schema is up to date.
type Database struct {
	Dialect
	Write, Read *sql.DB
	// Guard is a statement that gives a transaction its turn to write and reads the number
	// of the last event: only one has its turn at a time.
	Guard string
	// Snapshot is the isolation of a transaction that reads.
	Snapshot sql.IsolationLevel
	// Remote tells that the answer to a COMMIT can be lost on its way: the database keeps
	// the ids of commands, so that one can be repeated without a second effect.
	Remote bool
	// Replaced is closed when another hub has taken over the site; nil: that cannot be.
	Replaced <-chan struct{}
}

// Dialect is how databases differ.
type Dialect interface {
	// Rebind gives a statement with ? for its arguments the form that the database takes.
	Rebind(query string) string
	// Retry reports whether a transaction that failed may run again.
	Retry(err error) bool
	// Explain wraps an error with what was attempted, on which database, and what to do.
	Explain(op string, err error) error
	// Backup writes all to a new file; fleet.ErrNoBackup: the database has its own programs for it.
	Backup(ctx context.Context, path string) error
	Close() error
	Bulk
}

// Bulk moves whole tables.
type Bulk interface {
	// Load inserts the rows that next gives, until io.EOF. t is open on conn.
	Load(ctx context.Context, conn *sql.Conn, t *sql.Tx, table string, columns []string, next func() ([]any, error)) error
	// Given gives the last id that was given to a row, by table, for tables whose ids are
	// never given again.
	Given(ctx context.Context, t *sql.Tx) (map[string]int64, error)
	// SetGiven makes the next ids follow those, and those that are in the tables.
	SetGiven(ctx context.Context, t *sql.Tx, last map[string]int64) error
}

// Store implements fleet.Store. It is safe for concurrent use.
type Store struct {
	d        Database
	now      func() time.Time
	mailKey  mail.Key
	home     string
	commands atomic.Uint64 // since the start
	mu       sync.Mutex    // guards changed
	changed  map[Topic]chan struct{}
}

// UseMailKey gives the store the hub's key that seals what mails say. Without it, whatever is
// queued can be read until the store is closed and never again. Call it before the first
// transaction.
func (s *Store) UseMailKey(k mail.Key) { s.mailKey = k }

// UseHome gives the store the address by which people reach the hub, which links in mails
// begin with: "https://hub:port". Call it before the first transaction.
func (s *Store) UseHome(url string) { s.home = url }

// Topic is something that others wait for.
type Topic string

// The topics.
const (
	RowsChanged Topic = "rows"   // of a collection
	EventsCame  Topic = "events" // from a terminal
	Written     Topic = "all"    // by any transaction
	MailsWait   Topic = "mails"  // in the outbox
)

// New makes a store on an open database whose schema is up to date.
func New(d Database, now func() time.Time) *Store {
	return &Store{d: d, now: now, mailKey: mail.RandomKey(), changed: make(map[Topic]chan struct{})}
}

// Backup writes the site to a new file while others read and write. The keys of the hub are
// not in it.
func (s *Store) Backup(ctx context.Context, path string) error { return s.d.Backup(ctx, path) }

// Close closes the database. Nothing that was committed waits for it.
func (s *Store) Close() error { return s.d.Close() }

// Changed gives a channel that is closed when something of the topic is on disk that was
// not when Changed was called.
func (s *Store) Changed(t Topic) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed[t] == nil {
		s.changed[t] = make(chan struct{})
	}
	return s.changed[t]
}

func (s *Store) announce(topics map[Topic]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for t := range topics {
		if c := s.changed[t]; c != nil {
			close(c)
			delete(s.changed, t)
		}
	}
}

// UntilReplaced waits until another hub has taken over the site, and gives an error then; nil
// if ctx ended before.
func (s *Store) UntilReplaced(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-s.d.Replaced:
		return s.d.Explain("serve from", fleet.ErrReplaced)
	}
}

// Read implements fleet.Store.
func (s *Store) Read(ctx context.Context, fn func(fleet.Tx) error) error {
	t, err := s.d.Read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: s.d.Snapshot})
	if err != nil {
		return s.d.Explain("begin to read", err)
	}
	defer func() { _ = t.Rollback() }() // nothing was written
	return fn(s.transaction(ctx, t, audit.Actor{}).tx())
}

// SiteID gives the site's id, which is candidate if it has none yet. An empty candidate only
// asks.
func (s *Store) SiteID(ctx context.Context, candidate string) (id string, err error) {
	_, err = s.d.Write.ExecContext(ctx, s.d.Rebind("UPDATE site SET id = ? WHERE id = ''"), candidate)
	if err == nil {
		err = s.d.Write.QueryRowContext(ctx, "SELECT id FROM site").Scan(&id)
	}
	return id, s.d.Explain("read the site's id from", err)
}
