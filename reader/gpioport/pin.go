package gpioport

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
)

// edgeQueue is how many changes of an input wait for their reader; a full queue
// makes the board wait, and nothing is dropped.
const edgeQueue = 16

// Pin is a pin of a board: an output if it is the relay, else an input. It
// implements gpio.PinIO.
type Pin struct {
	board *Board
	name  string
	lines [2][]byte // what sets the output low and high

	edges chan Edge
	want  atomic.Int32 // gpio.Edge: the edges that are kept
	level atomic.Bool
	// What follows is touched by Board.connect only.
	heard bool // the board has told the level
	fresh bool // the board has just been connected and tells the level next
}

func newPin(b *Board, name string) *Pin {
	return &Pin{
		board: b, name: name, edges: make(chan Edge, edgeQueue),
		lines: [2][]byte{[]byte(name + " 0\n"), []byte(name + " 1\n")},
	}
}

// take handles what the board told of an input: its level on connecting, then every
// change.
func (p *Pin) take(ctx context.Context, e Edge) {
	known := p.heard && p.level.Load() == bool(e.Level)
	fresh := p.fresh
	p.heard, p.fresh = true, false
	p.level.Store(bool(e.Level))
	if known || !wanted(gpio.Edge(p.want.Load()), e.Level, fresh) {
		return
	}
	select {
	case p.edges <- e:
	case <-ctx.Done():
	}
}

// wanted tells whether a level is an edge of the kind that was asked for. What a
// board tells on connecting is none for a single kind: a button that is stuck must
// not open a door because the power came back. With both kinds it is one, so that
// the state of a door is known.
func wanted(kind gpio.Edge, l gpio.Level, fresh bool) bool {
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
func (p *Pin) Spec() Spec { return Spec{p.board.path, p.name} }

// String implements conn.Resource.
func (p *Pin) String() string { return p.Spec().String() }

// Halt implements conn.Resource; a virtual pin has nothing to stop.
func (p *Pin) Halt() error { return nil }

// Name implements pin.Pin.
func (p *Pin) Name() string { return p.name }

// Number implements pin.Pin; a virtual pin has none.
func (p *Pin) Number() int { return -1 }

// Function implements pin.Pin.
func (p *Pin) Function() string {
	if isInput(p.name) {
		return "In"
	}
	return "Out"
}

// In implements gpio.PinIn. A virtual pin has no pull resistor.
func (p *Pin) In(pull gpio.Pull, edge gpio.Edge) error {
	if !isInput(p.name) || pull != gpio.PullNoChange {
		return fmt.Errorf("set up pin %v as an input: it is none, or has no such pull resistor", p)
	}
	p.want.Store(int32(edge))
	return nil
}

// Read implements gpio.PinIn: the last level that the board told.
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
func (p *Pin) Pull() gpio.Pull { return gpio.PullNoChange }

// DefaultPull implements gpio.PinIn.
func (p *Pin) DefaultPull() gpio.Pull { return gpio.PullNoChange }

// Out implements gpio.PinOut with one write to the board. It never waits.
func (p *Pin) Out(l gpio.Level) error {
	if isInput(p.name) {
		return fmt.Errorf("set pin %v: it is an input", p)
	}
	link := p.board.link.Load()
	if link == nil {
		return fmt.Errorf("set pin %v: %w", p, errNotConnected)
	}
	line := p.lines[0]
	if l {
		line = p.lines[1]
	}
	if err := link.send(line); err != nil {
		return fmt.Errorf("set pin %v: %w", p, err)
	}
	return nil
}

// PWM implements gpio.PinOut; a relay has none.
func (p *Pin) PWM(gpio.Duty, physic.Frequency) error {
	return fmt.Errorf("modulate pin %v: it can only be on or off", p)
}

var _ gpio.PinIO = (*Pin)(nil)
