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

// calls runs functions of other goroutines in the goroutine of the pump, between two reads,
// so that only one goroutine uses the decoder.
//
//	(no pump) --open--> (pump runs) --close--> (no pump)
//	 do fails            do waits for its turn   who waits is told errNotOpen
type calls struct {
	mu   sync.Mutex // guards what follows
	tty  *os.File   // what the pump reads; nil: no pump runs
	wait []*call
}

// call is one queued function.
type call struct {
	fn   func()
	done chan struct{} // closed when err is set
	err  error
}

// attachPump records that a pump reads tty.
func (c *calls) attachPump(tty *os.File) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tty = tty
}

// detachPump records that the pump has ended, and fails the queued calls.
func (c *calls) detachPump() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tty = nil
	for _, call := range c.wait {
		call.err = errNotOpen
		close(call.done)
	}
	c.wait = nil
}

// runInPump lets the pump run fn, and waits for it. After an error fn was not run and will not be.
func (c *calls) runInPump(ctx context.Context, fn func()) error {
	call := &call{fn: fn, done: make(chan struct{})}
	if err := c.queueCall(call); err != nil {
		return err
	}
	select {
	case <-call.done:
		return call.err
	case <-ctx.Done():
	}
	if c.withdrawCall(call) {
		return ctx.Err()
	}
	<-call.done
	return call.err
}

// queueCall queues a call and wakes the pump's read.
func (c *calls) queueCall(call *call) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tty == nil {
		return errNotOpen
	}
	c.wait = append(c.wait, call)
	_ = c.tty.SetReadDeadline(past) // fails when the file is closed, and then close follows
	return nil
}

// withdrawCall removes a call from the queue. It reports false if the pump has it already.
func (c *calls) withdrawCall(call *call) bool {
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

// setDeadline sets the deadline of the next read to due; zero: none. If a call is queued, the read ends
// at once.
func (c *calls) setDeadline(due time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.wait) > 0 {
		due = past
	}
	return c.tty.SetReadDeadline(due)
}

// runQueued runs the queued calls. The pump calls it.
func (c *calls) runQueued() {
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
