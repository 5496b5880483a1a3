// Package pn532 drives NXP's PN532, a 13.56 MHz front end, over its high speed UART (HSU):
// 115200 baud, 8N1. The host asks; the chip acknowledges, then answers.
//
// Source: NXP UM0701-02 (PN532 user manual), sections 6.2.1 (frames), 6.3.2 (HSU, wake-up),
// 7.2.10 (SAMConfiguration), 7.3.1 (RFConfiguration), 7.3.5 (InListPassiveTarget). Modules
// and clones send the same frames.
package pn532

import (
	"cmp"
	"time"

	"badged/reader"
)

// The commands that are used.
const (
	samConfiguration    = 0x14
	rfConfiguration     = 0x32
	inListPassiveTarget = 0x4A
)

const wake = 0x55 // wakes the chip

// The defaults of Options.
const (
	DefaultInterval = 50 * time.Millisecond
	DefaultTimeout  = 500 * time.Millisecond
)

// Options change a Decoder. The zero value is fine.
type Options struct {
	Interval time.Duration // between an answer and the next question. 0: DefaultInterval
	Timeout  time.Duration // the longest wait for an answer. 0: DefaultTimeout
	Gone     int           // answers without a badge after which it is gone. 0: reader.DefaultGone
}

// Decoder implements reader.Poller.
//
//	         wake-up, SAMConfiguration     answer                 answer, or not at all
//	(asleep) -------------------------> .. ------> (awake) ------------------------------> (ready)
//	   ^                                            RFConfiguration: do not wait for badges
//	   | three questions in a row without ACK
//	   |              InListPassiveTarget, type A, two at most
//	(ready) -----------------------------------------------> (asked) ---- ACK ----> (acknowledged)
//	   ^  answer: card, two badges: fault, none: gone by and by                         |
//	   +-----------------------------------------------------------------------------+
//
// A frame that is not clean spoils the exchange: what comes is dropped until its time is
// over, and the question is asked again. A chip that acknowledges but does not answer
// still looks for a badge: it is asked anew, which ends that. A Decoder that was never
// opened has no host: it takes every answer of InListPassiveTarget, and what the host of
// a capture says is nothing.
type Decoder struct {
	poll reader.Polling
	in   receiver

	step    step
	acked   bool // the chip works on what it was asked
	spoiled bool
	unheard int  // questions without ACK
	refused bool // it refuses InListPassiveTarget, and that was told
	out     [64]byte
}

type step uint8

const (
	asleep step = iota
	awake
	ready
)

// New makes a decoder.
func New(opts Options) *Decoder {
	d := &Decoder{poll: reader.Polling{
		Interval: cmp.Or(opts.Interval, DefaultInterval), Timeout: cmp.Or(opts.Timeout, DefaultTimeout), Gone: opts.Gone,
	}}
	d.in.reset()
	return d
}

// Open implements reader.Poller.
func (d *Decoder) Open(now time.Time) {
	d.poll.Open(now)
	d.step, d.unheard = asleep, 0
}

