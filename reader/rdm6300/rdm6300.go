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

import "badged/reader"

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

// Options change a Decoder. The zero value is fine for an RDM6300.
type Options struct {
	Framing Framing
	Times   reader.FrameTimes
}

// framer implements reader.Framer.
//
//	          start                all digits             tail, sum right: card
//	(idle) ---------> (digits) ----------------> (end) ----------------------> (idle)
//	  ^  any other:      | start: fault, again     | start: fault, (digits)
//	  |  one fault       | tail: fault, (idle)     | tail, sum wrong: fault, (idle)
//	  +-- per run        | other, pause:           | other, pause:
//	                     v fault                   v fault
//	                   (junk) waits for a start in silence: its fault has been told
type framer struct {
	shape shape
	state state
	frame [dataDigits + 2]byte // values of the digits so far
	n     int                  // digits, or in (end) bytes of the tail, that are there
}

type state uint8

const (
	idle state = iota
	digits
	end
	junk
)

// New makes a decoder.
func New(opts Options) *reader.Frames {
	return reader.NewFrames(&framer{shape: shapes[opts.Framing]}, opts.Times)
}

// Within implements reader.Framer.
func (f *framer) Within() bool { return f.state == digits || f.state == end }

// Stopped implements reader.Framer.
func (f *framer) Stopped() reader.Why { return f.fault(reader.Timeout, idle) }

// Byte implements reader.Framer.
func (f *framer) Byte(b byte) (c reader.Card, why reader.Why) {
	switch {
	case b == f.shape.start:
		why = f.start()
	case f.state == idle:
		why = f.fault(reader.BadFrame, junk)
	case f.state == digits:
		why = f.digit(b)
	case f.state == end:
		return f.finish(b)
	}
	return c, why
}

// start begins a frame; one that stood half finished is a fault.
func (f *framer) start() (why reader.Why) {
	if f.state == end || f.state == digits && f.n > 0 {
		why = reader.BadFrame
	}
	f.state, f.n = digits, 0
	return why
}

func (f *framer) digit(b byte) reader.Why {
	v, ok := reader.HexDigit(b)
	switch {
	case b == f.shape.tail[len(f.shape.tail)-1]:
		return f.fault(reader.BadLength, idle)
	case !ok:
		return f.fault(reader.BadDigit, junk)
	}
	f.frame[f.n] = v
	f.n++
	if f.n == f.shape.digits {
		f.state, f.n = end, 0
	}
	return ""
}

func (f *framer) finish(b byte) (c reader.Card, why reader.Why) {
	if b != f.shape.tail[f.n] {
		why = reader.BadFrame
		if _, ok := reader.HexDigit(b); ok {
			why = reader.BadLength
		}
		return c, f.fault(why, junk)
	}
	if f.n++; f.n < len(f.shape.tail) {
		return c, ""
	}
	f.state, f.n = idle, 0
	raw, ok := f.unpack()
	if !ok {
		return c, reader.BadChecksum
	}
	return reader.NewCard(reader.EM4100, "EM4100", 40, raw[:]), ""
}

// unpack gives the five bytes and whether their XOR is the sixth, if there is one.
func (f *framer) unpack() (raw [dataDigits / 2]byte, ok bool) {
	var sum byte
	for i := range raw {
		raw[i] = f.frame[2*i]<<4 | f.frame[2*i+1]
		sum ^= raw[i]
	}
	return raw, f.shape.digits == dataDigits || sum == f.frame[dataDigits]<<4|f.frame[dataDigits+1]
}

func (f *framer) fault(why reader.Why, next state) reader.Why {
	f.state, f.n = next, 0
	return why
}
