//go:build libusb

package usbport

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"badged/reader"
)

// Bulk is a reader.Source on the pipes of a smart card reader, which it claims for
// itself. Its decoder is fed one transfer at a time, of bulk-IN or interrupt-IN.
//
//	             plugged in, claimed         answers        unplugged, failed, silent:
//	(waiting) ----------------------> (asked) -----> (reading) -------------> Run ends
//	    |  ^                             KindUp                   KindDown
//	    +--+ absent, ambiguous, held by another program, silent: KindDown, Run ends; the
//	         same again: waits for a uevent, or 2 s
//
// A device that fails but stays plugged in is reset before it is claimed again.
type Bulk struct {
	cfg  Config
	dec  reader.Poller
	m    *machine
	open func(pipes) (*link, error)
	told string // the trouble that the last Run ended with
	sick bool   // reset it first
}

// link is a claimed interface.
type link struct {
	write   func(ctx context.Context, p []byte) error
	receive []receiver // bulk-IN, and interrupt-IN if there is one
	close   func()
}

// receiver reads one transfer into p.
type receiver func(ctx context.Context, p []byte) (n int, err error)

const (
	transferBound = 2 * time.Second // for a transfer to leave
	transferSize  = 1024            // of the longest that arrives: a multiple of any packet's size
)

var (
	errHeld   = errors.New("another program has claimed it")
	errSilent = errors.New("no answer")
)

// NewBulk makes a reader.Source on the bulk endpoints of a device that the kernel has
// no driver for. If dec is a reader.Describer it is told the class descriptor of the
// interface at each opening. Nothing is opened before Run.
func NewBulk(cfg Config, dec reader.Poller) (reader.Source, error) {
	if cfg.Spec.Usage != (Usage{}) {
		return nil, errors.New("usage= is for readers that send HID reports: leave it out")
	}
	return &Bulk{cfg: cfg, dec: dec, m: host, open: usbLibrary.claimInterface}, nil
}

// Name implements reader.Source.
func (b *Bulk) Name() string { return b.cfg.Name }

// Run implements reader.Source. Its error is a *reader.OpError.
func (b *Bulk) Run(ctx context.Context, emit func(reader.Event)) error {
	w, err := b.m.watch()
	if err != nil {
		return b.reportDown(emit, b.opError("watch", err))
	}
	changed, ended := make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(ended)
		for ok := true; ok; {
			var news bool
			if news, ok = w.next(rescan); news {
				wakeUp(changed)
			}
		}
	}()
	defer func() {
		w.close()
		<-ended
	}()
	for {
		err := b.serveDevice(ctx, emit)
		if ctx.Err() != nil {
			return nil
		}
		if err.Error() != b.told {
			return b.reportDown(emit, err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-time.After(rescan):
		}
	}
}

// reportDown reports a new trouble.
func (b *Bulk) reportDown(emit func(reader.Event), err error) error {
	b.told = err.Error()
	if errors.Is(err, errGone) {
		b.told = b.opError("find", errAbsent).Error()
	}
	emit(reader.Event{Kind: reader.KindDown, At: time.Now(), Why: whyOf(err)})
	return err
}

// serveDevice finds and claims the device and polls it until it fails. Its error is never nil.
func (b *Bulk) serveDevice(ctx context.Context, emit func(reader.Event)) error {
	dev, err := b.m.findPipes(b.cfg.Spec)
	if err != nil {
		return b.opError("find", err)
	}
	if d, ok := b.dec.(reader.Describer); ok {
		if err := d.Describe(dev.class); err != nil {
			return b.opError("use", &refusedError{err})
		}
	}
	if b.sick {
		b.sick = false
		if err := b.Reset(ctx); err != nil {
			return err
		}
	}
	l, err := b.open(dev)
	if err != nil {
		return b.opError("claim", b.explainError(dev, err))
	}
	defer l.close()
	err = b.runTalk(ctx, l, emit)
	if ctx.Err() == nil {
		err = b.explainError(dev, err)
		b.sick = !errors.Is(err, errGone)
	}
	return b.opError("talk to", err)
}

// explainError replaces an error by errGone if the device is gone.
func (b *Bulk) explainError(dev pipes, err error) error {
	if !dev.isThere() {
		return errGone
	}
	return err
}

// transfer is what a pipe brought.
type transfer struct {
	at  time.Time
	p   []byte
	err error
}

