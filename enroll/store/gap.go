package store

import (
	"badged/enroll"
	"badged/internal/clock"
)

// gap is how many events were refused because the store had failed. Only their number
// is kept: a disk can stay full for a long time.
type gap struct {
	events uint64
	last   clock.Stamp // when the last of them happened
}

// refuseEvent gives the reason why nothing can be written, and counts the event; nil: all
// is well.
func (s *Store) refuseEvent(e enroll.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		s.refused.events++
		s.refused.last = e.At
	}
	return s.failed
}

func (s *Store) gap() gap {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused
}

// appendGap tells of the events that were refused, behind those that were taken before.
func (t *txn) appendGap() error {
	g := t.s.gap()
	if g.events == 0 {
		return nil
	}
	t.told = g.events
	return t.Append(enroll.Event{
		Kind: enroll.EventDevice, Reason: enroll.EventsLost, At: g.last, Count: g.events,
	})
}
