package gpioport

import (
	"context"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// edgePin is an input that keeps its edges in order, with their times.
type edgePin interface {
	gpio.PinIn
	Next(ctx context.Context) (Edge, error)
}

// Input is a contact or a button of a door.
type Input struct{ pin edgePin }

// Contact reads a door's contact on p: its level at the start and every change. A level of
// true is closed.
func Contact(p *Pin) (*Input, error) { return newInput(p, gpio.BothEdges) }

// Button reads a button on p: every press. A button that is held when the board connects does
// not count as pressed.
func Button(p *Pin) (*Input, error) { return newInput(p, gpio.RisingEdge) }

func newInput(p edgePin, e gpio.Edge) (*Input, error) {
	if err := p.In(gpio.PullNoChange, e); err != nil {
		return nil, err
	}
	return &Input{p}, nil
}

// Next waits for the next level. Its error is that of ctx.
func (in *Input) Next(ctx context.Context) (level bool, at time.Time, err error) {
	e, err := in.pin.Next(ctx)
	return bool(e.Level), e.At, err
}
