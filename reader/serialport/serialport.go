// Package serialport feeds the bytes of a serial port to a decoder, and writes the frames of
// a decoder whose protocol lets the host ask to the port. It is the only importer of
// go.bug.st/serial.
package serialport

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	"badged/reader"
)

// DefaultBaud is the speed of a port whose configuration names none: nearly every badge reader
// has it.
const DefaultBaud = 9600

// Config configures a port.
type Config struct {
	Name string // of the reader, in logs and events
	// Path is best one of /dev/serial/by-id, which stays the same when the device
	// is plugged in elsewhere.
	Path string
	Baud int // 0: DefaultBaud; always 8 data bits, no parity, 1 stop bit
	// RS485 lets the kernel switch the direction of a half-duplex line, on a port that can:
	// most USB adapters do it by themselves.
	RS485 bool
	// Tap, if set, sees each chunk before the decoder does. It must not keep it.
	Tap func(p []byte, at time.Time)
}

// Port is a reader.Source on a serial port.
type Port struct {
	cfg   Config
	dec   reader.Decoder
	calls calls
}

// New makes a port that feeds dec, and drives it if it is a reader.Poller. Nothing is
// opened before Run.
func New(cfg Config, dec reader.Decoder) *Port {
	if cfg.Baud == 0 {
		cfg.Baud = DefaultBaud
	}
	return &Port{cfg: cfg, dec: dec}
}

// Name implements reader.Source.
func (p *Port) Name() string { return p.cfg.Name }

// Run implements reader.Source: it opens the port exclusively, drops bytes from before,
// emits KindUp, and feeds the decoder until ctx ends (nil) or the device fails (KindDown and
// a *reader.OpError). For a reader.Poller both events have the unit reader.Line: the port is
// open, but no device has answered yet. A port that may be silent also fails within 5 s after
// its device was exchanged or removed without a hang-up.
func (p *Port) Run(ctx context.Context, emit func(reader.Event)) error {
	err := p.servePort(ctx, emit)
	if ctx.Err() != nil {
		return nil
	}
	emit(reader.Event{Kind: reader.KindDown, At: time.Now(), Why: reader.Lost, Unit: p.portUnit()})
	return err
}

func (p *Port) servePort(ctx context.Context, emit func(reader.Event)) error {
	port, err := openPort(p.cfg)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		<-ctx.Done()
		_ = port.tty.Close() // ends the blocked read
	})
	defer func() {
		end(nil)
		wg.Wait()
		_ = port.Close()
	}()
	emit(reader.Event{Kind: reader.KindUp, At: time.Now(), Unit: p.portUnit()})
	if dec, ok := p.dec.(reader.Poller); ok {
		return p.pumpPoller(port.tty, dec, emit)
	}
	wg.Go(func() { end(watchIdle(ctx, p.cfg.Path, port.tty)) })
	err = p.pumpBytes(port.tty, emit)
	if ctx.Err() != nil {
		return p.goneError("watch", context.Cause(ctx))
	}
	return p.goneError("read", err)
}

// Silence implements reader.Expecter: a polled device must answer.
func (p *Port) Silence() time.Duration {
	if e, ok := p.dec.(reader.Expecter); ok {
		return e.Silence()
	}
	if _, ok := p.dec.(reader.Poller); ok {
		return reader.AnswerTime
	}
	return 0
}

// portUnit is the unit of events about the port itself.
func (p *Port) portUnit() int {
	if _, ok := p.dec.(reader.Poller); ok {
		return reader.Line
	}
	return 0
}

// pumpBytes reads until an error, which is never nil. It waits without end unless the
// decoder has a deadline, so that an idle reader costs nothing.
func (p *Port) pumpBytes(tty *os.File, emit func(reader.Event)) error {
	var buf [512]byte
	var due time.Time
	for {
		if next := p.dec.Deadline(); next != due {
			due = next
			if err := tty.SetReadDeadline(due); err != nil {
				return err
			}
		}
		n, err := tty.Read(buf[:])
		at := time.Now()
		switch {
		case n > 0:
			p.feedChunk(at, buf[:n], emit)
		case errors.Is(err, os.ErrDeadlineExceeded):
			p.dec.Tick(at, emit)
		default:
			return err
		}
	}
}

// feedChunk feeds a chunk to the decoder and wipes it, because it may hold a badge.
func (p *Port) feedChunk(at time.Time, chunk []byte, emit func(reader.Event)) {
	if p.cfg.Tap != nil {
		p.cfg.Tap(chunk, at)
	}
	p.dec.Feed(at, chunk, emit)
	clear(chunk)
}

// goneError makes the error about a device that went away during op.
func (p *Port) goneError(op string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err // the path is told once, by OpError
	}
	return &reader.OpError{Op: op, Device: p.cfg.Path, Hint: "the device went away: check its cable and power", Err: err}
}
