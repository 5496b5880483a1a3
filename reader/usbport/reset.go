package usbport

import (
	"context"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// resetDevice is USBDEVFS_RESET: linux/usbdevice_fs.h.
const resetDevice = 'U'<<8 | 20

// Reset resets the device as if it had been plugged in again, without cutting its
// power, which brings one back whose firmware hangs on the bus. Run goes on, or ends
// if the device comes back as another one.
func (p *Port) Reset(ctx context.Context) error {
	dev, err := p.m.findDevice(p.cfg.Spec)
	if err != nil {
		return p.opError("reset", err)
	}
	if err := ctx.Err(); err != nil {
		return p.opError("reset", err)
	}
	if err := resetNode(p.m.usbNode(dev)); err != nil {
		return p.opError("reset", err)
	}
	return nil
}

// usbNode is the file of the whole device: /dev/bus/usb/001/004.
func (m *machine) usbNode(d Device) string {
	return m.node("dev/bus/usb", padNumber(d.bus), padNumber(d.dev))
}

func padNumber(number string) string {
	n, _ := strconv.Atoi(number)
	s := strconv.Itoa(1000 + n%1000)
	return s[1:]
}

func resetNode(node string) error {
	f, err := os.OpenFile(node, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.IoctlSetInt(int(f.Fd()), resetDevice, 0)
}
