package hub

import (
	"context"

	"badged/sync/wire"
)

// maxEvents bounds one answer with events.
const maxEvents = 1000

// Event is one stored event with what an operator wants to read beside it.
type Event struct {
	Record
	wire.Event
	Readable    bool   // false: a newer terminal wrote it
	AccountName string // now
}

// Events are those after an id in the hub's order, at most limit.
func (h *Hub) Events(ctx context.Context, after uint64, limit int) ([]Event, error) {
	if limit <= 0 || limit > maxEvents {
		limit = maxEvents
	}
	var out []Event
	err := h.store.View(ctx, func(tx Tx) error {
		err := tx.Events(after, limit, func(r Record) error {
			e := Event{Record: r}
			e.Readable = wire.Unmarshal(r.Body, &e.Event) == nil
			out = append(out, e)
			return nil
		})
		if err != nil {
			return err
		}
		for i := range out {
			if err := nameAccount(tx, &out[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

func nameAccount(tx Tx, e *Event) (err error) {
	if id, ok := idOf(e.Event.Account); ok {
		e.AccountName, err = displayName(tx, id)
	}
	return err
}

// Appended gives a channel that is closed when events are added after this call.
func (h *Hub) Appended() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.appended
}
