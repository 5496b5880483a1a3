package osdp

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/internal/rig/sim"
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
		s.feedBytes(slices.Concat(before, want.encodeClear(nil)), collect(func(raw []byte) {
			g, ok := parseFrame(bytes.Clone(raw))
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

func (c collect) hearFrame(raw []byte) { c(raw) }
func (collect) hearFault(reader.Why)   {}

// Whatever is said between the frames of a channel, a Monitor takes no card and no key
// that was not sent in it.
func FuzzMonitor(f *testing.F) {
	const opened = 10 // frames, and the channel is open
	frames := capture(f)
	f.Add(reply(0x65, 1, replyRaw, 0, 1, 26, 0, 0x8B, 0x35, 0x1B, 0x80), byte(12))
	f.Add(reply(0x65, 1, replyKeypad, 0, 1, '0'), byte(12))
	for _, p := range frames[opened:] {
		f.Add(p, byte(20))
	}
	known := strings.Split(captureTold, ", ")
	f.Fuzz(func(t *testing.T, p []byte, at byte) {
		if len(p) == 0 {
			return
		}
		cut := opened + int(at)%(len(frames)-opened)
		m := captureMonitor(t, captureKey)
		said := []string{listen(m, frames[:cut]...), listen(m, p)}
		for addr, link := range m.links {
			if addr != 0x65 || link.phase != sealed {
				return // another reader, or a new beginning: both may speak in the clear
			}
		}
		said = append(said, listen(m, frames[cut:]...))
		for _, s := range strings.Split(strings.Join(said, ", "), ", ") {
			if isSaid := strings.HasPrefix(s, "card") || strings.HasPrefix(s, "key"); isSaid && !slices.Contains(known, s) {
				t.Fatal("something that was not sent")
			}
		}
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
			h.exchange()
		}
		_ = h.r.Present(26, []byte{0x8B, 0x35, 0x1B, 0x80})
		for range 20 {
			h.exchange()
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
		h.exchange()
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

// exchange lets the host speak, and somebody else get in before the reader, behind it or in
// its place.
func (h *attacked) exchange() {
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
