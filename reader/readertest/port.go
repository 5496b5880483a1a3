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

// Port plays a script to a decoder as the Run of a reader.Source does, in real time or in
// that of synctest. When the script is over it waits for its context.
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
		if !p.wait(ctx, time.Now().Add(s.After), emit) {
			return nil
		}
		if s.Err != nil {
			emit(reader.Event{Kind: reader.KindDown, At: time.Now(), Why: reader.Lost})
			return &reader.OpError{Op: "read", Device: p.name, Err: s.Err}
		}
		p.dec.Feed(time.Now(), s.Bytes, emit)
	}
	for {
		if !p.wait(ctx, time.Now().Add(time.Hour), emit) {
			return nil
		}
	}
}

// wait waits until the time given, with the decoder's ticks on the way, and
// reports whether ctx still lives.
func (p *Port) wait(ctx context.Context, until time.Time, emit func(reader.Event)) bool {
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
