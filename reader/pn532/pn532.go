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
// A faulty frame spoils the exchange: the decoder drops all bytes until its time is over, and
// asks again. A chip that acknowledges but does not answer still searches for a badge: another
// question ends that. A Decoder that was never opened has no host: it decodes every answer of
// InListPassiveTarget, and ignores the host's frames in a capture.
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
		return packCommand(out, samConfiguration, 1, 0x14, 1) // normal mode, 1 s, with IRQ
	case awake:
		return packCommand(out, rfConfiguration, 5, 0xFF, 1, 2) // retries: ATR, PSL: as new; of looking for a badge: two
	default:
		return packCommand(out, inListPassiveTarget, 2, 0) // two at most, 106 kbit/s type A
	}
}

// Feed implements reader.Decoder. It emits a card with the last byte of the answer.
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
		k, body, why := d.in.addByte(at, b)
		if why != "" {
			d.spoilExchange(at, why, emit)
		} else if k != nothing {
			d.handleFrame(at, k, body, emit)
			d.in.wipeFrame()
		}
	}
}

// Silence implements reader.Expecter.
func (d *Decoder) Silence() time.Duration { return d.poll.Silence() }

// Deadline implements reader.Decoder.
func (d *Decoder) Deadline() time.Time {
	due := d.poll.Deadline()
	if quiet := d.quietEnd(); due.IsZero() || !quiet.IsZero() && quiet.Before(due) {
		return quiet
	}
	return due
}

// quietEnd is when an incomplete frame is dropped, or a spoiled line can be used again.
func (d *Decoder) quietEnd() time.Time {
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
	if due := d.quietEnd(); !due.IsZero() && !now.Before(due) {
		if d.spoiled {
			d.spoiled = false
		} else {
			d.spoilExchange(due, reader.Timeout, emit)
		}
		d.in.reset()
	}
	if d.poll.Waiting() && d.acked && !now.Before(d.poll.Deadline()) {
		d.endLate(now, emit)
	} else if d.poll.Overdue(now, emit) {
		d.spoiled = false
		d.in.reset()
		if d.unheard++; d.unheard >= 3 {
			d.step, d.unheard = asleep, 0
		}
	}
}

// endLate ends the wait for a chip that acknowledged and did not answer.
func (d *Decoder) endLate(now time.Time, emit func(reader.Event)) {
	d.spoiled = false
	d.in.reset()
	d.endExchange(now, emit)
	if d.step == ready {
		d.poll.None()
	}
	d.nextStep()
}

// spoilExchange emits a fault and drops the bytes that follow.
func (d *Decoder) spoilExchange(at time.Time, why reader.Why, emit func(reader.Event)) {
	d.spoiled, d.acked = true, false
	d.in.last = at
	emit(reader.Event{Kind: reader.KindFault, At: at, Why: why})
}

// endExchange ends an exchange in which the chip answered.
func (d *Decoder) endExchange(at time.Time, emit func(reader.Event)) {
	d.acked, d.unheard = false, 0
	d.poll.Answered(at, emit)
}

// nextStep enters the next step of the initialisation.
func (d *Decoder) nextStep() {
	if d.step < ready {
		d.step++
	}
}

func (d *Decoder) handleFrame(at time.Time, k kind, body []byte, emit func(reader.Event)) {
	listening := !d.poll.Opened()
	switch {
	case k == nack:
		d.spoilExchange(at, reader.Refused, emit)
	case listening && k == data && body[1] == inListPassiveTarget+1:
		d.handleTargets(at, body[2:], emit)
	case listening:
	case !d.poll.Waiting():
		d.spoilExchange(at, reader.BadFrame, emit) // nobody asked
	case k == ack:
		d.acked, d.in.idle = true, true
	case k == fault:
		d.handleRefusal(at, emit)
	case k == host || body[1] != d.sentCommand()+1:
		d.spoilExchange(at, reader.BadFrame, emit)
	default:
		d.endExchange(at, emit)
		if d.step == ready {
			d.refused = false
			d.handleTargets(at, body[2:], emit)
		}
		d.nextStep()
	}
}

// sentCommand is the one under way.
func (d *Decoder) sentCommand() byte {
	return [...]byte{asleep: samConfiguration, awake: rfConfiguration, ready: inListPassiveTarget}[d.step]
}

// handleRefusal handles the chip's error about an unknown command. A chip that refuses
// RFConfiguration waits longer for badges, which late handles.
func (d *Decoder) handleRefusal(at time.Time, emit func(reader.Event)) {
	d.endExchange(at, emit)
	if d.step == ready && !d.refused {
		d.refused = true
		emit(reader.Event{Kind: reader.KindFault, At: at, Why: reader.Refused})
	}
	d.nextStep()
}

// handleTargets handles the answer of InListPassiveTarget after its command code.
func (d *Decoder) handleTargets(at time.Time, body []byte, emit func(reader.Event)) {
	c, n, why := parseTarget(body)
	if n == 0 && why == "" {
		d.poll.None()
		return
	}
	d.poll.Found(at, c, why, emit)
}

// parseTarget reads
//
//	NbTg  Tg  SENS_RES(2)  SEL_RES  length  NFCID1  [ATS, its length first]
//
// and returns the badge and the number of badges.
func parseTarget(body []byte) (c reader.Card, n int, why reader.Why) {
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
