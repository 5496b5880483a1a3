package hid

import (
	"bytes"
	"time"

	"badged/keypad"
	"badged/reader"
)

// Decoder implements reader.Decoder and reader.Describer. Feed takes one input report, with
// its id if the descriptor has ids. Until it is described it takes a boot keyboard's.
//
//	          a character                     terminator: card or fault
//	(idle) -----------------> (typing) --------------------------------------> (idle)
//	  ^  ends, commands:        | what cannot be read, too long, a pause: one fault
//	  |  nothing                v
//	  +---- terminator ------ (skip) what follows is the rest of the same number
//	  +--- a long pause --------+
//
// The pause that ends skip is Timeout, since a reader that was held up must not have
// the rest of its number taken for another; without a terminator it is KeyTimeout. What
// cannot be read begins skip from idle, too: the keys that it lost may have been the
// first of a number. So does Missed.
type Decoder struct {
	opts   Options
	board  board
	writer writer
	state  state
	buf    []byte
	over   bool      // an end or a command stands behind buf, and a pause ends the number
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

// New makes a decoder, or says which option cannot be.
func New(opts Options) (*Decoder, error) {
	opts = opts.withDefaults()
	if err := opts.check(); err != nil {
		return nil, err
	}
	d := &Decoder{opts: opts, buf: make([]byte, 0, opts.longest())}
	d.startDevice(reports{})
	return d, nil
}

// Describe implements reader.Describer. A number that was being typed is void: it was typed
// before the device was gone.
func (d *Decoder) Describe(descriptor []byte) error {
	rs, err := parse(descriptor)
	if err != nil {
		return err
	}
	d.startDevice(rs)
	return nil
}

// startDevice forgets all of the device that was there before.
func (d *Decoder) startDevice(rs reports) {
	d.board, d.writer = newBoard(rs, d.opts.Layout), newWriter(d.opts.Layout)
	d.state, d.seen = idle, reader.Presence{}
	d.forget()
}

// Feed implements reader.Decoder. The card is told with the report that has its
// terminator.
func (d *Decoder) Feed(at time.Time, p []byte, emit func(reader.Event)) {
	d.Tick(at, emit)
	s, ours := d.board.read(p)
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
		d.fault(at, s.why, emit)
		return
	}
	d.writer.write(s, func(sym symbol) { d.symbol(at, sym, emit) })
}

// Pause is how long no key must have gone down or up for the next to be the first of a
// number.
func (d *Decoder) Pause() time.Duration { return d.opts.KeyTimeout }

// Missed tells that reports were lost until at: what comes next may be the rest of a
// number. It is dropped as what follows a fault is, and no fault.
func (d *Decoder) Missed(at time.Time) {
	d.board.release()
	d.writer.reset()
	d.state, d.last = skip, at
	d.forget()
}

// Deadline implements reader.Decoder. The end of skip is one too: only who looked until
// then knows that nothing came.
func (d *Decoder) Deadline() time.Time {
	switch d.state {
	case idle:
		return time.Time{}
	case skip:
		return d.last.Add(d.quiet())
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
		d.pause(due, emit)
	}
	if d.state == skip && now.Sub(d.last) >= d.quiet() {
		d.state = idle
	}
}

// quiet is the pause that parts two numbers.
func (d *Decoder) quiet() time.Duration {
	if d.opts.Terminator == None {
		return d.opts.KeyTimeout
	}
	return d.opts.Timeout
}

// pause ends a number in which no key came, or that takes too long.
func (d *Decoder) pause(due time.Time, emit func(reader.Event)) {
	inCode := d.writer.n > 0
	if d.opts.Terminator == None && !inCode && due.Sub(d.last) >= d.opts.KeyTimeout {
		d.finish(d.last, emit)
		return
	}
	d.fault(due, reader.Timeout, emit)
}

func (d *Decoder) symbol(at time.Time, s symbol, emit func(reader.Event)) {
	switch {
	case s == none:
	case d.opts.Keypad:
		d.key(at, s, emit)
	case d.unbegun() && (s == enter || s == tab || s == command):
		d.state = idle
	case d.opts.Terminator.ends(s):
		d.finish(at, emit)
	case d.state == skip:
	case d.byPause() && (s == enter || s == tab || s == command):
		d.over = true
	default:
		d.character(at, s, emit)
	}
}

// byPause reports whether only a pause ends a number.
func (d *Decoder) byPause() bool { return d.opts.Terminator == None && d.opts.Suffix == "" }

// unbegun reports whether no character of a number is there. The digits of a code are none.
func (d *Decoder) unbegun() bool { return d.state == idle || d.state == typing && len(d.buf) == 0 }

// character takes what belongs to a number.
func (d *Decoder) character(at time.Time, s symbol, emit func(reader.Event)) {
	if d.state == idle {
		d.state, d.first = typing, at
	}
	switch {
	case s == part:
	case d.over:
		d.fault(at, reader.BadDigit, emit)
	case untypable(rune(s)):
		d.fault(at, reader.BadDigit, emit)
	case len(d.buf) == d.opts.longest():
		d.fault(at, reader.Overflow, emit)
	default:
		d.buf = append(d.buf, byte(s))
		if d.opts.Terminator == None && d.suffixed() {
			d.finish(at, emit)
		}
	}
}

// suffixed reports whether the suffix, if there is one, was typed.
func (d *Decoder) suffixed() bool {
	o := &d.opts
	return o.Suffix != "" && len(d.buf) >= len(o.Prefix)+len(o.Suffix) && bytes.HasSuffix(d.buf, []byte(o.Suffix))
}

// finish ends a number, or what is skipped.
func (d *Decoder) finish(at time.Time, emit func(reader.Event)) {
	if d.state == skip {
		d.state = idle
		return
	}
	body, why := d.body()
	card := reader.TextCard(string(body))
	d.state = idle
	d.forget()
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

// body gives the number in what was typed, or what is wrong with it.
func (d *Decoder) body() ([]byte, reader.Why) {
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

// key tells a key of a keypad. What is no key is one fault until the next.
func (d *Decoder) key(at time.Time, s symbol, emit func(reader.Event)) {
	if s == enter {
		s = symbol(keypad.Hash)
	}
	if k, ok := keypad.KeyOf(byte(s)); ok {
		d.state = idle
		emit(reader.Event{Kind: reader.KindKey, At: at, Key: k})
	} else if s != part {
		d.fault(at, reader.BadDigit, emit)
	}
}

// fault drops what was typed, once for all that follows it.
func (d *Decoder) fault(at time.Time, why reader.Why, emit func(reader.Event)) {
	told := d.state == skip
	d.state = skip
	d.forget()
	d.writer.reset()
	if !told {
		emit(reader.Event{Kind: reader.KindFault, At: at, Why: why})
	}
}

// forget drops what was typed, and wipes it.
func (d *Decoder) forget() {
	clear(d.buf)
	d.buf, d.over = d.buf[:0], false
}
