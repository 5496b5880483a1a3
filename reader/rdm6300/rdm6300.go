// Package rdm6300 decodes the serial frames of modules that read EM4100 badges at 125 kHz
// and send their 40 bits as ten hex digits, version byte first, again and again while a
// badge is in the field: 8N1, 9600 baud, Parallax 2400. The frames differ in their ends:
//
//	RDM6300   STX  ten digits  two digits: XOR         ETX
//	copies    STX  ten digits  one byte: XOR           ETX
//	EM-18          ten digits  two digits: XOR              between two pauses
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
	loose  bool   // the checksum may be one byte, and start and end may be missing
}

const dataDigits = 10

var shapes = [...]shape{
	RDM6300:  {0x02, dataDigits + 2, "\x03", true},
	ID12:     {0x02, dataDigits + 2, "\r\n\x03", false},
	Parallax: {'\n', dataDigits, "\r", false},
}

// Options change a Decoder. The zero value is fine for an RDM6300.
type Options struct {
	Framing Framing
	Times   reader.FrameTimes
}

// framer implements reader.RestFramer.
//
//	          start                all digits             tail, sum right: card
//	(idle) ---------> (digits) ----------------> (end) ----------------------> (idle)
//	  ^  any other:      | start: fault, again     | start: fault, (digits)
//	  |  one fault       | tail: fault, (idle)     | tail, sum wrong: fault, (idle)
//	  +-- per run        | other, pause:           | other, pause:
//	                     v fault                   v fault
//	                   (junk) waits for a start in silence: its fault has been told
//
// What is loose goes these ways, too:
//
//	            the sum as one byte             tail: card
//	(digits) -----------------------> (summed) ------------> (idle)
//
//	              a digit after a pause           pause behind twelve, sum right: card
//	(idle, junk) -----------------------> (bare) -------------------------------------> (idle)
type framer struct {
	shape  shape
	state  state
	frame  [dataDigits + 2]byte // values of the digits so far
	n      int                  // digits, or in (end) bytes of the tail, that are there
	latest byte                 // the latest byte
	rested bool                 // a pause came before the next byte
}

type state uint8

const (
	idle state = iota
	digits
	end
	summed
	bare
	junk
)

// New makes a decoder.
func New(opts Options) *reader.Frames {
	return reader.NewFrames(&framer{shape: shapes[opts.Framing]}, opts.Times)
}

// Within implements reader.Framer.
func (f *framer) Within() bool { return f.state != idle && f.state != junk }

// Stopped implements reader.Framer.
func (f *framer) Stopped() reader.Why { return f.dropFrame(reader.Timeout, idle) }

// Whole implements reader.RestFramer.
func (f *framer) Whole() bool { return f.state == bare && f.n == f.shape.digits }

// Rested implements reader.RestFramer.
func (f *framer) Rested() (c reader.Card, why reader.Why) {
	f.rested = true
	switch {
	case !f.Whole():
		return c, ""
	case !f.sumIsRight():
		return c, f.dropFrame(reader.BadChecksum, idle)
	}
	return f.finishCard()
}

// Byte implements reader.Framer.
func (f *framer) Byte(b byte) (c reader.Card, why reader.Why) {
	_, digit := reader.HexDigit(b)
	begins := f.shape.loose && f.rested && digit
	before := f.latest
	f.rested, f.latest = false, b
	switch {
	case f.state == summed:
		return f.finishSummed(before, b)
	case f.state == digits && f.isSum(b):
		f.state = summed
	case b == f.shape.start:
		why = f.startFrame()
	case begins && (f.state == idle || f.state == junk):
		f.state, f.n = bare, 0
		why = f.addBareDigit(b)
	case f.state == idle:
		why = f.dropFrame(reader.BadFrame, junk)
	case f.state == bare:
		why = f.addBareDigit(b)
	case f.state == digits:
		return f.addDigit(before, b)
	case f.state == end:
		return f.checkTail(b)
	}
	return c, why
}

