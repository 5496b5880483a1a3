package serialport

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"go.bug.st/serial"
	"golang.org/x/sys/unix"

	"badged/reader"
)

// What can be wrong with a port, beside what the system says.
var (
	errDirectory = errors.New("is a directory")
	errNotSerial = errors.New("not a serial port")
	errBusy      = errors.New("in use by another program")
)

// The major numbers of the slaves of pseudo-terminals: Linux, devices.txt.
const ptyFirst, ptyLast = 136, 143

// port is an open serial port: the library's, which sets the line, and a file of
// our own on the same device, which is locked and read. The file waits in the
// runtime's poller: its reads come earlier than the library's (which waits in
// select, then reads; about 4 µs of 20 measured on a pseudo-terminal), take
// deadlines, and end when it is closed.
type port struct {
	line serial.Port
	tty  *os.File
}

// Close closes the port. The file may be closed already. It drops unsent bytes, because the
// kernel would wait half a minute for a device that does not accept them.
func (p *port) Close() error {
	_ = p.line.ResetOutputBuffer()
	return errors.Join(p.line.Close(), ignoreClosed(p.tty.Close()))
}

func ignoreClosed(err error) error {
	if errors.Is(err, fs.ErrClosed) {
		return nil
	}
	return err
}

// openPort opens the port for this process alone. Its error is a *reader.OpError.
func openPort(cfg Config) (*port, error) {
	tty, err := openLocked(cfg.Path)
	if err != nil {
		return nil, openError(cfg.Path, err)
	}
	line, err := serial.Open(cfg.Path, &serial.Mode{BaudRate: cfg.Baud})
	if err != nil {
		_ = tty.Close()
		return nil, openError(cfg.Path, err)
	}
	p := &port{line, tty}
	if err := p.setUp(cfg.RS485); err != nil {
		_ = p.Close()
		return nil, openError(cfg.Path, err)
	}
	return p, nil
}

// OpenFile opens the port at path exclusively, with its present settings, for a tool
// that writes to it. Its error is a *reader.OpError; it fails on anything but a serial port
// before a byte is written.
func OpenFile(path string) (*os.File, error) {
	f, err := openLocked(path)
	if err != nil {
		return nil, openError(path, err)
	}
	return f, nil
}

// setUp sets the direction of a half-duplex line, and drops bytes from before the port was
// open. On a pseudo-terminal it also ends the exclusive mode: that would outlive a killed
// process there, and the lock has the same effect without that.
func (p *port) setUp(halfDuplex bool) error {
	if halfDuplex {
		if err := enableRS485(p.tty); err != nil {
			return fmt.Errorf("set up RS-485: %w", err)
		}
	}
	if err := p.line.ResetInputBuffer(); err != nil {
		return fmt.Errorf("drop old input: %w", err)
	}
	pty, err := isPTY(p.tty)
	if err != nil || !pty {
		return err
	}
	return withDescriptor(p.tty, func(fd int) error { return unix.IoctlSetInt(fd, unix.TIOCNXCL, 0) })
}

// openLocked opens path beside the library and locks it. Exclusive mode alone does not
// keep root out, and the agent often is root; the lock ends with the process.
func openLocked(path string) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errDirectory
	case info.Mode()&fs.ModeCharDevice == 0:
		return nil, errNotSerial
	}
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if err := lockTerminal(f); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// lockTerminal makes sure that f is a terminal that nobody else uses, and locks it.
func lockTerminal(f *os.File) error {
	pty, err := isPTY(f)
	if err != nil {
		return err
	}
	return withDescriptor(f, func(fd int) error {
		if _, err := unix.IoctlGetTermios(fd, unix.TCGETS); err != nil {
			return errNotSerial
		}
		if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
			return errBusy
		}
		if taken, err := unix.IoctlGetInt(fd, unix.TIOCGEXCL); err == nil && taken != 0 && !pty {
			return errBusy
		}
		return nil
	})
}

func isPTY(f *os.File) (bool, error) {
	var st unix.Stat_t
	err := withDescriptor(f, func(fd int) error { return unix.Fstat(fd, &st) })
	major := unix.Major(uint64(st.Rdev)) //nolint:unconvert // 32 bits on some machines
	return ptyFirst <= major && major <= ptyLast, err
}

// withDescriptor runs fn on f's descriptor without taking it from the runtime's poller.
func withDescriptor(f *os.File, fn func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var ferr error
	if err := raw.Control(func(fd uintptr) { ferr = fn(int(fd)) }); err != nil {
		return err
	}
	return ferr
}

// openError says what was attempted and what to do about it.
func openError(path string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err // the path is told once, by OpError
	}
	err = translateError(err)
	return &reader.OpError{Op: "open", Device: path, Hint: hintFor(err), Err: err}
}

// translateError translates the library's codes to errors of this package.
func translateError(err error) error {
	var pe *serial.PortError
	if !errors.As(err, &pe) {
		return err
	}
	switch pe.Code() {
	case serial.PortBusy:
		return errBusy
	case serial.PermissionDenied:
		return fs.ErrPermission
	case serial.PortNotFound:
		return fs.ErrNotExist
	}
	return err
}

func hintFor(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "plug the device in, or choose a path that `ls -l /dev/serial/by-id` shows"
	case errors.Is(err, errDirectory):
		return "name the port in it, for example one of /dev/serial/by-id"
	case errors.Is(err, errNotSerial):
		return "choose a path that `ls -l /dev/serial/by-id` shows"
	case errors.Is(err, fs.ErrPermission):
		return "add the agent's user to the group that owns the port, mostly dialout"
	case errors.Is(err, errBusy), errors.Is(err, unix.EBUSY):
		return "`fuser -v` on the port names the program that uses it; stop it"
	case errors.Is(err, unix.EIO), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV):
		return "the device does not answer: check its cable and power"
	}
	return ""
}