// Send implements reader.Poller.
func (d *Decoder) Send(now time.Time) []byte {
	if !d.poll.Ready(now) {
		return nil
	}
	d.poll.Asked(now, 0)
	d.in.reset()
	d.acked, d.spoiled = false, false
	out := d.out[:0]
	switch d.step {
	case asleep: // the chip needs some time to wake up
		out = append(out, wake, wake, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
		return pack(out, samConfiguration, 1, 0x14, 1) // normal mode, 1 s, with IRQ
	case awake:
		return pack(out, rfConfiguration, 5, 0xFF, 1, 2) // retries: ATR, PSL: as new; of looking for a badge: two
	default:
		return pack(out, inListPassiveTarget, 2, 0) // two at most, 106 kbit/s type A
	}
}

// Feed implements reader.Decoder. A card is told with the last byte of the answer.
func (d *Decoder) Feed(at time.Time, p []byte, emit func(reader.Event)) {
	d.Tick(at, emit)
	if d.in.n == 0 && at.Sub(d.in.last) >= bytePause {
		d.in.idle = true
	}
	for _, b := range p {
		if d.spoiled {
			d.in.last = at
			continue
		}
		if b == wake && d.in.n == 0 && !d.poll.Opened() {
			d.in.idle = true // the host wakes the chip; zeros follow
			continue
		}
		k, body, why := d.in.byte(at, b)
		if why != "" {
			d.spoil(at, why, emit)
		} else if k != nothing {
			d.frame(at, k, body, emit)
			d.in.wipe()
		}
	}
}

// Silence implements reader.Expecter.
func (d *Decoder) Silence() time.Duration { return d.poll.Silence() }

// Deadline implements reader.Decoder.
func (d *Decoder) Deadline() time.Time {
	due := d.poll.Deadline()
	if quiet := d.quiet(); due.IsZero() || !quiet.IsZero() && quiet.Before(due) {
		return quiet
	}
	return due
}

// quiet is when what stopped in the middle is given up, or a spoiled line is good again.
func (d *Decoder) quiet() time.Time {
	if d.spoiled {
		if d.poll.Waiting() {
			return time.Time{}
		}
		return d.in.last.Add(bytePause)
	}
	return d.in.deadline()
}

// Tick implements reader.Decoder.
func (d *Decoder) Tick(now time.Time, emit func(reader.Event)) {
	if due := d.quiet(); !due.IsZero() && !now.Before(due) {
		if d.spoiled {
			d.spoiled = false
		} else {
			d.spoil(due, reader.Timeout, emit)
		}
		d.in.reset()
	}
	if d.poll.Waiting() && d.acked && !now.Before(d.poll.Deadline()) {
		d.late(now, emit)
	} else if d.poll.Overdue(now, emit) {
		d.spoiled = false
		d.in.reset()
		if d.unheard++; d.unheard >= 3 {
			d.step, d.unheard = asleep, 0
		}
	}
}

// late ends the wait for a chip that acknowledged and then said nothing.
func (d *Decoder) late(now time.Time, emit func(reader.Event)) {
	d.spoiled = false
	d.in.reset()
	d.done(now, emit)
	if d.step == ready {
		d.poll.None()
	}
	d.next()
}

// spoil tells what was wrong with a frame, and drops what comes behind it.
func (d *Decoder) spoil(at time.Time, why reader.Why, emit func(reader.Event)) {
	d.spoiled, d.acked = true, false
	d.in.last = at
	emit(reader.Event{Kind: reader.KindFault, At: at, Why: why})
}

// done ends an exchange that the chip took part in.
func (d *Decoder) done(at time.Time, emit func(reader.Event)) {
	d.acked, d.unheard = false, 0
	d.poll.Answered(at, emit)
}

// next goes on with what must be said before badges are asked for.
func (d *Decoder) next() {
	if d.step < ready {
		d.step++
	}
}

func (d *Decoder) frame(at time.Time, k kind, body []byte, emit func(reader.Event)) {
	listening := !d.poll.Opened()
	switch {
	case k == nack:
		d.spoil(at, reader.Refused, emit)
	case listening && k == data && body[1] == inListPassiveTarget+1:
		d.targets(at, body[2:], emit)
	case listening:
	case !d.poll.Waiting():
		d.spoil(at, reader.BadFrame, emit) // nobody asked
	case k == ack:
		d.acked, d.in.idle = true, true
	case k == fault:
		d.refusal(at, emit)
	case k == host || body[1] != d.command()+1:
		d.spoil(at, reader.BadFrame, emit)
	default:
		d.done(at, emit)
		if d.step == ready {
			d.refused = false
			d.targets(at, body[2:], emit)
		}
		d.next()
	}
}

// command is the one under way.
func (d *Decoder) command() byte {
	return [...]byte{asleep: samConfiguration, awake: rfConfiguration, ready: inListPassiveTarget}[d.step]
}

// refusal takes the chip's word that it does not know a command. Without the second one
// it waits for badges longer, which late deals with.
func (d *Decoder) refusal(at time.Time, emit func(reader.Event)) {
	d.done(at, emit)
	if d.step == ready && !d.refused {
		d.refused = true
		emit(reader.Event{Kind: reader.KindFault, At: at, Why: reader.Refused})
	}
	d.next()
}

// targets takes the answer of InListPassiveTarget behind its command code.
func (d *Decoder) targets(at time.Time, body []byte, emit func(reader.Event)) {
	c, n, why := target(body)
	if n == 0 && why == "" {
		d.poll.None()
		return
	}
	d.poll.Found(at, c, why, emit)
}

// target reads
//
//	NbTg  Tg  SENS_RES(2)  SEL_RES  length  NFCID1  [ATS, its length first]
//
// and gives the badge and how many there are.
func target(body []byte) (c reader.Card, n int, why reader.Why) {
	const head = 6
	switch {
	case len(body) == 1 && body[0] == 0:
		return c, 0, ""
	case len(body) > head && body[0] > 1:
		return c, int(body[0]), reader.Ambiguous
	case len(body) <= head || body[0] != 1 || body[1] != 1:
		return c, 0, reader.BadFormat
	}
	size := int(body[head-1])
	rest := len(body) - head - size
	if size != 4 && size != 7 && size != 10 || rest < 0 {
		return c, 0, reader.BadLength
	}
	if rest > 0 && int(body[head+size]) != rest {
		return c, 0, reader.BadLength
	}
	return reader.NewCard(reader.ISO14443A, "UID", 8*size, body[head:head+size]), 1, ""
}
