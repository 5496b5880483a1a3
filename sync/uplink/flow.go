package uplink

import (
	"time"

	"badged/sync/wire"
)

// flow is one stream on its way to the hub.
type flow struct {
	stream   wire.Stream
	acked    uint64 // the hub's watermark
	sent     uint64 // highest seq on the way, at least acked
	flights  []flight
	more     bool // the store may have more than sent
	fetching bool
}

// flight is a frame that was sent and not acknowledged.
type flight struct {
	upto uint64
	at   time.Time
}

// advanceFlow moves a flow to the hub's watermark. Within a connection the watermark never
// goes back, because answers can overtake each other; the first answer in the next
// connection shows whether the hub lost something. advance reports false if the hub has
// numbers that this database has not given yet: then this database is an older copy.
func (m *Machine) advanceFlow(f *flow, a wire.Ack) bool {
	upto, next := a.Upto[f.stream], max(m.pos.Next[f.stream], f.sent+1)
	if m.phase == greeting {
		if upto >= next {
			return false
		}
		upto = max(upto, f.acked)
		said, named := a.Upto[f.stream]
		all := named && upto == said // and nothing that came later in this connection
		f.acked, f.sent, f.flights, f.more = upto, upto, nil, true
		m.forgetDurable(f, a, all)
		return true
	}
	if upto <= f.acked || upto >= next {
		return true
	}
	m.stalls = 0
	f.acked, f.sent = upto, max(f.sent, upto)
	for len(f.flights) > 0 && f.flights[0].upto <= upto {
		f.flights = f.flights[1:]
	}
	m.forgetDurable(f, a, false)
	return true
}

// forgetDurable tells the store which events of a stream are durable at the hub.
func (m *Machine) forgetDurable(f *flow, a wire.Ack, all bool) {
	d := wire.Durable{Incarnation: m.pos.Incarnation, Stream: f.stream, Upto: f.acked, All: all, Born: a.Born}
	if f.acked == a.Upto[f.stream] {
		d.Safe = a.Safe[f.stream]
		if chain, told := a.Chain[f.stream]; told {
			d.Chain = &chain
		}
	}
	m.out = append(m.out, Forget{d})
}

// Forked is the input after Forget failed with wire.ErrFork: the database continues under a
// new incarnation.
func (m *Machine) Forked(now time.Time) []Effect {
	if m.moving {
		return nil
	}
	m.changeIncarnation(now, [16]byte{})
	return m.takeEffects()
}

// fetchEvents requests events for every stream whose window has room. Each stream has its own
// window, so that the security stream never waits behind the other.
func (m *Machine) fetchEvents() {
	if m.phase != flowing {
		return
	}
	for _, f := range m.flows {
		if f.more && !f.fetching && uint64(len(f.flights)) < m.credit {
			f.fetching = true
			m.out = append(m.out, Fetch{f.stream, f.sent})
		}
	}
}

// Events is the input after Fetch: the events that follow After; an empty batch means that
// there are none. A gap in their numbers means that the hub lost events which were pruned
// here: nothing can fill it, so the terminal continues under a new incarnation.
func (m *Machine) Events(now time.Time, stream wire.Stream, b wire.Batch) []Effect {
	f := m.findFlow(stream)
	f.fetching = false
	switch {
	case m.phase != flowing:
	case len(b.Events) == 0:
		f.more = false
	case b.First > f.sent+1:
		m.changeIncarnation(now, [16]byte{})
	default:
		m.sendFrame(now, f, b)
		m.fetchEvents()
	}
	return m.takeEffects()
}

func (m *Machine) sendFrame(now time.Time, f *flow, b wire.Batch) {
	if b.First != f.sent+1 {
		m.dropLink("events of stream %s from %d on, but the store gave %d", f.stream.String(), f.sent+1, b.First)
		return
	}
	frame, err := wire.PackFrame(m.pos.Incarnation, f.stream, b)
	if err != nil {
		m.dropLink("send events: %w", err)
		return
	}
	f.sent += uint64(len(b.Events))
	f.flights = append(f.flights, flight{f.sent, now})
	m.out = append(m.out, Send{frame})
}

func (m *Machine) findFlow(stream wire.Stream) *flow {
	for _, f := range m.flows {
		if f.stream == stream {
			return f
		}
	}
	panic("uplink: events of a stream that was not fetched")
}

// oldestFlight is when the frame that waits longest should have been acknowledged.
func (m *Machine) oldestFlight() (d time.Time) {
	for _, f := range m.flows {
		if len(f.flights) > 0 {
			d = soonest(d, f.flights[0].at.Add(ackWait))
		}
	}
	return d
}
