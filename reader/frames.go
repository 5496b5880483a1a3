package reader

import (
	"cmp"
	"time"
)

// The times of Frames that were not told others.
const (
	DefaultRepeat = 500 * time.Millisecond
	DefaultPause  = 250 * time.Millisecond
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
	for _, b := range p {
		d.last = at
		c, why := d.framer.Byte(b)
		switch {
		case why != "":
			emit(Event{Kind: KindFault, At: at, Why: why})
		case c != Card{} && d.seen.Seen(at, c, d.times.Repeat):
			emit(Event{Kind: KindCard, At: at, Card: c})
		}
	}
}

// Deadline implements Decoder.
func (d *Frames) Deadline() time.Time {
	if !d.framer.Within() {
		return time.Time{}
	}
	return d.last.Add(d.times.Timeout)
}

// Tick implements Decoder.
func (d *Frames) Tick(now time.Time, emit func(Event)) {
	due := d.Deadline()
	if due.IsZero() || now.Before(due) {
		return
	}
	if why := d.framer.Stopped(); why != "" {
		emit(Event{Kind: KindFault, At: due, Why: why})
	}
}