// startFrame begins a frame; an unfinished one before it is a fault.
func (f *framer) startFrame() (why reader.Why) {
	if f.state == end || f.state == bare || f.state == digits && f.n > 0 {
		why = reader.BadFrame
	}
	f.state, f.n = digits, 0
	return why
}

// addDigit handles a byte after the start; before is the byte in front of b.
func (f *framer) addDigit(before, b byte) (c reader.Card, why reader.Why) {
	v, ok := reader.HexDigit(b)
	last := b == f.shape.tail[len(f.shape.tail)-1]
	switch {
	case last && f.shape.loose && f.n == dataDigits+1 && before == f.xorOfBadge():
		return f.finishCard() // a sum that is a digit, too
	case last:
		return c, f.dropFrame(reader.BadLength, idle)
	case !ok:
		return c, f.dropFrame(reader.BadDigit, junk)
	}
	f.storeDigit(v)
	if f.n == f.shape.digits {
		f.state, f.n = end, 0
	}
	return c, ""
}

func (f *framer) storeDigit(value byte) {
	f.frame[f.n] = value
	f.n++
}

// addBareDigit handles a byte of a frame without start and end.
func (f *framer) addBareDigit(b byte) reader.Why {
	v, ok := reader.HexDigit(b)
	switch {
	case !ok:
		return f.dropFrame(reader.BadFrame, junk)
	case f.n == f.shape.digits:
		return f.dropFrame(reader.BadLength, junk)
	}
	f.storeDigit(v)
	return ""
}

// isSum reports whether b, which is no digit, is the checksum as one byte.
func (f *framer) isSum(b byte) bool {
	_, digit := reader.HexDigit(b)
	return f.shape.loose && f.n == dataDigits && !digit && b == f.xorOfBadge()
}

// finishSummed handles the byte after a checksum of one byte. If that checksum was in fact a
// start, it begins a frame.
func (f *framer) finishSummed(sum, b byte) (c reader.Card, why reader.Why) {
	switch {
	case b == f.shape.tail[0]:
		return f.finishCard()
	case b == f.shape.start:
		f.state, f.n = digits, 0
		return c, reader.BadFrame
	case sum == f.shape.start:
		f.state, f.n = digits, 0
		if _, why := f.addDigit(sum, b); why != "" {
			return c, why
		}
		return c, reader.BadFrame
	}
	return c, f.dropFrame(reader.BadFrame, junk)
}

func (f *framer) checkTail(b byte) (c reader.Card, why reader.Why) {
	if b != f.shape.tail[f.n] {
		why = reader.BadFrame
		if _, ok := reader.HexDigit(b); ok {
			why = reader.BadLength
		}
		return c, f.dropFrame(why, junk)
	}
	if f.n++; f.n < len(f.shape.tail) {
		return c, ""
	}
	if f.shape.digits > dataDigits && !f.sumIsRight() {
		return c, f.dropFrame(reader.BadChecksum, idle)
	}
	return f.finishCard()
}

// finishCard ends a frame whose checksum is right.
func (f *framer) finishCard() (reader.Card, reader.Why) {
	f.state, f.n = idle, 0
	raw := f.badgeBytes()
	clear(f.frame[:])
	return reader.NewCard(reader.EM4100, "EM4100", 40, raw[:]), ""
}

// badgeBytes is the five bytes of the badge.
func (f *framer) badgeBytes() (raw [dataDigits / 2]byte) {
	for i := range raw {
		raw[i] = f.frame[2*i]<<4 | f.frame[2*i+1]
	}
	return raw
}

// xorOfBadge is the XOR of the badge's bytes.
func (f *framer) xorOfBadge() (sum byte) {
	for _, b := range f.badgeBytes() {
		sum ^= b
	}
	return sum
}

// sumIsRight reports whether the two digits behind the badge are its sum.
func (f *framer) sumIsRight() bool {
	return f.xorOfBadge() == f.frame[dataDigits]<<4|f.frame[dataDigits+1]
}

func (f *framer) dropFrame(why reader.Why, next state) reader.Why {
	f.state, f.n = next, 0
	clear(f.frame[:])
	return why
}
