package gpioport

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Boards is all devices that a configuration names pins of: each virtual board is
// connected once, each line of a chip is requested on its own.
type Boards struct {
	// Guard releases relays from outside of the agent; empty: nothing does. It is set before
	// Open.
	Guard Guard
	// Guarded is told that the relay of a device is guarded (nil), or why it is not. It may
	// be nil.
	Guarded func(device string, err error)

	list  []*Board
	lines []*line
}

// Open gives the pin of a spec. Of a chip's pin, Spec.Pin says what it is for. Nothing is
// connected before Run.
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

// Run keeps all of them connected until ctx ends; the relays of chips are released
// then. state is told each connection (nil) and each different failure, with the path
// of the board or the spec of the chip's pin.
func (bs *Boards) Run(ctx context.Context, state func(device string, err error)) {
	var wg sync.WaitGroup
	for _, b := range bs.list {
		b.guard.told = bs.guarded(b.path)
		wg.Go(func() { b.Run(ctx, func(err error) { state(b.path, err) }) })
	}
	for _, l := range bs.lines {
		l.guard.told = bs.guarded(l.pin.String())
		wg.Go(func() { keep(ctx, l.connect, func(err error) { state(l.pin.String(), err) }) })
	}
	wg.Wait()
}

func (bs *Boards) guarded(device string) func(error) {
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

// keep connects again and again until ctx ends. connect serves one connection: it calls
// up when it stands, and its error is never nil. state is told each connection (nil) and
// each different failure.
func keep(ctx context.Context, connect func(ctx context.Context, up func()) error, state func(error)) {
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
