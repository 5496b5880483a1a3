package flash

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
)

// A forged card says 32 GB and has 8. It forgets what is written beyond, or writes it where
// something else stands. probe writes a block with a number of its own at each power of two, at 32
// places in between and at the end, and reads all of them: one that is not there, or that is
// another one, shows where the memory ends.

// probeLen is how long a block is: less than what a card erases at a time, and enough for direct
// reading.
const probeLen = 4096

// probeOffsets are the places, in order.
func probeOffsets(size int64) (offsets []int64) {
	last := (size - probeLen) / probeLen * probeLen
	for at := int64(headLen); at < last; at *= 2 {
		offsets = append(offsets, at)
	}
	for i := range int64(32) {
		if at := last / 32 * i / probeLen * probeLen; at >= headLen {
			offsets = append(offsets, at)
		}
	}
	offsets = append(offsets, last)
	slices.Sort(offsets)
	return slices.Compact(offsets)
}

func (w *writer) probe() error {
	offsets := probeOffsets(w.img.Size)
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails since Go 1.24
	for i, at := range offsets {
		if err := w.put(probeBlock(nonce, at), at); err != nil {
			return w.beyond(at, err)
		}
		w.o.Progress("tested", int64(i+1), int64(2*len(offsets)))
	}
	if err := w.sync(); err != nil {
		return err
	}
	block := make([]byte, probeLen)
	for i, at := range offsets {
		if err := w.get(block, at); err != nil {
			return w.beyond(at, err)
		}
		if !bytes.Equal(block, probeBlock(nonce, at)) {
			return w.missing(at, block, nonce, i == 0)
		}
		w.o.Progress("tested", int64(len(offsets)+i+1), int64(2*len(offsets)))
	}
	return nil
}

// probeBlock is a block of pseudo-random bytes that its place decides.
func probeBlock(nonce [16]byte, at int64) []byte {
	b := make([]byte, probeLen)
	copy(b, nonce[:])
	binary.BigEndian.PutUint64(b[16:], uint64(at))
	x := uint64(at)*0x9e3779b97f4a7c15 + binary.BigEndian.Uint64(nonce[:])
	for i := 24; i < probeLen; i += 8 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		binary.BigEndian.PutUint64(b[i:], x)
	}
	return b
}

// missing says what is wrong with a block that is not there.
func (w *writer) missing(at int64, got []byte, nonce [16]byte, first bool) error {
	if other := int64(binary.BigEndian.Uint64(got[16:])); bytes.Equal(got[:16], nonce[:]) && other > at {
		return fmt.Errorf("it says %d MB, and what is written at %d MB lands at %d MB: %w", w.img.Size/1e6, other/1e6, at/1e6, ErrFake)
	}
	if first {
		return fmt.Errorf("at %d MB: %w", at/1e6, ErrLies)
	}
	return fmt.Errorf("it says %d MB, and what is written at %d MB is lost: %w", w.img.Size/1e6, at/1e6, ErrFake)
}

// beyond is an error far inside a card that took what stood before: most often where its memory
// ends.
func (w *writer) beyond(at int64, err error) error {
	return fmt.Errorf("test %d MB of %d: %w", at/1e6, w.img.Size/1e6, err)
}
