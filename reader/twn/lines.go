package twn

import (
	"cmp"
	"time"

	"badged/internal/spelling"
	"badged/reader"
	"badged/reader/pacs"
)

// Mode is how a line says a badge.
type Mode string

// The modes.
const (
	Auto    Mode = "auto"    // IndiTag if it starts with a colon, else Prox if everything in it agrees
	IndiTag Mode = "inditag" // a colon, hex, checksum, CR LF
	Prox    Mode = "prox"    // hex: bit count and bits, left-aligned, CR
	Hex     Mode = "hex"     // hex digits, CR
	Decimal Mode = "decimal" // decimal digits, CR
)

// DefaultLineTimeout is that of lines that were not told another.
const DefaultLineTimeout = time.Second

const (
	maxID   = 32          // bytes
	maxLine = 2*maxID + 4 // characters before CR: a bit count or checksum, a colon
	colon   = ':'         // starts a line of an IndiTag
)

// LineOptions change NewLines. The zero value reads the lines of an IndiTag or of HID Prox.
type LineOptions struct {
	Mode  Mode           // "": Auto
	Cards pacs.Selection // what the bits of Prox may be
	Times reader.FrameTimes
}

// lines implements reader.Framer for a reader in transparent mode.
//
//	IndiTag   ":" ID in hex, then the two's complement of the sum of its bytes, CR LF
//	          :112233445501         ID 1122334455: 11+22+33+44+55+01 = 100
//	Prox      the number of bits as one byte, then the bits, filled with zeros, CR
//	          1A808001C0            26 bits: 1000 0000 1000 0000 0000 0001 11
//	Hex       the ID, two digits a byte, CR
//	Decimal   the ID as a number, CR
//
// Source: Elatec TWN3 Technical Manual, sections «HID Prox Transparent Protocol» and
// «IndiTag Transparent Protocol» (page 25). Only an IndiTag's line has a checksum. Auto
// takes a line without colon for Prox only if count, filler and parities are right, and if
// it is not an IndiTag's that lost its colon: one HID Prox badge in 256 looks like that,
// and needs mode Prox. Hex and Decimal, where nothing is redundant, are never guessed.
//
//	            a character             CR             LF: card
//	(idle) -----------------> (line) ---------> (cr) ------------> (idle)
//	  ^                          |  CR, but not clean: fault, (idle)
//	  |                          |  CR, no colon: card, (idle); an LF behind it is nothing
//	  |                          | too long, a pause, what cannot be: one fault
//	  +--- CR or LF, silence --(skip)
type lines struct {
	mode  Mode
	cards pacs.Selection
	buf   [maxLine]byte
	n     int
	held  reader.Card // in (cr): that of the IndiTag's line
	cr    bool
	skip  bool
}

// NewLines makes a decoder. An error names the option that is wrong.
func NewLines(opts LineOptions) (*reader.Frames, error) {
	mode := cmp.Or(opts.Mode, Auto)
	if err := spelling.Word("mode", mode, Auto, IndiTag, Prox, Hex, Decimal); err != nil {
		return nil, err
	}
	times := opts.Times
	times.Timeout = cmp.Or(times.Timeout, DefaultLineTimeout)
	return reader.NewFrames(&lines{mode: mode, cards: opts.Cards}, times), nil
}

// Within implements reader.Framer.
func (d *lines) Within() bool { return d.n > 0 || d.skip }

// Stopped implements reader.Framer.
func (d *lines) Stopped() (why reader.Why) {
	if !d.skip {
		why = reader.Timeout
	}
	d.dropLine()
	return why
}

func (d *lines) dropLine() {
	d.n, d.cr, d.skip = 0, false, false
	clear(d.buf[:])
}

// Byte implements reader.Framer.
func (d *lines) Byte(b byte) (c reader.Card, why reader.Why) {
	ends := b == '\r' || b == '\n'
	switch {
	case d.skip:
		d.skip = !ends
	case d.cr:
		d.dropLine()
		if b == '\n' {
			return d.held, ""
		}
		d.skip = !ends
		return c, reader.BadFrame
	case ends && d.n == 0:
	case b == '\r':
		return d.finishLine()
	case ends:
		d.dropLine()
		return c, reader.BadFrame
	case d.n == len(d.buf):
		d.dropLine()
		d.skip = true
		return c, reader.Overflow
	default:
		d.buf[d.n] = b
		d.n++
	}
	return c, ""
}

