package store

import (
	"context"
	"time"

	"badged/enroll"
	"badged/internal/clock"
	"badged/sync/wire"
)

// Position is where the store stands, for the hub's next answers to take into account.
func (s *Store) Position(ctx context.Context) (wire.Position, error) {
	if err := ctx.Err(); err != nil {
		return wire.Position{}, err
	}
	fresh := s.index.Fresh()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settled = s.at.acked[wire.StreamSecurity]
	p := wire.Position{
		Incarnation: s.at.incarnation, Former: s.at.former, Lease: s.at.leaseLeft(), Highest: s.at.highest, Fresh: fresh,
		Next: make(map[wire.Stream]uint64), Acked: make(map[wire.Stream]uint64), Chain: make(map[wire.Stream]wire.Chain),
	}
	for _, stream := range streams {
		p.Next[stream] = uint64(s.at.pos[stream] - s.at.base[stream] + 1)
		p.Acked[stream] = uint64(max(s.at.acked[stream]-s.at.base[stream], 0))
		p.Chain[stream] = s.at.heads[stream]
	}
	for c := wire.Config; c <= wire.LastCollection; c++ {
		v := s.at.vector[c]
		p.Vector = append(p.Vector, wire.CollectionState{
			Collection: c, Rev: v.rev, Hash: v.hash, NotUnderstood: s.at.strange[c],
		})
	}
	return p, nil
}

const sqlEndLeases = `DELETE FROM hub_row WHERE collection = 7`

// Reincarnate gives the database a new identity, because it was restored or copied: all
// events that are still here are numbered from 1 under it, and the leases are gone. What the
// hub said of the former identity does not count: it may be put back to an older state before
// it hears of the new one, and then nothing would tell. Events that neither side has any more
// are told of.
func (s *Store) Reincarnate(ctx context.Context, incarnation [16]byte) error {
	s.applying.Lock()
	defer s.applying.Unlock()
	return s.runJob(ctx, func(t *txn) error {
		if incarnation == t.at.incarnation {
			return nil
		}
		former := t.at.incarnation
		t.at.incarnation, t.at.former, t.at.dirty = incarnation, former[:], true
		t.at.acked, t.at.base, t.at.safe, t.at.born = t.at.pruned, t.at.pruned, t.at.pruned, 0
		if err := t.appendHole(); err != nil {
			return err
		}
		if err := t.exec(sqlEndLeases); err != nil {
			return err
		}
		t.at.leases = nil
		for key := range t.strange[wire.Leases] {
			t.strangers = append(t.strangers, strangeRow{wire.Leases, []byte(key), true})
		}
		return t.setCollection(wire.Leases, 0, [16]byte{}, false)
	})
}

// appendHole tells of the events that a hub which was put back lacks and that are not here
// any more.
func (t *txn) appendHole() error {
	var lost int64
	for _, stream := range streams {
		lost += t.at.hole[stream]
	}
	t.at.hole = perStream{}
	if lost == 0 {
		return nil
	}
	return t.Append(enroll.Event{
		Kind: enroll.EventDevice, Reason: enroll.EventsLost, Count: uint64(lost),
		At: clock.Stamp{Wall: time.Now().UTC(), State: clock.Unknown},
	})
}
