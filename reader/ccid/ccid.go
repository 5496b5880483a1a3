// Package ccid asks a USB smart card reader for the UID of a contactless card. The host
// asks over the bulk pipes; over the interrupt pipe the reader reports that a card was put on
// or removed.
//
// A reader must exchange APDUs, or T=0 TPDUs with parameters that it negotiates by itself,
// which makes no difference for the one command here. Describe refuses other readers.
//
// Source: Universal Serial Bus Device Class: Smart Card CCID, revision 1.1 (2005): 5.1
// (descriptor), 6.1 and 6.2 (bulk messages), 6.2.6 (bStatus, bError), 6.3 (interrupt
// messages). Package pcsc has the question, which PC/SC defines.
package ccid

import (
	"time"

	"badged/reader"
	"badged/reader/pcsc"
)

// DefaultInterval is the default of Options.Interval. A card on a reader without an interrupt
// pipe is noticed this late.
const DefaultInterval = 250 * time.Millisecond

const (
	timeout   = 500 * time.Millisecond // for an answer, or a time extension
	cardTime  = time.Second            // longer, when a card takes part
	maxExtend = 10 * time.Second       // of all time extensions of one question
	attempts  = 3                      // to power a card and to ask it
	moment    = 50 * time.Millisecond  // before a card is powered again
)

// Options change a Decoder. The zero value is fine.
type Options struct {
	Slot     int           // of a reader with several, from 0
	Interval time.Duration // between an answer and the next question. 0: DefaultInterval
}

// Decoder implements reader.Poller. Each Feed is one whole transfer of the bulk-IN or the
// interrupt-IN pipe.
//
//	            no card                           card; IccPowerOn
//	+------- GetSlotStatus <---------+  +------------------------------> (powered)
//	|     every Interval, or at once |  |                                  |  XfrBlock,
//	|     at a NotifySlotChange      |  |                                  |  once or more
//	+----------------------------> (looking) <------+----------------------+
//	                                    |           | card: told; why not: fault
//	                          none or   |           v
//	                          changed   +------ (done) GetSlotStatus, as above
//
// A card that fails is powered again, up to three times, before that is a fault. A card that
// stays is reported once. A reader that needs more time (bmCommandStatus 2) gets it, up to
// ten seconds.
//
// A Decoder that was never opened has no host: it decodes any answers that it is fed.
type Decoder struct {
	opts Options
	has  traits
	poll reader.Polling

	stage    stage
	seq      byte
	asked    byte      // the message type that is under way
	began    time.Time // of what is under way
	tries    int
	changed  bool // a card came or went while something was under way
	inquiry  *pcsc.Inquiry
	atr      []byte
	heardATR bool // of a listener: the data block before was one
	seen     pcsc.Presence
	out      [headLen + 8]byte
}

type stage uint8

const (
	looking stage = iota
	power
	ask
	done
)

// New makes a decoder.
func New(opts Options) *Decoder {
	if opts.Interval <= 0 {
		opts.Interval = DefaultInterval
	}
	return &Decoder{opts: opts, has: usual, poll: reader.Polling{Interval: opts.Interval, Timeout: timeout}}
}

// Describe implements reader.Describer. descriptor is the class descriptor of the reader's
// interface.
func (d *Decoder) Describe(descriptor []byte) error {
	t, err := readTraits(descriptor)
	if err != nil {
		return err
	}
	if d.opts.Slot >= t.slots {
		return errSlot(d.opts.Slot, t.slots)
	}
	d.has = t
	return nil
}

// Silence implements reader.Expecter.
func (d *Decoder) Silence() time.Duration { return d.poll.Silence() }

// Open implements reader.Poller.
func (d *Decoder) Open(now time.Time) {
	d.poll.Open(now)
	d.restartSlot()
	d.seen.Left(now)
}

// Send implements reader.Poller.
func (d *Decoder) Send(now time.Time) []byte {
	if !d.poll.Ready(now) {
		return nil
	}
	kind, b7, data, extra := byte(getSlotStatus), byte(0), []byte(nil), time.Duration(0)
	switch d.stage {
	case power:
		kind, b7, extra = iccPowerOn, d.has.power, cardTime
	case ask:
		kind, data, extra = xfrBlock, d.inquiry.Command(), cardTime
	}
	d.seq++
	d.asked, d.began = kind, now
	d.poll.Asked(now, extra)
	return packCommand(d.out[:0], kind, byte(d.opts.Slot), d.seq, b7, data)
}

// Deadline implements reader.Decoder.
func (d *Decoder) Deadline() time.Time { return d.poll.Deadline() }

// Tick implements reader.Decoder.
func (d *Decoder) Tick(now time.Time, emit func(reader.Event)) {
	if d.poll.Overdue(now, emit) && d.stage != done {
		d.restartSlot()
	}
}

