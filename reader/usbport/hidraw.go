package usbport

import (
	"errors"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernelReports is how many reports hidraw keeps for a reader that does not come:
// HIDRAW_BUFFER_SIZE of linux/hidraw.h less the one that tells full from empty. More
// than that it drops without a word.
const kernelReports = 63

// hidraw is an open hidraw node.
type hidraw struct {
	f   *os.File
	raw syscall.RawConn
	ctl control
}

// control is what is asked of a hidraw node beside reading it.
type control interface {
	// descriptor gives the report descriptor.
	descriptor() ([]byte, error)
	// set sends a feature report: its id, or 0, and the data.
	set(report []byte) error
	// get asks for the feature report that report[0] names, and gives its length.
	get(report []byte) (int, error)
}

// openHidraw opens a node, to be waited for in the runtime's poller.
func openHidraw(path string) (*hidraw, error) {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	return newHidraw(f, nil)
}

// newHidraw reads f; ctl is that of hidraw itself if nil. It closes f if it fails.
func newHidraw(f *os.File, ctl control) (*hidraw, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	if ctl == nil {
		ctl = ioctls{raw}
	}
	return &hidraw{f, raw, ctl}, nil
}

// ioctls are those of linux/hidraw.h.
type ioctls struct{ raw syscall.RawConn }

// hidrawDescriptor is struct hidraw_report_descriptor.
type hidrawDescriptor struct {
	size  uint32
	value [4096]byte
}

func (c ioctls) descriptor() ([]byte, error) {
	var size int32
	if _, err := c.call(unix.HIDIOCGRDESCSIZE, unsafe.Pointer(&size)); err != nil {
		return nil, err
	}
	var d hidrawDescriptor
	if size <= 0 || int(size) > len(d.value) {
		return nil, errors.New("has no report descriptor")
	}
	d.size = uint32(size)
	if _, err := c.call(unix.HIDIOCGRDESC, unsafe.Pointer(&d)); err != nil {
		return nil, err
	}
	return d.value[:size], nil
}

// HIDIOCSFEATURE and HIDIOCGFEATURE without the length, which is part of them.
const (
	setFeature = 3<<30 | 'H'<<8 | 0x06
	getFeature = 3<<30 | 'H'<<8 | 0x07
)

func (c ioctls) set(report []byte) error {
	_, err := c.call(setFeature|uint(len(report))<<16, unsafe.Pointer(&report[0]))
	return err
}

func (c ioctls) get(report []byte) (int, error) {
	return c.call(getFeature|uint(len(report))<<16, unsafe.Pointer(&report[0]))
}

// call makes an ioctl without taking the descriptor from the runtime's poller.
func (c ioctls) call(request uint, arg unsafe.Pointer) (int, error) {
	var n uintptr
	var errno unix.Errno
	err := c.raw.Control(func(fd uintptr) {
		n, _, errno = unix.Syscall(unix.SYS_IOCTL, fd, uintptr(request), uintptr(arg))
	})
	if err == nil && errno != 0 {
		err = errno
	}
	return int(n), err
}
