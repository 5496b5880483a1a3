package fleet

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"badged/sync/hub/people"
	"badged/sync/wire"
)

// A database of a terminal that is in two places, or was put back to an older state, would
// give the same places in its streams to other events. The hub finds out in three ways:
//
//	the hello gives a place again that the hub has       restored or copied
//	the chain of a hello or a frame is not the hub's     restored or copied
//	two connections of one database are alive            copied
//
// and the terminal in a fourth: each acknowledgement has the chain of the event at the
// watermark. Whoever finds it out, the database goes on as another incarnation and sends
// again what is not known to be here. The hub knows events again that it has, and takes
// nothing under the former incarnation any more.

// rivalPause is when a connection must say hello again that may be one of two.
const rivalPause = time.Second

// refuseCopy finds out whether a database must go on as another one, and fills the answer.
func (h *Hub) refuseCopy(tx Tx, src Source, m wire.Hello, w *welcome) (refused bool, err error) {
	current, challenge := h.rival(src, m.Nonce)
	switch {
	case src.Retired:
		w.ack.Copied, w.ack.Incarnation = true, successor(src.Terminal, m)
		return true, nil
	case challenge != 0 && m.Echo == challenge:
		return true, h.separate(tx, src, m, current, w)
	case challenge != 0: // stale, or one of two: whoever answers is alive
		w.ack.Challenge, w.ack.RetryAfter = challenge, rivalPause.Milliseconds()
		w.ack.Problem = "another connection of this database is there"
		return true, nil
	case differs(src, m) && !h.hasJudged(src, m.Nonce):
		w.ack.Incarnation = successor(src.Terminal, m)
		return true, nil
	}
	return false, nil
}

// separate gives both connections of a database that is in two boxes an incarnation of
// their own.
func (h *Hub) separate(tx Tx, src Source, m wire.Hello, current ID, w *welcome) error {
	src.Retired = true
	if err := tx.PutSource(src); err != nil {
		return err
	}
	other := w.ack
	w.ack.Copied, w.ack.Incarnation = true, successor(src.Terminal, m)
	m.Nonce = current
	other.Nonce, other.Copied, other.Incarnation = current, true, successor(src.Terminal, m)
	w.rival = &other
	return h.raise(tx, TerminalCopied, src.Terminal, nil)
}

// retireFormer ends the database that a new one was before. That it goes on as another one
// is told: somebody may have put a copy of its disk into another box.
func (h *Hub) retireFormer(tx Tx, terminal string, m wire.Hello) error {
	former, ok := idOf(m.Former)
	if !ok {
		return nil
	}
	src, err := tx.Source(terminal, former)
	if errors.Is(err, people.ErrNotFound) || err == nil && src.Retired {
		return nil
	}
	if err != nil {
		return err
	}
	src.Retired = true
	if err := tx.PutSource(src); err != nil {
		return err
	}
	if hub, err := openAlarm(tx, HubRestored, ""); err != nil || hub.ID != 0 {
		return err // it is the hub that was put back
	}
	return h.raise(tx, TerminalRestored, terminal, nil)
}

// differs reports whether a database is not the one that the hub has the events of: it would
// give a place again, or has another chain in the same place.
func differs(src Source, m wire.Hello) bool {
	for stream, n := range src.Upto {
		if n == 0 {
			continue
		}
		chain, known := src.Chain[stream]
		said, told := m.Chain[stream]
		if m.Next[stream] <= n || m.Next[stream] == n+1 && known && told && said != chain {
			return true
		}
	}
	return false
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
