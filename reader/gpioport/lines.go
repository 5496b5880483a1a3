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
	err := l.serveLines(ctx, emit)
	if ctx.Err() != nil {
		return nil
	}
	emit(reader.Event{Kind: reader.KindDown, At: time.Now(), Why: reader.Lost})
	return err
}

func (l *Lines) serveLines(ctx context.Context, emit func(reader.Event)) (err error) {
	flags := uapi.LineFlagV2Input | uapi.LineFlagV2EdgeFalling
	if l.cfg.Spec.ActiveHigh {
		flags = uapi.LineFlagV2Input | uapi.LineFlagV2EdgeRising
	}
	req, err := l.open(l.cfg.Spec.Chip, []int{l.cfg.Spec.D0, l.cfg.Spec.D1}, uapi.LineConfig{Flags: flags | biasFlag(l.cfg.Spec.Pull)})
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = req.Close() })() // ends the blocked read
	defer req.Close()
	if l.clock, err = newKernelClock(); err != nil {
		return describeFailure("read", l.cfg.Spec.String(), err)
	}
	l.order = order{next: 1}
	l.dec.Tick(l.dec.Deadline(), emit) // ends a frame that the last run left unfinished
	emit(reader.Event{Kind: reader.KindUp, At: time.Now()})
	return describeFailure("read", l.cfg.Spec.String(), l.readEdges(req, emit))
}

// readEdges reads edges until an error, which is never nil. At the decoder's deadline it reads once
// more what the kernel has queued, so that a busy terminal does not cut a frame.
func (l *Lines) readEdges(req request, emit func(reader.Event)) error {
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

// feedEdges decodes the events of a read at the time now; an empty p means that only time has
// passed.
func (l *Lines) feedEdges(p []byte, now time.Time, emit func(reader.Event)) {
	for rest := p; len(rest) >= eventSize; rest = rest[eventSize:] {
		l.order.addEdge(parseEvent(rest), now)
	}
	for e, ok, lost := l.order.popEdge(now); ok; e, ok, lost = l.order.popEdge(now) {
		if lost {
			l.feedPulse('x', e, emit)
		}
		l.feedPulse(l.digitOf(e), e, emit)
	}
	if len(p) == 0 {
		l.dec.Tick(now, emit)
	}
}

func (l *Lines) digitOf(e event) byte {
	switch e.line {
	case l.cfg.Spec.D0:
		return '0'
	case l.cfg.Spec.D1:
		return '1'
	default:
		return 'x' // the kernel tells of no other line
	}
}

func (l *Lines) feedPulse(c byte, e event, emit func(reader.Event)) {
	p, at := []byte{c}, l.clock.time(e.at)
	if l.cfg.Tap != nil {
		l.cfg.Tap(p, at)
	}
	l.dec.Feed(at, p, emit)
}

// order sorts the edges of two lines by their numbers. The kernel numbers edges when they
// occur, but one thread for each line delivers them, so that two may change places. An edge
// that is missing for holdTime counts as lost.
type order struct {
	next  uint32  // the number of the next edge
	held  []event // with higher numbers, in order
	since time.Time
}

// holdTime is how late an edge may be: far more than the kernel's threads need.
const holdTime = 5 * time.Millisecond

func (o *order) addEdge(e event, now time.Time) {
	if len(o.held) == 0 {
		o.since = now
	}
	o.held = append(o.held, e)
	for i := len(o.held) - 1; i > 0 && int32(o.held[i].seq-o.held[i-1].seq) < 0; i-- {
		o.held[i], o.held[i-1] = o.held[i-1], o.held[i]
	}
}

// deadline is when pop gives up on a missing edge; zero: none is missing.
func (o *order) deadline() time.Time {
	if len(o.held) == 0 {
		return time.Time{}
	}
	return o.since.Add(holdTime)
}

// popEdge returns the next edge, and whether edges before it were lost. ok is false if there is
// none. pop drops an edge that arrives after pop gave it up, because its loss was reported.
func (o *order) popEdge(now time.Time) (e event, ok, lost bool) {
	for len(o.held) > 0 && o.missingEdges() < 0 {
		o.held = o.held[1:]
	}
	if len(o.held) == 0 {
		return event{}, false, false
	}
	if lost = o.missingEdges() > 0; lost && len(o.held) < eventBuffer && now.Before(o.deadline()) {
		return event{}, false, false
	}
	e, o.held, o.since = o.held[0], o.held[1:], now
	o.next = e.seq + 1
	return e, true, lost
}

// missingEdges is the number of missing edges before the first that is held; negative for an edge that
// was given up. Numbers wrap.
func (o *order) missingEdges() int32 { return int32(o.held[0].seq - o.next) }
