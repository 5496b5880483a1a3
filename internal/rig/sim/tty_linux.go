package sim

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

var errUnplugged = errors.New("unplugged")

// tty is a serial device at a path that stays the same when it is unplugged and
// plugged in again, as one in /dev/serial/by-id does. Its methods are safe for
// concurrent use.
type tty struct {
	path string
	hear func(p []byte) // takes what the host says, in order; nil: nobody does

	mu     sync.Mutex // guards what follows
	master *os.File   // nil: unplugged
	slave  *os.File   // held open, so that the master works while nobody listens
	drain  chan struct{}
}

// plug makes a tty and plugs it in. Path must not exist or be a link.
func plug(path string) (*tty, error) { return plugHearing(path, nil) }

// plugHearing makes a tty that listens to its host.
func plugHearing(path string, hear func(p []byte)) (*tty, error) {
	t := &tty{path: path, hear: hear}
	return t, t.Replug()
}

// Path is where to open the device.
func (t *tty) Path() string { return t.path }

// Send writes bytes on the wire as they are. Whatever was not read within two
// seconds is an error.
func (t *tty) Send(p []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.master == nil {
		return fmt.Errorf("send to %s: %w", t.path, errUnplugged)
	}
	if err := t.master.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return fmt.Errorf("send to %s: %w", t.path, err)
	}
	if _, err := t.master.Write(p); err != nil {
		return fmt.Errorf("send to %s: %w", t.path, err)
	}
	return nil
}

// HostBaud is the speed that the host has set last. A pseudo-terminal carries bytes at every speed;
// a device that is to be heard at its own speed only looks at this.
func (t *tty) HostBaud() (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.slave == nil {
		return 0, fmt.Errorf("look at %s: %w", t.path, errUnplugged)
	}
	conn, err := t.slave.SyscallConn()
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
func (t *tty) Unplug() error {
	t.mu.Lock()
	if t.master == nil {
		t.mu.Unlock()
		return nil
	}
	err := errors.Join(os.Remove(t.path), t.slave.Close(), t.master.Close())
	drain := t.drain
	t.master, t.slave = nil, nil
	t.mu.Unlock() // it may be sending
	<-drain
	return err
}

// Replug brings the device back at its path.
func (t *tty) Replug() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.master != nil {
		return nil
	}
	master, slave, err := pty.Open()
	if err != nil {
		return fmt.Errorf("make a pseudo-terminal for %s: %w", t.path, err)
	}
	if master, err = pollable(master); err == nil {
		err = errors.Join(raw(slave), link(slave.Name(), t.path))
	}
	if err != nil {
		_, _ = slave.Close(), master.Close()
		return fmt.Errorf("plug in %s: %w", t.path, err)
	}
	t.master, t.slave, t.drain = master, slave, make(chan struct{})
	go listen(master, t.hear, t.drain)
	return nil
}

// Close unplugs the device for good.
func (t *tty) Close() error { return t.Unplug() }

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
