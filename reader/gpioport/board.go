package gpioport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// Edge is a change of an input, or its level at the start.
type Edge struct {
	Level gpio.Level
	At    time.Time
}

// Board is a virtual board: pins behind one socket. Run connects to it, and connects again
// when the connection is lost.
type Board struct {
	path string
	pins map[string]*Pin
	link atomic.Pointer[link] // nil: not connected

	guard sentry // of the relay
}

// NewBoard makes the board whose socket is at path, with all its pins. g guards its relay.
func NewBoard(path string, g Guard) *Board {
	b := &Board{path: path, pins: map[string]*Pin{}, guard: sentry{guard: g, kind: guardBoard}}
	for _, name := range []string{"relay", "contact", "exit"} {
		out := &wire{board: b, lines: [2][]byte{[]byte(name + " 0\n"), []byte(name + " 1\n")}}
		b.pins[name] = newPin(Spec{Board: path, Pin: name}, out)
	}
	return b
}

// Pin is one of the board's pins, by the name in its spec.
func (b *Board) Pin(name string) *Pin { return b.pins[name] }

// maxLine bounds a line from a board, in bytes.
const maxLine = 64

// Run keeps the board connected until ctx ends. It calls state with nil for each connection,
// and with each new failure. Connecting energises nothing.
func (b *Board) Run(ctx context.Context, state func(error)) {
	keepConnected(ctx, b.serveConnection, state)
}

// serveConnection serves one connection until it ends. Its error is never nil.
func (b *Board) serveConnection(ctx context.Context, up func()) error {
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", b.path)
	if err != nil {
		return fmt.Errorf("connect to the pins at %s: %w", b.path, err)
	}
	l, err := newLink(c.(*net.UnixConn))
	if err != nil {
		_ = c.Close()
		return fmt.Errorf("connect to the pins at %s: %w", b.path, err)
	}
	defer context.AfterFunc(ctx, l.closeConn)()
	defer l.closeConn()
	for _, p := range b.pins {
		p.fresh = true
	}
	defer b.guard.startGuarding(c.(*net.UnixConn))()
	b.link.Store(l)
	defer b.link.Store(nil)
	up()
	return fmt.Errorf("read the pins at %s: %w", b.path, b.readInputs(ctx, c))
}

func (b *Board) readInputs(ctx context.Context, c net.Conn) error {
	lines := bufio.NewScanner(c)
	lines.Buffer(make([]byte, 0, maxLine), maxLine)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if !isInput(name) || value != "0" && value != "1" {
			return errors.New("what answers there is not a board of pins")
		}
		b.pins[name].setLevel(ctx, Edge{value == "1", time.Now()})
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return errors.New("the board went away")
}

// wire is the output of a board's pin.
type wire struct {
	board *Board
	lines [2][]byte // what sets it low and high
}

// set implements output with one write to the board.
func (w *wire) set(l gpio.Level) error {
	link := w.board.link.Load()
	if link == nil {
		return errNotConnected
	}
	if l {
		return link.writeLine(w.lines[1])
	}
	return link.writeLine(w.lines[0])
}

// energise implements output.
func (w *wire) energise(until time.Time) { w.board.guard.energise(until) }

// yield implements output. The process that reads the socket often wakes up on this very
// processor, and would wait while the agent continues with events, lights and logs.
func (w *wire) yield() { _, _, _ = syscall.Syscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) }

// errNotConnected is the error of an output whose board is not connected.
var errNotConnected = errors.New("the board is not connected")

// link is one connection, for writing. A write is one system call that fails instead of
// blocking, because a board that does not read counts as gone.
type link struct {
	conn  *net.UnixConn
	raw   syscall.RawConn
	once  sync.Once
	mu    sync.Mutex // guards what follows, for the call of write
	line  []byte
	err   error
	write func(fd uintptr) bool
}

func newLink(c *net.UnixConn) (*link, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	l := &link{conn: c, raw: raw}
	l.write = func(fd uintptr) bool {
		n, err := syscall.Write(int(fd), l.line)
		if err == nil && n < len(l.line) {
			err = syscall.EAGAIN
		}
		l.err = err
		return true
	}
	return l, nil
}

func (l *link) writeLine(line []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line = line
	if err := l.raw.Write(l.write); err != nil {
		return err
	}
	if l.err != nil {
		l.closeConn()
	}
	return l.err
}

func (l *link) closeConn() { l.once.Do(func() { _ = l.conn.Close() }) }
