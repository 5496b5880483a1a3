package gpioport

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
)

// edgeQueue is how many changes of an input may wait for Next; a full queue blocks the board,
// and nothing is dropped.
const edgeQueue = 16

// Pin is a pin of a virtual board or of a chip: an output if it is the relay, else an
// input. It implements gpio.PinIO; High is active: energised, closed, pressed.
type Pin struct {
	spec Spec
	dev  output

	edges chan Edge
	want  atomic.Int32 // gpio.Edge: the edges that are kept
	level atomic.Bool
	// Only the goroutine that receives the device's edges uses the fields below.
	heard bool // the device has reported the level
	fresh bool // the device has just connected and reports the level next
}

// output sets the pin of a device. It never blocks.
type output interface {
	set(l gpio.Level) error
	energise(until time.Time) // tells the guard, before set
	yield()                   // lets the process that acts upon set run, if it is another
}

func newPin(s Spec, dev output) *Pin {
	return &Pin{spec: s, dev: dev, edges: make(chan Edge, edgeQueue)}
}

// setLevel handles a level that the device reported: the one on connecting, then every
// change.
func (p *Pin) setLevel(ctx context.Context, e Edge) {
	known := p.heard && p.level.Load() == bool(e.Level)
	fresh := p.fresh
	p.heard, p.fresh = true, false
	p.level.Store(bool(e.Level))
	if known || !isWanted(gpio.Edge(p.want.Load()), e.Level, fresh) {
		return
	}
	select {
	case p.edges <- e:
	case <-ctx.Done():
	}
}

// isWanted reports whether a level is an edge of the requested kind. The level on connecting is
// not an edge for a single kind: a stuck button must not open a door when the power comes
// back. For both kinds it is one, so that the state of a door is known.
func isWanted(kind gpio.Edge, l gpio.Level, fresh bool) bool {
	switch kind {
	case gpio.BothEdges:
		return true
	case gpio.RisingEdge:
		return l == gpio.High && !fresh
	case gpio.FallingEdge:
		return l == gpio.Low && !fresh
	default:
		return false
	}
}

// Next waits for the next edge of the kind that In asked for.
func (p *Pin) Next(ctx context.Context) (Edge, error) {
	select {
	case e := <-p.edges:
		return e, nil
	case <-ctx.Done():
		return Edge{}, ctx.Err()
	}
}

// Spec is where the pin is.
func (p *Pin) Spec() Spec { return p.spec }

// String implements conn.Resource.
func (p *Pin) String() string { return p.spec.String() }

// Halt implements conn.Resource; there is nothing to stop.
func (p *Pin) Halt() error { return nil }

// Name implements pin.Pin: what the pin is for.
func (p *Pin) Name() string { return p.spec.Pin }

// Number implements pin.Pin; a virtual pin has none.
func (p *Pin) Number() int {
	if p.spec.Board != "" {
		return -1
	}
	return p.spec.Line
}

// Function implements pin.Pin.
func (p *Pin) Function() string {
	if isInput(p.spec.Pin) {
		return "In"
	}
	return "Out"
}

// In implements gpio.PinIn. The pull resistor is that of the spec.
func (p *Pin) In(pull gpio.Pull, edge gpio.Edge) error {
	if !isInput(p.spec.Pin) || pull != gpio.PullNoChange {
		return fmt.Errorf("set up pin %v as an input: it is none, or its pull resistor is set by its spec", p)
	}
	p.want.Store(int32(edge))
	return nil
}

// Read implements gpio.PinIn: the last level that the device reported.
func (p *Pin) Read() gpio.Level { return gpio.Level(p.level.Load()) }

// WaitForEdge implements gpio.PinIn. Edges accumulate.
func (p *Pin) WaitForEdge(timeout time.Duration) bool {
	ctx := context.Background()
	if timeout >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	_, err := p.Next(ctx)
	return err == nil
}

// Pull implements gpio.PinIn.
func (p *Pin) Pull() gpio.Pull { return p.spec.Pull }

// DefaultPull implements gpio.PinIn.
func (p *Pin) DefaultPull() gpio.Pull { return gpio.PullNoChange }

// Out implements gpio.PinOut. It never blocks.
func (p *Pin) Out(l gpio.Level) error {
	if isInput(p.spec.Pin) {
		return fmt.Errorf("set pin %v: it is an input", p)
	}
	if err := p.dev.set(l); err != nil {
		return fmt.Errorf("set pin %v: %w", p, err)
	}
	return nil
}

// energise tells the pin's guard for how long it will be energised.
func (p *Pin) energise(until time.Time) { p.dev.energise(until) }

// yield lets the process behind the pin act.
func (p *Pin) yield() { p.dev.yield() }

// PWM implements gpio.PinOut; a relay has none.
func (p *Pin) PWM(gpio.Duty, physic.Frequency) error {
	return fmt.Errorf("modulate pin %v: it can only be on or off", p)
}

var _ gpio.PinIO = (*Pin)(nil)
