package hid

import (
	"bytes"
	"time"

	"badged/keypad"
	"badged/reader"
)

// Decoder implements reader.Decoder and reader.Describer. Feed decodes one input report, with
// its id if the descriptor has ids. Before Describe it decodes the reports of a boot keyboard.
//
//	          a character                     terminator: card or fault
//	(idle) -----------------> (typing) --------------------------------------> (idle)
//	  ^  ends, commands:        | what cannot be read, too long, a pause: one fault
//	  |  nothing                v
//	  +---- terminator ------ (skip) what follows is the rest of the same number
//	  +--- a long pause --------+
//
// The pause that ends skip is Timeout, so that the rest of a delayed number does not count as
// another number; without a terminator it is KeyTimeout. An unreadable report begins skip from
// idle too, because the lost keys may have been the first of a number. So does Missed.
type Decoder struct {
	opts   Options
	board  board
	writer writer
	state  state
	buf    []byte
	over   bool      // an end or a command followed buf, and a pause ends the number
	first  time.Time // of the number's first key
	last   time.Time // when a key last went down or up
	heard  time.Time // of the last report
	seen   reader.Presence
}

type state uint8

const (
	idle state = iota
	typing
	skip
)

// New makes a decoder. An error names the option that is wrong.
func New(opts Options) (*Decoder, error) {
	opts = opts.withDefaults()
	if err := opts.check(); err != nil {
		return nil, err
	}
	d := &Decoder{opts: opts, buf: make([]byte, 0, opts.longest())}
	d.startDevice(reports{})
	return d, nil
}

// Describe implements reader.Describer. It drops an unfinished number, which was typed before
// the device was gone.
func (d *Decoder) Describe(descriptor []byte) error {
	rs, err := parseDescriptor(descriptor)
	if err != nil {
		return err
	}
	d.startDevice(rs)
	return nil
}

// startDevice drops all state of the former device.
func (d *Decoder) startDevice(rs reports) {
	d.board, d.writer = newBoard(rs, d.opts.Layout), newWriter(d.opts.Layout)
	d.state, d.seen = idle, reader.Presence{}
	d.wipeTyped()
}

// Feed implements reader.Decoder. It emits the card with the report of its terminator.
func (d *Decoder) Feed(at time.Time, p []byte, emit func(reader.Event)) {
	d.Tick(at, emit)
	s, ours := d.board.readReport(p)
	if !ours {
		return
	}
	if s.again && at.Sub(d.heard) >= d.opts.Timeout {
		s.why = reader.BadFrame // a key that stayed down: its release was lost, and what else?
	}
	d.heard = at
	if s.changed || s.why != "" {
		d.last = at
	}
	if s.why != "" {
		d.reportFault(at, s.why, emit)
		return
	}
	d.writer.writeStrokes(s, func(sym symbol) { d.handleSymbol(at, sym, emit) })
}

// Pause is the time without a change of a key after which the next key begins a number.
func (d *Decoder) Pause() time.Duration { return d.opts.KeyTimeout }

// Missed records that reports were lost until at. The next keys may be the rest of a number, so
// the decoder skips them as after a fault, but emits no fault.
func (d *Decoder) Missed(at time.Time) {
	d.board.releaseKeys()
	d.writer.dropCode()
	d.state, d.last = skip, at
	d.wipeTyped()
}

// Deadline implements reader.Decoder. The end of skip is a deadline too, so that the caller
// reads until then and knows that nothing arrived.
func (d *Decoder) Deadline() time.Time {
	switch d.state {
	case idle:
		return time.Time{}
	case skip:
		return d.last.Add(d.quietTime())
	}
	pause, whole := d.last.Add(d.opts.KeyTimeout), d.first.Add(d.opts.Timeout)
	if whole.Before(pause) {
		return whole
	}
	return pause
}

// Tick implements reader.Decoder.
func (d *Decoder) Tick(now time.Time, emit func(reader.Event)) {
	if due := d.Deadline(); d.state == typing && !now.Before(due) {
		d.endByPause(due, emit)
	}
	if d.state == skip && now.Sub(d.last) >= d.quietTime() {
		d.state = idle
	}
}

// quietTime is the pause that separates two numbers.
func (d *Decoder) quietTime() time.Duration {
	if d.opts.Terminator == None {
		return d.opts.KeyTimeout
	}
	return d.opts.Timeout
}

