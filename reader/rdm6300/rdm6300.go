// Package rdm6300 decodes the serial frames of RDM6300 and compatible 125 kHz
// modules: 9600 baud, 8N1, one frame of 14 bytes each 65 to 100 ms while a badge is
// in the field.
//
//	STX  ten hex digits: 40 bits, version byte first  two hex digits: XOR  ETX
//	02   36 32 45 33 30 38 36 43 45 44                30 38                03
//
// Source: Seeed wiki «125Khz RFID module UART», frame format and example.
package rdm6300

import (
	"time"

	"badged/reader"
)

const (
	stx = 0x02
	etx = 0x03

	dataDigits = 10
	allDigits  = dataDigits + 2
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
//	          STX                  12 digits             ETX, sum right: card
//	(idle) ---------> (digits) ----------------> (end) ----------------------> (idle)
//	  ^  any other:      | STX: fault, again       | STX: fault, (digits)
//	  |  one fault       | ETX: fault, (idle)      | ETX, sum wrong: fault, (idle)
//	  +-- per run        | other, pause:           | other, pause:
//	                     v fault                   v fault
//	                   (junk) waits for STX in silence: its fault has been told
//
// Lower-case digits are faults: the modules do not send them, and one flipped bit
// makes them of good ones.
type Decoder struct {
	opts  Options
	state state
	frame [allDigits]byte // values of the digits so far
	n     int
	last  time.Time // of the last byte inside a frame

	seen   reader.Card // the badge in the field
	seenAt time.Time
}

type state uint8

const (
	idle state = iota
	digits
	end
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
	if d.state != digits && d.state != end {
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
	if b == stx {
		d.start(at, emit)
		return
	}
	switch d.state {
	case idle:
		d.fault(at, reader.BadFrame, junk, emit)
	case digits:
		d.digit(at, b, emit)
	case end:
		d.finish(at, b, emit)
	case junk:
	}
}

// start begins a frame; one that stood half finished is a fault.
func (d *Decoder) start(at time.Time, emit func(reader.Event)) {
	if d.state == end || d.state == digits && d.n > 0 {
		d.fault(at, reader.BadFrame, digits, emit)
	}
	d.state, d.n = digits, 0
}

func (d *Decoder) digit(at time.Time, b byte, emit func(reader.Event)) {
	v, ok := value(b)
	switch {
	case b == etx:
		d.fault(at, reader.BadLength, idle, emit)
		return
	case !ok:
		d.fault(at, reader.BadDigit, junk, emit)
		return
	}
	d.frame[d.n] = v
	d.n++
	if d.n == allDigits {
		d.state = end
	}
}

func (d *Decoder) finish(at time.Time, b byte, emit func(reader.Event)) {
	if b != etx {
		why := reader.BadFrame
		if _, ok := value(b); ok {
			why = reader.BadLength
		}
		d.fault(at, why, junk, emit)
		return
	}
	raw, ok := d.unpack()
	if !ok {
		d.fault(at, reader.BadChecksum, idle, emit)
		return
	}
	d.state = idle
	d.present(at, reader.NewCard(reader.EM4100, "EM4100", 40, raw[:]), emit)
}

// unpack gives the five bytes and whether their XOR is the sixth.
func (d *Decoder) unpack() (raw [dataDigits / 2]byte, ok bool) {
	var sum byte
	for i := range raw {
		raw[i] = d.frame[2*i]<<4 | d.frame[2*i+1]
		sum ^= raw[i]
	}
	return raw, sum == d.frame[dataDigits]<<4|d.frame[dataDigits+1]
}

// present tells a badge once for the whole time that it stays.
func (d *Decoder) present(at time.Time, c reader.Card, emit func(reader.Event)) {
	again := c == d.seen && at.Sub(d.seenAt) < d.opts.Repeat
	d.seen, d.seenAt = c, at
	if !again {
		emit(reader.Event{Kind: reader.KindCard, At: at, Card: c})
	}
}

func (d *Decoder) fault(at time.Time, why reader.Why, next state, emit func(reader.Event)) {
	d.state, d.n = next, 0
	emit(reader.Event{Kind: reader.KindFault, At: at, Why: why})
}

// value gives the value of an upper-case hex digit.
func value(b byte) (byte, bool) {
	switch {
	case '0' <= b && b <= '9':
		return b - '0', true
	case 'A' <= b && b <= 'F':
		return b - 'A' + 10, true
	}
	return 0, false
}
