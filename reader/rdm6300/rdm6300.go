// Package rdm6300 decodes the serial frames of modules that read EM4100 badges at 125 kHz
// and send their 40 bits as ten hex digits, version byte first, again and again while a
// badge is in the field: 8N1, 9600 baud, Parallax 2400. The frames differ in their ends:
//
//	RDM6300   STX  ten digits  two digits: XOR         ETX
//	ID-12     STX  ten digits  two digits: XOR  CR LF  ETX
//	Parallax  LF   ten digits                   CR
//
//	02   36 32 45 33 30 38 36 43 45 44   30 38   03
//
// Sources: RDM6300: Seeed wiki «125Khz RFID module UART», frame format and example. ID-12:
// ID Innovations data sheet «ID-2/12/20» (also 2LA, 12LA, 20LA), «Output data structure -
// ASCII». Parallax: «RFID Card Reader, Serial (#28140)», «Communication protocol».
package rdm6300

import (
	"time"

	"badged/reader"
)

// Framing is how a module ends its frames.
type Framing uint8

// The framings.
const (
	RDM6300  Framing = iota
	ID12             // CR and LF stand before the end
	Parallax         // LF and CR are start and end, and there is no checksum
)

// shape is what a framing looks like.
type shape struct {
	start  byte
	digits int    // with those of the checksum
	tail   string // what follows the digits
}

const dataDigits = 10

var shapes = [...]shape{
	RDM6300:  {0x02, dataDigits + 2, "\x03"},
	ID12:     {0x02, dataDigits + 2, "\r\n\x03"},
	Parallax: {'\n', dataDigits, "\r"},
}

// The times of a Decoder that was not told others.
const (
	DefaultRepeat  = 500 * time.Millisecond
	DefaultTimeout = 250 * time.Millisecond
)

// Options change a Decoder. The zero value is fine for an RDM6300.
type Options struct {
	Framing Framing
	// Repeat is how long a badge must not have been seen for its next frame to be a
	// new presentation. 0: DefaultRepeat.
	Repeat time.Duration
	// Timeout is the longest pause inside a frame. 0: DefaultTimeout.
	Timeout time.Duration
}

// Decoder implements reader.Decoder.
//
//	          start                all digits             tail, sum right: card
//	(idle) ---------> (digits) ----------------> (end) ----------------------> (idle)
//	  ^  any other:      | start: fault, again     | start: fault, (digits)
//	  |  one fault       | tail: fault, (idle)     | tail, sum wrong: fault, (idle)
//	  +-- per run        | other, pause:           | other, pause:
//	                     v fault                   v fault
//	                   (junk) waits for a start in silence: its fault has been told
//
// Lower-case digits are faults: the modules do not send them, and one flipped bit
// makes them of good ones.
type Decoder struct {
	opts  Options
	shape shape
	state state
	frame [dataDigits + 2]byte // values of the digits so far
	n     int                  // digits, or in (end) bytes of the tail, that are there
	last  time.Time            // of the last byte inside a frame
	seen  reader.Presence
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
	return &Decoder{opts: opts, shape: shapes[opts.Framing]}
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
	if b == d.shape.start {
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
	case b == d.shape.tail[len(d.shape.tail)-1]:
		d.fault(at, reader.BadLength, idle, emit)
		return
	case !ok:
		d.fault(at, reader.BadDigit, junk, emit)
		return
	}
	d.frame[d.n] = v
	d.n++
	if d.n == d.shape.digits {
		d.state, d.n = end, 0
	}
}

func (d *Decoder) finish(at time.Time, b byte, emit func(reader.Event)) {
	if b != d.shape.tail[d.n] {
		why := reader.BadFrame
		if _, ok := value(b); ok {
			why = reader.BadLength
		}
		d.fault(at, why, junk, emit)
		return
	}
	if d.n++; d.n < len(d.shape.tail) {
		return
	}
	raw, ok := d.unpack()
	if !ok {
		d.fault(at, reader.BadChecksum, idle, emit)
		return
	}
	d.state, d.n = idle, 0
	c := reader.NewCard(reader.EM4100, "EM4100", 40, raw[:])
	if d.seen.Seen(at, c, d.opts.Repeat) {
		emit(reader.Event{Kind: reader.KindCard, At: at, Card: c})
	}
}

// unpack gives the five bytes and whether their XOR is the sixth, if there is one.
func (d *Decoder) unpack() (raw [dataDigits / 2]byte, ok bool) {
	var sum byte
	for i := range raw {
		raw[i] = d.frame[2*i]<<4 | d.frame[2*i+1]
		sum ^= raw[i]
	}
	return raw, d.shape.digits == dataDigits || sum == d.frame[dataDigits]<<4|d.frame[dataDigits+1]
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
