package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"badged/enroll"
	"badged/sync/wire"
)

const (
	sqlPutHub     = `INSERT INTO hub_row (collection, key, body) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body`
	sqlEndHub     = `DELETE FROM hub_row WHERE collection = ? AND key = ?`
	sqlCollection = `SELECT key, body FROM hub_row WHERE collection = ? ORDER BY key`
	sqlPutVector  = `INSERT OR REPLACE INTO hub_collection (collection, rev, hash, folding) VALUES (?, ?, ?, ?)`
)

// delta is what the pages of one delta or snapshot say together.
type delta struct {
	c        wire.Collection
	snapshot bool
	from, to uint64
	hash     [16]byte      // of the collection afterwards
	changes  []wire.Change // by key, each key once
}

// Apply takes one complete delta or snapshot. Small ones are one transaction; for
// large ones see the package comment. wire.ErrHash: it does not lead to the set that the hub
// has, and nothing of it was applied. A delta that was applied before is no error.
func (s *Store) Apply(ctx context.Context, pages []wire.Page) error {
	s.applying.Lock()
	defer s.applying.Unlock()
	d, err := joinPages(pages)
	if err != nil {
		return err
	}
	if err := s.foldStaged(ctx, d.c); err != nil { // what an error stopped last time
		return err
	}
	have := s.collection(d.c)
	if !d.snapshot && d.to <= have.rev {
		return nil
	}
	if !d.snapshot && d.from > have.rev { // one from further back overlaps and fits
		return fmt.Errorf("%s: a change from revision %d does not fit revision %d: %w", d.c, d.from, have.rev, wire.ErrHash)
	}
	if err := s.compareWithRows(ctx, &d, have.hash); err != nil {
		return err
	}
	if err := d.orderChanges(); err != nil {
		return err
	}
	if len(d.changes) > chunkRows {
		return s.applyStaged(ctx, d)
	}
	return s.runJob(ctx, func(t *txn) error {
		return errors.Join(t.putHubRows(d.c, d.changes), t.setCollection(d.c, d.to, d.hash, false), t.sweepLocals(d.c, d.snapshot))
	})
}

func (s *Store) collection(c wire.Collection) collection {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at.vector[c]
}

// joinPages joins the pages of one delta or snapshot, in any order.
func joinPages(pages []wire.Page) (delta, error) {
	if len(pages) == 0 {
		return delta{}, errors.New("no pages")
	}
	p := pages[0]
	d := delta{c: p.Collection, snapshot: p.Snapshot, from: p.From, to: p.To, hash: p.Hash}
	seen := make(map[uint64]bool, len(pages))
	for _, q := range pages {
		if q.Collection != d.c || q.Snapshot != d.snapshot || q.From != d.from || q.To != d.to || q.Hash != d.hash || q.Parts != p.Parts {
			return delta{}, fmt.Errorf("%s: the pages are not of one kind", d.c)
		}
		seen[q.Part] = q.Part < q.Parts
		d.changes = append(d.changes, q.Changes...)
	}
	delete(seen, p.Parts) // never a part
	if uint64(len(seen)) != p.Parts || len(pages) != len(seen) {
		return delta{}, fmt.Errorf("%s: %d pages of %d", d.c, len(pages), p.Parts)
	}
	if d.c < wire.Config || d.c > wire.LastCollection {
		return delta{}, fmt.Errorf("%s is not known to this version", d.c)
	}
	d.sortChanges()
	return d, nil
}

// sortChanges orders the changes by key and keeps the last of each.
func (d *delta) sortChanges() {
	slices.SortStableFunc(d.changes, func(a, b wire.Change) int { return bytes.Compare(a.Key, b.Key) })
	out := d.changes[:0]
	for i, ch := range d.changes {
		if i+1 == len(d.changes) || !bytes.Equal(ch.Key, d.changes[i+1].Key) {
			out = append(out, ch)
		}
	}
	clear(d.changes[len(out):])
	d.changes = out
}

// compareWithRows keeps of the changes only what differs from the rows that are there, and
// verifies that they lead to the set that the hub has. It reads on a connection of
// its own; only Apply changes these rows, and it runs once at a time.
func (s *Store) compareWithRows(ctx context.Context, d *delta, before [16]byte) error {
	v, end, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	defer end()
	var hash [16]byte
	if d.snapshot {
		hash, err = v.compareAll(ctx, d)
	} else {
		hash, err = v.compareKeys(d, before)
	}
	if err != nil {
		return s.db.Explain("read", err)
	}
	if hash != d.hash {
		return fmt.Errorf("%s at revision %d: %w", d.c, d.to, wire.ErrHash)
	}
	return nil
}

// compareKeys looks every key of a delta up.
func (v snapshot) compareKeys(d *delta, hash [16]byte) ([16]byte, error) {
	out := d.changes[:0]
	for _, ch := range d.changes {
		old, err := v.hubRow(d.c, ch.Key)
		if err != nil {
			return hash, err
		}
		if old != nil {
			hash = wire.Xor(hash, wire.RowHash(d.c, ch.Key, old))
		}
		if len(ch.Body) > 0 {
			hash = wire.Xor(hash, wire.RowHash(d.c, ch.Key, ch.Body))
		}
		if !bytes.Equal(old, ch.Body) || old == nil { // also the end of a row that only the terminal has
			out = append(out, ch)
		}
	}
	d.changes = out
	return hash, nil
}

