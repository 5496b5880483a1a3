package usbport

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"golang.org/x/sys/unix"

	"badged/reader"
)

// Config says which device.
type Config struct {
	Name string // of the reader, in logs and events
	Spec Spec
	// Tap, if set, sees each report before the decoder does. It must not keep it.
	Tap func(p []byte, at time.Time)
}

// Port is a reader.Source on a HID interface of a USB device.
//
//	             plugged in, opened, described, silent  unplugged: KindDown, Run ends
//	(waiting) ----------------------------> (reading) ------------------------------>
//	    |  ^                                KindUp
//	    +--+ absent, ambiguous, refused: KindDown, Run ends; the same again: waits
//	         for a uevent, or 2 s
//
// In all states it holds the keys of every device that its Spec means. After a trouble that was
// reported already, Run does not return but waits for the device by itself, so that it reads a
// device that is plugged in again at once, whatever the back-off of its caller is.
type Port struct {
	cfg  Config
	dec  reader.Decoder
	m    *machine
	told string // the trouble that the last Run ended with
}

// New makes a port that feeds dec one report at a time, with its report id if the
// descriptor has ids. If dec is a reader.Describer, the port calls Describe at each opening,
// which also drops an unfinished number. If dec is a reader.Poller, the port exchanges feature
// reports instead: Send returns one to set, id (or 0) first, and Feed gets the feature report
// of the same id, id (or 0) first, or of the id that dec's method Answer(id) returns, if it
// has one. Nothing is opened before Run.
func New(cfg Config, dec reader.Decoder) *Port {
	return &Port{cfg: cfg, dec: dec, m: host}
}

// Name implements reader.Source.
func (p *Port) Name() string { return p.cfg.Name }

// Run implements reader.Source. Its error is a *reader.OpError.
func (p *Port) Run(ctx context.Context, emit func(reader.Event)) error {
	w, err := p.m.watch()
	if err != nil {
		return p.reportDown(emit, p.opError("watch", err))
	}
	changed := make(chan struct{}, 1)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		h := newHolder(p.m, p.isOwn)
		_ = h.holdKeys(w, func() { wakeUp(changed) }) // what keeps sysfs from being read, serve says too
	}()
	defer func() {
		w.close()
		<-kept
	}()
	return p.serveUntilNew(ctx, changed, emit)
}

func (p *Port) serveUntilNew(ctx context.Context, changed <-chan struct{}, emit func(reader.Event)) error {
	for {
		err := p.serveDevice(ctx, emit)
		if ctx.Err() != nil {
			return nil
		}
		if err.Error() != p.told {
			return p.reportDown(emit, err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-time.After(rescan):
		}
	}
}

// isOwn reports whether an input device belongs to the port, so that no other program may get
// its keys.
func (p *Port) isOwn(in input) bool { return p.cfg.Spec.fitsInput(in) }

func wakeUp(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// reportDown reports a new trouble.
func (p *Port) reportDown(emit func(reader.Event), err error) error {
	p.told = err.Error()
	if errors.Is(err, errGone) {
		p.told = p.absentError().Error() // the next Run need not say that it is gone
	}
	emit(reader.Event{Kind: reader.KindDown, At: time.Now(), Why: whyOf(err)})
	return err
}

// serveDevice finds and opens the device and reads it until it fails. Its error is never nil.
func (p *Port) serveDevice(ctx context.Context, emit func(reader.Event)) error {
	dev, err := p.m.findDevice(p.cfg.Spec)
	if errors.Is(err, errAbsent) {
		return p.absentError()
	}
	if err != nil {
		return p.opError("find", err)
	}
	o, err := p.openWithRetry(ctx, dev)
	if err != nil {
		return p.opError("open", err)
	}
	end := o.endWith(ctx)
	defer end()
	s, err := p.newDescribed(o.hidraw)
	if err != nil {
		return p.opError("use", err)
	}
	if err := s.awaitSilence(s.firstSilence(), pauseBound); err != nil {
		return p.opError("read", err)
	}
	emit(reader.Event{Kind: reader.KindUp, At: time.Now()})
	p.told = ""
	return p.opError("read", s.pumpReports(emit))
}

// newDescribed makes the pump for the device's reports, and describes them to the decoder.
func (p *Port) newDescribed(h *hidraw) (*pump, error) {
	desc, err := h.ctl.descriptor()
	if err != nil {
		return nil, err
	}
	s := newPump(h, p.dec, desc, p.cfg.Tap)
	if err := s.describeDecoder(); err != nil {
		return nil, &refusedError{err}
	}
	return s, nil
}

// errGone is that of a device that was unplugged while it was read.
var errGone = errors.New("the device went away")

// refusedError is that of a device whose descriptor does not fit the decoder.
type refusedError struct{ error }

func (e *refusedError) Unwrap() error { return e.error }

func (p *Port) absentError() error { return p.opError("find", errAbsent) }

func (p *Port) opError(op string, err error) error {
	return &reader.OpError{Op: op, Device: p.cfg.Spec.String(), Hint: hintFor(err), Err: err}
}

// whyOf is the reason that an event names for an error.
func whyOf(err error) reader.Why {
	var ambiguous *ambiguousError
	if errors.As(err, &ambiguous) {
		return reader.Ambiguous
	}
	return reader.Lost
}

func hintFor(err error) string {
	var refused *refusedError
	var ambiguous *ambiguousError
	switch {
	case errors.Is(err, errAbsent):
		return "plug it in, or choose one that `badgectl readers` shows"
	case errors.As(err, &ambiguous):
		return "`badgectl readers` shows which is which"
	case errors.Is(err, errGone):
		return "check its cable and power"
	case errors.Is(err, errGrabbed):
		return "`fuser -v` on the node names the program that uses it; stop it, or tell it to leave this device alone"
	case errors.As(err, &refused):
		return "it is not the kind of reader that the configuration says; `badgectl readers` shows what it is"
	case errors.Is(err, fs.ErrPermission):
		return "give the agent's user the right to /dev/hidraw* and /dev/input/event* of this device, by a udev rule or the group input"
	case errors.Is(err, fs.ErrNotExist):
		return "the kernel made no node for it: are the modules hid, usbhid and evdev loaded?"
	case errors.Is(err, unix.EPIPE):
		return "the device does not know this feature report: is it the kind of reader that the configuration says?"
	case errors.Is(err, unix.ETIMEDOUT):
		return "the device does not answer: plug it in anew"
	}
	return ""
}
