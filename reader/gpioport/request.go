package gpioport

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/warthog618/go-gpiocdev/uapi"
	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/gpio"

	"badged/reader"
)

// request is lines that the kernel has assigned to the agent. Close ends a blocked Read and
// returns the lines.
type request interface {
	Read(p []byte) (int, error) // whole events
	SetReadDeadline(time.Time) error
	SyscallConn() (syscall.RawConn, error)
	drain(p []byte) (int, error) // what is there now, without waiting
	value() (bool, error)        // of the first line: active?
	set(active bool) error       // the first line
	Close() error
}

// opener requests lines. Its error is a *reader.OpError.
type opener func(chip string, lines []int, cfg uapi.LineConfig) (request, error)

// eventBuffer is how many edges the kernel keeps for us. A Wiegand frame has two edges a
// bit at the most, so that this is five of the longest.
const eventBuffer = 1024

// requestLines is the opener of the kernel's chips.
func requestLines(name string, lines []int, cfg uapi.LineConfig) (request, error) {
	chip, err := openChip(name)
	if err != nil {
		return nil, describeFailure("open", name, err)
	}
	defer chip.Close() // the request outlives it
	req := uapi.LineRequest{Config: cfg, Lines: uint32(len(lines)), EventBufferSize: eventBuffer}
	copy(req.Consumer[:len(req.Consumer)-1], "badged")
	for i, n := range lines {
		req.Offsets[i] = uint32(n)
	}
	if err := withDescriptor(chip, func(fd uintptr) error { return uapi.GetLine(fd, &req) }); err != nil {
		return nil, describeFailure("request", fmt.Sprintf("%s:%s", name, joinLines(lines)), err)
	}
	if err := syscall.SetNonblock(int(req.Fd), true); err != nil {
		_ = syscall.Close(int(req.Fd))
		return nil, describeFailure("request", name, err)
	}
	return handle{os.NewFile(uintptr(req.Fd), name)}, nil
}

func joinLines(lines []int) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(lines), "[]"), " ", ",")
}

// openChip opens a chip by name, path or label.
func openChip(name string) (*os.File, error) {
	path := name
	if !filepath.IsAbs(name) {
		path = "/dev/" + name
	}
	chip, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) && path != name {
		return byLabel(name)
	}
	return chip, err
}

// errLabel is the error of a label that two chips have.
var errLabel = errors.New("more than one chip has this label: name it by its path")

func byLabel(label string) (*os.File, error) {
	devices, err := os.ReadDir("/dev")
	if err != nil {
		return nil, err
	}
	var found *os.File
	for _, d := range devices {
		if !strings.HasPrefix(d.Name(), "gpiochip") {
			continue
		}
		chip, err := os.Open("/dev/" + d.Name())
		if err != nil {
			continue // another may have the label
		}
		var info uapi.ChipInfo
		err = withDescriptor(chip, func(fd uintptr) (err error) { info, err = uapi.GetChipInfo(fd); return err })
		switch {
		case err != nil || uapi.BytesToString(info.Label[:]) != label:
			_ = chip.Close()
		case found != nil:
			_, _ = chip.Close(), found.Close()
			return nil, errLabel
		default:
			found = chip
		}
	}
	if found == nil {
		return nil, fs.ErrNotExist
	}
	return found, nil
}

// withDescriptor calls fn with the file's descriptor.
func withDescriptor(f *os.File, fn func(fd uintptr) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = fn(fd) }); err != nil {
		return err
	}
	return inner
}

// describeFailure wraps an error with what was attempted and what can be done.
func describeFailure(op, device string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err // the error names the device already
	}
	hint := ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err, hint = errors.New("there is no such chip"), "gpiodetect lists chips and their labels"
	case errors.Is(err, fs.ErrPermission):
		hint = "the user of the agent must be in the group of /dev/gpiochip*, which is often gpio"
	case errors.Is(err, syscall.EBUSY):
		hint = "another program or driver has the line: gpioinfo tells which"
	case errors.Is(err, syscall.EINVAL):
		hint = "the chip may not have so many lines, or the kernel is older than 5.10: see gpioinfo and uname -r"
	case errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.EOPNOTSUPP):
		hint = "the chip cannot do this with this line: no edges, or no such pull resistor"
	case errors.Is(err, syscall.ENOTTY):
		hint = "this is no GPIO chip, or the kernel is older than 5.10"
	case errors.Is(err, syscall.ENODEV):
		hint = "the chip went away: check its cable and power"
	}
	return &reader.OpError{Op: op, Device: device, Hint: hint, Err: err}
}

// handle is a request to the kernel.
type handle struct{ *os.File }

func (h handle) drain(p []byte) (n int, err error) {
	err = withDescriptor(h.File, func(fd uintptr) (err error) {
		n, err = syscall.Read(int(fd), p)
		return err
	})
	if errors.Is(err, syscall.EAGAIN) {
		return 0, nil
	}
	return max(n, 0), err
}

func (h handle) value() (bool, error) {
	v := uapi.LineValues{Mask: 1}
	err := withDescriptor(h.File, func(fd uintptr) error { return uapi.GetLineValuesV2(fd, &v) })
	return v.Bits&1 == 1, err
}

func (h handle) set(active bool) error {
	v := uapi.LineValues{Mask: 1}
	if active {
		v.Bits = 1
	}
	return withDescriptor(h.File, func(fd uintptr) error { return uapi.SetLineValuesV2(fd, v) })
}

// biasFlag is the kernel's flag of a pull resistor.
func biasFlag(p gpio.Pull) uapi.LineFlagV2 {
	switch p {
	case gpio.PullUp:
		return uapi.LineFlagV2BiasPullUp
	case gpio.PullDown:
		return uapi.LineFlagV2BiasPullDown
	default:
		return 0
	}
}

// event is an edge as the kernel reports it.
type event struct {
	at     time.Duration // CLOCK_MONOTONIC
	rising bool          // became active
	line   int
	seq    uint32 // in the request
}

// eventSize is that of struct gpio_v2_line_event.
const eventSize = 48

// parseEvent reads an event. Source: linux/gpio.h, struct gpio_v2_line_event.
func parseEvent(p []byte) event {
	n := binary.NativeEndian
	return event{
		at:     time.Duration(n.Uint64(p)),
		rising: uapi.LineEventID(n.Uint32(p[8:])) == uapi.LineEventRisingEdge,
		line:   int(n.Uint32(p[12:])),
		seq:    n.Uint32(p[16:]),
	}
}

// kernelClock converts the kernel's monotonic time to a time.Time.
type kernelClock struct {
	mono time.Duration
	wall time.Time
}

func newKernelClock() (kernelClock, error) {
	var ts unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return kernelClock{time.Duration(ts.Nano()), time.Now()}, err
}

func (c kernelClock) time(at time.Duration) time.Time { return c.wall.Add(at - c.mono) }
