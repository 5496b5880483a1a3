// Package yhy52x decodes what a YHY521X, YHY522 or YHY523 module (Ehuoyan, 13.56 MHz) says
// by itself when it is set to read badges automatically: 19200 baud when new, 8N1, binary.
//
//	AA BB  length  status  data                              XOR
//	AA BB  06      20      3D 98 62 01                       E0   serial number (auto code 2)
//	AA BB  12      51      5E C0 E0 7A 04 88 04 00 47 51 ..  EB   block (auto code 3)
//
// The length counts itself, status and data; the XOR is that of all of these. Behind an
// AA among them a 00 is put in, which does not count, so that AA BB is always a start.
// Block 0 of a badge starts with its serial number and, if that has four bytes, their
// XOR, SAK and ATQA. A module must be set to read block 0: what another holds is no number.
//
// Source: Ehuoyan YHY521X user manual 1.0 and YHY522R user manual 1.0, sections 10.4 and
// 14.2.3 (Auto_Read, examples 1 and 2).
package yhy52x

import (
	"time"

	"badged/reader"
)

const (
	first  = 0xAA
	second = 0xBB

	autoID    = 0x20
	autoBlock = 0x51

	blockSize = 16
	minLength = 2 // itself and status
	maxLength = 2 + blockSize
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

// Decoder implements reader.Decoder. Clean frames of another status, answers to what
// somebody asked the module, are nothing.
//
//	         AA            BB           length bytes, XOR
//	(idle) ------> (mark) -----> (body) ------------------> (idle): card or fault
//	  ^ else:        | else:       | AA BB: fault, (body)
//	  | one fault    v fault       | a length that cannot be: fault, (junk)
//	  +-- per run  (junk)          | a pause: fault, (idle)
//
// (junk) waits for AA BB in silence: its fault has been told. A XOR is a weak check: where
// an AA with its 00 stands in a number, one of the 255 ways to change that AA passes.
type Decoder struct {
	opts  Options
	state state
	buf   [maxLength + 1]byte
	n     int
	aa    bool // the byte before was AA
	last  time.Time
	seen  reader.Presence
}

type state uint8

const (
	idle state = iota
	mark
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
		d.last = at
		aa := d.aa
		d.aa = b == first
		d.byte(at, b, aa, emit)
	}
}

// Deadline implements reader.Decoder.
func (d *Decoder) Deadline() time.Time {
	if d.state != mark && d.state != body {
		return time.Time{}
	}
	return d.last.Add(d.opts.Timeout)
}

// Tick implements reader.Decoder.
func (d *Decoder) Tick(now time.Time, emit func(reader.Event)) {
	if due := d.Deadline(); !due.IsZero() && !now.Before(due) {
		d.aa = false
		d.fault(due, reader.Timeout, idle, emit)
	}
}

// byte takes a byte; aa tells that the one before was AA.
func (d *Decoder) byte(at time.Time, b byte, aa bool, emit func(reader.Event)) {
	switch {
	case aa && b == second:
		if d.state == body {
			d.fault(at, reader.BadFrame, body, emit)
		}
		d.state, d.n = body, 0
	case d.state == body:
		d.collect(at, b, aa, emit)
	case d.state == idle && aa && b == 0: // behind an XOR that was AA
	case d.state == idle && b == first:
		d.state = mark
	case d.state != junk:
		d.fault(at, reader.BadFrame, junk, emit)
	}
}

func (d *Decoder) collect(at time.Time, b byte, aa bool, emit func(reader.Event)) {
	if aa && b == 0 && d.n > 0 {
		return // put in by the module
	}
	if d.n == 0 && (b < minLength || b > maxLength) {
		d.fault(at, reader.BadLength, junk, emit)
		return
	}
	d.buf[d.n] = b
	if d.n++; d.n <= int(d.buf[0]) {
		return
	}
	c, why := card(d.buf[:d.n])
	if why != "" {
		d.fault(at, why, idle, emit)
		return
	}
	d.state = idle
	if c != (reader.Card{}) && d.seen.Seen(at, c, d.opts.Repeat) {
		emit(reader.Event{Kind: reader.KindCard, At: at, Card: c})
	}
}

func (d *Decoder) fault(at time.Time, why reader.Why, next state, emit func(reader.Event)) {
	d.state = next
	emit(reader.Event{Kind: reader.KindFault, At: at, Why: why})
}

// card makes the card of a whole frame, from its length on; none if it is about
// something else.
func card(frame []byte) (reader.Card, reader.Why) {
	var sum byte
	for _, b := range frame {
		sum ^= b
	}
	if sum != 0 {
		return reader.Card{}, reader.BadChecksum
	}
	uid := frame[2 : len(frame)-1]
	switch frame[1] {
	case autoBlock:
		if len(uid) != blockSize {
			return reader.Card{}, reader.BadLength
		}
		uid = fromBlock(uid)
	case autoID:
	default:
		return reader.Card{}, ""
	}
	if n := len(uid); n != 4 && n != 7 && n != 10 {
		return reader.Card{}, reader.BadLength
	}
	return reader.NewCard(reader.ISO14443A, "UID", 8*len(uid), uid), ""
}

// fromBlock gives the serial number that block 0 starts with: four bytes if the fifth
// is their XOR and the seventh, the low byte of ATQA, says so too, else seven (NXP
// MF1S50YYX, section 8.6.1; AN10833, table 5).
func fromBlock(block []byte) []byte {
	if block[0]^block[1]^block[2]^block[3] == block[4] && block[6]&0xC0 == 0 {
		return block[:4]
	}
	return block[:7]
}
