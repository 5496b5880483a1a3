// Package pcprox drives RF IDeas' pcProx and WAVE ID readers over USB by feature reports: the
// host sets a command of 8 bytes and gets 8 bytes back. Unlike the digits that the same
// reader types as a keyboard, they tell how many bits a badge has.
//
//	8F 00 00 00 00 00 00 00   D2 02 96 00 00 00 00 00   the bits, the last one lowest: 9602D2
//	8E 00 00 00 00 00 00 00   18 18 00 00 00 00 00 00   how many: 24, twice
//
// The bits come without the parity that the reader is configured to strip: of H10301 as
// delivered, 24 of 26. 8F must be asked first; it is all zeros without a badge.
//
// Source: micolous/pcprox, protocol.md («Card read buffer») and pcprox.py (get_tag), for the
// RDR-6081AKU, 0C27:3BFA. The maker documents none of it.
package pcprox

import (
	"cmp"
	"encoding/binary"
	"time"

	"badged/reader"
	"badged/reader/pacs"
)

const (
	getBits  = 0x8F
	getCount = 0x8E

	size    = 8 // of a report without its id
	timeout = 500 * time.Millisecond
)

// DefaultInterval is that of Options.
const DefaultInterval = 100 * time.Millisecond

// Options change a Decoder.
type Options struct {
	Cards    pacs.Selection // what the bits may be: raw if the reader strips parity
	Interval time.Duration  // between an answer and the next question. 0: DefaultInterval
	Gone     int            // answers without a badge after which it is gone. 0: reader.DefaultGone
}

// Decoder implements reader.Poller. Feed takes one report, with its id (00) or without.
//
//	        8F            not zero          8E              card or fault
//	(ready) --> (bits?) ------------> (..) ----> (count?) ----------------> (resting)
//	   ^           | zeros: no badge                | zeros: no badge          |
//	   +-- overdue-+--------------------------------+--------- interval -------+
//
// A Decoder that was never opened has no host: the first of two reports is the answer to
// 8F, unless it is all zeros, the second that to 8E.
type Decoder struct {
	cards pacs.Selection
	poll  reader.Polling
	bits  uint64 // the answer to 8F; 0: it must be asked
	out   [1 + size]byte
}

// New makes a decoder.
func New(opts Options) *Decoder {
	return &Decoder{cards: opts.Cards, poll: reader.Polling{
		Interval: cmp.Or(opts.Interval, DefaultInterval), Timeout: timeout, Gone: opts.Gone,
	}}
}

// Open implements reader.Poller.
func (d *Decoder) Open(now time.Time) {
	d.poll.Open(now)
	d.bits = 0
}

// Send implements reader.Poller: a feature report, its id, 00, first.
func (d *Decoder) Send(now time.Time) []byte {
	if !d.poll.Ready(now) {
		return nil
	}
	d.poll.Asked(now, 0)
	d.out[1] = getBits
	if d.bits != 0 {
		d.out[1] = getCount
	}
	return d.out[:]
}

// Deadline implements reader.Decoder.
func (d *Decoder) Deadline() time.Time { return d.poll.Deadline() }

// Tick implements reader.Decoder.
func (d *Decoder) Tick(now time.Time, emit func(reader.Event)) {
	if d.poll.Overdue(now, emit) {
		d.bits = 0
	}
}

// Feed implements reader.Decoder. A report that nobody asked for gives no card.
func (d *Decoder) Feed(at time.Time, report []byte, emit func(reader.Event)) {
	d.Tick(at, emit)
	if len(report) == 0 {
		return
	}
	if d.poll.Opened() {
		if !d.poll.Waiting() {
			d.emitFault(at, reader.BadFrame, emit)
			return
		}
		d.poll.Garbled(at) // until it turns out to be of use
	}
	if len(report) == size+1 && report[0] == 0 {
		report = report[1:]
	}
	if len(report) != size {
		d.bits = 0
		d.emitFault(at, reader.BadLength, emit)
		return
	}
	if d.bits == 0 {
		d.handleBits(at, report, emit)
		return
	}
	d.handleCount(at, report, emit)
}

// handleBits handles the answer to 8F.
func (d *Decoder) handleBits(at time.Time, report []byte, emit func(reader.Event)) {
	if d.bits = binary.LittleEndian.Uint64(report); d.bits == 0 {
		d.noteAnswer(at, emit)
		d.poll.None()
		return
	}
	d.poll.Hurry(at)
}

// noteAnswer records that an answer was understood.
func (d *Decoder) noteAnswer(at time.Time, emit func(reader.Event)) {
	if d.poll.Opened() {
		d.poll.Answered(at, emit)
	}
}

// handleCount handles the answer to 8E.
func (d *Decoder) handleCount(at time.Time, report []byte, emit func(reader.Event)) {
	bits := d.bits
	d.bits = 0
	if binary.LittleEndian.Uint64(report) == 0 {
		d.noteAnswer(at, emit)
		d.poll.None()
		return
	}
	c, why := d.makeCard(bits, report)
	if why != reader.BadLength { // a badge of another format is no garbage
		d.noteAnswer(at, emit)
	}
	d.poll.Found(at, c, why, emit)
}

// makeCard makes the card of bits of which a report tells how many there are.
func (d *Decoder) makeCard(bits uint64, report []byte) (reader.Card, reader.Why) {
	n := int(report[0])
	if n != int(report[1]) || n > 64 || n < 64 && bits>>n != 0 {
		return reader.Card{}, reader.BadLength
	}
	var packed [8]byte
	binary.BigEndian.PutUint64(packed[:], bits<<(64-n))
	return d.cards.Card(reader.PACS, n, packed[:(n+7)/8])
}

func (d *Decoder) emitFault(at time.Time, why reader.Why, emit func(reader.Event)) {
	emit(reader.Event{Kind: reader.KindFault, At: at, Why: why})
}