// finishLine decodes a line up to its CR. An LF must follow the line of an IndiTag.
func (d *lines) finishLine() (reader.Card, reader.Why) {
	c, why := d.cardOfLine(d.buf[:d.n])
	if why == "" && d.buf[0] == colon {
		d.held, d.cr = c, true
		return reader.Card{}, ""
	}
	d.dropLine()
	return c, why
}

// cardOfLine makes the card of a line, or says what is wrong with it.
func (d *lines) cardOfLine(line []byte) (reader.Card, reader.Why) {
	mode := d.mode
	switch {
	case mode == Decimal:
		return decimalCard(line)
	case mode == IndiTag && line[0] != colon:
		return reader.Card{}, reader.BadFrame
	case line[0] == colon && (mode == IndiTag || mode == Auto):
		mode, line = IndiTag, line[1:]
	}
	var raw [maxID + 1]byte
	n, why := decodeHex(raw[:], line)
	switch {
	case why != "":
		return reader.Card{}, why
	case mode == IndiTag:
		return indiTagCard(raw[:n])
	case mode == Prox:
		return proxCard(d.cards, raw[:n])
	case mode == Auto:
		return d.guessCard(raw[:n])
	case n > maxID:
		return reader.Card{}, reader.BadLength
	}
	return reader.TextCard(string(line)), ""
}

// decimalCard takes the digits as they are.
func decimalCard(line []byte) (reader.Card, reader.Why) {
	for _, b := range line {
		if b < '0' || b > '9' {
			return reader.Card{}, reader.BadDigit
		}
	}
	return reader.TextCard(string(line)), ""
}

// indiTagCard checks that ID and checksum add up to zero.
func indiTagCard(raw []byte) (reader.Card, reader.Why) {
	if len(raw) < 2 {
		return reader.Card{}, reader.BadLength
	}
	if sumBytes(raw) != 0 {
		return reader.Card{}, reader.BadChecksum
	}
	id := raw[:len(raw)-1]
	return reader.NewCard(reader.Unknown, "IndiTag", 8*len(id), id), ""
}

func sumBytes(raw []byte) (s byte) {
	for _, b := range raw {
		s += b
	}
	return s
}

// guessCard decodes a line without colon in mode Auto.
func (d *lines) guessCard(raw []byte) (reader.Card, reader.Why) {
	c, why := proxCard(d.cards, raw)
	switch {
	case why != "":
		return reader.Card{}, why
	case sumBytes(raw) == 0:
		return reader.Card{}, reader.Ambiguous
	case c.FrameFormat() == "raw": // nothing was checked
		return reader.Card{}, reader.BadFormat
	}
	return c, ""
}

// proxCard takes the bits that the first byte counts; what fills the last byte must be zero.
func proxCard(cards pacs.Selection, raw []byte) (reader.Card, reader.Why) {
	bits := int(raw[0])
	packed := raw[1:]
	if bits == 0 || len(packed) != (bits+7)/8 {
		return reader.Card{}, reader.BadLength
	}
	if packed[len(packed)-1]&(0xFF>>uint((bits+7)%8+1)) != 0 {
		return reader.Card{}, reader.BadFormat
	}
	return cards.Card(reader.HIDProx, bits, packed)
}

// decodeHex reads pairs of upper-case hex digits into dst: Elatec's readers send no others,
// and one flipped bit makes lower-case ones of them.
func decodeHex(dst, digits []byte) (n int, why reader.Why) {
	for _, b := range digits {
		if _, ok := reader.HexDigit(b); !ok {
			return 0, reader.BadDigit
		}
	}
	if len(digits)%2 != 0 || len(digits) == 0 || len(digits)/2 > len(dst) {
		return 0, reader.BadLength
	}
	for i := range len(digits) / 2 {
		hi, _ := reader.HexDigit(digits[2*i])
		lo, _ := reader.HexDigit(digits[2*i+1])
		dst[i] = hi<<4 | lo
	}
	return len(digits) / 2, ""
}
