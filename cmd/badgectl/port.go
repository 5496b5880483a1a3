package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"

	"badged/internal/sim"
)

// vacant reports whether a virtual port may be made at path. What a killed replay
// leaves there, a link to a pseudo-terminal that is gone, does not count.
func vacant(path string) (bool, error) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return false, cause(err)
	}
	if target, err := os.Readlink(path); err == nil {
		if !strings.HasPrefix(target, "/dev/pts/") {
			return false, fmt.Errorf("it is a link to %s, which is not there", target)
		}
		return true, os.Remove(path)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return false, fmt.Errorf("make a virtual port: there is no folder %s", filepath.Dir(path))
	}
	return true, nil
}

// virtualPort makes a pseudo-terminal with a link to it at path, where nothing may be:
// unlike that of a simulator, the link never takes the place of anything. remove takes
// both away.
func virtualPort(path string) (port *sim.LineReader, remove func() error, err error) {
	dir, err := os.MkdirTemp("", "badgectl-")
	if err != nil {
		return nil, nil, fmt.Errorf("make a virtual port: %w", err)
	}
	port, err = sim.NewLineReader(filepath.Join(dir, "port"))
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	tty, err := os.Readlink(port.Path())
	if err == nil {
		err = os.Symlink(tty, path)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("make a virtual port at %s: %w", path, cause(err)), port.Close(), os.RemoveAll(dir))
	}
	return port, func() error { return errors.Join(os.Remove(path), port.Close(), os.RemoveAll(dir)) }, nil
}

// openTTY opens a port to write to it, and nothing that is not one.
func openTTY(path string) (*os.File, error) {
	errNotPort := fmt.Errorf("replay to %s: %s is not a serial port", path, path)
	info, err := os.Stat(path)
	if err == nil && info.Mode()&fs.ModeCharDevice == 0 {
		return nil, errNotPort // opening a pipe would wait
	}
	f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("replay to %s: %w", path, cause(err))
	}
	if !isTTY(f) {
		_ = f.Close()
		return nil, errNotPort
	}
	return f, nil
}

// isTTY reports whether f is a terminal: only these have settings of a line.
func isTTY(f *os.File) bool {
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	var line syscall.Termios
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TCGETS, uintptr(unsafe.Pointer(&line)))
	})
	return err == nil && errno == 0
}

// cause leaves out the call and the paths, which are told already.
func cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
