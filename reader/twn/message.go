package twn

import (
	"time"

	"badged/reader"
	"badged/reader/pacs"
)

const (
	maxMessage = 64 // bytes; the longest answer of SearchTag has 5 + 32, and a CRC
	tagHead    = 5  // bytes in front of an ID
)

// receiver assembles messages. It drops a faulty one up to its CR, or up to a pause in the
// binary form, which has no CR.
type receiver struct {
	binary bool
	buf    [2 * maxMessage]byte // digits, or length and bytes
	n      int
	skip   bool
	cr     bool // the byte before was CR: an LF is nothing
	last   time.Time
}

func (r *receiver) reset() {
	r.n, r.skip = 0, false
	r.wipeMessage()
}

// wipeMessage forgets the last message.
func (r *receiver) wipeMessage() { clear(r.buf[:]) }

func (r *receiver) deadline() time.Time {
	if r.n == 0 && !r.skip {
		return time.Time{}
	}
	return r.last.Add(bytePause)
}

// endByPause drops an incomplete message, and reports whether that is a new fault.
func (r *receiver) endByPause() bool {
	news := !r.skip
	r.reset()
	return news
}

// addByte adds a byte and returns the message that it completes, valid until the next call.
func (r *receiver) addByte(at time.Time, b byte) (message []byte, why reader.Why) {
	cr := r.cr
	r.last, r.cr = at, !r.binary && b == '\r'
	switch {
	case cr && b == '\n':
		return nil, ""
	case r.skip:
		r.skip = r.binary || b != '\r'
		return nil, ""
	case r.binary:
		return r.addRaw(b)
	default:
		return r.addDigit(b)
	}
}

func (r *receiver) skipMessage(why reader.Why) ([]byte, reader.Why) {
	r.n, r.skip = 0, true
	return nil, why
}

func (r *receiver) addRaw(b byte) ([]byte, reader.Why) {
	r.buf[r.n] = b
	r.n++
	if r.n < 2 {
		return nil, ""
	}
	length := int(r.buf[0]) | int(r.buf[1])<<8
	if length == 0 || length > maxMessage {
		return r.skipMessage(reader.BadLength)
	}
	if r.n < 2+length {
		return nil, ""
	}
	r.n = 0
	return r.buf[2 : 2+length], ""
}

func (r *receiver) addDigit(b byte) ([]byte, reader.Why) {
	if b == '\r' && r.n == 0 {
		return nil, ""
	}
	if b == '\r' {
		n, why := decodeHex(r.buf[:maxMessage], r.buf[:r.n])
		r.n = 0
		return r.buf[:n:n], why
	}
	if _, ok := reader.HexDigit(b); !ok {
		return r.skipMessage(reader.BadDigit)
	}
	if r.n == len(r.buf) {
		return r.skipMessage(reader.Overflow)
	}
	r.buf[r.n] = b
	r.n++
	return nil, ""
}

// packMessage makes what is written of a message.
func (d *Simple) packMessage(message []byte) []byte {
	var buf [maxMessage]byte
	m := append(buf[:0], message...)
	if d.crc {
		sum := crc16(m)
		m = append(m, byte(sum), byte(sum>>8))
	}
	out := d.out[:0]
	if d.opts.Binary {
		return append(append(out, byte(len(m)), 0), m...)
	}
	const digits = "0123456789ABCDEF"
	for _, b := range m {
		out = append(out, digits[b>>4], digits[b&15])
	}
	return append(out, '\r')
}

// checkCRC gives a message without its CRC.
func checkCRC(message []byte) ([]byte, reader.Why) {
	n := len(message) - 2
	if n < 1 {
		return nil, reader.BadLength
	}
	if sum := crc16(message[:n]); message[n] != byte(sum) || message[n+1] != byte(sum>>8) {
		return nil, reader.BadChecksum
	}
	return message[:n], ""
}

// crc16 is the CCITT CRC with the reversed polynomial 8408, begun with FFFF.
func crc16(p []byte) uint16 {
	sum := uint16(0xFFFF)
	for _, b := range p {
		sum ^= uint16(b)
		for range 8 {
			if low := sum & 1; low != 0 {
				sum = sum>>1 ^ 0x8408
			} else {
				sum >>= 1
			}
		}
	}
	return sum
}

// checkShape returns why a message is no answer of SearchTag; "": it is one. The number of bits and
// of bytes must agree, so that it detects one wrong byte without a CRC too.
func checkShape(body []byte) reader.Why {
	switch {
	case body[0] != 0 && len(body) == 1, len(body) == 2 && body[0] == 0 && body[1] == 0:
		return ""
	case len(body) <= tagHead || body[0] != 0 || body[1] != 1:
		return reader.BadFormat
	}
	bits, size := int(body[3]), int(body[4])
	if size > maxID || size != len(body)-tagHead || size != (bits+7)/8 {
		return reader.BadLength
	}
	return ""
}

// cardOfTag makes the card of a tag type. The types are those of twn4.sys.h (LFTAG_, HFTAG_).
// What a reader knows only by its bits goes through the formats that are configured.
func cardOfTag(kind byte, bits int, id []byte, cards pacs.Selection) (reader.Card, reader.Why) {
	tech, format := reader.Unknown, "UID"
	switch kind {
	case 0x40:
		tech, format = reader.EM4100, "EM4100"
	case 0x49:
		return cards.Card(reader.HIDProx, bits, id)
	case 0x80:
		tech = reader.ISO14443A
	case 0x81:
		tech = reader.ISO14443B
	case 0x82:
		tech = reader.ISO15693
	case 0x84: // an iCLASS badge says its serial number, 64 bits, or what was written for access control
		if bits != 64 {
			return cards.Card(reader.PACS, bits, id)
		}
	case 0x85:
		tech = reader.FeliCa
	case 0x87: // a phone: another number at every tap
		return reader.Card{}, reader.BadFormat
	}
	if fill := len(id)*8 - bits; fill > 0 {
		id[len(id)-1] &= 0xFF << fill
	}
	return reader.NewCard(tech, format, bits, id), ""
}

// earliest gives the sooner of two times; zero is never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