// endByPause ends a number after a pause, or one that takes too long.
func (d *Decoder) endByPause(due time.Time, emit func(reader.Event)) {
	inCode := d.writer.n > 0
	if d.opts.Terminator == None && !inCode && due.Sub(d.last) >= d.opts.KeyTimeout {
		d.finishNumber(d.last, emit)
		return
	}
	d.reportFault(due, reader.Timeout, emit)
}

func (d *Decoder) handleSymbol(at time.Time, s symbol, emit func(reader.Event)) {
	switch {
	case s == none:
	case d.opts.Keypad:
		d.emitKey(at, s, emit)
	case d.isUnbegun() && (s == enter || s == tab || s == command):
		d.state = idle
	case d.opts.Terminator.isEnd(s):
		d.finishNumber(at, emit)
	case d.state == skip:
	case d.byPause() && (s == enter || s == tab || s == command):
		d.over = true
	default:
		d.addCharacter(at, s, emit)
	}
}

// byPause reports whether only a pause ends a number.
func (d *Decoder) byPause() bool { return d.opts.Terminator == None && d.opts.Suffix == "" }

// isUnbegun reports whether no character of a number has been typed. The digits of an Alt code do
// not count.
func (d *Decoder) isUnbegun() bool { return d.state == idle || d.state == typing && len(d.buf) == 0 }

// addCharacter adds a character to the number.
func (d *Decoder) addCharacter(at time.Time, s symbol, emit func(reader.Event)) {
	if d.state == idle {
		d.state, d.first = typing, at
	}
	switch {
	case s == part:
	case d.over:
		d.reportFault(at, reader.BadDigit, emit)
	case isUntypable(rune(s)):
		d.reportFault(at, reader.BadDigit, emit)
	case len(d.buf) == d.opts.longest():
		d.reportFault(at, reader.Overflow, emit)
	default:
		d.buf = append(d.buf, byte(s))
		if d.opts.Terminator == None && d.hasSuffix() {
			d.finishNumber(at, emit)
		}
	}
}

// hasSuffix reports whether the suffix, if there is one, was typed.
func (d *Decoder) hasSuffix() bool {
	o := &d.opts
	return o.Suffix != "" && len(d.buf) >= len(o.Prefix)+len(o.Suffix) && bytes.HasSuffix(d.buf, []byte(o.Suffix))
}

// finishNumber ends a number and emits its card, or ends skip.
func (d *Decoder) finishNumber(at time.Time, emit func(reader.Event)) {
	if d.state == skip {
		d.state = idle
		return
	}
	body, why := d.readBody()
	card := reader.TextCard(string(body))
	d.state = idle
	d.wipeTyped()
	if why != "" {
		emit(reader.Event{Kind: reader.KindFault, At: at, Why: why})
		return
	}
	if !d.seen.Seen(at, card, d.opts.Repeat) {
		card.Wipe()
		return
	}
	emit(reader.Event{Kind: reader.KindCard, At: at, Card: card})
}

// readBody returns the number in the typed characters, or what is wrong with it.
func (d *Decoder) readBody() ([]byte, reader.Why) {
	body, why := d.opts.Inside(d.buf)
	if why == "" && d.opts.Checksum == Strip {
		var stripped bool
		if body, _, stripped = bytes.Cut(body, []byte("=")); !stripped {
			why = reader.BadFrame
		}
	}
	if why == "" {
		why = d.opts.Wrong(body)
	}
	return body, why
}

// emitKey emits a key of a keypad, and one fault for all other keys until the next.
func (d *Decoder) emitKey(at time.Time, s symbol, emit func(reader.Event)) {
	if s == enter {
		s = symbol(keypad.Hash)
	}
	if k, ok := keypad.KeyOf(byte(s)); ok {
		d.state = idle
		emit(reader.Event{Kind: reader.KindKey, At: at, Key: k})
	} else if s != part {
		d.reportFault(at, reader.BadDigit, emit)
	}
}

// reportFault drops what was typed and skips what follows. It emits one fault for all of that.
func (d *Decoder) reportFault(at time.Time, why reader.Why, emit func(reader.Event)) {
	told := d.state == skip
	d.state = skip
	d.wipeTyped()
	d.writer.dropCode()
	if !told {
		emit(reader.Event{Kind: reader.KindFault, At: at, Why: why})
	}
}

// wipeTyped wipes and drops what was typed.
func (d *Decoder) wipeTyped() {
	clear(d.buf)
	d.buf, d.over = d.buf[:0], false
}
