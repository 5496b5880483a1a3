package osdp_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/internal/rig/sim"
	"badged/reader"
	"badged/reader/osdp"
)

var t0 = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// The keys of the tests.
const (
	ownKey   = "8F1E6A0C5D2B93477A60E1F4B8C2D935"
	otherKey = "2C77A1D9E05B4F8836CE9012AB4F6D70"
)

func key(tb testing.TB, text string) osdp.Key {
	tb.Helper()
	k, err := osdp.ParseKey(text)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	p, err := hex.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// seeded is random numbers that are the same in every run.
type seeded struct{ *rand.ChaCha8 }

func random() seeded { return seeded{rand.NewChaCha8([32]byte{1})} }

// host joins a Bus and a line of readers in a time of its own: bytes take as long as on
// a wire, and readers think for 3 ms.
type host struct {
	tb     testing.TB
	bus    *osdp.Bus
	line   *sim.OSDPLine
	now    time.Time
	baud   int
	wire   []arrival // on its way to the bus
	events []reader.Event
	down   reader.Why  // of the last KindDown that was told
	sent   []time.Time // when commands were
	frames [][]byte    // and what they were
	eager  bool        // readers do not think
	thinks time.Duration
	echo   bool // the adapter hears itself
}

type arrival struct {
	at time.Time
	p  []byte
}

const (
	thinks = 3 * time.Millisecond
	lateBy = 250 * time.Millisecond
)

func newHost(tb testing.TB, units []osdp.Unit, readers ...*sim.OSDPReader) *host {
	tb.Helper()
	bus, err := osdp.NewBus(osdp.BusConfig{Units: units, Random: random()})
	if err != nil {
		tb.Fatal(err)
	}
	h := &host{tb: tb, bus: bus, line: sim.NewOSDPLine(readers...), now: t0, baud: osdp.DefaultBaud}
	bus.Open(t0)
	return h
}

// peer makes a simulated reader; an empty key is install mode.
func peer(tb testing.TB, address byte, keyText string) *sim.OSDPReader {
	tb.Helper()
	cfg := sim.OSDPConfig{Address: address, Random: random()}
	if keyText != "" {
		cfg.Key = unhex(tb, keyText)
	}
	r, err := sim.NewOSDPReader(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// pair is one reader with its own key, and its host.
func pair(tb testing.TB) (*host, *sim.OSDPReader) {
	tb.Helper()
	r := peer(tb, 1, ownKey)
	return newHost(tb, []osdp.Unit{{Address: 1, Keys: []osdp.Key{key(tb, ownKey)}, Text: osdp.English}}, r), r
}

func (h *host) emit(e reader.Event) { h.events = append(h.events, e) }

func (h *host) bytes(n int) time.Duration {
	return time.Duration(n) * 10 * time.Second / time.Duration(h.baud)
}

// run lets time pass.
func (h *host) run(d time.Duration) {
	h.until(d, func() bool { return false })
}

// until lets time pass until done; it reports false if that is not so after d.
func (h *host) until(d time.Duration, done func() bool) bool {
	for end := h.now.Add(d); !done(); {
		h.sendFrames()
		if done() {
			break
		}
		next := end
		if due := h.bus.Deadline(); !due.IsZero() && due.Before(next) {
			next = due
		}
		if len(h.wire) > 0 && !h.wire[0].at.After(next) {
			a := h.wire[0]
			h.wire = h.wire[1:]
			h.now = a.at
			h.bus.Feed(h.now, a.p, h.emit)
			continue
		}
		if h.now = next; !next.Before(end) {
			return done()
		}
		h.bus.Tick(h.now, h.emit)
	}
	return true
}

// sendFrames puts what the bus has to say on the wire.
func (h *host) sendFrames() {
	for p := h.bus.Send(h.now); p != nil; p = h.bus.Send(h.now) {
		h.sent, h.frames = append(h.sent, h.now), append(h.frames, bytes.Clone(p))
		at := h.now.Add(h.bytes(len(p)))
		if h.echo {
			h.put(h.now, [][]byte{p})
		}
		if !h.eager {
			at = at.Add(cmp.Or(h.thinks, thinks))
		}
		h.line.Pause()
		h.put(at, h.line.Receive(p))
		h.put(at.Add(lateBy), h.line.Release())
	}
}

func (h *host) put(at time.Time, pieces [][]byte) {
	for _, p := range pieces {
		at = at.Add(h.bytes(len(p)))
		h.wire = append(h.wire, arrival{at, bytes.Clone(p)})
	}
	slices.SortStableFunc(h.wire, func(a, b arrival) int { return a.at.Compare(b.at) })
}

// online lets the host find its readers.
func (h *host) online() {
	h.tb.Helper()
	if !h.until(3*time.Second, func() bool { return h.has(reader.KindUp) }) {
		h.tb.Fatalf("not online after 3 s: %s", h.told())
	}
	h.run(200 * time.Millisecond)
	h.events = nil
}

// told is the events, without KindAlive, without what must not be printed and without
// a KindDown that says nothing new, and forgets them.
func (h *host) told() string {
	var s []string
	for _, e := range h.events {
		switch e.Kind {
		case reader.KindAlive:
			continue
		case reader.KindDown:
			if h.down == e.Why {
				continue
			}
			h.down = e.Why
		case reader.KindUp:
			h.down = ""
		}
		s = append(s, strings.TrimSpace(string(e.Kind)+" "+string(e.Why)))
	}
	h.events = nil
	return strings.Join(s, ", ")
}

func (h *host) has(k reader.Kind) bool {
	return slices.ContainsFunc(h.events, func(e reader.Event) bool { return e.Kind == k })
}

// want compares the events.
func (h *host) want(want string) {
	h.tb.Helper()
	if got := h.told(); got != want {
		h.tb.Errorf("got %q, want %q", got, want)
	}
}

// longest is the largest pause between two commands.
func (h *host) longest(from int) time.Duration {
	var gaps []time.Duration
	for i := from + 1; i < len(h.sent); i++ {
		gaps = append(gaps, h.sent[i].Sub(h.sent[i-1]))
	}
	return slices.MaxFunc(gaps, cmp.Compare)
}

func hexOf(p []byte) string { return hex.EncodeToString(p) }

// crc is the check of the standard, written a second time: bit by bit.
func crc(p []byte) uint16 {
	sum := uint16(0x1D0F)
	for _, b := range p {
		sum ^= uint16(b) << 8
		for range 8 {
			top := sum & 0x8000
			sum <<= 1
			if top != 0 {
				sum ^= 0x1021
			}
		}
	}
	return sum
}

// rewrite changes a frame with a CRC and puts the CRC right.
func rewrite(p []byte, change func(frame []byte)) []byte {
	p = bytes.Clone(p)
	change(p)
	n := len(p) - 2
	return binary.LittleEndian.AppendUint16(p[:n], crc(p[:n]))
}

// clearCard is a RAW reply in the clear.
func clearCard(address, seq byte) []byte {
	p := append([]byte{0x53, 0x80 | address, 0, 0, 4 | seq, 0x50, 0, 1, 26, 0}, card26...)
	p[2] = byte(len(p) + 2)
	return binary.LittleEndian.AppendUint16(p, crc(p))
}
