package usbport

import (
	"errors"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Of linux/kd.h: the mode of a console's keyboard, and the one in which it is deaf.
const (
	getKeyboardMode = 0x4B44
	setKeyboardMode = 0x4B45
	keyboardOff     = 4
)

// muteConsole makes the active text console ignore keys until the result is closed. Under a
// graphical panel it ignores them anyway.
func muteConsole() (io.Closer, error) {
	f, err := os.OpenFile("/dev/tty0", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	c := &deafConsole{tty: f}
	if c.mode, err = unix.IoctlGetInt(int(f.Fd()), getKeyboardMode); err == nil {
		err = c.setMode(keyboardOff)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return c, nil
}

type deafConsole struct {
	tty  *os.File
	mode int // that it had
}

func (c *deafConsole) setMode(mode int) error {
	return unix.IoctlSetInt(int(c.tty.Fd()), setKeyboardMode, mode)
}

func (c *deafConsole) Close() error { return errors.Join(c.setMode(c.mode), c.tty.Close()) }

// muting counts the holders that want the console deaf.
type muting struct {
	mu    sync.Mutex // guards all of it
	users int
	deaf  io.Closer // nil: it could not be made so
}

// muteKeys makes the console deaf until hear is called, once. Without permission or without a
// console, it does nothing.
func (m *machine) muteKeys() (hear func()) {
	c := &m.muting
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users++; c.users == 1 {
		c.deaf, _ = m.muteConsole()
	}
	return m.unmuteConsole
}

func (m *machine) unmuteConsole() {
	c := &m.muting
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users--; c.users == 0 && c.deaf != nil {
		_ = c.deaf.Close()
		c.deaf = nil
	}
}
