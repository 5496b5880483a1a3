package readertest

import (
	"context"
	"time"

	"badged/reader"
)

// Step is one thing that a scripted port does.
type Step struct {
	After time.Duration // since the step before
	Bytes []byte        // that arrive
	Err   error         // not nil: the device fails; Run ends, the next Run goes on behind it
}

// Port plays a script to a decoder as the Run of a reader.Source does, in real time or in the
// time of synctest. After the script it waits for the end of its context.
type Port struct {
	name  string
	dec   reader.Decoder
	steps []Step
}

// NewPort makes a port.
func NewPort(name string, dec reader.Decoder, steps ...Step) *Port {
	return &Port{name, dec, steps}
}

// Run blocks until ctx ends, which gives nil, or until the device fails.
func (p *Port) Run(ctx context.Context, emit func(reader.Event)) error {
	emit(reader.Event{Kind: reader.KindUp, At: time.Now()})
	for len(p.steps) > 0 {
		s := p.steps[0]
		p.steps = p.steps[1:]
		if !p.awaitTime(ctx, time.Now().Add(s.After), emit) {
			return nil
		}
		if s.Err != nil {
			emit(reader.Event{Kind: reader.KindDown, At: time.Now(), Why: reader.Lost})
			return &reader.OpError{Op: "read", Device: p.name, Err: s.Err}
		}
		p.dec.Feed(time.Now(), s.Bytes, emit)
	}
	for {
		if !p.awaitTime(ctx, time.Now().Add(time.Hour), emit) {
			return nil
		}
	}
}

// awaitTime waits until the given time and calls the decoder's Tick at its deadlines. It
// reports false if ctx ended first.
func (p *Port) awaitTime(ctx context.Context, until time.Time, emit func(reader.Event)) bool {
	for {
		next := until
		if due := p.dec.Deadline(); !due.IsZero() && due.Before(until) {
			next = due
		}
		t := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
			t.Stop()
			return false
		case now := <-t.C:
			if next.Equal(until) {
				return true
			}
			p.dec.Tick(now, emit)
		}
	}
}
