package serialport

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// rs485 is struct serial_rs485 of linux/serial.h.
type rs485 struct {
	flags        uint32
	beforeSend   uint32 // ms from RTS to the first bit
	afterSend    uint32 // ms from the last bit to RTS
	addressOrPad [5]uint32
}

// Flags of rs485: linux/serial.h, SER_RS485_*.
const (
	rs485Enabled   = 1 << 0
	rs485OnSend    = 1 << 1 // RTS is high while the port sends
	rs485AfterSend = 1 << 2 // RTS is high while it does not
)

// enableRS485 lets the kernel switch the line's driver on for sending and off right after the
// last bit. It leaves a port that cannot do that (a pseudo-terminal; an adapter that does it by
// itself) as it is, and a port that the board's device tree has set up already.
func enableRS485(tty *os.File) error {
	var set rs485
	err := withDescriptor(tty, func(fd int) error {
		if err := ioctl(fd, unix.TIOCGRS485, unsafe.Pointer(&set)); err != nil {
			return err
		}
		if set.flags&rs485Enabled != 0 {
			return nil
		}
		set.flags = set.flags&^rs485AfterSend | rs485Enabled | rs485OnSend
		return ioctl(fd, unix.TIOCSRS485, unsafe.Pointer(&set))
	})
	if errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.EINVAL) {
		return nil
	}
	return err
}

func ioctl(fd int, request uintptr, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}
