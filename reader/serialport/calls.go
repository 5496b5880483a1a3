package serialport

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"time"
)

var errNotOpen = errors.New("the port is not open")

// calls brings functions of other goroutines into the pump's, between two reads, so
// that one goroutine alone touches the decoder.
//
//	(no pump) --open--> (pump runs) --close--> (no pump)
//	 do fails            do waits for its turn   who waits is told errNotOpen
type calls struct {
	mu   sync.Mutex // guards what follows
	tty  *os.File   // what the pump reads; nil: no pump runs
	wait []*call
}

// call is one function on its way.
type call struct {
	fn   func()
	done chan struct{} // closed when err is set
	err  error
}

// open tells that a pump reads tty from now on.
func (c *calls) open(tty *os.File) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tty = tty
}

// close tells that the pump has ended.
func (c *calls) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tty = nil
	for _, call := range c.wait {
		call.err = errNotOpen
		close(call.done)
	}
	c.wait = nil
}

// do has the pump run fn and waits until it has. With an error fn was not run and
// never will be.
func (c *calls) do(ctx context.Context, fn func()) error {
	call := &call{fn: fn, done: make(chan struct{})}
	if err := c.post(call); err != nil {
		return err
	}
	select {
	case <-call.done:
		return call.err
	case <-ctx.Done():
	}
	if c.withdraw(call) {
		return ctx.Err()
	}
	<-call.done
	return call.err
}

// post queues a call and wakes the pump's read.
func (c *calls) post(call *call) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tty == nil {
		return errNotOpen
	}
	c.wait = append(c.wait, call)
	_ = c.tty.SetReadDeadline(past) // fails when the file is closed, and then close follows
	return nil
}

// withdraw takes a call back, unless the pump has it already.
func (c *calls) withdraw(call *call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.wait, call)
	if i < 0 {
		return false
	}
	c.wait = slices.Delete(c.wait, i, i+1)
	return true
}

// past is a read deadline that has passed: it ends a read at once.
var past = time.Unix(1, 0)

// arm sets the deadline of the next read to due, zero: none; at once if somebody
// waits.
func (c *calls) arm(due time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.wait) > 0 {
		due = past
	}
	return c.tty.SetReadDeadline(due)
}

// serve runs, in the pump, what waits.
func (c *calls) serve() {
	for {
		c.mu.Lock()
		wait := c.wait
		c.wait = nil
		c.mu.Unlock()
		if len(wait) == 0 {
			return
		}
		for _, call := range wait {
			call.fn()
			close(call.done)
		}
	}
}
