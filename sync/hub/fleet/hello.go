package fleet

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"

	"badged/internal/profile"
	"badged/sync/hub/people"
	"badged/sync/hub/release"
	"badged/sync/wire"
)

// welcome is the answer to a Hello.
type welcome struct {
	ack       wire.Ack
	vector    []wire.CollectionState // what the terminal has
	doorsOnly bool
	taken     bool          // false: the terminal is not served under the name it gave
	held      bool          // it keeps what it has until somebody acknowledges that the hub was restored
	told      *release.Told // about a release; nil: nothing
	rival     *wire.Ack     // to the other connection of a database that is in two boxes
}

// applyHello lets a terminal begin a conversation: its version must be that of the hub, and
// its database must be the one that the hub has the events of. One that is behind, has other
// events, or is in two boxes is told to go on as another incarnation, and gets leases and a
// session once it says hello as that. So an old hello that somebody replays changes nothing.
func (h *Hub) applyHello(tx Tx, t Terminal, m wire.Hello) (welcome, error) {
	w := welcome{ack: wire.Ack{Nonce: m.Nonce, Incarnation: m.Incarnation, Credit: wire.Window, Time: tx.Now.UnixMilli(), Hello: m.Count}}
	if m.MinVersion > wire.Version || m.MaxVersion < wire.Version {
		w.ack.Credit, w.ack.Upto = 0, map[wire.Stream]uint64{}
		w.ack.Problem = fmt.Sprintf("the terminal speaks versions %d to %d, this hub %d: update the older one",
			m.MinVersion, m.MaxVersion, wire.Version)
		return w, nil
	}
	src, err := h.findSource(tx, t.Name, m)
	if err != nil {
		return w, err
	}
	describeSource(&w.ack, src)
	w.ack.Born, w.ack.Run = src.Born, h.run
	refused, err := h.refuseCopy(tx, src, m, &w)
	if refused || err != nil {
		return w, err
	}
	if w.held, err = h.noticeAhead(tx, src, m); err != nil {
		return w, err
	}
	if !m.NoLease {
		if err := topUpLeases(tx, scope(t.Name, src.Incarnation)); err != nil {
			return w, err
		}
	}
	h.noticeStrange(t, m)
	if err := noteApplied(tx, t, m.Vector); err != nil {
		return w, err
	}
	t.LastSeen, t.Agent, t.Vector, t.Doors = tx.Now, kept(m.Agent), m.Vector, keptAll(m.Doors)
	w.taken, w.doorsOnly, w.vector = true, m.NoLease, m.Vector
	if !w.held {
		if w.told, err = h.answerUpdate(tx, &t, m); err != nil {
			return w, err
		}
	}
	return w, tx.PutTerminal(t)
}

// describeSource says in an acknowledgement what the hub has of a database. It names every
// stream.
func describeSource(a *wire.Ack, src Source) {
	a.Upto, a.Chain = map[wire.Stream]uint64{wire.StreamEvents: 0, wire.StreamSecurity: 0}, maps.Clone(src.Chain)
	maps.Copy(a.Upto, src.Upto)
	a.Safe = maps.Clone(src.Safe)
	maps.DeleteFunc(a.Safe, func(_ wire.Stream, n uint64) bool { return n == 0 })
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

// findSource finds the database that says hello, or begins a new one. The one that it was
// before ends with that.
func (h *Hub) findSource(tx Tx, terminal string, m wire.Hello) (Source, error) {
	src, err := tx.Source(terminal, m.Incarnation)
	if !errors.Is(err, people.ErrNotFound) {
		return src, err
	}
	src = Source{Terminal: terminal, Incarnation: m.Incarnation, Upto: map[wire.Stream]uint64{}, Born: randomNumber()}
	err = tx.EachSource(terminal, func(Source) error {
		src.Successor = true // it may bring what its former database brought
		return nil
	})
	if err == nil {
		err = h.retireFormer(tx, terminal, m)
	}
	if err != nil {
		return src, err
	}
	return src, tx.PutSource(src)
}

// randomNumber is one that a database can keep, not 0.
func randomNumber() uint64 {
	id := randomID()
	return binary.BigEndian.Uint64(id[:])>>1 | 1
}

func randomID() (id ID) {
	_, _ = rand.Read(id[:]) // never fails since Go 1.24
	return id
}
