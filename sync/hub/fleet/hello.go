package fleet

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"

	"badged/internal/profile"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// welcome is the answer to a Hello.
type welcome struct {
	ack       wire.Ack
	vector    []wire.CollectionState // what the terminal has
	doorsOnly bool
	taken     bool // false: the terminal is not served under the name it gave
}

// applyHello lets a terminal begin a conversation: its version must be that of the hub, and
// its database must not be behind what the hub has of it. A database that is behind was
// restored or cloned: it is told to go on as another incarnation, and gets leases and a
// session once it says hello as that. So an old hello that somebody replays changes nothing.
func (h *Hub) applyHello(tx Tx, t Terminal, m wire.Hello) (welcome, error) {
	w := welcome{ack: wire.Ack{Nonce: m.Nonce, Incarnation: m.Incarnation, Upto: map[wire.Stream]uint64{}, Time: tx.Now.UnixMilli()}}
	if m.MinVersion > wire.Version || m.MaxVersion < wire.Version {
		w.ack.Problem = fmt.Sprintf("the terminal speaks versions %d to %d, this hub %d: update the older one",
			m.MinVersion, m.MaxVersion, wire.Version)
		return w, nil
	}
	src, err := findSource(tx, t.Name, m.Incarnation)
	if err != nil {
		return w, err
	}
	w.ack.Credit = wire.Window
	if isBehind(m.Next, src.Upto) && !h.hasJudged(src, m.Nonce) {
		h.log.Warn("a hello is older than what the hub has of the database: if the database was restored or cloned, it gets a new identity",
			"terminal", t.Name)
		w.ack.Incarnation = successor(t.Name, m)
		w.ack.Upto, err = readWatermarks(tx, t.Name, w.ack.Incarnation)
		return w, err
	}
	if !m.NoLease {
		if err := topUpLeases(tx, scope(t.Name, src.Incarnation)); err != nil {
			return w, err
		}
	}
	h.noticeStrange(t, m)
	t.LastSeen, t.Agent, t.Vector, t.Doors = tx.Now, kept(m.Agent), m.Vector, keptAll(m.Doors)
	w.taken, w.doorsOnly, w.vector, w.ack.Upto = true, m.NoLease, m.Vector, maps.Clone(src.Upto)
	return w, tx.PutTerminal(t)
}

// The bounds of what a terminal says about itself.
const (
	longestSaid = 200 // bytes
	mostDoors   = 100
)

// kept is a text of a terminal about itself, or none if no database could keep it.
func kept(s string) string {
	if len(s) > longestSaid || !profile.IsText(s) {
		return ""
	}
	return s
}

func keptAll(texts []string) (out []string) {
	for _, s := range texts[:min(len(texts), mostDoors)] {
		if s = kept(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// noticeStrange logs that a terminal does not understand rows, when it begins to or when it
// has been updated.
func (h *Hub) noticeStrange(t Terminal, m wire.Hello) {
	before, now := strangeRows(t.Vector), strangeRows(m.Vector)
	switch {
	case now == before:
	case now == 0:
		h.log.Info("a terminal understands all rows again", "terminal", t.Name, "agent", m.Agent)
	default:
		h.log.Warn("a terminal is too old for some rows, which give no right there: update its agent",
			"terminal", t.Name, "agent", m.Agent, "rows", now)
	}
}

func strangeRows(vector []wire.CollectionState) (n uint64) {
	for _, v := range vector {
		n += v.NotUnderstood
	}
	return n
}

// findSource finds the database that says hello, or begins a new one.
func findSource(tx Tx, terminal string, incarnation ID) (Source, error) {
	src, err := tx.Source(terminal, incarnation)
	if !errors.Is(err, people.ErrNotFound) {
		return src, err
	}
	src = Source{Terminal: terminal, Incarnation: incarnation, Upto: map[wire.Stream]uint64{}}
	err = tx.EachSource(terminal, func(Source) error {
		src.Successor = true // it may bring what its former database brought
		return nil
	})
	if err != nil {
		return src, err
	}
	return src, tx.PutSource(src)
}

// hasJudged reports whether a hello of this connection was accepted already: frames overtook
// a later one, which says nothing about the database.
func (h *Hub) hasJudged(src Source, nonce ID) bool {
	running, ok := h.nonce(scope(src.Terminal, src.Incarnation))
	return ok && running == nonce
}

// successor is the incarnation that a database goes on as. The same hello gives the
// same one, however often it comes.
func successor(terminal string, m wire.Hello) ID {
	sum := sha256.New()
	fmt.Fprintf(sum, "badged/1/successor/%s/", terminal)
	sum.Write(m.Incarnation[:])
	sum.Write(m.Nonce[:])
	return ID(sum.Sum(nil)[:len(ID{})])
}

// readWatermarks tells how far the hub is with a database, which may not have said hello yet.
func readWatermarks(tx Tx, terminal string, incarnation ID) (map[wire.Stream]uint64, error) {
	src, err := tx.Source(terminal, incarnation)
	if errors.Is(err, people.ErrNotFound) {
		return map[wire.Stream]uint64{}, nil
	}
	return src.Upto, err
}

// isBehind reports whether a database would give a number again that the hub has.
func isBehind(next, upto map[wire.Stream]uint64) bool {
	for stream, n := range upto {
		if n > 0 && next[stream] <= n {
			return true
		}
	}
	return false
}

func randomID() (id ID) {
	_, _ = rand.Read(id[:]) // never fails since Go 1.24
	return id
}
