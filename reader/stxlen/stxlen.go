// Package stxlen decodes the frames of small modules for 125 kHz and 13.56 MHz (Gwiot
// 7941E and many without a name): 9600 baud, 8N1, binary, sent by the module.
//
//	STX  length  type  serial number   XOR  ETX
//	02   0A      02    06 00 8E 6D 5D  B0   03
//
// The length counts the whole frame; the XOR is that of length, type and number.
//
// Sources: neweggbusiness item 9b-0yh-046v-00015, «Data Format», with the example; Gwiot
// 7941E manual, sections 12 and 13 (types of card).
package stxlen

import (
	"time"

	"badged/reader"
)

const (
	stx = 0x02
	etx = 0x03

	overhead = 5 // bytes of a frame that are not the number's
	minID    = 4
	maxID    = 10
)

// The times of a Decoder that was not told others.
const (
	DefaultRepeat  = 500 * time.Millisecond
	DefaultTimeout = 250 * time.Millisecond
)

// Options change the times of a Decoder. The zero value is fine.
type Options struct {
	// Repeat is how long a badge must not have been seen for its next frame to be a
	// new presentation. 0: DefaultRepeat.
	Repeat time.Duration
	// Timeout is the longest pause inside a frame. 0: DefaultTimeout.
	Timeout time.Duration
}

// Decoder implements reader.Decoder.
//
//	         STX           length that can be          that many bytes: card or fault
//	(idle) -------> (head) -------------------> (body) ------------------------------> (idle)
//	  ^ any other:    | any other: fault           | a pause: fault
//	  | one fault     v                            v
//	  +-- per run   (junk)                       (idle)
//
// (junk) waits for STX in silence: its fault has been told. STX is also a byte of good
// frames, so that after noise a frame may be lost; the next is read.
type Decoder struct {
	opts  Options
	state state
	buf   [overhead + maxID]byte
	n     int
	last  time.Time
	seen  reader.Presence
}

type state uint8

const (
	idle state = iota
	head
	body
	junk
)

// New makes a decoder.
func New(opts Options) *Decoder {
	if opts.Repeat <= 0 {
		opts.Repeat = DefaultRepeat
	}
	if opts.Timeout <= 0 {
		opts.Timeout = DefaultTimeout
	}
	return &Decoder{opts: opts}
}

// Feed implements reader.Decoder. The card is told with the frame's last byte.
func (d *Decoder) Feed(at time.Time, p []byte, emit func(reader.Event)) {
	d.Tick(at, emit)
	for _, b := range p {
		d.byte(at, b, emit)
	}
}

// Deadline implements reader.Decoder.
func (d *Decoder) Deadline() time.Time {
	if d.state != head && d.state != body {
		return time.Time{}
	}
	return d.last.Add(d.opts.Timeout)
}

// Tick implements reader.Decoder.
func (d *Decoder) Tick(now time.Time, emit func(reader.Event)) {
	if due := d.Deadline(); !due.IsZero() && !now.Before(due) {
		d.fault(due, reader.Timeout, idle, emit)
	}
}

func (d *Decoder) byte(at time.Time, b byte, emit func(reader.Event)) {
	d.last = at
	switch d.state {
	case body:
		d.collect(at, b, emit)
	case head:
		d.length(at, b, emit)
	default:
		if b == stx {
			d.state = head
		} else if d.state == idle {
			d.fault(at, reader.BadFrame, junk, emit)
		}
	}
}

// length takes the byte behind STX. A second STX may be the true one.
func (d *Decoder) length(at time.Time, b byte, emit func(reader.Event)) {
	switch {
	case b >= overhead+minID && b <= overhead+maxID:
		d.buf[0], d.buf[1], d.n, d.state = stx, b, 2, body
	case b == stx:
		d.fault(at, reader.BadFrame, head, emit)
	default:
		d.fault(at, reader.BadLength, junk, emit)
	}
}

func (d *Decoder) collect(at time.Time, b byte, emit func(reader.Event)) {
	d.buf[d.n] = b
	if d.n++; d.n < int(d.buf[1]) {
		return
	}
	c, why := card(d.buf[:d.n])
	if why != "" {
		d.fault(at, why, idle, emit)
		return
	}
	d.state = idle
	if d.seen.Seen(at, c, d.opts.Repeat) {
		emit(reader.Event{Kind: reader.KindCard, At: at, Card: c})
	}
}

func (d *Decoder) fault(at time.Time, why reader.Why, next state, emit func(reader.Event)) {
	d.state = next
	emit(reader.Event{Kind: reader.KindFault, At: at, Why: why})
}

// card makes the card of a whole frame, or says what is wrong with it.
func card(frame []byte) (reader.Card, reader.Why) {
	n := len(frame)
	var sum byte
	for _, b := range frame[1 : n-1] {
		sum ^= b
	}
	if frame[n-1] != etx {
		return reader.Card{}, reader.BadFrame
	}
	if sum != 0 {
		return reader.Card{}, reader.BadChecksum
	}
	id := frame[3 : n-2]
	tech, format := reader.Unknown, "UID"
	switch frame[2] {
	case 0x01, 0x03, 0x50: // MIFARE 1K, 4K, CPU card
		tech = reader.ISO14443A
	case 0x02:
		tech, format = reader.EM4100, "EM4100"
	case 0x10:
		tech = reader.HIDProx
	case 0x11: // T5567
	case 0x20, 0x21:
		tech = reader.ISO14443B
	case 0x22:
		tech = reader.FeliCa
	case 0x30:
		tech = reader.ISO15693
	default: // what a sector holds, what a keyboard typed, what nobody told us of
		return reader.Card{}, reader.BadFormat
	}
	if !fits(tech, len(id)) {
		return reader.Card{}, reader.BadLength
	}
	return reader.NewCard(tech, format, 8*len(id), id), ""
}

// fits reports whether a technology has serial numbers of n bytes. Some modules leave
// the version byte of an EM4100 out.
func fits(tech reader.Tech, n int) bool {
	switch tech {
	case reader.EM4100:
		return n == 4 || n == 5
	case reader.ISO14443A:
		return n == 4 || n == 7 || n == 10
	}
	return true
}
