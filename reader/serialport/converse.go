package serialport

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"badged/reader"
)

// writeBound bounds the write of a frame: many times what the longest frame of any protocol
// here takes at 9600 bit/s.
const writeBound = 2 * time.Second

// Dialogue is the decoder of a protocol in which the host asks and the device shows decisions.
type Dialogue interface {
	reader.Poller
	reader.Cuer
}

// Bus is a Port on a line whose devices, one or several, show decisions. Unlike a
// Port it is a reader.Feedback.
type Bus struct {
	*Port
	dlg Dialogue
}

// NewBus makes a port that drives dec. Nothing is opened before Run.
func NewBus(cfg Config, dec Dialogue) *Bus { return &Bus{New(cfg, dec), dec} }

// Signal implements reader.Feedback, for a line with one device, which is unit 0.
func (b *Bus) Signal(ctx context.Context, c reader.Cue) error { return b.SignalUnit(ctx, 0, c) }

// SignalUnit shows a cue at one of several devices. It returns when the decoder has
// accepted it, and fails if the port is not open.
func (b *Bus) SignalUnit(ctx context.Context, unit int, c reader.Cue) error {
	return b.Do(ctx, func() { b.dlg.Cue(time.Now(), unit, c) })
}

// Do runs fn between two reads in the goroutine that runs the decoder, which fn may
// therefore touch. It returns when fn has. An error means that fn was not run: ctx
// ended, or the port is not open. fn must not wait; Do must not be called from emit.
func (b *Bus) Do(ctx context.Context, fn func()) error {
	if err := b.calls.runInPump(ctx, fn); err != nil {
		return &reader.OpError{Op: "talk to " + b.Name() + " on", Device: b.cfg.Path, Err: err}
	}
	return nil
}

// pumpPoller is the pump of a protocol in which the host asks. Its error is never nil.
//
//	open ──► run calls ──► write until Send gives nothing ──► read ──► feed, or tick
//	             ▲                                                        │
//	             └────────────────────────────────────────────────────────┘
func (p *Port) pumpPoller(tty *os.File, dec reader.Poller, emit func(reader.Event)) error {
	var buf [512]byte
	p.calls.attachPump(tty)
	defer p.calls.detachPump()
	dec.Open(time.Now())
	for {
		p.calls.runQueued()
		if err := p.writeFrames(tty, dec); err != nil {
			return err
		}
		if err := p.calls.setDeadline(dec.Deadline()); err != nil {
			return p.goneError("read", err)
		}
		n, err := tty.Read(buf[:])
		if errors.Is(err, os.ErrDeadlineExceeded) {
			n, err = readLate(tty, buf[:])
		}
		switch at := time.Now(); {
		case err != nil:
			return p.goneError("read", err)
		case n > 0:
			p.feedChunk(at, buf[:n], emit)
		case deadlinePassed(dec, at):
			dec.Tick(at, emit)
		}
	}
}

// writeFrames writes all frames that the decoder has to send.
func (p *Port) writeFrames(tty *os.File, dec reader.Poller) error {
	for {
		frame := dec.Send(time.Now())
		if frame == nil {
			return nil
		}
		if err := tty.SetWriteDeadline(time.Now().Add(writeBound)); err != nil {
			return p.goneError("write", err)
		}
		if _, err := tty.Write(frame); err != nil {
			return p.goneError("write", err)
		}
	}
}

// readLate reads bytes that arrived before a deadline. A read whose deadline has passed fails
// without reading, and an answer that arrived in time must not count as late.
func readLate(tty *os.File, buf []byte) (n int, err error) {
	err = withDescriptor(tty, func(fd int) error {
		var rerr error
		n, rerr = unix.Read(fd, buf)
		return rerr
	})
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
		return 0, nil
	}
	return max(n, 0), err
}

// deadlinePassed reports whether the decoder's deadline has passed; otherwise a call ended the read.
func deadlinePassed(dec reader.Decoder, now time.Time) bool {
	d := dec.Deadline()
	return !d.IsZero() && !now.Before(d)
}
