package gpioport

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Boards is all devices with pins that a configuration names. It connects to each virtual
// board once, and requests each line of a chip separately.
type Boards struct {
	// Guard is the command that releases relays from outside the agent; empty: nothing does. It
	// must be set before Open.
	Guard Guard
	// Guarded is called with nil when the relay of a device is guarded, or with the reason why
	// it is not. It may be nil.
	Guarded func(device string, err error)

	list  []*Board
	lines []*line
}

// Open returns the pin of a spec. For a chip's pin, Spec.Pin must say what it is for. Nothing
// is connected before Run.
func (bs *Boards) Open(s Spec) *Pin {
	if s.Board == "" {
		l := newLine(s, bs.Guard)
		bs.lines = append(bs.lines, l)
		return l.pin
	}
	i := slices.IndexFunc(bs.list, func(b *Board) bool { return b.path == s.Board })
	if i < 0 {
		i = len(bs.list)
		bs.list = append(bs.list, NewBoard(s.Board, bs.Guard))
	}
	return bs.list[i].Pin(s.Pin)
}

// Run keeps all devices connected until ctx ends, and then releases the relays of chips. It
// calls state with nil for each connection and with each new failure; device is the path of
// the board or the spec of the chip's pin.
func (bs *Boards) Run(ctx context.Context, state func(device string, err error)) {
	var wg sync.WaitGroup
	for _, b := range bs.list {
		b.guard.told = bs.guardReporter(b.path)
		wg.Go(func() { b.Run(ctx, func(err error) { state(b.path, err) }) })
	}
	for _, l := range bs.lines {
		l.guard.told = bs.guardReporter(l.pin.String())
		wg.Go(func() { keepConnected(ctx, l.serveLine, func(err error) { state(l.pin.String(), err) }) })
	}
	wg.Wait()
}

func (bs *Boards) guardReporter(device string) func(error) {
	return func(err error) {
		if bs.Guarded != nil {
			bs.Guarded(device, err)
		}
	}
}

// The back-off between connections.
const (
	backOffMin = 100 * time.Millisecond
	backOffMax = 5 * time.Second
)

// keepConnected connects again with back-off until ctx ends. connect serves one connection: it calls
// up when it is connected, and its error is never nil. keep calls state with nil for each
// connection and with each new failure.
func keepConnected(ctx context.Context, connect func(ctx context.Context, up func()) error, state func(error)) {
	last := ""
	for wait := backOffMin; ctx.Err() == nil; wait = min(2*wait, backOffMax) {
		err := connect(ctx, func() {
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
