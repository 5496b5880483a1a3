package reader

import (
	"cmp"
	"time"
)

// The times of Frames that were not told others.
const (
	DefaultRepeat = 500 * time.Millisecond
	DefaultPause  = 250 * time.Millisecond

	// Rest is the pause that parts frames without start and end. It is longer than what a USB
	// adapter holds bytes back for (16 ms), and shorter than what people notice.
	Rest = 50 * time.Millisecond
)

// FrameTimes are those of Frames.
type FrameTimes struct {
	// Repeat is how long a badge must not have been seen for its next frame to be a
	// new presentation. 0: DefaultRepeat.
	Repeat time.Duration
	// Timeout is the longest pause inside a frame. 0: DefaultPause.
	Timeout time.Duration
}

// Framer takes the frames of a reader apart that speaks by itself. It has no clock.
type Framer interface {
	// Byte takes a byte, and gives the card of the frame that it ends, or what is wrong
	// since the byte before; the zero Card: nothing yet.
	Byte(b byte) (Card, Why)
	// Within reports whether more of a frame must come.
	Within() bool
	// Stopped drops the frame that did not go on in time, and gives what to tell of it;
	// "": nothing.
	Stopped() Why
}

// RestFramer is a Framer some of whose frames have no start and end of their own: they stand
// between two pauses.
type RestFramer interface {
	Framer
	// Whole reports whether what came is a frame if a pause follows.
	Whole() bool
	// Rested tells that nothing came for Rest, and gives the card of the whole frame that stood
	// in front of the pause, or what is wrong with it.
	Rested() (Card, Why)
}

// Frames implements Decoder for the frames of a Framer. A card is told with the last
// byte of its frame, once while the badge stays.
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
		d.tellRest(emit)
	}
	for _, b := range p {
		d.last = at
		c, why := d.framer.Byte(b)
		d.emitResult(c, why, emit)
	}
}

// emitResult tells what came with the last byte.
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

// whole reports whether a frame without an end of its own is there.
func (d *Frames) whole() bool {
	f, ok := d.framer.(RestFramer)
	return ok && f.Whole()
}

// tellRest tells a RestFramer that there was a pause.
func (d *Frames) tellRest(emit func(Event)) {
	if f, ok := d.framer.(RestFramer); ok {
		c, why := f.Rested()
		d.emitResult(c, why, emit)
	}
}

func (d *Frames) restTime() time.Duration { return min(Rest, d.times.Timeout) }

// Deadline implements Decoder.
func (d *Frames) Deadline() time.Time {
	switch {
	case d.whole():
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
	if d.whole() {
		d.tellRest(emit)
		return
	}
	if why := d.framer.Stopped(); why != "" {
		emit(Event{Kind: KindFault, At: due, Why: why})
	}
}
