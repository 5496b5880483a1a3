package twn

import (
	"fmt"
	"time"

	"badged/reader"
	"badged/reader/pacs"
)

// Mode is how a line says a badge.
type Mode string

// The modes.
const (
	IndiTag Mode = "inditag" // a colon, hex, checksum, CR LF
	Prox    Mode = "prox"    // hex: bit count and bits, left-aligned, CR
	Hex     Mode = "hex"     // hex digits, CR
	Decimal Mode = "decimal" // decimal digits, CR
)

// The times of Lines that were not told others.
const (
	DefaultRepeat      = 500 * time.Millisecond
	DefaultLineTimeout = time.Second
)

const (
	maxID   = 32          // bytes
	maxLine = 2*maxID + 4 // characters before CR: a bit count or checksum, a colon
	colon   = ':'         // starts a line of an IndiTag
)

// LineOptions change Lines. The zero value reads IndiTag lines.
type LineOptions struct {
	Mode  Mode           // "": IndiTag
	Cards pacs.Selection // what the bits of Prox may be
	// Repeat is how long a badge must not have been seen for its next line to be a new
	// presentation. 0: DefaultRepeat.
	Repeat time.Duration
	// Timeout is the longest pause inside a line. 0: DefaultLineTimeout.
	Timeout time.Duration
}

// Lines implements reader.Decoder for a reader in transparent mode.
//
//	IndiTag   ":" ID in hex, then the two's complement of the sum of its bytes, CR LF
//	          :112233445501         ID 1122334455: 11+22+33+44+55+01 = 100
//	Prox      the number of bits as one byte, then the bits, filled with zeros, CR
//	          1A808001C0            26 bits: 1000 0000 1000 0000 0000 0001 11
//	Hex       the ID, two digits a byte, CR
//	Decimal   the ID as a number, CR
//
// Source: Elatec TWN3 Technical Manual, sections «HID Prox Transparent Protocol» and
// «IndiTag Transparent Protocol». Only an IndiTag's line has a checksum, so the mode is
// chosen and never guessed: a damaged line of one could be a good line of another.
//
//	            a character             CR            LF (IndiTag): card or fault
//	(idle) -----------------> (line) ---------> (cr) ------------------------------> (idle)
//	  ^                          |  CR: card or fault, (idle) of the other modes;
//	  |                          |  an LF behind it is nothing
//	  |                          | too long, a pause, what cannot be: one fault
//	  +--- CR or LF, silence --(skip)
type Lines struct {
	opts LineOptions
	buf  [maxLine]byte
	n    int
	cr   bool
	skip bool
	last time.Time
	seen reader.Presence
}

// NewLines makes a decoder, or says which option cannot be.
func NewLines(opts LineOptions) (*Lines, error) {
	switch opts.Mode {
	case "":
		opts.Mode = IndiTag
	case IndiTag, Prox, Hex, Decimal:
	default:
		return nil, fmt.Errorf("mode %q: must be inditag, prox, hex or decimal", opts.Mode)
	}
	if opts.Repeat <= 0 {
		opts.Repeat = DefaultRepeat
	}
	if opts.Timeout <= 0 {
		opts.Timeout = DefaultLineTimeout
	}
	return &Lines{opts: opts}, nil
}

// Feed implements reader.Decoder. The card is told with the last byte of the line.
func (d *Lines) Feed(at time.Time, p []byte, emit func(reader.Event)) {
	d.Tick(at, emit)
	for _, b := range p {
		d.byte(at, b, emit)
	}
}

// Deadline implements reader.Decoder.
func (d *Lines) Deadline() time.Time {
	if d.n == 0 && !d.skip {
		return time.Time{}
	}
	return d.last.Add(d.opts.Timeout)
}

// Tick implements reader.Decoder.
func (d *Lines) Tick(now time.Time, emit func(reader.Event)) {
	due := d.Deadline()
	if due.IsZero() || now.Before(due) {
		return
	}
	if !d.skip {
		d.fault(due, reader.Timeout, emit)
	}
	d.skip = false
}

