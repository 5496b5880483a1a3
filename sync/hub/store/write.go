package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/publish"
)

const (
	attempts     = 5                // of a transaction that has had no effect
	commitWithin = 30 * time.Second // then its outcome is unknown
	settleWithin = time.Minute      // for the search of an unknown outcome
	longestPause = time.Second
	keepCommands = time.Hour
	pruneEvery   = 1024 // commands
)

// Write implements fleet.Store.
//
// On a remote database the answer to a COMMIT can be lost. The command's id is in the same
// transaction, so the next attempt sees whether an earlier one had its effect.
func (s *Store) Write(ctx context.Context, by audit.Actor, fn func(fleet.Tx) error) error {
	c := newCommand(s, by, fn)
	err := c.try(ctx)
	for n := 1; n < attempts && err != nil && c.committing == nil && s.d.Retry(err); n++ {
		if !pause(ctx, n) {
			return err
		}
		err = c.try(ctx)
	}
	if err != nil && c.committing != nil {
		err = c.settle(ctx, err)
	}
	if err == nil {
		c.committing.topics[Written] = true
		s.announce(c.committing.topics)
	}
	return err
}

// command is one change on its way to the database.
type command struct {
	s  *Store
	by audit.Actor
	fn func(fleet.Tx) error
	id [16]byte
	// committing is the transaction of the last COMMIT that was sent. It is nil once the
	// database has said that there was no effect.
	committing *tx
}

func newCommand(s *Store, by audit.Actor, fn func(fleet.Tx) error) *command {
	c := &command{s: s, by: by, fn: fn}
	_, _ = rand.Read(c.id[:]) // never fails
	return c
}

// settle asks what became of a COMMIT without an answer, and runs the command again if
// nothing did. The caller's end does not end it: an error must mean that there is no effect.
func (c *command) settle(ctx context.Context, err error) error {
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
	defer cancel()
	for n := 1; c.committing != nil; n++ {
		if !pause(within, n) {
			return fmt.Errorf("%w: %w", fleet.ErrUnknown, err)
		}
		if err = c.try(within); err == nil {
			return nil
		}
		if c.committing != nil && !c.s.d.Retry(err) {
			return fmt.Errorf("%w: %w", fleet.ErrUnknown, err)
		}
	}
	return err
}

// try runs the command in one transaction, unless an earlier attempt is in the database.
func (c *command) try(ctx context.Context) error {
	conn, err := c.s.d.Write.Conn(ctx)
	if err != nil {
		return c.s.d.Explain("begin to write", err)
	}
	defer conn.Close()
	// The caller's end stops statements, but not a COMMIT: its outcome would be unknown.
	whole, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	t, err := conn.BeginTx(whole, nil)
	if err != nil {
		return c.s.d.Explain("begin to write", err)
	}
	defer func() { _ = t.Rollback() }() // without effect after the commit
	x := c.s.transaction(ctx, t, c.by)
	x.conn = conn
	if done, err := c.begin(x); done || err != nil {
		return err
	}
	if err := c.run(x); err != nil {
		return err
	}
	return c.commit(x, cancel)
}

// begin waits for the turn, and reports whether an earlier attempt had its effect.
func (c *command) begin(x *tx) (done bool, err error) {
	err = x.one(x.d.Guard, nil, &x.seq)
	if errors.Is(err, people.ErrNotFound) {
		err = x.d.Explain("write to", fleet.ErrReplaced)
	}
	if err != nil {
		return false, err
	}
	x.seqAtStart = x.seq
	if !x.d.Remote {
		return false, nil
	}
	added, err := x.exec(sqlCommand, c.id[:], millis(x.now))
	if err != nil || added == 0 {
		return err == nil, err
	}
	c.committing = nil
	if c.s.commands.Add(1)%pruneEvery != 1 {
		return false, nil
	}
	_, err = x.exec(`DELETE FROM command WHERE at < ?`, millis(x.now.Add(-keepCommands)))
	return false, err
}

const sqlCommand = `INSERT INTO command (id, at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING`

func (c *command) run(x *tx) error {
	if err := c.fn(x.tx()); err != nil {
		return err
	}
	if err := publish.Project(x.tx().Tx, x.changes); err != nil {
		return err
	}
	return x.flush()
}

func (c *command) commit(x *tx, cancel func()) error {
	if err := errors.Join(x.failed, x.ctx.Err()); err != nil {
		return err
	}
	c.committing = x
	if x.d.Remote {
		stop := time.AfterFunc(commitWithin, cancel)
		defer stop.Stop()
	}
	err := x.t.Commit()
	if err != nil && !x.d.Retry(err) && !errors.Is(err, context.Canceled) {
		c.committing = nil // the database has said no
	}
	return x.d.Explain("commit", err)
}

// pause waits before attempt n, longer each time, and reports false if ctx ended.
func pause(ctx context.Context, n int) bool {
	wait := min(10*time.Millisecond<<min(n, 10), longestPause)
	timer := time.NewTimer(wait/2 + mathrand.N(wait/2))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