// runTalk runs the conversation until it fails. Its error is never nil.
func (b *Bulk) runTalk(ctx context.Context, l *link, emit func(reader.Event)) error {
	ctx, cancel := context.WithCancel(ctx)
	in := make(chan transfer)
	done := make(chan struct{}, len(l.receive))
	for _, r := range l.receive {
		go func() {
			r.forwardTransfers(ctx, in)
			done <- struct{}{}
		}()
	}
	defer func() {
		cancel()
		for range l.receive {
			<-done
		}
	}()
	s := &talk{b: b, l: l, in: in, emit: emit}
	b.dec.Open(time.Now())
	for {
		if err := s.exchangeOnce(ctx); err != nil {
			return err
		}
	}
}

// forwardTransfers forwards transfers until ctx ends or one fails. It ignores empty ones.
func (r receiver) forwardTransfers(ctx context.Context, to chan<- transfer) {
	for ctx.Err() == nil {
		buf := make([]byte, transferSize)
		n, err := r(ctx, buf)
		if err == nil && n == 0 {
			continue
		}
		select {
		case to <- transfer{time.Now(), buf[:min(max(n, 0), len(buf))], err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// talk is a conversation under way.
type talk struct {
	b      *Bulk
	l      *link
	in     <-chan transfer
	emit   func(reader.Event)
	works  bool
	silent bool
}

// exchangeOnce writes what the decoder has to send, and waits for a transfer or the deadline.
func (s *talk) exchangeOnce(ctx context.Context) error {
	dec := s.b.dec
	for q := dec.Send(time.Now()); q != nil; q = dec.Send(time.Now()) {
		if err := s.writeTransfer(ctx, q); err != nil {
			return err
		}
	}
	due := time.NewTimer(time.Until(dec.Deadline()))
	defer due.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case t := <-s.in:
		return s.feedTransfer(t)
	case <-due.C:
	}
	select { // a transfer that arrived in time must not count as late because the timer was first
	case t := <-s.in:
		return s.feedTransfer(t)
	default:
		dec.Tick(time.Now(), s.handleEvent)
		return s.checkSilent()
	}
}

func (s *talk) writeTransfer(ctx context.Context, q []byte) error {
	ctx, cancel := context.WithTimeout(ctx, transferBound)
	defer cancel()
	return s.l.write(ctx, q)
}

func (s *talk) feedTransfer(t transfer) error {
	if t.err != nil {
		return t.err
	}
	if tap := s.b.cfg.Tap; tap != nil {
		tap(t.p, t.at)
	}
	s.b.dec.Feed(t.at, t.p, s.handleEvent)
	return s.checkSilent()
}

// handleEvent passes an event on. It emits KindUp when the device has answered, because a claimed
// device need not work.
func (s *talk) handleEvent(e reader.Event) {
	if !s.works && (e.Kind == reader.KindAlive || e.Kind == reader.KindCard) {
		s.works = true
		s.b.told = ""
		s.emit(reader.Event{Kind: reader.KindUp, At: e.At})
	}
	s.silent = s.silent || e.Kind == reader.KindFault && e.Why == reader.Silent
	s.emit(e)
}

// checkSilent fails if the device does not answer.
func (s *talk) checkSilent() error {
	if s.silent {
		return errSilent
	}
	return nil
}

// Reset implements reader.Resetter.
func (b *Bulk) Reset(ctx context.Context) error {
	dev, err := b.m.findPipes(b.cfg.Spec)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = resetNode(b.m.usbNode(Device{usb: dev.usb}))
	}
	if err != nil {
		return b.opError("reset", err)
	}
	return nil
}

func (b *Bulk) opError(op string, err error) error {
	h := hintFor(err)
	switch {
	case errors.Is(err, errHeld):
		h = "pcscd has the reader: stop it (systemctl disable --now pcscd.socket pcscd), or use protocol pcscd"
	case errors.Is(err, errAbsent):
		h = "plug it in; `lsusb` shows what is there"
	case errors.Is(err, fs.ErrPermission):
		h = "give the agent's user the right to " + b.m.node("dev/bus/usb") + ", by a udev rule (firmware/udev has one)"
	case errors.Is(err, errSilent):
		h = "it was reset and is tried again; if that does not help, plug it in anew"
	}
	return &reader.OpError{Op: op, Device: b.cfg.Spec.String(), Hint: h, Err: err}
}
