package gpioport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
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

// Board is a virtual board: pins behind one socket. Run connects it, and connects it
// again when the connection is lost.
type Board struct {
	path string
	pins map[string]*Pin
	link atomic.Pointer[link] // nil: not connected
}

// NewBoard makes the board whose socket is at path, with all its pins.
func NewBoard(path string) *Board {
	b := &Board{path: path, pins: map[string]*Pin{}}
	for _, name := range []string{"relay", "contact", "exit"} {
		b.pins[name] = newPin(b, name)
	}
	return b
}

// Pin is one of the board's pins, by the name in its spec.
func (b *Board) Pin(name string) *Pin { return b.pins[name] }

// maxLine bounds what a board may say in one line.
const maxLine = 64

// The back-off between connections.
const (
	backOffMin = 100 * time.Millisecond
	backOffMax = 5 * time.Second
)

// Run keeps the board connected until ctx ends. state is told each connection (nil)
// and each different failure. Nothing is energised by connecting.
func (b *Board) Run(ctx context.Context, state func(error)) {
	last := ""
	for wait := backOffMin; ctx.Err() == nil; wait = min(2*wait, backOffMax) {
		err := b.connect(ctx, func() {
			last, wait = "", backOffMin
			state(nil)
		})
		if ctx.Err() != nil {
			return
		}
		if err.Error() != last {
			last = err.Error()
			state(err)
		}
		sleep(ctx, wait/2+rand.N(wait/2))
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// connect serves one connection. Its error is never nil.
func (b *Board) connect(ctx context.Context, up func()) error {
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
	defer context.AfterFunc(ctx, l.close)()
	defer l.close()
	for _, p := range b.pins {
		p.fresh = true
	}
	b.link.Store(l)
	defer b.link.Store(nil)
	up()
	return fmt.Errorf("read the pins at %s: %w", b.path, b.listen(ctx, c))
}

func (b *Board) listen(ctx context.Context, c net.Conn) error {
	lines := bufio.NewScanner(c)
	lines.Buffer(make([]byte, 0, maxLine), maxLine)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if !isInput(name) || value != "0" && value != "1" {
			return errors.New("what answers there is not a board of pins")
		}
		b.pins[name].take(ctx, Edge{value == "1", time.Now()})
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return errors.New("the board went away")
}

// errNotConnected is the error of an output whose board is not there.
var errNotConnected = errors.New("the board is not connected")

// link is one connection, for writing. A write is one system call, and one that
// would wait fails instead: a board that does not read is as good as gone.
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

func (l *link) send(line []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line = line
	if err := l.raw.Write(l.write); err != nil {
		return err
	}
	if l.err != nil {
		l.close()
	}
	return l.err
}

func (l *link) close() { l.once.Do(func() { _ = l.conn.Close() }) }

// Boards is all boards that a configuration names, each connected once.
type Boards struct{ list []*Board }

// Open gives the pin of a spec, on a board that is shared with the other pins there.
func (bs *Boards) Open(s Spec) *Pin {
	i := slices.IndexFunc(bs.list, func(b *Board) bool { return b.path == s.Board })
	if i < 0 {
		i = len(bs.list)
		bs.list = append(bs.list, NewBoard(s.Board))
	}
	return bs.list[i].Pin(s.Pin)
}

// Run runs all boards until ctx ends. state is told what Board.Run tells, with the
// path of the board.
func (bs *Boards) Run(ctx context.Context, state func(board string, err error)) {
	var wg sync.WaitGroup
	for _, b := range bs.list {
		wg.Go(func() { b.Run(ctx, func(err error) { state(b.path, err) }) })
	}
	wg.Wait()
}
