// Package yhy52x decodes what a YHY521X or YHY522 module (Ehuoyan, 13.56 MHz) says by itself
// when it is set to read badges automatically: 19200 baud when new, 8N1, binary. A YHY523U
// is another family, which must be asked, in frames of another layout.
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

import "badged/reader"

const (
	first  = 0xAA
	second = 0xBB

	autoID    = 0x20
	autoBlock = 0x51

	blockSize = 16
	minLength = 2 // itself and status
	maxLength = 2 + blockSize
)

// framer implements reader.Framer. It ignores clean frames with another status, which are
// answers to somebody's commands.
//
//	         AA            BB           length bytes, XOR
//	(idle) ------> (mark) -----> (body) ------------------> (idle): card or fault
//	  ^ else:        | else:       | AA BB: fault, (body)
//	  | one fault    v fault       | a length that cannot be: fault, (junk)
//	  +-- per run  (junk)          | a pause: fault, (idle)
//
// (junk) waits for AA BB in silence: its fault has been told. A XOR is a weak check: where
// an AA with its 00 stands in a number, one of the 255 ways to change that AA passes.
type framer struct {
	state state
	buf   [maxLength + 1]byte
	n     int
	aa    bool // the byte before was AA
}

type state uint8

const (
	idle state = iota
	mark
	body
	junk
)

// New makes a decoder.
func New(times reader.FrameTimes) *reader.Frames { return reader.NewFrames(&framer{}, times) }

// Within implements reader.Framer.
func (f *framer) Within() bool { return f.state == mark || f.state == body }

// Stopped implements reader.Framer.
func (f *framer) Stopped() reader.Why {
	f.aa = false
	return f.dropFrame(reader.Timeout, idle)
}

// Byte implements reader.Framer.
func (f *framer) Byte(b byte) (c reader.Card, why reader.Why) {
	aa := f.aa
	f.aa = b == first
	switch {
	case aa && b == second:
		if f.state == body {
			why = reader.BadFrame
		}
		f.state, f.n = body, 0
	case f.state == body:
		return f.addByte(b, aa)
	case f.state == idle && aa && b == 0: // behind an XOR that was AA
	case f.state == idle && b == first:
		f.state = mark
	case f.state != junk:
		why = f.dropFrame(reader.BadFrame, junk)
	}
	return c, why
}

// addByte takes a byte behind AA BB; aa tells that the one before was AA.
func (f *framer) addByte(b byte, aa bool) (c reader.Card, why reader.Why) {
	if aa && b == 0 && f.n > 0 {
		return c, "" // put in by the module
	}
	if f.n == 0 && (b < minLength || b > maxLength) {
		return c, f.dropFrame(reader.BadLength, junk)
	}
	f.buf[f.n] = b
	if f.n++; f.n <= int(f.buf[0]) {
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

// cardOf makes the card of a whole frame, from its length on; none if it is about
// something else.
func cardOf(frame []byte) (reader.Card, reader.Why) {
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
