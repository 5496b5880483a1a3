//go:build libusb

package usbport

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"sync"

	"github.com/google/gousb"
)

// library is libusb. It keeps one context, because each has its own thread. It makes a new
// context only if the present one does not know a device that the kernel has; that happens
// where udev does not run and libusb does not learn of new devices.
type library struct {
	m *machine

	mu  sync.Mutex     // guards what follows
	ctx *gousb.Context // nil: not begun
	bad string         // the plugged-in devices when libusb last failed
}

var usbLibrary = &library{m: host}

// claimInterface claims a smart card interface.
func (l *library) claimInterface(p pipes) (*link, error) {
	if p.isClaimed() {
		return nil, errHeld
	}
	dev, err := l.openDevice(p)
	if err != nil {
		return nil, err
	}
	k, err := claimOf(dev, p.iface)
	if err == nil {
		return k, nil
	}
	_ = dev.Close() // what went wrong is known
	if p.isClaimed() {
		return nil, errHeld
	}
	return nil, err
}

// openDevice opens the device of an interface.
func (l *library) openDevice(p pipes) (*gousb.Device, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.m.pluggedText()
	if now == l.bad {
		return nil, errBroken
	}
	dev, err := l.findDevice(p)
	var panicked *panicError
	if errors.As(err, &panicked) {
		l.bad = now
		return nil, errBroken
	}
	l.bad = ""
	return dev, err
}

// errBroken says that gousb fails at the descriptors of some device, perhaps not the reader.
// The library does not ask again before a device comes or goes, because each time costs memory.
var errBroken = errors.New("libusb cannot look at the devices: one that is plugged in has broken descriptors")

// findDevice looks for the device in the context's list, and in a new one's.
func (l *library) findDevice(p pipes) (*gousb.Device, error) {
	for fresh := l.ctx == nil; ; fresh = true {
		if l.ctx == nil {
			ctx, err := newContext()
			if err != nil {
				return nil, err
			}
			l.ctx = ctx
		}
		dev, err := l.openListed(p)
		if dev != nil || err != nil {
			return dev, err
		}
		if fresh {
			return nil, errAbsent
		}
		if err := l.ctx.Close(); err != nil { // it has a device that is in use
			return nil, fmt.Errorf("libusb does not know the device: %w", err)
		}
		l.ctx = nil
	}
}

// newContext makes a context, which panics when libusb fails.
func newContext() (ctx *gousb.Context, err error) {
	err = withoutPanic(func() error { ctx = gousb.NewContext(); return nil })
	if err != nil {
		err = fmt.Errorf("start libusb: %w: is /dev/bus/usb there?", err)
	}
	return ctx, err
}

// openListed opens the device with the numbers that the kernel gives it; nil: the list does not
// have it. What is wrong with other devices does not matter.
func (l *library) openListed(p pipes) (dev *gousb.Device, err error) {
	bus, _ := strconv.Atoi(p.bus)
	address, _ := strconv.Atoi(p.dev)
	found := false
	err = withoutPanic(func() error {
		list, err := l.ctx.OpenDevices(func(d *gousb.DeviceDesc) bool {
			ours := d.Bus == bus && d.Address == address
			found = found || ours
			return ours
		})
		if len(list) > 0 {
			dev, err = list[0], nil
		}
		if !found {
			err = nil
		}
		return err
	})
	if errors.Is(err, gousb.ErrorAccess) {
		err = fs.ErrPermission
	}
	return dev, err
}

// claimOf claims an interface, even from a kernel driver. The link then owns the device.
func claimOf(dev *gousb.Device, n int) (*link, error) {
	num, err := dev.ActiveConfigNum()
	if err != nil {
		return nil, err
	}
	cfg, err := dev.Config(num)
	if err != nil {
		return nil, err
	}
	// Only now: gousb would detach the drivers of all interfaces, libusb those of the
	// claimed one.
	var face *gousb.Interface
	if err = dev.SetAutoDetach(true); err == nil {
		err = withoutPanic(func() (err error) { face, err = cfg.Interface(n, 0); return err })
	}
	if err != nil {
		_ = cfg.Close()
		return nil, err
	}
	release := func() {
		face.Close()
		_ = cfg.Close()
	}
	k, err := findEndpoints(face)
	if err != nil {
		release()
		return nil, err
	}
	k.close = func() {
		release()
		_ = dev.Close()
	}
	return k, nil
}

var errPipes = errors.New("the interface has no bulk pipes in both directions")

// findEndpoints finds the pipes of an interface.
func findEndpoints(face *gousb.Interface) (*link, error) {
	var bulk, interrupt *gousb.InEndpoint
	var out *gousb.OutEndpoint
	var err error
	for _, e := range face.Setting.Endpoints {
		in := e.Direction == gousb.EndpointDirectionIn
		switch {
		case e.TransferType == gousb.TransferTypeBulk && in:
			bulk, err = face.InEndpoint(e.Number)
		case e.TransferType == gousb.TransferTypeBulk:
			out, err = face.OutEndpoint(e.Number)
		case e.TransferType == gousb.TransferTypeInterrupt && in:
			interrupt, err = face.InEndpoint(e.Number)
		}
		if err != nil {
			return nil, err
		}
	}
	if bulk == nil || out == nil {
		return nil, errPipes
	}
	k := &link{write: func(ctx context.Context, p []byte) error {
		_, err := out.WriteContext(ctx, p)
		return nameGone(err)
	}}
	k.receive = append(k.receive, receiverOf(bulk))
	if interrupt != nil {
		k.receive = append(k.receive, receiverOf(interrupt))
	}
	return k, nil
}

func receiverOf(in *gousb.InEndpoint) receiver {
	return func(ctx context.Context, p []byte) (int, error) {
		n, err := in.ReadContext(ctx, p)
		return n, nameGone(err)
	}
}

// nameGone gives the errors of a device that is not there any more one name.
func nameGone(err error) error {
	if errors.Is(err, gousb.TransferNoDevice) || errors.Is(err, gousb.ErrorNoDevice) {
		return errGone
	}
	return err
}

// panicError is a panic of gousb, which trusts what devices say of themselves.
type panicError struct{ what any }

func (e *panicError) Error() string { return fmt.Sprint(e.what) }

// withoutPanic makes an error of a panic.
func withoutPanic(do func() error) (err error) {
	defer func() {
		if what := recover(); what != nil {
			err = &panicError{what}
		}
	}()
	return do()
}
