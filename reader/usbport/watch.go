package usbport

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// rescan is how long a watch is trusted, and the time between two scans where the kernel's
// messages are not available.
const rescan = 2 * time.Second

// kernelGroup is the multicast group in which the kernel itself speaks; udev
// speaks in 2.
const kernelGroup = 1

// watch waits until devices come or go.
type watch struct {
	f    *os.File
	raw  syscall.RawConn
	hold *os.File // the other end of a pipe that stands in for the socket
	from func(fd int, p []byte) (n int, sender uint32, err error)
}

// newWatch listens for the kernel's uevents (netlink(7), NETLINK_KOBJECT_UEVENT),
// which needs no permission. Where it is forbidden anyway (a sandbox), next only returns
// after rescan.
func newWatch() (*watch, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return deafWatch()
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: kernelGroup}); err != nil {
		_ = unix.Close(fd)
		return deafWatch()
	}
	return watchFile(os.NewFile(uintptr(fd), "uevents"), fromKernel)
}

// deafWatch waits on a pipe through which nothing comes.
func deafWatch() (*watch, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	none := func(int, []byte) (int, uint32, error) { return 0, 0, unix.EAGAIN }
	wt, err := watchFile(r, none)
	if err != nil {
		_ = w.Close()
		return nil, err
	}
	wt.hold = w
	return wt, nil
}

func watchFile(f *os.File, from func(int, []byte) (int, uint32, error)) (*watch, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &watch{f: f, raw: raw, from: from}, nil
}

// close ends a blocked next.
func (w *watch) close() {
	_ = w.f.Close()
	if w.hold != nil {
		_ = w.hold.Close()
	}
}

// next waits until something changed, but not longer than wait, and reports whether
// it did. ok is false once the watch is closed.
func (w *watch) next(wait time.Duration) (changed, ok bool) {
	_ = w.f.SetReadDeadline(time.Now().Add(wait)) // fails when it is closed; so does Read
	err := w.raw.Read(w.drain)
	return err == nil, err == nil || errors.Is(err, os.ErrDeadlineExceeded)
}

// drain takes what the kernel said and reports whether something of it matters. A
// burst of messages is one change.
func (w *watch) drain(fd uintptr) bool {
	var buf [maxUevent]byte
	changed := false
	for {
		n, sender, err := w.from(int(fd), buf[:])
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.ENOBUFS): // messages were lost, so anything may have changed
			changed = true
		case err != nil:
			return changed
		case sender == 0: // the kernel; a process has its number there
			u, ok := parseUevent(buf[:n])
			changed = changed || ok && u.matters()
		}
	}
}

// fromKernel receives one message and who sent it.
func fromKernel(fd int, p []byte) (int, uint32, error) {
	n, from, err := unix.Recvfrom(fd, p, 0)
	if err != nil {
		return 0, 0, err
	}
	sender, ok := from.(*unix.SockaddrNetlink)
	if !ok {
		return 0, 1, nil
	}
	return n, sender.Pid, nil
}
