package uplink_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"badged/sync/uplink"
	"badged/sync/wire"
)

// chaos configures how badly the network behaves.
type chaos struct {
	rand      *rand.Rand
	mu        sync.Mutex // guards rand
	loss, dup float64
	delay     time.Duration
}

// deliver calls fn as often and as late as the network delivers the message.
func (c *chaos) deliver(fn func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range 1 + b2i(c.rand.Float64() < c.dup) {
		if c.rand.Float64() < c.loss {
			continue
		}
		late := time.Duration(c.rand.Float64() * float64(c.delay))
		time.AfterFunc(late, fn)
	}
}

func (c *chaos) calm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loss, c.dup, c.delay = 0, 0, 0
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// memHub is a hub in memory, and the network before it. Its world's mutex guards all
// of it.
type memHub struct {
	mu       *sync.Mutex
	net      chaos
	events   map[logID]map[uint64][]byte
	upto     map[logID]uint64
	sets     map[wire.Collection]*collection
	deltas   map[wire.Collection][]wire.Change
	nonce    [16]byte
	inc      [16]byte
	link     *memLink
	down     bool
	statuses []wire.Status
	hellos   []wire.Hello
	frames   []wire.Frame
	wants    []wire.Want
	fresh    byte
	answer   func(*wire.Ack) // changes an ack before it goes out
	spoil    func(*wire.Page)
	ignore   bool // takes frames but says nothing
	perPage  int
	hold     bool // messages wait in held until release
	held     []func()
}

func newMemHub(mu *sync.Mutex, seed uint64) *memHub {
	h := &memHub{
		mu:     mu,
		events: map[logID]map[uint64][]byte{}, upto: map[logID]uint64{}, sets: map[wire.Collection]*collection{},
		deltas: map[wire.Collection][]wire.Change{}, fresh: 100, answer: func(*wire.Ack) {}, spoil: func(*wire.Page) {}, perPage: 3,
	}
	h.net.rand = rand.New(rand.NewPCG(seed, 1))
	for c := wire.Config; c <= wire.Trust; c++ {
		h.sets[c] = &collection{rows: map[string]string{}}
	}
	return h
}

var errDown = errors.New("hub is down")

func (h *memHub) dial(context.Context, []byte) (uplink.Link, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return nil, errDown
	}
	h.link = &memLink{hub: h, in: make(chan uplink.Message, 64), done: make(chan struct{})}
	return h.link, nil
}

// cut ends the present connection without a good-bye.
func (h *memHub) cut() {
	if h.link != nil {
		h.link.Close()
	}
}

type memLink struct {
	hub  *memHub
	in   chan uplink.Message
	once sync.Once
	done chan struct{}
}

func (l *memLink) Publish(_ context.Context, kind string, payload []byte) error {
	select {
	case <-l.done:
		return errors.New("link is over")
	default:
	}
	l.hub.net.deliver(func() { l.hub.receive(kind, payload) })
	return nil
}
func (l *memLink) Receive() <-chan uplink.Message { return l.in }
func (l *memLink) Done() <-chan struct{}          { return l.done }
func (l *memLink) Err() error                     { return nil }
func (l *memLink) Close()                         { l.once.Do(func() { close(l.done) }) }

func open(kind string, payload []byte, v any) {
	pub := terminalKey.Public().(ed25519.PublicKey)
	if err := wire.Open(pub, topic.Of(wire.Up, kind), payload, v); err != nil {
		panic(fmt.Sprintf("the terminal sent what it should not: %v", err))
	}
}

// receive takes in a message as the hub does.
func (h *memHub) receive(kind string, payload []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch kind {
	case wire.MsgStatus:
		var s wire.Status
		open(kind, payload, &s)
		h.statuses = append(h.statuses, s)
	case wire.MsgHello:
		var hello wire.Hello
		open(kind, payload, &hello)
		h.greet(hello)
	case wire.MsgWant:
		var w wire.Want
		open(kind, payload, &w)
		h.wants = append(h.wants, w)
	case wire.MsgEvents, wire.MsgSecurity:
		var f wire.Frame
		open(kind, payload, &f)
		h.ingest(f)
	}
}