func (d *Lines) byte(at time.Time, b byte, emit func(reader.Event)) {
	d.last = at
	ends := b == '\r' || b == '\n'
	switch {
	case d.skip:
		d.skip = !ends
	case d.cr && b == '\n':
		d.finish(at, emit)
	case d.cr:
		d.fault(at, reader.BadFrame, emit)
		d.skip = !ends
	case ends && d.n == 0:
	case b == '\r' && d.opts.Mode == IndiTag:
		d.cr = true
	case b == '\r':
		d.finish(at, emit)
	case ends:
		d.fault(at, reader.BadFrame, emit)
	case d.n == len(d.buf):
		d.fault(at, reader.Overflow, emit)
		d.skip = true
	default:
		d.buf[d.n] = b
		d.n++
	}
}

func (d *Lines) finish(at time.Time, emit func(reader.Event)) {
	c, why := d.card(d.buf[:d.n])
	if why != "" {
		d.fault(at, why, emit)
		return
	}
	d.n, d.cr = 0, false
	if d.seen.Seen(at, c, d.opts.Repeat) {
		emit(reader.Event{Kind: reader.KindCard, At: at, Card: c})
	}
}

func (d *Lines) fault(at time.Time, why reader.Why, emit func(reader.Event)) {
	d.n, d.cr = 0, false
	emit(reader.Event{Kind: reader.KindFault, At: at, Why: why})
}

// card makes the card of a line, or says what is wrong with it.
func (d *Lines) card(line []byte) (reader.Card, reader.Why) {
	if d.opts.Mode == Decimal {
		return decimal(line)
	}
	if d.opts.Mode == IndiTag {
		if line[0] != colon {
			return reader.Card{}, reader.BadFrame
		}
		line = line[1:]
	}
	var raw [maxID + 1]byte
	n, why := unhex(raw[:], line)
	if why != "" {
		return reader.Card{}, why
	}
	switch d.opts.Mode {
	case IndiTag:
		return indiTag(raw[:n])
	case Prox:
		return prox(d.opts.Cards, raw[:n])
	default:
		if n > maxID {
			return reader.Card{}, reader.BadLength
		}
		return reader.TextCard(string(line)), ""
	}
}

// decimal takes the digits as they are.
func decimal(line []byte) (reader.Card, reader.Why) {
	for _, b := range line {
		if b < '0' || b > '9' {
			return reader.Card{}, reader.BadDigit
		}
	}
	return reader.TextCard(string(line)), ""
}

// indiTag checks that ID and checksum add up to zero.
func indiTag(raw []byte) (reader.Card, reader.Why) {
	if len(raw) < 2 {
		return reader.Card{}, reader.BadLength
	}
	var sum byte
	for _, b := range raw {
		sum += b
	}
	if sum != 0 {
		return reader.Card{}, reader.BadChecksum
	}
	id := raw[:len(raw)-1]
	return reader.NewCard(reader.Unknown, "IndiTag", 8*len(id), id), ""
}

// prox takes the bits that the first byte counts; what fills the last byte must be zero.
func prox(cards pacs.Selection, raw []byte) (reader.Card, reader.Why) {
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

// unhex reads pairs of upper-case hex digits into dst: Elatec's readers send no others,
// and one flipped bit makes lower-case ones of them.
func unhex(dst, digits []byte) (n int, why reader.Why) {
	for _, b := range digits {
		if _, ok := value(b); !ok {
			return 0, reader.BadDigit
		}
	}
	if len(digits)%2 != 0 || len(digits) == 0 || len(digits)/2 > len(dst) {
		return 0, reader.BadLength
	}
	for i := range len(digits) / 2 {
		hi, _ := value(digits[2*i])
		lo, _ := value(digits[2*i+1])
		dst[i] = hi<<4 | lo
	}
	return len(digits) / 2, ""
}

func value(b byte) (byte, bool) {
	switch {
	case '0' <= b && b <= '9':
		return b - '0', true
	case 'A' <= b && b <= 'F':
		return b - 'A' + 10, true
	}
	return 0, false
}
