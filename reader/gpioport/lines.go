package gpioport

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/warthog618/go-gpiocdev/uapi"

	"badged/reader"
)

// LinesConfig says which lines.
type LinesConfig struct {
	Name string // of the reader, in logs and events
	Spec LinesSpec
	// Tap, if set, sees each edge before the decoder does. It must not keep it.
	Tap func(p []byte, at time.Time)
}

// Lines is a reader.Source on the two lines of a Wiegand reader. It feeds its decoder
// '0' for a pulse on D0, '1' for one on D1, and 'x' for pulses that were lost, each with
// the kernel's time.
type Lines struct {
	cfg   LinesConfig
	dec   reader.Decoder
	open  opener
	clock kernelClock
	order order
}

// NewLines makes a source that feeds dec. Nothing is opened before Run.
func NewLines(cfg LinesConfig, dec reader.Decoder) *Lines {
	return &Lines{cfg: cfg, dec: dec, open: requestLines}
}

// Name implements reader.Source.
func (l *Lines) Name() string { return l.cfg.Name }

// Run implements reader.Source: it requests both lines at once, emits KindUp, and feeds
// the decoder until ctx ends (nil) or the chip fails (KindDown and a *reader.OpError).
func (l *Lines) Run(ctx context.Context, emit func(reader.Event)) error {
	err := l.run(ctx, emit)
	if ctx.Err() != nil {
		return nil
	}
	emit(reader.Event{Kind: reader.KindDown, At: time.Now(), Why: reader.Lost})
	return err
}

func (l *Lines) run(ctx context.Context, emit func(reader.Event)) (err error) {
	flags := uapi.LineFlagV2Input | uapi.LineFlagV2EdgeFalling
	if l.cfg.Spec.ActiveHigh {
		flags = uapi.LineFlagV2Input | uapi.LineFlagV2EdgeRising
	}
	req, err := l.open(l.cfg.Spec.Chip, []int{l.cfg.Spec.D0, l.cfg.Spec.D1}, uapi.LineConfig{Flags: flags | bias(l.cfg.Spec.Pull)})
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = req.Close() })() // ends the blocked read
	defer req.Close()
	if l.clock, err = newKernelClock(); err != nil {
		return failed("read", l.cfg.Spec.String(), err)
	}
	l.order = order{next: 1}
	l.dec.Tick(l.dec.Deadline(), emit) // what stopped in the middle the last time
	emit(reader.Event{Kind: reader.KindUp, At: time.Now()})
	return failed("read", l.cfg.Spec.String(), l.pump(req, emit))
}

// pump reads until an error, which is never nil. When the decoder's time is over it
// looks once more at what the kernel has, so that a terminal that is busy does not cut
// a frame.
func (l *Lines) pump(req request, emit func(reader.Event)) error {
	var buf [16 * eventSize]byte
	for {
		due := l.dec.Deadline()
		if giveUp := l.order.deadline(); !giveUp.IsZero() {
			due = giveUp
		}
		if err := req.SetReadDeadline(due); err != nil {
			return err
		}
		n, err := req.Read(buf[:])
		if errors.Is(err, os.ErrDeadlineExceeded) {
			n, err = req.drain(buf[:])
		}
		if err != nil {
			return err
		}
		l.feedEdges(buf[:n], time.Now(), emit)
	}
}

// feedEdges hands on what a read brought at the time now; nothing: only time has passed.
func (l *Lines) feedEdges(p []byte, now time.Time, emit func(reader.Event)) {
	for rest := p; len(rest) >= eventSize; rest = rest[eventSize:] {
		l.order.add(parseEvent(rest), now)
	}
	for e, ok, lost := l.order.pop(now); ok; e, ok, lost = l.order.pop(now) {
		if lost {
			l.feed('x', e, emit)
		}
		l.feed(l.digit(e), e, emit)
	}
	if len(p) == 0 {
		l.dec.Tick(now, emit)
	}
}

func (l *Lines) digit(e event) byte {
	switch e.line {
	case l.cfg.Spec.D0:
		return '0'
	case l.cfg.Spec.D1:
		return '1'
	default:
		return 'x' // the kernel tells of no other line
	}
}

func (l *Lines) feed(c byte, e event, emit func(reader.Event)) {
	p, at := []byte{c}, l.clock.time(e.at)
	if l.cfg.Tap != nil {
		l.cfg.Tap(p, at)
	}
	l.dec.Feed(at, p, emit)
}

// order puts the edges of two lines in the order in which they came. The kernel numbers
// them when they come, but hands those of each line on by a thread of its own, so that
// two may change places. One that is missing for holdTime is lost.
type order struct {
	next  uint32  // the number of the next edge
	held  []event // with higher numbers, in order
	since time.Time
}

// holdTime is how long an edge may be late: far more than the kernel's threads take.
const holdTime = 5 * time.Millisecond

func (o *order) add(e event, now time.Time) {
	if len(o.held) == 0 {
		o.since = now
	}
	o.held = append(o.held, e)
	for i := len(o.held) - 1; i > 0 && int32(o.held[i].seq-o.held[i-1].seq) < 0; i-- {
		o.held[i], o.held[i-1] = o.held[i-1], o.held[i]
	}
}

// deadline is when pop gives up on an edge that is missing; zero: none is.
func (o *order) deadline() time.Time {
	if len(o.held) == 0 {
		return time.Time{}
	}
	return o.since.Add(holdTime)
}

// pop gives the next edge, and tells whether edges in front of it were lost. ok: there
// is one. An edge that comes after it was given up is dropped: its loss was told.
func (o *order) pop(now time.Time) (e event, ok, lost bool) {
	for len(o.held) > 0 && o.late() < 0 {
		o.held = o.held[1:]
	}
	if len(o.held) == 0 {
		return event{}, false, false
	}
	if lost = o.late() > 0; lost && len(o.held) < eventBuffer && now.Before(o.deadline()) {
		return event{}, false, false
	}
	e, o.held, o.since = o.held[0], o.held[1:], now
	o.next = e.seq + 1
	return e, true, lost
}

// late is how many edges are missing in front of the first that is held. Numbers wrap.
func (o *order) late() int32 { return int32(o.held[0].seq - o.next) }