func (h *memHub) greet(hello wire.Hello) {
	h.hellos = append(h.hellos, hello)
	h.nonce, h.inc = hello.Nonce, hello.Incarnation
	for _, st := range streams {
		if hello.Next[st] <= h.upto[logID{h.inc, st}] {
			h.fresh++
			h.inc = [16]byte{h.fresh}
			h.ack(hello.Count)
			return
		}
	}
	h.ack(hello.Count)
	for _, v := range hello.Vector {
		h.sync(v)
	}
}

func (h *memHub) ingest(f wire.Frame) {
	h.frames = append(h.frames, f)
	id := logID{f.Incarnation, f.Stream}
	events, err := f.Unpack()
	if err != nil {
		panic(err)
	}
	if h.events[id] == nil {
		h.events[id] = map[uint64][]byte{}
	}
	for i, e := range events {
		h.events[id][f.First+uint64(i)] = e
	}
	for h.events[id][h.upto[id]+1] != nil {
		h.upto[id]++
	}
	if f.Incarnation == h.inc && !h.ignore {
		h.ack(0)
	}
}

// ack answers that hello of the connection; 0: none.
func (h *memHub) ack(hello uint64) {
	a := wire.Ack{Hello: hello, Nonce: h.nonce, Incarnation: h.inc, Upto: map[wire.Stream]uint64{}, Credit: wire.Window, Time: time.Now().UnixMilli()}
	for _, st := range streams {
		a.Upto[st] = h.upto[logID{h.inc, st}]
	}
	h.answer(&a)
	h.send(wire.MsgAck, a)
}

func (h *memHub) send(kind string, v any) {
	msg, err := wire.Seal(hubKey, topic.Of(wire.Down, kind), v)
	if err != nil {
		panic(err)
	}
	l := h.link
	if l == nil {
		return
	}
	fn := func() {
		select {
		case l.in <- uplink.Message{Kind: kind, Payload: msg}:
		default: // full: dropped, as mqttlink does
		}
	}
	if h.hold {
		h.held = append(h.held, fn)
		return
	}
	h.net.deliver(fn)
}

// release delivers what was held, in the order of held.
func (h *memHub) release() {
	h.hold = false
	for _, fn := range h.held {
		fn()
	}
}

// put changes a row and sends the delta.
func (h *memHub) put(c wire.Collection, key, body string) {
	set := h.sets[c]
	set.rev++
	if set.rows[key] = body; body == "" {
		delete(set.rows, key)
	}
	h.deltas[c] = append(h.deltas[c], wire.Change{Key: []byte(key), Rev: set.rev, Body: []byte(body)})
	h.pages(c, false, set.rev-1, h.deltas[c][len(h.deltas[c])-1:])
}

// sync brings a terminal up to date with a delta, or with a snapshot if no delta fits.
func (h *memHub) sync(v wire.CollectionState) {
	set := h.sets[v.Collection]
	switch {
	case v.Rev == set.rev && v.Hash == set.hash(v.Collection):
	case v.Rev > 0 && v.Rev < set.rev:
		h.pages(v.Collection, false, v.Rev, h.deltas[v.Collection][v.Rev:])
	default:
		var rows []wire.Change
		for k, b := range set.rows {
			rows = append(rows, wire.Change{Key: []byte(k), Rev: set.rev, Body: []byte(b)})
		}
		h.pages(v.Collection, true, 0, rows)
	}
}

func (h *memHub) pages(c wire.Collection, snapshot bool, from uint64, changes []wire.Change) {
	parts := max(1, (len(changes)+h.perPage-1)/h.perPage)
	for i := range parts {
		lo, hi := i*h.perPage, min((i+1)*h.perPage, len(changes))
		p := wire.Page{
			Nonce: h.nonce, Collection: c, Snapshot: snapshot, From: from, To: h.sets[c].rev,
			Part: uint64(i), Parts: uint64(parts), Hash: h.sets[c].hash(c), Changes: changes[lo:hi],
		}
		h.spoil(&p)
		h.send(wire.MsgPage, p)
	}
}

// orders are the events that the hub has, by how often it has them under different
// numbers.
func (h *memHub) orders() map[uint64]int {
	out := map[uint64]int{}
	for _, events := range h.events {
		for _, b := range events {
			var e wire.Event
			if err := wire.Unmarshal(b, &e); err != nil {
				panic(err)
			}
			out[e.Order]++
		}
	}
	return out
}
