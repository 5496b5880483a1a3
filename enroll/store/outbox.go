package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"badged/sync/wire"
)

const (
	keepEvents = 1000 // events that stay for Tail when the hub has them
	pruneEvery = 256  // events that are deleted at once
	ackEvery   = 64   // events that the hub has, of which a power cut may forget it
	// keepUnsafe is how long an event stays that the hub has, but no backup of the hub: a hub
	// that is put back to its last backup gets it from here.
	keepUnsafe = 30 * 24 * time.Hour
	lookAgain  = time.Hour // at events that were too young to go
)

var (
	// sqlPending gives the event before the first one too, for its chain.
	sqlPending = perTable(`SELECT pos, chain, body FROM %s WHERE pos >= ? ORDER BY pos LIMIT ?`)
	sqlUnacked = perTable(`SELECT ord FROM %s WHERE pos > ? ORDER BY pos LIMIT 1`)
	sqlPruned  = perTable(`SELECT pos, chain FROM %s WHERE pos <= ? AND ord <= ? ORDER BY pos DESC LIMIT 1`)
	sqlPrune   = perTable(`DELETE FROM %s WHERE pos <= ?`)
	sqlChainOf = perTable(`SELECT chain FROM %s WHERE ord = ?`)
	sqlChainAt = perTable(`SELECT chain FROM %s WHERE pos = ?`)
	sqlBodyOf  = perTable(`SELECT body FROM %s WHERE ord = ?`)
)

// Pending gives encoded events of a stream behind seq after: at least one if there is any,
// at most maxEvents, and maxBytes or one event.
func (s *Store) Pending(ctx context.Context, stream wire.Stream, after uint64, maxEvents, maxBytes int) (wire.Batch, error) {
	if err := checkStream(stream); err != nil {
		return wire.Batch{}, err
	}
	v, end, err := s.snapshot(ctx)
	if err != nil {
		return wire.Batch{}, err
	}
	defer end()
	b, err := v.readPending(ctx, stream, after, maxEvents, maxBytes)
	return b, s.db.Explain("read the outbox of", err)
}

