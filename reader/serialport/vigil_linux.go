package serialport

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"badged/reader"
)

// The vigil checks an idle port every vigilPeriod, and gives it up after vigilMisses failed
// checks in a row: after one, udev may be about to make its link again.
const (
	vigilPeriod = 2 * time.Second
	vigilMisses = 2
)

// What the vigil can find.
var (
	errReplaced = errors.New("the path leads to another device now")
	errHungUp   = errors.New("the open port does not answer")
)

// watchIdle checks an open port that may be silent for ever, until ctx ends or the port is dead
// without an error: unplugged without a hang-up, or plugged in again under the same name. It
// never waits for the device.
func watchIdle(ctx context.Context, path string, tty *os.File) error {
	beat := time.NewTicker(vigilPeriod)
	defer beat.Stop()
	for misses := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-beat.C:
		}
		err := checkPort(path, tty)
		if err == nil {
			misses = 0
		} else if misses++; misses == vigilMisses {
			return err
		}
	}
}

// checkPort fails if an open port is dead: the node behind the path must be the open one, and
// the driver must know its settings.
func checkPort(path string, tty *os.File) error {
	var node, open unix.Stat_t
	err := withDescriptor(tty, func(fd int) error {
		if _, err := unix.IoctlGetTermios(fd, unix.TCGETS); err != nil {
			return errHungUp
		}
		return unix.Fstat(fd, &open)
	})
	if err != nil {
		return err
	}
	if err := unix.Stat(path, &node); err != nil {
		return err
	}
	if node.Rdev != open.Rdev || node.Ino != open.Ino || node.Dev != open.Dev {
		return errReplaced
	}
	return nil
}

// resetTime is how long a reset holds the modem lines down: many readers take their
// power, or their reset line, from them.
const resetTime = 100 * time.Millisecond

// Reset implements reader.Resetter: it drops DTR and RTS for a moment. A port without
// them, or whose RTS is the direction of the line, has nothing to reset.
func (p *Port) Reset(ctx context.Context) error {
	if p.cfg.RS485 {
		return nil
	}
	tty, err := openLocked(p.cfg.Path)
	if err != nil {
		return openError(p.cfg.Path, err)
	}
	defer tty.Close()
	const lines = unix.TIOCM_DTR | unix.TIOCM_RTS
	switch err := setModemLines(tty, unix.TIOCMBIC, lines); {
	case errors.Is(err, unix.ENOTTY), errors.Is(err, unix.EINVAL):
		return nil
	case err != nil:
		return &reader.OpError{Op: "reset", Device: p.cfg.Path, Err: err}
	}
	t := time.NewTimer(resetTime)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
	if err := setModemLines(tty, unix.TIOCMBIS, lines); err != nil {
		return &reader.OpError{Op: "reset", Device: p.cfg.Path, Err: err}
	}
	return nil
}

// setModemLines sets or clears modem lines.
func setModemLines(tty *os.File, request uint, lines int) error {
	return withDescriptor(tty, func(fd int) error { return unix.IoctlSetPointerInt(fd, request, lines) })
}
