// Package wiegand decodes the two lines of a Wiegand reader: a falling edge on D0 is a
// 0, one on D1 is a 1. A frame has no end mark; it is over when the lines stay quiet.
// Keypads on the same lines send a burst of a few bits for each key, or, once the number is
// typed, a frame as a badge has it.
//
// It is fed '0' and '1', and 'x' where edges were lost, each with the kernel's time of
// the edge.
//
// Sources: SIA AC-01-1996.10, «Access Control Standard for the 26-Bit Wiegand Reader
// Interface»: pulses of 20 to 100 µs, 0.2 to 20 ms apart; package pacs for the frames;
// package keypad for the bursts.
package wiegand

import (
	"time"

	"badged/keypad"
	"badged/reader"
	"badged/reader/pacs"
)

// The quiet time that ends a frame is 3.5 mean intervals of that frame: more than an
// interval that doubles within it, less than four of its bits. The bounds hold for
// lines whose times are too coarse; firstGap is for frames of which less than two
// bits are known.
const (
	minGap   = 500 * time.Microsecond
	firstGap = 100 * time.Millisecond
	earlyGap = 5 * time.Millisecond // at the least, with two or three bits, which are no frame anyway

	minCard = 8 // bits; with less it is noise or a key
	swapped = 3 // frames in a row that say so
)

// Options are what a Decoder takes. The zero value takes the usual formats and no keys.
type Options struct {
	Formats pacs.Selection
	Keypad  []keypad.Burst // no two of one length
	Entry   *Entry         // of a keypad that sends whole numbers; nil: it does not
}

// Decoder implements reader.Decoder.
//
//	        an edge                 quiet: card, key or fault
//	(idle) ----------> (frame) ---------------------------------> (idle)
//	                     | 257th bit: a fault at once
//	                     v              quiet
//	                  (spoilt) ----------------------------------> (idle)
//
// A frame with an x, or a byte that is no edge, is a fault at its end, whatever its bits
// say. D0 and D1 are exchanged when the parity of swapped frames in a row is wrong, and right
// in the frame with all bits turned over. Such a frame remains a fault. Formats whose
// parities all cover an even number of bits, turned over, pass: nobody can tell.
type Decoder struct {
	opts        Options
	open        bool
	frame       [pacs.MaxBits / 8]byte
	bits        int
	first, last time.Time  // first: of the first bit
	why         reader.Why // what spoils the frame
	told        bool       // the fault is out
	swaps       int        // frames in a row that fit only turned over
}

// New makes a decoder.
func New(opts Options) *Decoder { return &Decoder{opts: opts} }

// Feed implements reader.Decoder. at is the time of all edges in p.
func (d *Decoder) Feed(at time.Time, p []byte, emit func(reader.Event)) {
	d.Tick(at, emit)
	for _, c := range p {
		d.addEdge(at, c, emit)
	}
}

// Deadline implements reader.Decoder.
func (d *Decoder) Deadline() time.Time {
	if !d.open {
		return time.Time{}
	}
	return d.last.Add(d.quietGap())
}

// Tick implements reader.Decoder: the lines were quiet, the frame is over.
func (d *Decoder) Tick(now time.Time, emit func(reader.Event)) {
	if due := d.Deadline(); due.IsZero() || now.Before(due) {
		return
	}
	d.open = false
	defer clear(d.frame[:])
	if d.why == "" {
		d.finishFrame(emit)
	} else if !d.told {
		emit(d.faultEvent(d.why))
	}
}

// quietGap is the quiet time that ends the frame.
func (d *Decoder) quietGap() time.Duration {
	between := time.Duration(d.bits - 1)
	if between < 1 || d.told {
		return firstGap
	}
	span := d.last.Sub(d.first)
	if between < 3 {
		return min(max(8*span/between, earlyGap), firstGap)
	}
	return min(max(7*span/(2*between), minGap), firstGap)
}

func (d *Decoder) addEdge(at time.Time, c byte, emit func(reader.Event)) {
	if !d.open {
		*d = Decoder{opts: d.opts, swaps: d.swaps, open: true}
	}
	if at.After(d.last) {
		d.last = at
	}
	switch {
	case c == 'x':
		d.spoilFrame(reader.LostEdges)
	case c != '0' && c != '1':
		d.spoilFrame(reader.BadDigit)
	case d.bits < pacs.MaxBits:
		d.addBit(c)
	default:
		d.spoilFrame(reader.Overflow)
		if !d.told {
			d.told = true
			emit(d.faultEvent(d.why))
		}
	}
}

func (d *Decoder) addBit(c byte) {
	if d.bits == 0 {
		d.first = d.last
	}
	d.frame[d.bits/8] |= (c & 1) << (7 - d.bits%8)
	d.bits++
}

// spoilFrame makes the frame a fault; the first reason stays.
func (d *Decoder) spoilFrame(why reader.Why) {
	if d.why == "" {
		d.why = why
	}
}

func (d *Decoder) faultEvent(why reader.Why) reader.Event {
	return reader.Event{Kind: reader.KindFault, At: d.last, Why: why}
}

// finishFrame emits the content of the frame.
func (d *Decoder) finishFrame(emit func(reader.Event)) {
	if d.opts.Entry != nil && d.bits >= minCard {
		keys, why, ours := d.opts.Entry.decodeKeys(d.bits, d.frame[:(d.bits+7)/8])
		if why != "" {
			emit(d.faultEvent(why))
		}
		for _, k := range keys {
			emit(reader.Event{Kind: reader.KindKey, At: d.last, Key: k})
		}
		if ours {
			return
		}
	}
	emit(d.frameEvent())
}

// frameEvent is the event of a frame that is no whole number of a keypad.
func (d *Decoder) frameEvent() reader.Event {
	for _, b := range d.opts.Keypad {
		if b.Bits != d.bits {
			continue
		}
		if key, ok := b.Key(d.frame[0] >> (8 - d.bits)); ok {
			return reader.Event{Kind: reader.KindKey, At: d.last, Key: key}
		}
		return d.faultEvent(reader.BadDigit)
	}
	if d.bits < minCard {
		return d.faultEvent(reader.BadLength)
	}
	packed := d.frame[:(d.bits+7)/8]
	card, why := d.opts.Formats.Card(reader.PACS, d.bits, packed)
	if why == "" {
		d.swaps = 0
		return reader.Event{Kind: reader.KindCard, At: d.last, Card: card}
	}
	return d.faultEvent(d.countSwapped(why, packed))
}

// countSwapped counts frames that are valid only with all bits inverted. It overwrites packed.
func (d *Decoder) countSwapped(why reader.Why, packed []byte) reader.Why {
	if why == reader.BadLength {
		return why
	}
	for i := range packed {
		packed[i] ^= 0xFF
	}
	if _, other := d.opts.Formats.Card(reader.PACS, d.bits, packed); other != "" {
		d.swaps = 0
		return why
	}
	if d.swaps++; d.swaps >= swapped {
		return reader.Swapped
	}
	return why
}
