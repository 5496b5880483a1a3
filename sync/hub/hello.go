package hub

import (
	"crypto/rand"
	"fmt"
	"maps"
	"time"

	"badged/sync/wire"
)

// welcome is the answer to a Hello.
type welcome struct {
	ack    wire.Ack
	vector []wire.CollectionState // what the terminal has; its leases only if it keeps them
	taken  bool                   // false: the terminal cannot be served
}

// hello takes a terminal in: its version must be ours, and its database must not be
// behind what the hub has of it. One that is was restored or cloned, and becomes a
// new incarnation, without the leases of the old one.
func (h *Hub) hello(tx Tx, t Terminal, m wire.Hello, now time.Time) (welcome, error) {
	w := welcome{ack: wire.Ack{Nonce: m.Nonce, Incarnation: m.Incarnation, Upto: map[uint64]uint64{}, Time: now.UnixMilli()}}
	if m.MinVersion > wire.Version || m.MaxVersion < wire.Version {
		w.ack.Problem = fmt.Sprintf("the terminal speaks versions %d to %d, this hub %d: update the older one",
			m.MinVersion, m.MaxVersion, wire.Version)
		return w, nil
	}
	src, err := h.source(tx, t.Name, m)
	if err != nil {
		return w, err
	}
	if !m.NoLease {
		if err := lease(tx, scope(t.Name, src.Incarnation), now); err != nil {
			return w, err
		}
	}
	t.LastSeen, t.Agent, t.Vector = now, m.Agent, m.Vector
	if err := tx.PutTerminal(t); err != nil {
		return w, err
	}
	w.taken = true
	w.vector = m.Vector
	if src.Incarnation != m.Incarnation {
		w.vector = without(m.Vector, wire.Leases)
	}
	w.ack.Incarnation, w.ack.Upto, w.ack.Credit = src.Incarnation, maps.Clone(src.Upto), wire.Window
	return w, nil
}

// source finds the database that says hello, or begins a new one.
func (h *Hub) source(tx Tx, terminal string, m wire.Hello) (Source, error) {
	src, err := tx.Source(terminal, m.Incarnation)
	switch {
	case isMissing(err):
		src = Source{Terminal: terminal, Incarnation: m.Incarnation, Upto: map[uint64]uint64{}}
		err = tx.EachSource(terminal, func(Source) error {
			src.Successor = true // it may bring what its former database brought
			return nil
		})
		if err != nil {
			return src, err
		}
		return src, tx.PutSource(src)
	case err != nil || !behind(m.Next, src.Upto):
		return src, err
	}
	h.log.Warn("a terminal's database is older than what the hub has of it, restored or cloned: it gets a new identity",
		"terminal", terminal)
	src = Source{Terminal: terminal, Incarnation: randomID(), Successor: true, Upto: map[uint64]uint64{}}
	return src, tx.PutSource(src)
}

// behind reports whether a database would give a number again that the hub has.
func behind(next, upto map[uint64]uint64) bool {
	for stream, n := range upto {
		if n > 0 && next[stream] <= n {
			return true
		}
	}
	return false
}

func without(vector []wire.CollectionState, c wire.Collection) []wire.CollectionState {
	var out []wire.CollectionState
	for _, s := range vector {
		if s.Collection != c {
			out = append(out, s)
		}
	}
	return out
}

func randomID() (id ID) {
	_, _ = rand.Read(id[:]) // never fails since Go 1.24
	return id
}
