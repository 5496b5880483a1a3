package osdp

import (
	"encoding/binary"
	"slices"
	"time"

	"badged/keypad"
	"badged/reader"
	"badged/reader/pacs"
)

// shortestFMT is the fewest digits of a badge in FMT: less are a PIN that a reader sends
// wrongly as a badge, as one is known to do (OSDP.Net issue 208: 1234 as FMT).
const shortestFMT = 5

// peripheral turns what one reader says into events.
type peripheral struct {
	addr    int
	formats pacs.Selection
	fmt     bool // FMT is a badge
	tamper  bool // and that was told
	power   bool
	head    bool // tampered with, or off its controller
}

// says emits what a reply means that a poll may have. It reports false for another one.
func (p *peripheral) says(at time.Time, code byte, data []byte, emit func(reader.Event)) bool {
	switch code {
	case replyRaw:
		p.raw(at, data, emit)
	case replyFmt:
		p.text(at, data, emit)
	case replyKeypad:
		p.keys(at, data, emit)
	case replyLocal:
		p.state(at, data, emit, condition{&p.tamper, reader.Tampered}, condition{&p.power, reader.PowerLost})
	case replyHead:
		p.state(at, data, emit, condition{&p.head, reader.Tampered})
	case replyInput, replyOutput, replyMaker: // nobody asked for them
	default:
		return false
	}
	return true
}

// raw reads the bits of a badge (SIA OSDP 2.2, section 7.11): reader, format code, bits,
// data. The format code (0: not said, 1: Wiegand) is not trusted: the length tells, and
// the parity is checked.
func (p *peripheral) raw(at time.Time, data []byte, emit func(reader.Event)) {
	const head = 4
	if len(data) < head {
		p.fault(at, reader.BadLength, emit)
		return
	}
	card, why := p.formats.Card(reader.PACS, int(binary.LittleEndian.Uint16(data[2:])), data[head:])
	if why != "" {
		p.fault(at, why, emit)
		return
	}
	emit(reader.Event{Kind: reader.KindCard, At: at, Card: card, Unit: p.addr})
}

// text reads FMT (section 7.12), which OSDP 2.2.2 has given up: reader, direction, count,
// digits. It is a fault unless the reader is configured to use it: some send PINs so,
// and a PIN must not become a badge.
func (p *peripheral) text(at time.Time, data []byte, emit func(reader.Event)) {
	const head, backwards = 3, 1
	switch {
	case !p.fmt:
		p.fault(at, reader.BadFormat, emit)
		return
	case len(data) < head+shortestFMT || len(data) != head+int(data[2]):
		p.fault(at, reader.BadLength, emit)
		return
	}
	digits := slices.Clone(data[head:])
	if slices.ContainsFunc(digits, func(b byte) bool { return b < '0' || b > '9' }) {
		p.fault(at, reader.BadDigit, emit)
		return
	}
	if data[1] == backwards {
		slices.Reverse(digits)
	}
	emit(reader.Event{Kind: reader.KindCard, At: at, Card: reader.TextCard(string(digits)), Unit: p.addr})
}

// keys reads KEYPAD (section 7.13): reader, count, one byte a key.
func (p *peripheral) keys(at time.Time, data []byte, emit func(reader.Event)) {
	const head = 2
	if len(data) < head || len(data) != head+int(data[1]) {
		p.fault(at, reader.BadLength, emit)
		return
	}
	for _, b := range data[head:] {
		k, ok := keypad.FromOSDP(b)
		if !ok {
			p.fault(at, reader.BadDigit, emit)
			return
		}
		emit(reader.Event{Kind: reader.KindKey, At: at, Key: k, Unit: p.addr})
	}
}

// condition is a state of a reader, and the alarm that begins and ends with it.
type condition struct {
	was *bool
	why reader.Why
}

// state reads LSTATR (section 7.6: tamper, power) or RSTATR (section 7.9), one byte for
// each condition; 0 is fine. What a reader leaves out stays as it was. Only one head is
// known of a reader.
func (p *peripheral) state(at time.Time, data []byte, emit func(reader.Event), all ...condition) {
	for i, c := range all[:min(len(all), len(data))] {
		is := data[i] != 0
		switch {
		case is && !*c.was:
			p.alarm(at, c.why, emit)
		case !is && *c.was:
			p.over(at, c.why, emit)
		}
		*c.was = is
	}
}

func (p *peripheral) fault(at time.Time, why reader.Why, emit func(reader.Event)) {
	emit(reader.Event{Kind: reader.KindFault, At: at, Why: why, Unit: p.addr})
}

func (p *peripheral) alarm(at time.Time, why reader.Why, emit func(reader.Event)) {
	emit(reader.Event{Kind: reader.KindAlarm, At: at, Why: why, Unit: p.addr})
}

func (p *peripheral) over(at time.Time, why reader.Why, emit func(reader.Event)) {
	emit(reader.Event{Kind: reader.KindOver, At: at, Why: why, Unit: p.addr})
}

// caps is what a reader can, from PDCAP (section 7.5, annex B): function, compliance
// level, number of items, over and over.
type caps struct{ led, buz, text, aes bool }

// allCaps is what is tried at a reader that does not say what it can.
func allCaps() caps { return caps{led: true, buz: true, text: true, aes: true} }

// readCaps reports false for data that is no list of capabilities.
func readCaps(data []byte) (c caps, ok bool) {
	for i := 0; i+3 <= len(data); i += 3 {
		level, items := data[i+1], data[i+2]
		switch data[i] {
		case capLED:
			c.led = level > 0 && items > 0
		case capBuz:
			c.buz = level > 0
		case capText:
			c.text = level > 0
		case capSecurity:
			c.aes = level&aes128 != 0
		}
	}
	return c, len(data) > 0 && len(data)%3 == 0
}
