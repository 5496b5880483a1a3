//go:build peers

package mqttlink

import (
	"context"
	"crypto/ed25519"
	"testing"
	"time"

	"badged/sync/uplink"
	"badged/sync/wire"
)

// The whole way of an event: store, uplink, mosquitto, hub, and the acknowledgement
// back, with the broker going and coming in between.
func TestPeerCarriesAnUplink(t *testing.T) {
	p := startMosquitto(t)
	_, terminal, _ := ed25519.GenerateKey(nil)
	hubPub, hubKey, _ := ed25519.GenerateKey(nil)
	store := newOutbox(5)
	up := uplink.New(uplink.Options{
		Store: store, Dial: p.config("hall").Dial, Site: "lyon", Terminal: "hall", Key: terminal, HubKey: hubPub, Clock: noClock{}, Log: silent,
	})
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan error)
	hub := p.hub(t)
	go func() { over <- up.Run(ctx) }()
	desk := &desk{hub: hub, key: hubKey, terminal: terminal.Public().(ed25519.PublicKey)}
	for desk.upto < 5 {
		desk.serve(t, next(t, hub.Receive()))
	}
	if upto := next(t, store.acked); upto != 5 {
		t.Errorf("acknowledged up to %d", upto)
	}
	stop()
	if err := <-over; err != nil {
		t.Error(err)
	}
	for m := next(t, hub.Receive()); ; m = next(t, hub.Receive()) {
		var s wire.Status
		if m.Kind == wire.MsgStatus && desk.open(t, m, &s) && !s.Online {
			break // the good-bye
		}
	}
}

// desk is a hub that takes every frame and says so.
type desk struct {
	hub      *Hub[hubMessage]
	key      ed25519.PrivateKey
	terminal ed25519.PublicKey
	ack      wire.Ack
	upto     uint64
}

var topicOfHall = wire.Context{Site: "lyon", Terminal: "hall"}

func (d *desk) open(t *testing.T, m hubMessage, v any) bool {
	t.Helper()
	if err := wire.Open(d.terminal, topicOfHall.Of(wire.Up, m.Kind), m.Payload, v); err != nil {
		t.Fatal(err)
	}
	return true
}

func (d *desk) serve(t *testing.T, m hubMessage) {
	t.Helper()
	switch m.Kind {
	case wire.MsgHello:
		var h wire.Hello
		d.open(t, m, &h)
		d.ack = wire.Ack{Nonce: h.Nonce, Incarnation: h.Incarnation, Credit: wire.Window, Time: time.Now().UnixMilli()}
	case wire.MsgEvents:
		var f wire.Frame
		d.open(t, m, &f)
		d.upto = max(d.upto, f.First+f.Count-1)
	default:
		return
	}
	d.ack.Upto = map[wire.Stream]uint64{wire.StreamEvents: d.upto, wire.StreamSecurity: 0}
	msg, err := wire.Seal(d.key, topicOfHall.Of(wire.Down, wire.MsgAck), d.ack)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.hub.Publish(t.Context(), "hall", wire.MsgAck, msg); err != nil {
		t.Fatal(err)
	}
}

type noClock struct{}

func (noClock) HubTime(time.Time) bool { return true }

// outbox is a store with n events in it.
type outbox struct {
	events [][]byte
	acked  chan uint64
	wake   chan struct{}
}

func newOutbox(n int) *outbox {
	o := &outbox{acked: make(chan uint64, 16), wake: make(chan struct{})}
	for i := range n {
		b, err := wire.Marshal(wire.Event{Order: uint64(i + 1), Kind: 1, Boot: make([]byte, 8)})
		if err != nil {
			panic(err)
		}
		o.events = append(o.events, b)
	}
	return o
}

func (o *outbox) Position(context.Context) (wire.Position, error) {
	return wire.Position{Next: map[wire.Stream]uint64{1: uint64(len(o.events)) + 1, 2: 1}}, nil
}

func (o *outbox) Pending(_ context.Context, stream wire.Stream, after uint64, _, _ int) (wire.Batch, error) {
	if stream != wire.StreamEvents || after >= uint64(len(o.events)) {
		return wire.Batch{}, nil
	}
	return wire.Batch{First: after + 1, Events: o.events[after:]}, nil
}

func (o *outbox) Acked(_ context.Context, d wire.Durable) error {
	if d.Upto > 0 {
		o.acked <- d.Upto
	}
	return nil
}

func (o *outbox) Apply(context.Context, []wire.Page) error    { return nil }
func (o *outbox) Reincarnate(context.Context, [16]byte) error { return nil }
func (o *outbox) Wake() <-chan struct{}                       { return o.wake }
