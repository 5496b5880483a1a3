// Package ptyport makes virtual serial ports: a pseudo-terminal with a link to it at a
// path that stays, on which a program writes what a reader would send. `badgectl replay`
// plays captures on one, and the devices of internal/rig/sim hang on them.
package ptyport

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// patience bounds a write to a device that nobody reads.
const patience = 2 * time.Second

// ErrUnplugged is the error of a port that was taken away.
var ErrUnplugged = errors.New("unplugged")

// Port is a serial device at a path that stays the same when it is unplugged and
// plugged in again, as one in /dev/serial/by-id does. Its methods are safe for
// concurrent use.
type Port struct {
	path string
	hear func(p []byte) // takes what the host says, in order; nil: nobody does

	mu     sync.Mutex // guards what follows
	master *os.File   // nil: unplugged
	slave  *os.File   // held open, so that the master works while nobody listens
	drain  chan struct{}
}

// Open makes a port and plugs it in. Path must not exist or be a link. Hear takes what
// the host says to the device, in order; nil: nobody listens.
func Open(path string, hear func(p []byte)) (*Port, error) {
	p := &Port{path: path, hear: hear}
	return p, p.Replug()
}

// Path is where to open the device.
func (p *Port) Path() string { return p.path }

// Send writes bytes on the wire as they are. Whatever was not read within two
// seconds is an error.
func (p *Port) Send(b []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.master == nil {
		return fmt.Errorf("send to %s: %w", p.path, ErrUnplugged)
	}
	if err := p.master.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return fmt.Errorf("send to %s: %w", p.path, err)
	}
	if _, err := p.master.Write(b); err != nil {
		return fmt.Errorf("send to %s: %w", p.path, err)
	}
	return nil
}

// HostBaud is the speed that the host has set last. A pseudo-terminal carries bytes at every speed;
// a device that is to be heard at its own speed only looks at this.
func (p *Port) HostBaud() (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.slave == nil {
		return 0, fmt.Errorf("look at %s: %w", p.path, ErrUnplugged)
	}
	conn, err := p.slave.SyscallConn()
	if err != nil {
		return 0, err
	}
	baud := 0
	var ierr error
	err = conn.Control(func(fd uintptr) {
		var s *unix.Termios
		if s, ierr = unix.IoctlGetTermios(int(fd), unix.TCGETS2); ierr == nil {
			baud = int(s.Ospeed)
		}
	})
	return baud, errors.Join(err, ierr)
}

// Unplug takes the device away: its path vanishes and whoever reads it gets an
// error. It is fine to call it twice.
func (p *Port) Unplug() error {
	p.mu.Lock()
	if p.master == nil {
		p.mu.Unlock()
		return nil
	}
	err := errors.Join(os.Remove(p.path), p.slave.Close(), p.master.Close())
	drain := p.drain
	p.master, p.slave = nil, nil
	p.mu.Unlock() // it may be sending
	<-drain
	return err
}

// Replug brings the device back at its path.
func (p *Port) Replug() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.master != nil {
		return nil
	}
	master, slave, err := pty.Open()
	if err != nil {
		return fmt.Errorf("make a pseudo-terminal for %s: %w", p.path, err)
	}
	if master, err = pollable(master); err == nil {
		err = errors.Join(raw(slave), link(slave.Name(), p.path))
	}
	if err != nil {
		_, _ = slave.Close(), master.Close()
		return fmt.Errorf("plug in %s: %w", p.path, err)
	}
	p.master, p.slave, p.drain = master, slave, make(chan struct{})
	go listen(master, p.hear, p.drain)
	return nil
}

// Close unplugs the device for good.
func (p *Port) Close() error { return p.Unplug() }

// listen takes what the host says to the device, until it is unplugged.
func listen(master io.Reader, hear func(p []byte), done chan<- struct{}) {
	defer close(done)
	buf := make([]byte, 2048)
	for {
		n, err := master.Read(buf)
		if err != nil {
			return
		}
		if hear != nil {
			hear(buf[:n])
		}
	}
}

// link makes path a link to target in one step, in place of an older link.
func link(target, path string) error {
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSymlink == 0 {
		return fmt.Errorf("%s is there already and is not a link", path)
	}
	tmp := path + ".new"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Symlink(target, tmp); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// pollable gives f in a form that deadlines and Close work on: the library leaves it
// blocking. It takes f, also when it fails.
func pollable(f *os.File) (*os.File, error) {
	defer f.Close()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// raw turns echo, signals and line editing off.
func raw(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var ierr error
	err = conn.Control(func(fd uintptr) {
		var s *unix.Termios
		if s, ierr = unix.IoctlGetTermios(int(fd), unix.TCGETS); ierr != nil {
			return
		}
		s.Iflag, s.Oflag, s.Lflag = 0, 0, 0
		s.Cflag = s.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
		s.Cc[unix.VMIN], s.Cc[unix.VTIME] = 1, 0
		ierr = unix.IoctlSetTermios(int(fd), unix.TCSETS, s)
	})
	return errors.Join(err, ierr)
}
