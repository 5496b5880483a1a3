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

// advance moves a flow to the watermark that the hub says. Within a connection it
// never goes back, for an answer may have been overtaken by later ones; a hub that lost
// something is found out by the first answer in the next connection. It reports false
// when the hub has numbers that this database is yet to give: it is a copy of an older
// one.
func (m *Machine) advance(f *flow, a wire.Ack) bool {
	upto, next := a.Upto[f.stream], max(m.pos.Next[f.stream], f.sent+1)
	if m.phase == greeting {
		if upto >= next {
			return false
		}
		upto = max(upto, f.acked)
		said, named := a.Upto[f.stream]
		all := named && upto == said // and nothing that came later in this connection
		f.acked, f.sent, f.flights, f.more = upto, upto, nil, true
		m.forget(f, a, all)
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
	m.forget(f, a, false)
	return true
}

// forget tells the store what the hub has of a stream.
func (m *Machine) forget(f *flow, a wire.Ack, all bool) {
	d := wire.Durable{Incarnation: m.pos.Incarnation, Stream: f.stream, Upto: f.acked, All: all, Born: a.Born}
	if f.acked == a.Upto[f.stream] {
		d.Safe = a.Safe[f.stream]
		if chain, told := a.Chain[f.stream]; told {
			d.Chain = &chain
		}
	}
	m.out = append(m.out, Forget{d})
}

// Forked answers Forget with wire.ErrFork: the database goes on as another one.
func (m *Machine) Forked(now time.Time) []Effect {
	if m.moving {
		return nil
	}
	m.renew(now, [16]byte{})
	return m.takeEffects()
}

// pump asks for events wherever there is room on the way. Each stream has its own
// window, so that the security stream never waits behind the other.
func (m *Machine) pump() {
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

// Events answers Fetch: the events that follow After, none if there is none. A hole
// in their numbers means that the hub lost events which were pruned here: nothing can
// fill it, so the terminal goes on under a new incarnation.
func (m *Machine) Events(now time.Time, stream wire.Stream, b wire.Batch) []Effect {
	f := m.flow(stream)
	f.fetching = false
	switch {
	case m.phase != flowing:
	case len(b.Events) == 0:
		f.more = false
	case b.First > f.sent+1:
		m.renew(now, [16]byte{})
	default:
		m.send(now, f, b)
		m.pump()
	}
	return m.takeEffects()
}

func (m *Machine) send(now time.Time, f *flow, b wire.Batch) {
	if b.First != f.sent+1 {
		m.drop("events of stream %s from %d on, but the store gave %d", f.stream.String(), f.sent+1, b.First)
		return
	}
	frame, err := wire.PackFrame(m.pos.Incarnation, f.stream, b)
	if err != nil {
		m.drop("send events: %w", err)
		return
	}
	f.sent += uint64(len(b.Events))
	f.flights = append(f.flights, flight{f.sent, now})
	m.out = append(m.out, Send{frame})
}

func (m *Machine) flow(stream wire.Stream) *flow {
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