func (v snapshot) readPending(ctx context.Context, stream wire.Stream, after uint64, maxEvents, maxBytes int) (b wire.Batch, err error) {
	var base, pruned perStream
	var chains [1 + len(streams)][]byte
	err = v.find(`SELECT ev_base, sec_base, ev_pruned, sec_pruned, ev_chain, sec_chain FROM meta`).
		Scan(&base[1], &base[2], &pruned[1], &pruned[2], &chains[1], &chains[2])
	if err != nil {
		return b, err
	}
	from := max(int64(min(after, math.MaxInt32<<16))+base[stream], pruned[stream])
	if from == pruned[stream] {
		copy(b.After[:], chains[stream])
	}
	rows, err := v.tx.QueryContext(ctx, sqlPending[stream], from, maxEvents+1)
	if err != nil {
		return b, err
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	for size := 0; rows.Next(); {
		var pos int64
		var chain, body []byte
		if err := rows.Scan(&pos, &chain, &body); err != nil {
			return b, err
		}
		if pos == from {
			copy(b.After[:], chain)
			continue
		}
		if size += len(body); len(b.Events) == maxEvents || size > maxBytes && len(b.Events) > 0 {
			break
		}
		b.Events = append(b.Events, body)
	}
	if len(b.Events) > 0 {
		b.First = uint64(from + 1 - base[stream])
	}
	return b, rows.Err()
}

func checkStream(stream wire.Stream) error {
	if stream != wire.StreamEvents && stream != wire.StreamSecurity {
		return fmt.Errorf("there is no stream %d", stream)
	}
	return nil
}

// Acked takes the hub's word of what it has of a stream; that for another incarnation is
// ignored. The watermark is written with a later commit, once in a while, since it costs a
// block of flash: if it is lost, the hub says it again. wire.ErrFork: the hub has other
// events there.
func (s *Store) Acked(ctx context.Context, d wire.Durable) error {
	if err := checkStream(d.Stream); err != nil {
		return err
	}
	var due bool
	err := s.runNote(ctx, func(w *writer) (err error) {
		if d.Incarnation != w.at.incarnation {
			return nil
		}
		if err := w.moveWatermark(d); err != nil {
			return err
		}
		due = w.pruneDue(time.Now()) || w.bornNow(d)
		return nil
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.lastAck = time.Now()
	s.mu.Unlock()
	if due {
		return s.runJob(ctx, (*txn).pruneEvents)
	}
	return nil
}

// moveWatermark moves the watermark of a stream. A hub that has less than it once said was put
// back to an older state: it gets again what is still here.
func (w *writer) moveWatermark(d wire.Durable) error {
	at := &w.at
	if given := uint64(at.pos[d.Stream] - at.base[d.Stream]); d.Upto > given {
		return fmt.Errorf("the hub has %d events of stream %d, but only %d were ever written here", d.Upto, d.Stream, given)
	}
	pos := int64(d.Upto) + at.base[d.Stream]
	if err := w.checkFork(d, pos); err != nil {
		return err
	}
	switch {
	case pos > at.acked[d.Stream]:
		at.acked[d.Stream] = pos
		at.dirty = at.dirty || pos-at.written[d.Stream] >= ackEvery
	case d.All && pos < at.acked[d.Stream]:
		w.s.log.Warn("the hub has fewer events than it had: it was put back to an older state, and gets again what is still here",
			"stream", d.Stream.String(), "missing", at.acked[d.Stream]-pos, "kept", at.acked[d.Stream]-max(pos, at.pruned[d.Stream]))
		at.hole[d.Stream] = max(at.pruned[d.Stream]-pos, 0)
		at.acked[d.Stream], at.dirty = max(pos, at.pruned[d.Stream]), true
		at.safe[d.Stream] = min(at.safe[d.Stream], pos)
	}
	if safe := int64(min(d.Safe, d.Upto)) + at.base[d.Stream]; d.Safe > 0 && safe > at.safe[d.Stream] {
		at.safe[d.Stream], w.lookAt = safe, time.Time{}
	}
	return nil
}

// checkFork holds what the hub has at a place against what was written here. A hub that
// heard of this incarnation at another time than before forgot it in between.
func (w *writer) checkFork(d wire.Durable, pos int64) error {
	at := &w.at
	forgotten := d.Born != 0 && at.born != 0 && d.Born != at.born
	differs := false
	if d.Chain != nil && d.Upto > 0 {
		here, known, err := w.chainAtPos(d.Stream, pos)
		if err != nil {
			return err
		}
		differs = known && here != *d.Chain
	}
	if forgotten || differs {
		return wire.ErrFork
	}
	return nil
}

// chainAtPos is the chain up to a place of a stream; known is false if it was pruned.
func (w *writer) chainAtPos(stream wire.Stream, pos int64) (c wire.Chain, known bool, err error) {
	switch {
	case pos == w.at.pos[stream]:
		return w.at.heads[stream], true, nil
	case pos == w.at.pruned[stream]:
		return w.at.prunedChain[stream], true, nil
	case pos < w.at.pruned[stream]:
		return c, false, nil
	}
	var sum []byte
	err = w.queryRow(sqlChainAt[stream], pos).Scan(&sum)
	copy(c[:], sum)
	return c, err == nil, err
}

// bornNow keeps the hub's number for this incarnation, and reports whether it is news, which
// must be on the disk.
func (w *writer) bornNow(d wire.Durable) bool {
	if d.Born == 0 || w.at.born == d.Born {
		return false
	}
	w.at.born, w.at.dirty = d.Born, true
	return true
}

// pruneDue reports whether it is time to look for events that may go.
func (w *writer) pruneDue(now time.Time) bool {
	return w.at.ord-w.at.prunedOrd-max(w.at.outbox(), keepEvents) >= pruneEvery && !now.Before(w.lookAt)
}

// pruneEvents deletes the oldest events, as far as the hub has all before them, in a backup or for
// long, and Tail does not show them, a bounded number at a time. What is left begins without
// a gap.
func (t *txn) pruneEvents() error {
	bound := min(t.at.ord-keepEvents, t.at.prunedOrd+4*pruneEvery)
	upto, err := t.lowerToBefore(bound, t.at.acked)
	if err != nil {
		return err
	}
	old, err := t.isOld(upto)
	if err != nil {
		return err
	}
	if !old {
		if upto, err = t.lowerToBefore(upto, t.at.safe); err != nil {
			return err
		}
	}
	if upto-t.at.prunedOrd < pruneEvery {
		t.lookAt = time.Now().Add(lookAgain)
		return nil
	}
	return t.pruneTo(upto)
}

// lowerToBefore lowers an order until no event up to it lies behind the given places.
func (t *txn) lowerToBefore(upto int64, places perStream) (int64, error) {
	for _, stream := range streams {
		var ord int64
		switch err := t.queryRow(sqlUnacked[stream], places[stream]).Scan(&ord); {
		case err == nil:
			upto = min(upto, ord-1)
		case !errors.Is(err, sql.ErrNoRows):
			return 0, err
		}
	}
	return upto, nil
}

// isOld reports whether the event of an order happened so long ago that it need not wait for
// a backup of the hub.
func (t *txn) isOld(ord int64) (bool, error) {
	if ord <= t.at.prunedOrd {
		return false, nil
	}
	for _, stream := range streams {
		var body []byte
		err := t.queryRow(sqlBodyOf[stream], ord).Scan(&body)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		var e wire.Event
		if err == nil {
			err = wire.Unmarshal(body, &e)
		}
		return time.Since(time.UnixMilli(e.At)) > keepUnsafe && e.Clock != wire.ClockUnknown, err
	}
	return false, fmt.Errorf("event %d is not there", ord)
}

func (t *txn) pruneTo(upto int64) error {
	for _, stream := range streams {
		var pos int64
		var sum []byte
		err := t.queryRow(sqlPruned[stream], t.at.acked[stream], upto).Scan(&pos, &sum)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err == nil {
			err = t.exec(sqlPrune[stream], pos)
		}
		if err != nil {
			return err
		}
		t.at.pruned[stream] = pos
		copy(t.at.prunedChain[stream][:], sum)
	}
	t.at.prunedOrd, t.at.dirty = upto, true
	return nil
}

// chainAt is the chain of the event of an order.
func (t *txn) chainAt(ord int64) (c wire.Chain, err error) {
	for _, stream := range streams {
		var sum []byte
		err := t.queryRow(sqlChainOf[stream], ord).Scan(&sum)
		if err == nil {
			copy(c[:], sum)
			return c, nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return c, err
		}
	}
	return c, fmt.Errorf("event %d is not there", ord)
}
