package twn

import (
	"cmp"
	"time"

	"badged/reader"
	"badged/reader/pacs"
)

// CRC says whether messages carry one.
type CRC uint8

// What a reader's application is built for.
const (
	CRCAuto CRC = iota // without, then with, until the reader answers
	CRCOff
	CRCOn
)

// The defaults of SimpleOptions.
const (
	DefaultInterval = 50 * time.Millisecond
	DefaultTimeout  = 700 * time.Millisecond
)

const (
	bytePause = 250 * time.Millisecond // the longest inside a message
	lit       = 1500 * time.Millisecond
)

// SimpleOptions change a Simple. The zero value is fine for a TWN4 with Elatec's own
// application for the Simple Protocol.
type SimpleOptions struct {
	Binary   bool           // messages in bytes with a length, not in hex with a CR
	CRC      CRC            // whether they carry one
	Cards    pacs.Selection // what the bits of HID Prox and iCLASS badges may be
	Interval time.Duration  // between an answer and the next question. 0: DefaultInterval
	Timeout  time.Duration  // the longest wait for an answer. 0: DefaultTimeout
	Gone     int            // answers without a badge after which it is gone. 0: reader.DefaultGone
}

// Simple implements reader.Poller and reader.Cuer for a TWN4 whose application speaks
// the Simple Protocol: the host asks, the reader answers.
//
//	ASCII, no CRC   "050020" CR                       "0000" CR
//	ASCII, CRC      "0005" "15A7" CR                  "0001" "31E1" CR
//	binary, no CRC  03 00  05 00 20                   02 00  00 00
//	binary, CRC     04 00  00 05  15 A7               04 00  00 01  31 E1
//
// The length counts message and CRC, low byte first; so is the CRC (see crc16), which
// covers the message's bytes, not its digits. The first byte of an answer is 00, or says
// why the question was refused. SearchTag (05 00, most bytes of an ID) is answered
//
//	00 00                                    no badge
//	00 01  type  bits  length  ID            a badge; the ID's last byte is filled with zeros
//
// Source: Elatec «TWN4 Simple Protocol», DocRev 17, sections 1.3 and «RF functions»; the
// reference messages are in the reader's own application App_SimpleProtocol (V1.04).
//
//	          SearchTag               answer: card, or gone by and by
//	(ready) -------------> (asked) --------------------------------------> (resting)
//	  ^  ^                    | not clean: fault, (spoiled)                     |
//	  |  +---- overdue -------+ what comes is dropped until it is overdue       |
//	  +--------------------------------- interval ------------------------------+
//
// A Cue queues its commands before the next SearchTag. An answer without a question is a fault
// and never a card. A Simple that was never opened has no host: it decodes every answer of
// SearchTag, with and without CRC, and ignores answers to other questions that have a CRC. If it
// must find out whether there is a CRC, it holds a badge without one back until a pause or the
// next message: a byte that turned into CR could have cut the CRC off, and the following bytes
// show that.
type Simple struct {
	opts SimpleOptions
	poll reader.Polling
	in   receiver

	crc     bool // messages carry one
	sure    bool // the reader said so
	asked   asked
	spoiled bool // the answer was not clean
	stray   bool // it speaks without being asked, and that was told
	refused bool // it refuses SearchTag, and that was told

	held  reader.Event // a card of a message without CRC
	shown show
	out   [2*maxMessage + 8]byte
}

type asked uint8

const (
	nothing asked = iota
	search
	showing
)

// NewSimple makes a decoder.
func NewSimple(opts SimpleOptions) *Simple {
	return &Simple{
		opts: opts,
		poll: reader.Polling{
			Interval: cmp.Or(opts.Interval, DefaultInterval), Timeout: cmp.Or(opts.Timeout, DefaultTimeout), Gone: opts.Gone,
		},
		in:   receiver{binary: opts.Binary},
		crc:  opts.CRC == CRCOn,
		sure: opts.CRC != CRCAuto,
	}
}

// Open implements reader.Poller.
func (d *Simple) Open(now time.Time) {
	d.poll.Open(now)
	d.in.reset()
	d.asked, d.spoiled, d.shown = nothing, false, show{}
	d.sure = d.opts.CRC != CRCAuto // it may be another reader
}

// Send implements reader.Poller.
func (d *Simple) Send(now time.Time) []byte {
	if !d.poll.Ready(now) {
		return nil
	}
	d.in.reset()
	d.spoiled = false
	if c, ok := d.shown.nextCommand(now); ok {
		d.asked = showing
		d.poll.Asked(now, c.takes)
		return d.packMessage(c.message[:c.n])
	}
	d.asked = search
	d.poll.Asked(now, 0)
	return d.packMessage([]byte{0x05, 0x00, maxID})
}

// Cue implements reader.Cuer.
func (d *Simple) Cue(now time.Time, _ int, c reader.Cue) {
	d.shown.addCue(now, c)
	d.poll.Hurry(now)
}

