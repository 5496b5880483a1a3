package reader

import (
	"cmp"
	"time"
)

// The default times of Frames.
const (
	DefaultRepeat = 500 * time.Millisecond
	DefaultPause  = 250 * time.Millisecond

	// Rest is the pause that separates frames without start and end. It is longer than a USB
	// adapter holds bytes back (16 ms), and shorter than people notice.
	Rest = 50 * time.Millisecond
)

// FrameTimes configures the times of Frames.
type FrameTimes struct {
	// Repeat is how long a badge must be away before its next frame is a new presentation.
	// 0: DefaultRepeat.
	Repeat time.Duration
	// Timeout is the longest pause inside a frame. 0: DefaultPause.
	Timeout time.Duration
}

// Framer decodes the frames of a reader that sends without being asked. It has no clock.
type Framer interface {
	// Byte decodes a byte and returns the card of the frame that it ends, or what is wrong
	// since the byte before; the zero Card: nothing yet.
	Byte(b byte) (Card, Why)
	// Within reports whether a frame has begun and is not complete.
	Within() bool
	// Stopped drops a frame whose next byte did not arrive in time, and returns the fault to
	// report; "": none.
	Stopped() Why
}

// RestFramer is a Framer with frames that have no start and end of their own: pauses separate
// them.
type RestFramer interface {
	Framer
	// Whole reports whether the bytes so far are a frame if a pause follows.
	Whole() bool
	// Rested ends a frame after a pause of Rest. It returns the card of the frame before the
	// pause, or what is wrong with it.
	Rested() (Card, Why)
}

// Frames implements Decoder for the frames of a Framer. It emits a card with the last byte of
// its frame, once while the badge stays.
type Frames struct {
	framer Framer
	times  FrameTimes
	last   time.Time // of the last byte
	seen   Presence
}

// NewFrames makes a decoder.
func NewFrames(f Framer, t FrameTimes) *Frames {
	return &Frames{framer: f, times: FrameTimes{
		Repeat: cmp.Or(t.Repeat, DefaultRepeat), Timeout: cmp.Or(t.Timeout, DefaultPause),
	}}
}

// Feed implements Decoder.
func (d *Frames) Feed(at time.Time, p []byte, emit func(Event)) {
	d.Tick(at, emit)
	if at.Sub(d.last) >= d.restTime() {
		d.endByPause(emit)
	}
	for _, b := range p {
		d.last = at
		c, why := d.framer.Byte(b)
		d.emitResult(c, why, emit)
	}
}

// emitResult emits the card or fault that the last byte completed.
func (d *Frames) emitResult(c Card, why Why, emit func(Event)) {
	switch {
	case why != "":
		emit(Event{Kind: KindFault, At: d.last, Why: why})
	case c == Card{}:
	case d.seen.Seen(d.last, c, d.times.Repeat):
		emit(Event{Kind: KindCard, At: d.last, Card: c})
	default:
		c.Wipe() // the badge stays: nobody needs what it said again
	}
}

// isWhole reports whether a complete frame without an end of its own has arrived.
func (d *Frames) isWhole() bool {
	f, ok := d.framer.(RestFramer)
	return ok && f.Whole()
}

// endByPause ends a RestFramer's frame after a pause.
func (d *Frames) endByPause(emit func(Event)) {
	if f, ok := d.framer.(RestFramer); ok {
		c, why := f.Rested()
		d.emitResult(c, why, emit)
	}
}

func (d *Frames) restTime() time.Duration { return min(Rest, d.times.Timeout) }

// Deadline implements Decoder.
func (d *Frames) Deadline() time.Time {
	switch {
	case d.isWhole():
		return d.last.Add(d.restTime())
	case d.framer.Within():
		return d.last.Add(d.times.Timeout)
	}
	return time.Time{}
}

// Tick implements Decoder.
func (d *Frames) Tick(now time.Time, emit func(Event)) {
	due := d.Deadline()
	if due.IsZero() || now.Before(due) {
		return
	}
	if d.isWhole() {
		d.endByPause(emit)
		return
	}
	if why := d.framer.Stopped(); why != "" {
		emit(Event{Kind: KindFault, At: due, Why: why})
	}
}