// Feed implements reader.Decoder. A transfer of no bytes is no message.
func (d *Decoder) Feed(at time.Time, p []byte, emit func(reader.Event)) {
	d.Tick(at, emit)
	switch {
	case len(p) == 0:
	case p[0] == notifySlotChange:
		d.handleNotice(at, p, emit)
	case p[0] == hardwareError:
		emitFault(at, reader.Refused, emit)
	default:
		a, why := parseAnswer(p)
		switch {
		case why != "":
			emitFault(at, why, emit)
		case !d.poll.Opened():
			d.handleOverheard(at, a, emit)
		case !d.poll.Waiting() || a.seq != d.seq || a.slot != byte(d.opts.Slot) || !isAnswerTo(a.kind, d.asked):
			emitFault(at, reader.BadFrame, emit)
		default:
			d.handleAnswer(at, a, emit)
		}
	}
}

func emitFault(at time.Time, why reader.Why, emit func(reader.Event)) {
	emit(reader.Event{Kind: reader.KindFault, At: at, Why: why})
}

// isAnswerTo reports whether a message may answer a command: section 6.2, table 6.2-1. Some
// readers answer every failed command with a SlotStatus, which then says that it failed.
func isAnswerTo(kind, asked byte) bool {
	if asked == getSlotStatus {
		return kind == slotStatus
	}
	return kind == dataBlock || kind == slotStatus
}

// handleNotice handles the notice that a card was put on or removed.
func (d *Decoder) handleNotice(at time.Time, p []byte, emit func(reader.Event)) {
	present, changed, ok := parseNotice(p, d.opts.Slot)
	if !ok {
		emitFault(at, reader.BadLength, emit)
		return
	}
	if !present {
		d.seen.Left(at)
	}
	if changed || !present {
		d.changed = true
		if !d.poll.Waiting() {
			d.restartSlot()
		}
	}
	d.poll.Hurry(at)
}

// restartSlot starts again with whatever is in the slot.
func (d *Decoder) restartSlot() { d.stage, d.tries, d.changed = looking, 0, false }

// handleAnswer handles the answer to the command that was sent.
func (d *Decoder) handleAnswer(at time.Time, a answer, emit func(reader.Event)) {
	if a.outcome == extended {
		d.extendWait(at, emit)
		return
	}
	d.poll.Answered(at, emit)
	if d.changed {
		d.restartSlot() // the answer may be about another card
		d.poll.Hurry(at)
		return
	}
	switch {
	case a.icc == iccNone:
		d.seen.Left(at)
		d.restartSlot()
	case a.outcome == failed && a.err == slotBusy: // it is asked again
	case d.stage == done && (a.icc == iccActive || d.tries >= attempts): // it stays
	case d.stage == done, d.stage == looking && a.outcome == succeeded:
		d.stage = power
		d.poll.Hurry(at)
	case a.outcome == failed || a.kind != dataBlock:
		d.retryCard(at, emit)
	case d.stage == power:
		d.handleATR(at, a.data, emit)
	case d.stage == ask:
		d.handleReply(at, a.data, emit)
	}
}

// extendWait waits longer if the reader asks for it, up to maxExtend.
func (d *Decoder) extendWait(at time.Time, emit func(reader.Event)) {
	d.poll.Answered(at, emit)
	if at.Sub(d.began) >= maxExtend {
		d.retryCard(at, emit)
		return
	}
	d.poll.Asked(at, cardTime)
}

// retryCard powers a failed card again, or gives up after attempts.
func (d *Decoder) retryCard(at time.Time, emit func(reader.Event)) {
	d.tries++
	if d.tries >= attempts {
		d.stage = done
		emitFault(at, reader.Refused, emit)
		return
	}
	d.stage = power
	if d.opts.Interval > moment {
		d.poll.Hurry(at.Add(moment))
	}
}

// handleATR handles the ATR of a card that was powered.
func (d *Decoder) handleATR(at time.Time, atr []byte, emit func(reader.Event)) {
	if !d.has.canAsk(atr) {
		d.stage = done
		emitFault(at, reader.Refused, emit)
		return
	}
	d.stage, d.inquiry = ask, pcsc.NewInquiry(atr)
	d.poll.Hurry(at)
}

// handleReply handles the reply of the card.
func (d *Decoder) handleReply(at time.Time, p []byte, emit func(reader.Event)) {
	c, why := d.inquiry.Answer(p)
	if !pcsc.Done(c, why) {
		d.poll.Hurry(at)
		return
	}
	d.stage = done
	d.emitResult(at, c, why, emit)
}

func (d *Decoder) emitResult(at time.Time, c reader.Card, why reader.Why, emit func(reader.Event)) {
	if why != "" {
		emitFault(at, why, emit)
		return
	}
	if d.seen.New(at, c) {
		emit(reader.Event{Kind: reader.KindCard, At: at, Card: c})
	}
}

// handleOverheard decodes the answers of a reader to another host: the ATR, then the UID.
func (d *Decoder) handleOverheard(at time.Time, a answer, emit func(reader.Event)) {
	if a.icc == iccNone {
		d.seen.Left(at)
	}
	if a.icc == iccNone || a.kind != dataBlock || a.outcome != succeeded {
		d.heardATR = false
		return
	}
	if _, ok := pcsc.FirstProtocol(a.data); ok && !d.heardATR {
		d.atr, d.heardATR = append(d.atr[:0], a.data...), true
		return
	}
	d.heardATR = false
	c, why := pcsc.NewInquiry(d.atr).Answer(a.data)
	if pcsc.Done(c, why) {
		d.emitResult(at, c, why, emit)
	}
}