// Feed implements reader.Decoder. It emits a card with the last byte of the answer.
func (d *Simple) Feed(at time.Time, p []byte, emit func(reader.Event)) {
	d.Tick(at, emit)
	for _, b := range p {
		if d.spoiled {
			return
		}
		switch message, why := d.in.addByte(at, b); {
		case why != "":
			d.reportFault(at, why, emit)
		case message != nil:
			d.handleAnswer(at, message, emit)
			d.in.wipeMessage()
		}
	}
}

// Silence implements reader.Expecter.
func (d *Simple) Silence() time.Duration { return d.poll.Silence() }

// Deadline implements reader.Decoder.
func (d *Simple) Deadline() time.Time {
	due := earliest(d.in.deadline(), d.poll.Deadline())
	if d.held.Kind != "" {
		due = earliest(due, d.held.At.Add(bytePause))
	}
	return earliest(due, d.shown.deadline(d.poll.Waiting()))
}

// Tick implements reader.Decoder.
func (d *Simple) Tick(now time.Time, emit func(reader.Event)) {
	if due := d.in.deadline(); !due.IsZero() && !now.Before(due) {
		if d.in.endByPause() {
			d.reportFault(due, reader.Timeout, emit)
		}
	}
	if d.held.Kind != "" && !now.Before(d.held.At.Add(bytePause)) {
		d.emitHeld(emit)
	}
	if d.poll.Overdue(now, emit) {
		d.in.reset()
		d.asked, d.spoiled = nothing, false
		d.toggleCRC()
	}
	if d.shown.lightsDue(now) {
		d.poll.Hurry(now)
	}
}

// reportFault emits a fault, unless it is not known yet whether the reader uses a CRC: then a wrong
// answer answers that question.
func (d *Simple) reportFault(at time.Time, why reader.Why, emit func(reader.Event)) {
	d.spoiled, d.held = d.poll.Waiting(), reader.Event{}
	if d.sure || !d.poll.Opened() {
		emit(reader.Event{Kind: reader.KindFault, At: at, Why: why})
	}
}

// toggleCRC changes between messages with and without CRC, until the reader has answered one.
func (d *Simple) toggleCRC() {
	if !d.sure {
		d.crc = !d.crc
	}
}

func (d *Simple) handleAnswer(at time.Time, message []byte, emit func(reader.Event)) {
	switch {
	case !d.poll.Opened():
		d.handleOverheard(at, message, emit)
	case d.asked == nothing:
		if !d.stray {
			d.stray = true
			emit(reader.Event{Kind: reader.KindFault, At: at, Why: reader.BadFrame})
		}
	default:
		d.acceptAnswer(at, message, emit)
	}
}

// acceptAnswer handles the answer to the present question.
func (d *Simple) acceptAnswer(at time.Time, message []byte, emit func(reader.Event)) {
	body, why := message, reader.Why("")
	if d.crc {
		body, why = checkCRC(message)
	}
	if why == "" && d.asked == search {
		why = checkShape(body)
	}
	if why != "" {
		d.reportFault(at, why, emit)
		return
	}
	was := d.asked
	d.asked, d.stray = nothing, false
	d.poll.Answered(at, emit)
	if d.shown.isWaiting() {
		d.poll.Hurry(at)
	}
	if was != search {
		return
	}
	if body[0] != 0 {
		d.reportRefusal(at, emit)
		return
	}
	d.sure, d.refused = true, false
	d.handleFound(at, body, emit)
}

// reportRefusal reports once that the reader refuses a question.
func (d *Simple) reportRefusal(at time.Time, emit func(reader.Event)) {
	d.toggleCRC()
	if !d.refused && d.sure {
		d.refused = true
		emit(reader.Event{Kind: reader.KindFault, At: at, Why: reader.Refused})
	}
}

// handleOverheard decodes an answer whose question is not known.
func (d *Simple) handleOverheard(at time.Time, message []byte, emit func(reader.Event)) {
	inner, bad := checkCRC(message)
	crc := d.opts.CRC == CRCOn || d.opts.CRC == CRCAuto && bad == ""
	body, why := message, checkShape(message)
	if crc {
		body, why = inner, bad
	}
	switch {
	case why != "":
		d.reportFault(at, why, emit)
		return
	case checkShape(body) != "": // of another question
		d.emitHeld(emit)
		return
	}
	d.emitHeld(emit)
	if body[0] != 0 {
		d.reportFault(at, reader.Refused, emit)
		return
	}
	d.handleFound(at, body, func(e reader.Event) {
		if d.held = e; crc || d.opts.CRC == CRCOff || e.Kind != reader.KindCard {
			d.emitHeld(emit)
		}
	})
}

// emitHeld emits the card that was held back.
func (d *Simple) emitHeld(emit func(reader.Event)) {
	if d.held.Kind != "" {
		emit(d.held)
	}
	d.held = reader.Event{}
}

// handleFound handles a clean answer of SearchTag.
func (d *Simple) handleFound(at time.Time, body []byte, emit func(reader.Event)) {
	if len(body) < tagHead {
		d.poll.None()
		return
	}
	c, why := cardOfTag(body[2], int(body[3]), body[tagHead:], d.opts.Cards)
	d.poll.Found(at, c, why, emit)
}
