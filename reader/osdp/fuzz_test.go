package osdp

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"badged/internal/sim"
	"badged/reader"
)

// A frame that is read is the one that was written, whatever stands around it.
func FuzzFrame(f *testing.F) {
	f.Add(byte(1), byte(1), byte(0x50), []byte("\x00\x01\x1a\x00\x8b\x35\x1b\x80"), false, []byte{}, []byte("noise"))
	f.Add(byte(0x7E), byte(3), byte(0x60), []byte{}, true, []byte{0x15}, []byte{0x53, 0x81})
	f.Fuzz(func(t *testing.T, addr, seq, code byte, data []byte, sum bool, block, before []byte) {
		if len(data) > 1000 || len(block) > 100 || bytes.IndexByte(before, som) >= 0 {
			return
		}
		want := frame{addr: addr & everybody, seq: seq & 3, code: code, data: data, sum: sum}
		if len(block) > 0 && block[0] < scsCommand {
			want.block = block
		}
		var got []frame
		s := scanner{}
		s.feed(append(before, want.encode(nil)...), collect(func(raw []byte) {
			g, ok := parse(bytes.Clone(raw))
			if !ok {
				t.Fatal("what was written cannot be read")
			}
			got = append(got, g)
		}))
		if len(got) != 1 {
			t.Fatalf("%d frames", len(got))
		}
		g := got[0]
		if g.addr != want.addr || g.seq != want.seq || g.code != want.code || g.sum != want.sum ||
			!bytes.Equal(g.data, want.data) || !bytes.Equal(g.block, want.block) {
			t.Fatal("another frame")
		}
	})
}

type collect func(raw []byte)

func (c collect) frame(raw []byte) { c(raw) }
func (collect) wrong(reader.Why)   {}

// However the bytes of the capture are changed, cut and joined, a Monitor says no card
// and no key inside the channel that was not sent.
func FuzzMonitor(f *testing.F) {
	for _, v := range vectors(f) {
		if v.Hex != "" && v.Kind == "frame" {
			f.Add(unhex(f, v.Hex), uint16(0), uint16(10))
		}
	}
	all := bytes.Join(capture(f), nil)
	f.Add(all[:200], uint16(300), uint16(700))
	f.Fuzz(func(t *testing.T, p []byte, from, to uint16) {
		m := captureMonitor(t, captureKey)
		emit := func(reader.Event) {}
		for i := range p {
			m.Feed(t0, p[i:i+1], emit)
		}
		m.Tick(t0.Add(time.Minute), emit)
		a, b := min(int(from), len(all)), min(int(to), len(all))
		for _, link := range m.links {
			link.phase = plain // whatever p was: what follows is in a channel
		}
		m.Feed(t0, all[:a], emit)
		m.Feed(t0, p, emit)
		m.Feed(t0, all[min(a, b):], emit)
		m.Tick(t0.Add(2*time.Minute), emit)
	})
}

// Whatever comes over the line, a Bus takes no card and no key that its reader did not
// say inside the channel, and goes on.
func FuzzBus(f *testing.F) {
	f.Add([]byte{}, uint64(1))
	f.Add(reply(1, 1, replyRaw, 0, 1, 26, 0, 0x8B, 0x35, 0x1B, 0x80), uint64(2))
	f.Add(reply(1, 0, replyBusy), uint64(3))
	f.Add(reply(1, 2, replyNAK, 6), uint64(4))
	f.Add(reply(1, 3, replyCap, 9, 0, 0), uint64(5))
	for _, frame := range capture(f)[:12] {
		f.Add(frame, uint64(6))
	}
	f.Fuzz(func(t *testing.T, hostile []byte, seed uint64) {
		if len(hostile) > 4096 {
			return
		}
		h := attack(t, hostile, seed)
		if h.cards != 0 || h.keys != 0 {
			t.Fatal("a card or key that no reader said in the channel")
		}
		h.hostile = nil
		for range 200 {
			h.turn()
		}
		_ = h.r.Present(26, []byte{0x8B, 0x35, 0x1B, 0x80})
		for range 20 {
			h.turn()
		}
		if h.cards != 1 {
			t.Fatalf("then: %d cards of one", h.cards)
		}
	})
}

// attacked is a host, its reader, and bytes of somebody else between them.
type attacked struct {
	bus         *Bus
	r           *sim.OSDPReader
	rnd         *rand.Rand
	now         time.Time
	hostile     []byte
	cards, keys int
}

func attack(t *testing.T, hostile []byte, seed uint64) *attacked {
	const text = "8F1E6A0C5D2B93477A60E1F4B8C2D935"
	key, err := ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	r, err := sim.NewOSDPReader(sim.OSDPConfig{Address: 1, Key: unhex(t, text)})
	if err != nil {
		t.Fatal(err)
	}
	bus, err := NewBus(BusConfig{Units: []Unit{{Address: 1, Keys: []Key{key}}}, Random: rand.NewChaCha8([32]byte{byte(seed)})})
	if err != nil {
		t.Fatal(err)
	}
	h := &attacked{bus: bus, r: r, rnd: rand.New(rand.NewPCG(seed, 1)), now: t0, hostile: hostile}
	bus.Open(t0)
	for range 60 {
		h.turn()
	}
	return h
}

func (h *attacked) emit(e reader.Event) {
	switch e.Kind {
	case reader.KindCard:
		h.cards++
	case reader.KindKey:
		h.keys++
	}
}

// turn lets the host speak, and somebody else get in before the reader, behind it or in
// its place.
func (h *attacked) turn() {
	if p := h.bus.Send(h.now); p != nil {
		replies := bytes.Join(h.r.Receive(bytes.Clone(p)), nil)
		h.now = h.now.Add(10 * time.Millisecond)
		switch where := h.rnd.IntN(4); {
		case h.hostile == nil || where == 0:
			h.bus.Feed(h.now, replies, h.emit)
		case where == 1:
			h.bus.Feed(h.now, append(bytes.Clone(h.hostile), replies...), h.emit)
		case where == 2:
			cut := h.rnd.IntN(len(replies) + 1)
			h.bus.Feed(h.now, bytes.Join([][]byte{replies[:cut], h.hostile, replies[cut:]}, nil), h.emit)
		default:
			h.bus.Feed(h.now, h.hostile, h.emit)
		}
	}
	if due := h.bus.Deadline(); due.After(h.now) {
		h.now = due
	}
	h.bus.Tick(h.now, h.emit)
}
