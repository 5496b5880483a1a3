package uplink_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"log/slog"
	"maps"
	"sync"
	"time"

	"badged/sync/wire"
)

var (
	terminalKey = ed25519.NewKeyFromSeed([]byte("terminal terminal terminal termi"))
	hubKey      = ed25519.NewKeyFromSeed([]byte("hub hub hub hub hub hub hub hub "))
	topic       = wire.Context{Site: "lyon", Terminal: "hall"}
	streams     = []wire.Stream{wire.StreamEvents, wire.StreamSecurity}
	silent      = slog.New(slog.NewTextHandler(io.Discard, nil))
)

// log is one stream of one incarnation.
type logID struct {
	incarnation [16]byte
	stream      wire.Stream
}

// collection is a copy of one of the hub's sets.
type collection struct {
	rev  uint64
	rows map[string]string
}

func (c *collection) hash(id wire.Collection) (h [16]byte) {
	for k, v := range c.rows {
		h = wire.Xor(h, wire.RowHash(id, []byte(k), []byte(v)))
	}
	return h
}

// memStore is a terminal's store in memory. It keeps the last few acknowledged
// events, as the real one does. Its world's mutex guards all of it.
type memStore struct {
	mu          *sync.Mutex
	incarnation [16]byte
	events      map[wire.Stream][][]byte // stream → events from seq 1
	pruned      map[wire.Stream]uint64   // stream → seq up to which they are gone
	acked       map[wire.Stream]uint64
	sets        map[wire.Collection]*collection
	wake        chan struct{}
	fail        error
	onAcked     func(incarnation [16]byte, stream wire.Stream, upto uint64)
	applied     int
	fresh       time.Duration
}

const kept = 5

func newStore(mu *sync.Mutex) *memStore {
	s := &memStore{
		mu:          mu,
		incarnation: [16]byte{1}, events: map[wire.Stream][][]byte{}, pruned: map[wire.Stream]uint64{}, acked: map[wire.Stream]uint64{},
		sets: map[wire.Collection]*collection{}, wake: make(chan struct{}, 1), onAcked: func([16]byte, wire.Stream, uint64) {},
	}
	for c := wire.Config; c <= wire.Trust; c++ {
		s.sets[c] = &collection{rows: map[string]string{}}
	}
	return s
}

// append adds an event whose order is its identity in the tests. The caller holds mu.
func (s *memStore) append(stream wire.Stream, order uint64) {
	b, err := wire.Marshal(wire.Event{Order: order, Kind: 1, Boot: make([]byte, 8)})
	if err != nil {
		panic(err)
	}
	s.events[stream] = append(s.events[stream], b)
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *memStore) Wake() <-chan struct{} { return s.wake }

func (s *memStore) Position(context.Context) (wire.Position, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := wire.Position{Incarnation: s.incarnation, Next: map[wire.Stream]uint64{}, Lease: 7, Fresh: s.fresh}
	for _, st := range streams {
		p.Next[st] = uint64(len(s.events[st])) + 1
	}
	for c := wire.Config; c <= wire.Trust; c++ {
		p.Vector = append(p.Vector, wire.CollectionState{Collection: c, Rev: s.sets[c].rev, Hash: s.sets[c].hash(c)})
	}
	return p, s.fail
}

func (s *memStore) Pending(_ context.Context, stream wire.Stream, after uint64, maxEvents, _ int) (wire.Batch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := max(after, s.pruned[stream])
	all := s.events[stream]
	to := min(int(from)+maxEvents, len(all))
	if int(from) >= to {
		return wire.Batch{}, s.fail
	}
	return wire.Batch{First: from + 1, Events: all[from:to]}, s.fail
}

func (s *memStore) Acked(_ context.Context, d wire.Durable) error {
	incarnation, stream, upto := d.Incarnation, d.Stream, d.Upto
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onAcked(incarnation, stream, upto)
	if incarnation == s.incarnation {
		s.acked[stream] = max(s.acked[stream], upto)
		if upto > kept {
			s.pruned[stream] = max(s.pruned[stream], upto-kept)
		}
	}
	return s.fail
}

func (s *memStore) Apply(_ context.Context, pages []wire.Page) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := pages[0]
	next := &collection{rev: p.To, rows: map[string]string{}}
	if !p.Snapshot {
		if p.From > s.sets[p.Collection].rev {
			return errors.New("a delta that does not fit was applied")
		}
		maps.Copy(next.rows, s.sets[p.Collection].rows)
	}
	for i, page := range pages {
		if page.Part != uint64(i) || uint64(len(pages)) != page.Parts {
			return errors.New("an incomplete set was applied")
		}
		for _, ch := range page.Changes {
			if next.rows[string(ch.Key)] = string(ch.Body); len(ch.Body) == 0 {
				delete(next.rows, string(ch.Key))
			}
		}
	}
	if next.hash(p.Collection) != p.Hash {
		return wire.ErrHash
	}
	s.sets[p.Collection] = next
	s.applied++
	return s.fail
}

func (s *memStore) Reincarnate(_ context.Context, incarnation [16]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.incarnation = incarnation
	for _, st := range streams {
		s.events[st] = s.events[st][min(s.pruned[st], uint64(len(s.events[st]))):]
		s.acked[st], s.pruned[st] = 0, 0
	}
	return s.fail
}

func (s *memStore) allAcked() bool {
	for _, st := range streams {
		if s.acked[st] != uint64(len(s.events[st])) {
			return false
		}
	}
	return true
}
