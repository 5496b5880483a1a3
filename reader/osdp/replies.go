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

// emitReply emits the events of a reply to a poll. It reports false for a reply that a poll does not
// have.
func (p *peripheral) emitReply(at time.Time, code byte, data []byte, emit func(reader.Event)) bool {
	switch code {
	case replyRaw:
		p.readRaw(at, data, emit)
	case replyFmt:
		p.readFMT(at, data, emit)
	case replyKeypad:
		p.readKeypad(at, data, emit)
	case replyLocal:
		p.readState(at, data, emit, condition{&p.tamper, reader.Tampered}, condition{&p.power, reader.PowerLost})
	case replyHead:
		p.readState(at, data, emit, condition{&p.head, reader.Tampered})
	case replyInput, replyOutput, replyMaker: // nobody asked for them
	default:
		return false
	}
	return true
}

// readRaw reads the bits of a badge (SIA OSDP 2.2, section 7.11): reader, format code, bits,
// data. The format code (0: not said, 1: Wiegand) is not trusted: the length tells, and
// the parity is checked.
func (p *peripheral) readRaw(at time.Time, data []byte, emit func(reader.Event)) {
	const head = 4
	if len(data) < head {
		p.emitFault(at, reader.BadLength, emit)
		return
	}
	card, why := p.formats.Card(reader.PACS, int(binary.LittleEndian.Uint16(data[2:])), data[head:])
	if why != "" {
		p.emitFault(at, why, emit)
		return
	}
	emit(reader.Event{Kind: reader.KindCard, At: at, Card: card, Unit: p.addr})
}

// readFMT reads FMT (section 7.12), which OSDP 2.2.2 has given up: reader, direction, count,
// digits. It is a fault unless the reader is configured to use it: some send PINs so,
// and a PIN must not become a badge.
func (p *peripheral) readFMT(at time.Time, data []byte, emit func(reader.Event)) {
	const head, backwards = 3, 1
	switch {
	case !p.fmt:
		p.emitFault(at, reader.BadFormat, emit)
		return
	case len(data) < head+shortestFMT || len(data) != head+int(data[2]):
		p.emitFault(at, reader.BadLength, emit)
		return
	}
	digits := slices.Clone(data[head:])
	if slices.ContainsFunc(digits, func(b byte) bool { return b < '0' || b > '9' }) {
		p.emitFault(at, reader.BadDigit, emit)
		return
	}
	if data[1] == backwards {
		slices.Reverse(digits)
	}
	emit(reader.Event{Kind: reader.KindCard, At: at, Card: reader.TextCard(string(digits)), Unit: p.addr})
}

// readKeypad reads KEYPAD (section 7.13): reader, count, one byte a key.
func (p *peripheral) readKeypad(at time.Time, data []byte, emit func(reader.Event)) {
	const head = 2
	if len(data) < head || len(data) != head+int(data[1]) {
		p.emitFault(at, reader.BadLength, emit)
		return
	}
	for _, b := range data[head:] {
		k, ok := keypad.FromOSDP(b)
		if !ok {
			p.emitFault(at, reader.BadDigit, emit)
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

// readState reads LSTATR (section 7.6: tamper, power) or RSTATR (section 7.9), one byte for
// each condition; 0 is fine. What a reader leaves out stays as it was. Only one head is
// known of a reader.
func (p *peripheral) readState(at time.Time, data []byte, emit func(reader.Event), all ...condition) {
	for i, c := range all[:min(len(all), len(data))] {
		is := data[i] != 0
		switch {
		case is && !*c.was:
			p.emitAlarm(at, c.why, emit)
		case !is && *c.was:
			p.emitOver(at, c.why, emit)
		}
		*c.was = is
	}
}

func (p *peripheral) emitFault(at time.Time, why reader.Why, emit func(reader.Event)) {
	emit(reader.Event{Kind: reader.KindFault, At: at, Why: why, Unit: p.addr})
}

func (p *peripheral) emitAlarm(at time.Time, why reader.Why, emit func(reader.Event)) {
	emit(reader.Event{Kind: reader.KindAlarm, At: at, Why: why, Unit: p.addr})
}

func (p *peripheral) emitOver(at time.Time, why reader.Why, emit func(reader.Event)) {
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
