// Package serialport brings the bytes of a serial port to a decoder, and those that the
// decoder of a protocol in which the host speaks has to send to the port. It is the
// only importer of go.bug.st/serial.
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

// DefaultBaud is the speed of a port whose configuration names none: that of
// nearly every badge reader.
const DefaultBaud = 9600

// Config says which port.
type Config struct {
	Name string // of the reader, in logs and events
	// Path is best one of /dev/serial/by-id, which stays the same when the device
	// is plugged in elsewhere.
	Path string
	Baud int // 0: DefaultBaud; always 8 data bits, no parity, 1 stop bit
	// RS485 has the kernel turn a half-duplex line round, on a port that can: most
	// USB adapters do it by themselves.
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

// Run implements reader.Source: it opens the port for itself alone, drops what was
// sent while nobody listened, emits KindUp, and feeds the decoder until ctx ends
// (nil) or the device fails (KindDown and a *reader.OpError). Of a reader.Poller both
// are of the unit reader.Line: the port is open, but nobody has answered yet. A port
// that need not say anything fails, too, within 5 s after its device was exchanged or
// went away without a word.
func (p *Port) Run(ctx context.Context, emit func(reader.Event)) error {
	err := p.run(ctx, emit)
	if ctx.Err() != nil {
		return nil
	}
	emit(reader.Event{Kind: reader.KindDown, At: time.Now(), Why: reader.Lost, Unit: p.unit()})
	return err
}

func (p *Port) run(ctx context.Context, emit func(reader.Event)) error {
	port, err := open(p.cfg)
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
	emit(reader.Event{Kind: reader.KindUp, At: time.Now(), Unit: p.unit()})
	if dec, ok := p.dec.(reader.Poller); ok {
		return p.converse(port.tty, dec, emit)
	}
	wg.Go(func() { end(vigil(ctx, p.cfg.Path, port.tty)) })
	err = p.pump(port.tty, emit)
	if ctx.Err() != nil {
		return p.failed("watch", context.Cause(ctx))
	}
	return p.failed("read", err)
}

// Silence implements reader.Expecter: a device that is asked must answer.
func (p *Port) Silence() time.Duration {
	if e, ok := p.dec.(reader.Expecter); ok {
		return e.Silence()
	}
	if _, ok := p.dec.(reader.Poller); ok {
		return reader.AnswerTime
	}
	return 0
}

// unit is that of events about the port itself.
func (p *Port) unit() int {
	if _, ok := p.dec.(reader.Poller); ok {
		return reader.Line
	}
	return 0
}

// pump reads until an error, which is never nil. It waits without end unless the
// decoder has a deadline, so that an idle reader costs nothing.
func (p *Port) pump(tty *os.File, emit func(reader.Event)) error {
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

// feedChunk hands a chunk on and wipes it: a badge may be in it.
func (p *Port) feedChunk(at time.Time, chunk []byte, emit func(reader.Event)) {
	if p.cfg.Tap != nil {
		p.cfg.Tap(chunk, at)
	}
	p.dec.Feed(at, chunk, emit)
	clear(chunk)
}

// failed says what was attempted when the device went away.
func (p *Port) failed(op string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err // the path is told once, by OpError
	}
	return &reader.OpError{Op: op, Device: p.cfg.Path, Hint: "the device went away: check its cable and power", Err: err}
}
