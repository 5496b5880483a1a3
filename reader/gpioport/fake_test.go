package gpioport

import (
	"encoding/binary"
	"os"
	"sync"
	"time"

	"github.com/warthog618/go-gpiocdev/uapi"
	"golang.org/x/sys/unix"
)

// fakeChip gives requests whose events come through a pipe of the kernel's.
type fakeChip struct {
	mu     sync.Mutex // guards what follows
	opened int
	cfg    uapi.LineConfig
	lines  []int
	fail   error // of the next request
	broken error // of writes
	active bool
	sets   []bool
	events *os.File
	closed chan struct{} // of the last request
}

type fakeRequest struct {
	handle
	chip   *fakeChip
	closed chan struct{}
	once   sync.Once
}

func (c *fakeChip) open(_ string, lines []int, cfg uapi.LineConfig) (request, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened++
	if err := c.fail; err != nil {
		c.fail = nil
		return nil, describeFailure("request", "fake:1", err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.cfg, c.lines, c.events, c.closed = cfg, lines, w, make(chan struct{})
	return &fakeRequest{handle: handle{r}, chip: c, closed: c.closed}, nil
}

func (r *fakeRequest) value() (bool, error) {
	r.chip.mu.Lock()
	defer r.chip.mu.Unlock()
	return r.chip.active, nil
}

func (r *fakeRequest) set(active bool) error {
	r.chip.mu.Lock()
	defer r.chip.mu.Unlock()
	r.chip.sets = append(r.chip.sets, active)
	return r.chip.broken
}

func (r *fakeRequest) Close() error {
	r.once.Do(func() { close(r.closed) })
	return r.handle.Close()
}

func (c *fakeChip) write(events ...event) {
	var p []byte
	n := binary.NativeEndian
	for _, e := range events {
		id := uapi.LineEventFallingEdge
		if e.rising {
			id = uapi.LineEventRisingEdge
		}
		p = n.AppendUint64(p, uint64(e.at))
		p = n.AppendUint32(p, uint32(id))
		p = n.AppendUint32(p, uint32(e.line))
		p = n.AppendUint32(p, e.seq)
		p = append(p, make([]byte, eventSize-20)...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.events.Write(p); err != nil {
		panic(err)
	}
}

// do changes what the chip does.
func (c *fakeChip) do(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// monotonic is the kernel's clock.
func monotonic() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic(err)
	}
	return time.Duration(ts.Nano())
}
