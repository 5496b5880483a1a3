package forgetful

import (
	"bytes"
	"math/rand/v2"
)

// block is what a disk writes as a whole, unless the power goes meanwhile; sector is the part
// that it then may have written.
const (
	block  = 4096
	sector = 512
	erased = 0xff // what a torn block reads as behind that part
)

// content is the bytes of a file, as programs see them and as the disk has them.
type content struct {
	now, kept []byte
	pending   []change // since the last sync, in order
}

// change is one write, or with cut a new length.
type change struct {
	at   int
	data []byte
	cut  bool
}

func (c *content) write(at int, data []byte) {
	ch := change{at: at, data: bytes.Clone(data)}
	c.now, c.pending = ch.apply(c.now), append(c.pending, ch)
}

func (c *content) truncate(size int) {
	ch := change{at: size, cut: true}
	c.now, c.pending = ch.apply(c.now), append(c.pending, ch)
}

func (c *content) sync() {
	for _, ch := range c.pending {
		c.kept = ch.apply(c.kept)
	}
	c.pending = nil
}

// apply makes a change in b, which it may use again.
func (ch change) apply(b []byte) []byte {
	end := ch.at + len(ch.data)
	if len(b) < end {
		b = append(b, make([]byte, end-len(b))...)
	}
	if ch.cut {
		return b[:ch.at]
	}
	copy(b[ch.at:], ch.data)
	return b
}

// pieces are the parts of a write that lie in one block each.
func (ch change) pieces() (parts []change) {
	if ch.cut {
		return []change{ch}
	}
	for at, data := ch.at, ch.data; len(data) > 0; {
		n := min(block-at%block, len(data))
		parts = append(parts, change{at: at, data: data[:n]})
		at, data = at+n, data[n:]
	}
	return parts
}

// left gives what a power cut leaves, by chance: of what was not synced each block with
// probability share, and one of these torn.
func (c *content) left(r *rand.Rand, share float64) []byte {
	b := bytes.Clone(c.kept)
	var written []change
	for _, ch := range c.pending {
		for _, part := range ch.pieces() {
			if r.Float64() < share {
				b, written = part.apply(b), append(written, part)
			}
		}
	}
	if share == 1 || len(written) == 0 {
		return b
	}
	return written[r.IntN(len(written))].tear(b, r)
}

// tear leaves of the block of a write some sectors as they are and the rest erased.
func (ch change) tear(b []byte, r *rand.Rand) []byte {
	start := ch.at / block * block
	from, to := start+sector*r.IntN(block/sector), min(start+block, len(b))
	for i := from; i < to && !ch.cut; i++ {
		b[i] = erased
	}
	return b
}
