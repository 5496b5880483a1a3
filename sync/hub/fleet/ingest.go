package fleet

import (
	"errors"
	"fmt"

	"badged/sync/hub/access"
	"badged/sync/hub/refusal"
	"badged/sync/wire"
)

// frame is a Frame whose signature and shape are good.
type frame struct {
	wire.Frame
	events []wire.Event
	bodies [][]byte
}

// openFrame unpacks a frame. An event that this version cannot read is kept as it is
// and has no effects: refusing it would stop its stream for ever.
func openFrame(kind string, payload []byte) (frame, error) {
	var f frame
	if err := wire.Unmarshal(payload, &f.Frame); err != nil {
		return f, err
	}
	if f.Stream.String() != kind || f.First == 0 {
		return f, fmt.Errorf("frame of stream %d from %d in a message %q", f.Stream, f.First, kind)
	}
	var err error
	if f.bodies, err = f.Unpack(); err != nil {
		return f, err
	}
	f.events = make([]wire.Event, len(f.bodies))
	for i, b := range f.bodies {
		if wire.Unmarshal(b, &f.events[i]) != nil {
			f.events[i] = wire.Event{}
		}
	}
	return f, nil
}

// ingest stores what is new and contiguous of a frame, with its effects, and moves src, whose
// watermark the caller writes in the same transaction, if moved is true.
func (h *Hub) ingest(tx Tx, terminal Terminal, f frame, src *Source) (moved bool, err error) {
	upto := src.Upto[f.Stream]
	last := f.First + uint64(len(f.events)) - 1
	if src.Retired || f.First > upto+1 || last <= upto {
		return false, nil
	}
	chain, follows := f.chain(*src)
	if !follows {
		h.log.Warn("a frame has other events than the hub in the same places: nothing of it is taken", "terminal", terminal.Name)
		return false, nil
	}
	for i := upto + 1 - f.First; i < uint64(len(f.events)); i++ {
		e := happening{tx: tx, terminal: terminal, src: *src, ev: f.events[i], rec: Record{
			Terminal: terminal.Name, Incarnation: f.Incarnation, Stream: f.Stream, Seq: f.First + i,
			Order: f.events[i].Order, Received: tx.Now, Body: f.bodies[i],
		}}
		if err := h.storeEvent(e); err != nil {
			return false, err
		}
	}
	src.Upto[f.Stream], src.Chain[f.Stream] = last, chain
	return true, nil
}

// chain is that of the last event of the frame, which reaches beyond the watermark. It
// follows if the frame has at the watermark the chain that the hub has there.
func (f frame) chain(src Source) (chain wire.Chain, follows bool) {
	chain, follows = f.After, true
	at, known := src.Chain[f.Stream]
	for i, body := range f.bodies {
		if f.First+uint64(i) == src.Upto[f.Stream]+1 {
			follows = !known || chain == at
		}
		chain = chain.Next(body)
	}
	return chain, follows
}

// storeEvent stores one event, with its effects, unless it is here already.
func (h *Hub) storeEvent(e happening) error {
	if e.src.Successor {
		known, err := e.tx.Happened(e.rec)
		if err != nil || known {
			return err
		}
	}
	added, err := e.tx.Append(e.rec)
	if err != nil || !added {
		return err
	}
	if forgotten, err := h.mayBeForgotten(e); forgotten || err != nil {
		return err
	}
	err = h.applyEffects(e)
	var refused *refusal.Error
	if errors.As(err, &refused) { // an event cannot be sent back: refusing it would stop its stream
		h.log.Warn("what a terminal reports has no effect", "terminal", e.terminal.Name, "order", e.ev.Order, "code", refused.Code)
		return nil
	}
	return err
}

// mayBeForgotten reports whether an event is so old that the hub would not know it again, and
// comes from a database that sends events again: its effects must not come twice.
func (h *Hub) mayBeForgotten(e happening) (bool, error) {
	if !e.src.Successor {
		return false, nil
	}
	site, err := access.Settings(e.tx.Tx.Tx)
	if err != nil || e.at().After(e.tx.Now.AddDate(0, -int(site.KeepEvents), 0)) {
		return false, err
	}
	h.log.Warn("an event is older than events are kept, and its terminal sends some again: it has no effect",
		"terminal", e.terminal.Name, "order", e.ev.Order)
	return true, nil
}