// compareAll merges a snapshot, by key, with the rows that are there.
func (v snapshot) compareAll(ctx context.Context, d *delta) (hash [16]byte, err error) {
	rows, err := v.tx.QueryContext(ctx, sqlCollection, d.c)
	if err != nil {
		return hash, err
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	rest := slices.DeleteFunc(d.changes, func(ch wire.Change) bool { return len(ch.Body) == 0 })
	for _, ch := range rest {
		hash = wire.Xor(hash, wire.RowHash(d.c, ch.Key, ch.Body))
	}
	var out []wire.Change
	for rows.Next() {
		var key, body sql.RawBytes
		if err := rows.Scan(&key, &body); err != nil {
			return hash, err
		}
		n := 0
		for n < len(rest) && bytes.Compare(rest[n].Key, key) < 0 {
			n++
		}
		out = append(out, rest[:n]...)
		rest = rest[n:]
		switch {
		case len(rest) == 0 || !bytes.Equal(rest[0].Key, key):
			out = append(out, wire.Change{Key: bytes.Clone(key)})
		case bytes.Equal(rest[0].Body, body):
			rest = rest[1:]
		}
	}
	d.changes = append(out, rest...)
	return hash, rows.Err()
}

// orderChanges checks that every row can be understood and puts those that take rights away
// first; within each half the order by key stays, which writes every page once.
func (d *delta) orderChanges() error {
	first := make([]wire.Change, 0, len(d.changes))
	var then []wire.Change
	for _, ch := range d.changes {
		var body []byte
		if len(ch.Body) > 0 {
			body = ch.Body
		}
		row, err := effective(d.c, ch.Key, body, nil)
		if err != nil {
			return err
		}
		if body == nil || revokes(row) {
			first = append(first, ch)
		} else {
			then = append(then, ch)
		}
	}
	d.changes = append(first, then...)
	return nil
}

// putHubRows writes the rows that the hub sent.
func (t *txn) putHubRows(c wire.Collection, changes []wire.Change) error {
	for _, ch := range changes {
		if err := t.putHubRow(c, ch); err != nil {
			return err
		}
	}
	if c == wire.Leases {
		return t.readLeases()
	}
	return nil
}

func (t *txn) putHubRow(c wire.Collection, ch wire.Change) error {
	if c == wire.Grants {
		if err := t.endGrant(ch.Key); err != nil {
			return err
		}
	}
	var hub []byte
	if len(ch.Body) > 0 {
		hub = ch.Body
	}
	l, err := t.keepLocal(c, ch.Key, hub)
	if err != nil {
		return err
	}
	if err := t.noteChange(c, ch.Key, hub, l); err != nil {
		return err
	}
	if err := t.forgetAgreed(c, ch.Key, hub); err != nil {
		return err
	}
	if hub == nil {
		return t.exec(sqlEndHub, c, ch.Key)
	}
	return t.exec(sqlPutHub, c, ch.Key, hub)
}

// noteChange adds the effective row to the changes for the index.
func (t *txn) noteChange(c wire.Collection, key, hub []byte, l *localRow) error {
	change, err := effective(c, key, hub, l)
	if change != nil {
		t.changes = append(t.changes, change)
	}
	if err == nil {
		t.noteStrange(c, key, hub, change)
	}
	return err
}

// endGrant removes a grant from the account or group that had it, because the next row may name
// another one.
func (t *txn) endGrant(key []byte) error {
	old, err := find(t.find).hubRow(wire.Grants, key)
	if err != nil || old == nil {
		return err
	}
	w, _, err := decode[wire.Grant](wire.Grants, key, old)
	t.changes = append(t.changes, enroll.GoneGrant{ID: enroll.GrantID(key), Account: w.Account, Group: w.Group})
	return err
}

// keepLocal returns the terminal's row if it stays beside the row that the hub sent, and ends it
// otherwise.
func (t *txn) keepLocal(c wire.Collection, key, hub []byte) (*localRow, error) {
	if len(key) != 16 {
		return nil, nil
	}
	k := rowKey{c, [16]byte(key)}
	if _, ok := t.locals[k]; !ok {
		return nil, nil
	}
	l, err := find(t.find).localRow(k)
	if err != nil || l == nil {
		return nil, err
	}
	told := l.mark <= t.at.acked[wire.StreamSecurity]
	stays := false
	if hub == nil {
		stays, err = find(t.find).replacesHubRow(c, l)
		stays = stays && !told
	} else {
		stays, err = l.outlives(c, hub, told)
	}
	if err != nil || stays {
		return l, err
	}
	return nil, t.endLocal(k)
}

// sweepLocals ends the local rows of a collection that the hub knew about and did not take
// up; see the package comment.
func (t *txn) sweepLocals(c wire.Collection, snapshot bool) error {
	t.s.mu.Lock()
	settled := t.s.settled
	t.s.mu.Unlock()
	for k := range t.locals {
		if k.c != c || slices.Contains(t.localDrops, k) {
			continue
		}
		hub, l, err := find(t.find).bothRows(k)
		if err != nil {
			return err
		}
		ends := hub == nil && snapshot || hub != nil && (c == wire.Accounts || c == wire.Cards)
		if l == nil || !ends || l.mark > settled {
			continue
		}
		if err := errors.Join(t.endLocal(k), t.noteChange(c, k.key[:], hub, nil)); err != nil {
			return err
		}
	}
	return nil
}

func (t *txn) setCollection(c wire.Collection, rev uint64, hash [16]byte, folding bool) error {
	t.at.set(c, collection{rev, hash, folding})
	return t.exec(sqlPutVector, c, rev, hash[:], folding)
}
