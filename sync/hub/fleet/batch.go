package fleet

import (
	"context"
	"errors"

	"badged/sync/hub/audit"
	"badged/sync/hub/people"
)

// The bounds of one transaction.
const (
	maxBatch = 256          // messages
	maxOfOne = maxBatch / 4 // of one terminal, which has far fewer on the way
	maxLeft  = 4 * maxBatch // messages that are left out
)

// gatherBatch adds what waits behind the first message, so that all share a transaction. It
// waits for nothing. Who has more on the way than anybody may takes no place of others: left
// counts what is left out of theirs, by terminal.
func gatherBatch(first Message, more <-chan Message) (batch []Message, left map[string]int) {
	batch, left = []Message{first}, make(map[string]int)
	of := map[string]int{first.Terminal: 1}
	for looked := 0; len(batch) < maxBatch && looked < maxBatch+maxLeft; looked++ {
		select {
		case m, ok := <-more:
			if !ok {
				return batch, left
			}
			if of[m.Terminal] == maxOfOne {
				left[m.Terminal]++
				continue
			}
			of[m.Terminal]++
			batch = append(batch, m)
		default:
			return batch, left
		}
	}
	return batch, left
}

// applyInOrder handles messages in one transaction. What cannot be stored of one terminal
// holds up no other: what came before it goes without it, then it is tried alone, and what
// came behind it follows.
func (h *Hub) applyInOrder(ctx context.Context, link Link, good []opened) {
	for len(good) > 0 {
		bad, err := h.applyAll(ctx, link, good)
		if err == nil {
			return
		}
		if bad < 0 {
			h.applyOneByOne(ctx, link, good)
			return
		}
		if _, err := h.applyAll(ctx, link, good[:bad]); err != nil {
			h.applyOneByOne(ctx, link, good[:bad])
		}
		h.applyOneByOne(ctx, link, good[bad:bad+1])
		good = good[bad+1:]
	}
}

func (h *Hub) applyOneByOne(ctx context.Context, link Link, good []opened) {
	for i, o := range good {
		if _, err := h.applyAll(ctx, link, good[i:i+1]); err != nil {
			h.log.Error("what a terminal sent cannot be stored: nothing is acknowledged", "terminal", o.terminal, "error", err)
			h.sendFailure(ctx, link, o)
		}
	}
}

// applyAll handles messages in one transaction and answers them once it is on disk. bad is
// the message that failed; below 0: not one of them did, but the transaction.
func (h *Hub) applyAll(ctx context.Context, link Link, good []opened) (bad int, err error) {
	if len(good) == 0 {
		return -1, nil
	}
	bad = -1
	var r reply
	by := audit.Actor{Kind: audit.System, Via: "mqtt"}
	err = h.store.Write(ctx, by, func(tx Tx) error {
		r = reply{
			now: tx.Now, sources: make(map[string]Source), terminals: make(map[string]Terminal), moved: make(map[string]*advance),
		}
		for i, o := range good {
			bad = i
			tx.By = audit.Actor{Kind: audit.Terminal, ID: o.terminal, Via: "mqtt"}
			if err := h.applyMessage(tx, o, &r); err != nil {
				return err
			}
		}
		bad = -1
		return r.writeSources(tx)
	})
	if err == nil {
		h.sendReplies(ctx, link, r)
	}
	return bad, err
}

// advance is how far a source is in a transaction.
type advance struct {
	Source
	written bool
}

// applyFrame stores what is new of a frame. Frames of one source that share a transaction
// read its watermark once and write it once.
func (h *Hub) applyFrame(tx Tx, t Terminal, f frame, r *reply) error {
	at := scope(t.Name, f.Incarnation)
	a := r.moved[at]
	if a == nil {
		src, err := tx.Source(t.Name, f.Incarnation)
		if errors.Is(err, people.ErrNotFound) {
			h.log.Warn("a frame of a database that never said hello", "terminal", t.Name)
			return nil
		}
		if err != nil {
			return err
		}
		a = &advance{src, true}
		r.moved[at] = a
	}
	moved, err := h.ingest(tx, t, f, &a.Source)
	if err != nil {
		return err
	}
	r.sources[at] = a.Source
	a.written = a.written && !moved
	if !a.Successor {
		return nil
	}
	return r.writeSources(tx) // another database of the terminal may ask how far this one is
}

// writeSources writes the watermarks that moved, and forgets what frames found.
func (r *reply) writeSources(tx Tx) error {
	for _, a := range r.moved {
		if a.written {
			continue
		}
		if err := tx.PutSource(a.Source); err != nil {
			return err
		}
	}
	clear(r.moved)
	return nil
}
