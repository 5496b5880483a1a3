package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// console is the machine's screen and keyboard: whatever is typed on a keyboard that
// nobody has taken for himself arrives there, as at a terminal's login prompt.
type console struct {
	tty  *os.File
	done chan struct{}

	mu    sync.Mutex // guards typed
	typed []byte
}

func openConsole() (*console, error) {
	f, err := os.OpenFile("/dev/tty1", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0) // non-blocking: Close ends a Read
	if err != nil {
		return nil, fmt.Errorf("open the console: %w", err)
	}
	if err := rawTTY(f); err != nil {
		return nil, errors.Join(fmt.Errorf("open the console: %w", err), f.Close())
	}
	c := &console{tty: f, done: make(chan struct{})}
	go c.listen()
	return c, nil
}

// rawTTY turns echo and line editing off.
func rawTTY(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var ierr error
	err = conn.Control(func(fd uintptr) {
		var s *unix.Termios
		if s, ierr = unix.IoctlGetTermios(int(fd), unix.TCGETS); ierr == nil {
			s.Lflag &^= unix.ICANON | unix.ECHO | unix.ISIG
			s.Iflag &^= unix.ICRNL
			ierr = unix.IoctlSetTermios(int(fd), unix.TCSETS, s)
		}
	})
	return errors.Join(err, ierr)
}

func (c *console) listen() {
	defer close(c.done)
	buf := make([]byte, 256)
	for {
		n, err := c.tty.Read(buf)
		if err != nil {
			return
		}
		c.mu.Lock()
		c.typed = append(c.typed, buf[:n]...)
		c.mu.Unlock()
	}
}

// has reports whether a text has arrived.
func (c *console) has(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Contains(string(c.typed), text)
}

// count is how many characters have arrived.
func (c *console) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.typed)
}

// takeTyped gives what has arrived, and forgets it.
func (c *console) takeTyped() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := string(c.typed)
	c.typed = nil
	return s
}

// takeOther gives how many other characters than one have arrived, and forgets all.
func (c *console) takeOther(known byte) int {
	s := c.takeTyped()
	return len(s) - strings.Count(s, string(known))
}

// close ends the listening.
func (c *console) close() error {
	err := c.tty.Close()
	<-c.done
	return err
}
