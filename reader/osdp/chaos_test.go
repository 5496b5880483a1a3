package osdp_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"badged/internal/rig/sim"
	"badged/reader"
	"badged/reader/osdp"
)

// Whoever sits on the line loses frames, makes up others, breaks the readers and drives
// the technician mad: nothing of that yields a badge, a channel with the default key
// that counts, or a panic.
func TestChaos(t *testing.T) {
	for seed := range uint64(600) {
		if !newChaos(t, seed).goesWell(200) {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzChaos(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { newChaos(t, seed).goesWell(100) })
}

// chaos is a line with two readers, and all that may happen to it. No badge is ever
// presented: each that comes was made up.
type chaos struct {
	*host
	rnd   *rand.Rand
	rogue *sim.OSDPReader
	gift  osdp.Key // what the technician gives
}

func newChaos(t *testing.T, seed uint64) *chaos {
	c := &chaos{rnd: rand.New(rand.NewPCG(seed, 7)), gift: key(t, otherKey[2:]+"11")}
	var has string
	if c.rnd.IntN(2) == 0 {
		has = ownKey
	}
	var keys []osdp.Key
	if c.rnd.IntN(3) > 0 {
		keys = []osdp.Key{key(t, ownKey)}
	}
	c.rogue = peer(t, 1, has)
	units := []osdp.Unit{{Address: 1, Keys: keys}, {Address: 2, Keys: []osdp.Key{key(t, otherKey)}}}
	c.host = newHost(t, units, c.rogue, peer(t, 2, otherKey))
	loss := c.rnd.IntN(40)
	c.line.Tap(func(_ bool, p []byte) []byte {
		if c.rnd.IntN(100) < loss {
			return nil
		}
		return p
	})
	return c
}

// goesWell does so many things, and reports whether none did harm.
func (c *chaos) goesWell(steps int) bool {
	for range steps {
		c.step()
		c.run(time.Duration(c.rnd.IntN(400)) * time.Millisecond)
		s, _ := c.bus.Status(1)
		stage, _ := c.bus.Commissioned(1)
		if k, ok := c.bus.Opened(1); s.Online && (!ok || k.Weak() || !s.Secure) {
			c.tb.Errorf("online without a channel of its own, commissioning %q", stage)
			return false
		}
		if c.has(reader.KindCard) || c.has(reader.KindKey) {
			c.tb.Errorf("a badge that nobody presented, commissioning %q, %+v", stage, s)
			return false
		}
		c.events = nil
	}
	return true
}

func (c *chaos) step() {
	faults := []sim.OSDPFault{sim.OSDPClear, sim.OSDPDowngrade, sim.OSDPBadRMAC, sim.OSDPBadCryptogram, sim.OSDPMarks}
	switch c.rnd.IntN(12) {
	case 0:
		until := c.now.Add(time.Duration(1+c.rnd.IntN(5000)) * time.Millisecond)
		_ = c.bus.Commission(c.now, 1, osdp.Commission{Until: until, Key: c.gift}) // one may be under way
	case 1:
		c.bus.StopCommission(c.now, 1)
	case 2:
		c.bus.Cue(c.now, 1, reader.CueGranted)
	case 3:
		c.rogue.Fail(faults[c.rnd.IntN(len(faults))], c.rnd.IntN(3)-1)
	case 4:
		c.rogue.Restart()
	case 5:
		c.bus.Open(c.now)
	case 6:
		c.rogue.FailNAK(byte(c.rnd.IntN(10)), 1)
	default:
		c.sendFrames()
		c.bus.Feed(c.now, c.lie(), c.emit)
	}
}

// lie is a reply that the reader never gave, often behind a head whose length delays it.
func (c *chaos) lie() []byte {
	codes := []byte{0x40, 0x41, 0x45, 0x46, 0x48, 0x50, 0x51, 0x53, 0x54, 0x76, 0x78, 0x79}
	blocks := [][]byte{nil, nil, nil, {2, 0x16}, {2, 0x18}, {3, 0x12, 0}, {3, 0x14, 1}, {2, 0x15}, {2, 0xFF}, {1}, {9}}
	block, code := blocks[c.rnd.IntN(len(blocks))], codes[c.rnd.IntN(len(codes))]
	data := make([]byte, c.rnd.IntN(40))
	for i := range data {
		data[i] = byte(c.rnd.Uint32())
	}
	switch {
	case code == 0x41 && len(data) > 0:
		data = []byte{byte(c.rnd.IntN(8))}
	case code == 0x50:
		data = append([]byte{0, 1, 26, 0}, card26...)
	}
	p := append([]byte{0x53, 0x81, 0, 0, 4 | byte(c.rnd.IntN(4))}, block...)
	if block != nil {
		p[4] |= ctrlBlock
	}
	p = append(append(p, code), data...)
	p[2] = byte(len(p) + 2)
	p = binary.LittleEndian.AppendUint16(p, crc(p))
	if c.rnd.IntN(4) == 0 {
		p = append([]byte{0x53, 0x81, 0xF0, 0, 4}, p...)
	}
	return p
}

// nak is a NAK of a reader in the clear.
func nak(address, seq, why byte) []byte {
	return rewrite([]byte{0x53, 0x80 | address, 9, 0, 4 | seq, 0x41, why, 0, 0}, func([]byte) {})
}

// naks has somebody refuse each reply of this code in the reader's place.
func (h *host) naks(code, why byte) {
	h.line.Tap(func(toReader bool, p []byte) []byte {
		if !toReader && p[5] == code {
			return nak(p[1]&0x7F, p[4]&3, why)
		}
		return p
	})
}
