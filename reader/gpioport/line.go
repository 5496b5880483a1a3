package gpioport

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/warthog618/go-gpiocdev/uapi"
	"periph.io/x/conn/v3/gpio"
)

// debounce is how long an input of a door must be stable: contacts and buttons chatter.
const debounce = 10 * time.Millisecond

// line is a pin of a chip.
//
//	           requested: a relay is released
//	(waiting) --------------------------------> (held)
//	    ^  the request, a read or a write fails   |
//	    +-----------------------------------------+
//
//	the end of connect's context: a relay is released, the line given back
type line struct {
	pin   *Pin
	open  opener
	guard sentry

	mu     sync.Mutex // guards what follows; held for one write
	req    request    // nil: not held
	broken chan error // a write failed; room for one
}

func newLine(s Spec, g Guard) *line {
	l := &line{open: requestLines, broken: make(chan error, 1), guard: sentry{guard: g, kind: guardLine}}
	l.pin = newPin(s, l)
	return l
}

// set implements output.
func (l *line) set(level gpio.Level) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.req == nil {
		return errNotConnected
	}
	err := l.req.set(bool(level))
	if err != nil {
		select {
		case l.broken <- err:
		default: // one is enough
		}
	}
	return err
}

// energise implements output.
func (l *line) energise(until time.Time) { l.guard.energise(until) }

// yield implements output: the kernel has set the line already.
func (l *line) yield() {}

// requestConfig is how the line is requested. An output starts released.
func (l *line) requestConfig() uapi.LineConfig {
	s := l.pin.spec
	cfg := uapi.LineConfig{Flags: biasFlag(s.Pull)}
	if s.ActiveLow {
		cfg.Flags |= uapi.LineFlagV2ActiveLow
	}
	if !isInput(s.Pin) {
		cfg.Flags |= uapi.LineFlagV2Output
		return cfg
	}
	cfg.Flags |= uapi.LineFlagV2Input | uapi.LineFlagV2EdgeBoth
	cfg.AddAttribute(uapi.LineConfigAttribute{Attr: uapi.DebouncePeriod(debounce).Encode(), Mask: 1})
	return cfg
}

// serveLine requests the line and serves it until ctx ends or it fails. Its error is never nil.
func (l *line) serveLine(ctx context.Context, up func()) error {
	req, err := l.open(l.pin.spec.Chip, []int{l.pin.spec.Line}, l.requestConfig())
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, l.releaseRequest)()
	defer l.releaseRequest()
	l.setRequest(req)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if isInput(l.pin.spec.Pin) {
		err = l.readLevels(ctx, req, up)
	} else {
		err = l.driveRelay(ctx, req, up)
	}
	return describeFailure("use", l.pin.String(), err)
}

// driveRelay lets a relay be driven until a write fails or ctx ends.
func (l *line) driveRelay(ctx context.Context, req request, up func()) error {
	defer l.guard.startGuarding(req)()
	defer l.releaseRequest() // first: the line must be free before the guard is gone
	up()
	select {
	case err := <-l.broken:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *line) setRequest(req request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.req = req
	select {
	case <-l.broken: // of the request before
	default:
	}
}

// releaseRequest releases a relay and returns the line to the kernel.
func (l *line) releaseRequest() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.req == nil {
		return
	}
	if !isInput(l.pin.spec.Pin) {
		_ = l.req.set(false) // nobody is there to be told; a chip that is gone drives nothing
	}
	_ = l.req.Close()
	l.req = nil
}

// readLevels passes the level of an input and every change of it to the pin. After lost edges it
// reads the level, so that the last one is always right.
func (l *line) readLevels(ctx context.Context, req request, up func()) error {
	clock, err := newKernelClock()
	if err != nil {
		return err
	}
	active, err := req.value()
	if err != nil {
		return err
	}
	l.pin.fresh = true
	l.pin.setLevel(ctx, Edge{gpio.Level(active), time.Now()})
	up()
	var buf [16 * eventSize]byte
	for seq := uint32(0); ; {
		n, err := req.Read(buf[:])
		if err != nil {
			return err
		}
		lost := n%eventSize != 0
		for p := buf[:n]; len(p) >= eventSize; p = p[eventSize:] {
			e := parseEvent(p)
			lost = lost || e.seq != seq+1
			seq = e.seq
			l.pin.setLevel(ctx, Edge{gpio.Level(e.rising), clock.time(e.at)})
		}
		if !lost {
			continue
		}
		if active, err = req.value(); err != nil {
			return errors.Join(errEdges, err)
		}
		l.pin.setLevel(ctx, Edge{gpio.Level(active), time.Now()})
	}
}

var errEdges = errors.New("edges were lost")
