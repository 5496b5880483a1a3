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

import "badged/reader"

const (
	stx = 0x02
	etx = 0x03

	overhead = 5 // bytes of a frame that are not the number's
	minID    = 4
	maxID    = 10
)

// framer implements reader.Framer.
//
//	         STX           length that can be          that many bytes: card or fault
//	(idle) -------> (head) -------------------> (body) ------------------------------> (idle)
//	  ^ any other:    | any other: fault           | a pause: fault
//	  | one fault     v                            v
//	  +-- per run   (junk)                       (idle)
//
// (junk) waits for STX in silence: its fault has been told. STX is also a byte of good
// frames, so that after noise a frame may be lost; the next is read.
type framer struct {
	state state
	buf   [overhead + maxID]byte
	n     int
}

type state uint8

const (
	idle state = iota
	head
	body
	junk
)

// New makes a decoder.
func New(times reader.FrameTimes) *reader.Frames { return reader.NewFrames(&framer{}, times) }

// Within implements reader.Framer.
func (f *framer) Within() bool { return f.state == head || f.state == body }

// Stopped implements reader.Framer.
func (f *framer) Stopped() reader.Why { return f.dropFrame(reader.Timeout, idle) }

// Byte implements reader.Framer.
func (f *framer) Byte(b byte) (c reader.Card, why reader.Why) {
	switch {
	case f.state == body:
		return f.addByte(b)
	case f.state == head:
		why = f.checkLength(b)
	case b == stx:
		f.state = head
	case f.state == idle:
		why = f.dropFrame(reader.BadFrame, junk)
	}
	return c, why
}

// checkLength handles the byte after STX. A second STX may be the true start.
func (f *framer) checkLength(b byte) reader.Why {
	switch {
	case b >= overhead+minID && b <= overhead+maxID:
		f.buf[0], f.buf[1], f.n, f.state = stx, b, 2, body
		return ""
	case b == stx:
		return f.dropFrame(reader.BadFrame, head)
	default:
		return f.dropFrame(reader.BadLength, junk)
	}
}

func (f *framer) addByte(b byte) (c reader.Card, why reader.Why) {
	f.buf[f.n] = b
	if f.n++; f.n < int(f.buf[1]) {
		return c, ""
	}
	f.state = idle
	defer clear(f.buf[:])
	return cardOf(f.buf[:f.n])
}

func (f *framer) dropFrame(why reader.Why, next state) reader.Why {
	f.state = next
	return why
}

// cardOf makes the card of a whole frame, or says what is wrong with it.
func cardOf(frame []byte) (reader.Card, reader.Why) {
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
	if !lengthFits(tech, len(id)) {
		return reader.Card{}, reader.BadLength
	}
	return reader.NewCard(tech, format, 8*len(id), id), ""
}

// lengthFits reports whether a technology has serial numbers of n bytes. Some modules leave
// the version byte of an EM4100 out.
func lengthFits(tech reader.Tech, n int) bool {
	switch tech {
	case reader.EM4100:
		return n == 4 || n == 5
	case reader.ISO14443A:
		return n == 4 || n == 7 || n == 10
	}
	return true
}
