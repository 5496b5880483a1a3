package usbport

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// findDevice gives the device that s means.
func (m *machine) findDevice(s Spec) (Device, error) {
	all, err := m.devices()
	if err != nil {
		return Device{}, err
	}
	return chooseDevice(s, all)
}

// stillThere reports whether the node still is that of the device.
func (m *machine) stillThere(d Device) bool {
	class := m.node("sys/class/hidraw")
	to, err := os.Readlink(filepath.Join(class, filepath.Base(d.Hidraw)))
	return err == nil && filepath.Dir(filepath.Dir(filepath.Join(class, to))) == d.hid
}

// opened is a device in use: its reports, and the event nodes that are held.
type opened struct {
	*hidraw
	releases []func()
}

// openWithRetry opens a device. It tries again for a second if a node is missing or not allowed, because
// udev may not be ready, as long as the device is plugged in.
func (p *Port) openWithRetry(ctx context.Context, d Device) (*opened, error) {
	for try := 0; ; try++ {
		o, err := p.m.openDevice(d)
		if err == nil || !isSettling(err) || try == retries {
			return o, err
		}
		if !p.m.stillThere(d) {
			return nil, errAbsent
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(retryEvery):
		}
	}
}

// openDevice takes the keys of all of the USB device's interfaces, then opens the reports.
func (m *machine) openDevice(d Device) (*opened, error) {
	o := &opened{}
	if err := m.grabAllInputs(d, o); err != nil {
		o.close()
		return nil, err
	}
	h, err := m.openHidraw(d.Hidraw)
	if err != nil {
		o.close()
		return nil, err
	}
	o.hidraw = h
	if !m.stillThere(d) { // the node's number may be another device's by now
		o.close()
		return nil, errAbsent
	}
	return o, nil
}

func (m *machine) grabAllInputs(d Device, o *opened) error {
	all, err := m.listInputs()
	if err != nil {
		return err
	}
	for _, in := range all {
		if !in.isUSB || in.usb.dir != d.dir {
			continue
		}
		if in.node == "" {
			return fmt.Errorf("no event node of %s: %w", filepath.Base(in.dir), fs.ErrNotExist)
		}
		release, err := m.grabInput(in)
		if err != nil {
			return err
		}
		o.releases = append(o.releases, release)
	}
	return nil
}

func (o *opened) close() {
	if o.hidraw != nil {
		_ = o.f.Close() // may be closed already
	}
	for _, release := range o.releases {
		release()
	}
}

// endWith closes the reports when ctx ends, which ends a blocked read, and gives
// what closes all of it.
func (o *opened) endWith(ctx context.Context) (end func()) {
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = o.f.Close()
	})
	return func() {
		if !stop() {
			<-closed
		}
		o.close()
	}
}
