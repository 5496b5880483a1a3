// Package pcsc implements what PC/SC defines for contactless cards, for any way to reach a
// reader: how to ask for the UID, and how to read the technology from an ATR.
//
// Source: Interoperability Specification for ICCs and Personal Computer Systems, part 3,
// revision 2.01.09: 3.1.3.2.3 (ATR), 3.2.2.1.3 (Get Data) and the supplemental document
// (names of cards); ISO/IEC 7816-3, section 8 (ATR); ISO/IEC 7816-4, section 5.1.3 (status
// words).
package pcsc

import (
	"bytes"

	"badged/reader"
)

// MaxATR is the longest ATR: ISO/IEC 7816-3, section 8.2.1.
const MaxATR = 33

// maxAnswers bounds the exchanges with a card that always asks for another one.
const maxAnswers = 3

// Inquiry asks one card for its UID.
//
//	FF CA 00 00 00 -----> UID 90 00            card
//	       |              6C n ------+         ask again for n bytes
//	       +------- FF CA 00 00 n <--+
//	                      61 n -----> FF C0 00 00 n -----> UID 90 00
//	                      anything else        fault "refused"
//
// 61 and 6C are what T=0 has where an APDU has a length (ISO/IEC 7816-3, 12.2.1).
type Inquiry struct {
	atr     [MaxATR]byte
	n       int // of atr
	command [5]byte
	answers int
}

// NewInquiry makes an inquiry of the card with this ATR, which may be empty.
func NewInquiry(atr []byte) *Inquiry {
	q := &Inquiry{command: [5]byte{0xFF, 0xCA}}
	q.n = copy(q.atr[:], atr)
	return q
}

// Command is the APDU to send.
func (q *Inquiry) Command() []byte { return q.command[:] }

// Answer handles the reply of the card: data and status word. It returns the card, or why
// there is none, or neither: then the caller sends Command.
func (q *Inquiry) Answer(p []byte) (c reader.Card, why reader.Why) {
	q.answers++
	if len(p) < 2 {
		return c, reader.BadLength
	}
	uid, sw1, sw2 := p[:len(p)-2], p[len(p)-2], p[len(p)-1]
	switch more := q.answers < maxAnswers && len(uid) == 0; {
	case sw1 == 0x90 && sw2 == 0:
		return Card(q.atr[:q.n], uid)
	case sw1 == 0x6C && more:
		q.command[4] = sw2
		return c, ""
	case sw1 == 0x61 && more:
		q.command = [5]byte{0xFF, 0xC0, 0, 0, sw2}
		return c, ""
	}
	return c, reader.Refused
}

// Done reports whether c and why, the result of Answer, end the inquiry.
func Done(c reader.Card, why reader.Why) bool { return why != "" || c != reader.Card{} }

// Card makes a card of the bytes that a reader gave for a UID, in their order.
func Card(atr, uid []byte) (reader.Card, reader.Why) {
	switch len(uid) {
	case 4, 7, 8, 10:
		return reader.NewCard(Tech(atr, uid), "UID", 8*len(uid), uid), ""
	}
	return reader.Card{}, reader.BadLength
}

// storage is how the historical bytes of a contactless storage card begin: category
// 80, tag 4F, 12 bytes, the RID of the PC/SC workgroup.
var storage = []byte{0x80, 0x4F, 0x0C, 0xA0, 0x00, 0x00, 0x03, 0x06}

// names are the cards whose name tells more than their standard, which some readers
// always give as ISO 14443 A.
var names = map[uint16]reader.Tech{
	0x0001: reader.ISO14443A, 0x0002: reader.ISO14443A, 0x0003: reader.ISO14443A, 0x0026: reader.ISO14443A,
	0x0006: reader.ISO14443B, 0x0007: reader.ISO14443B,
	0x0014: reader.ISO15693,
	0x003B: reader.FeliCa, 0xF011: reader.FeliCa, 0xF012: reader.FeliCa,
}

// Tech tells what a card is. An ATR of a card with ISO 14443-4 does not say whether it is
// of type A or B; its UID of 4, 7 or 10 bytes is taken for one of type A, of which a
// random one can be told.
func Tech(atr, uid []byte) reader.Tech {
	h := Historical(atr)
	if len(h) >= len(storage)+3 && bytes.HasPrefix(h, storage) {
		standard, name := h[len(storage)], uint16(h[len(storage)+1])<<8|uint16(h[len(storage)+2])
		if t, ok := names[name]; ok {
			return t
		}
		if t := standardTech(standard); t != reader.Unknown {
			return t
		}
	}
	switch {
	case len(uid) == 4, len(uid) == 7, len(uid) == 10:
		return reader.ISO14443A
	case len(uid) == 8 && (uid[0] == 0xE0 || uid[7] == 0xE0): // ISO/IEC 15693-3, 4.1
		return reader.ISO15693
	}
	return reader.Unknown
}

// standardTech reads the standard byte SS.
func standardTech(ss byte) reader.Tech {
	switch {
	case ss >= 0x01 && ss <= 0x03:
		return reader.ISO14443A
	case ss >= 0x05 && ss <= 0x07:
		return reader.ISO14443B
	case ss >= 0x09 && ss <= 0x0C:
		return reader.ISO15693
	case ss == 0x11:
		return reader.FeliCa
	}
	return reader.Unknown
}

// Historical gives the historical bytes of an ATR; nil when it is none.
func Historical(atr []byte) []byte {
	h, _, _ := parseATR(atr)
	return h
}

// FirstProtocol is the protocol that an ATR offers first, T=0 to T=14. ok is false when
// it is no ATR.
func FirstProtocol(atr []byte) (t int, ok bool) {
	_, t, ok = parseATR(atr)
	return t, ok
}

// parseATR reads an ATR: TS, T0, the interface bytes that each TD announces, historical
// bytes, and a check byte unless T=0 is all that is offered.
func parseATR(atr []byte) (historical []byte, first int, ok bool) {
	if len(atr) < 2 || len(atr) > MaxATR || atr[0] != 0x3B && atr[0] != 0x3F {
		return nil, 0, false
	}
	at, check, offers := 2, false, 0
	for y := atr[1] >> 4; ; offers++ {
		for bit := range 3 { // TA, TB, TC
			at += int(y >> bit & 1)
		}
		if y&8 == 0 {
			break
		}
		if at >= len(atr) {
			return nil, 0, false
		}
		t := int(atr[at] & 15)
		if offers == 0 {
			first = t
		}
		check = check || t != 0
		y = atr[at] >> 4
		at++
	}
	end := at + int(atr[1]&15)
	if check && end+1 != len(atr) || !check && end != len(atr) {
		return nil, 0, false
	}
	return atr[at:end], first, true
}
