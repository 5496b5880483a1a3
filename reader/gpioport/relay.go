package gpioport

import (
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// Cap is the longest time that a relay stays energised in one go.
const Cap = 30 * time.Second

// Relay drives the relay of a door. It releases itself at the end of its time, and at
// the latest when it has been energised for Cap, whoever forgot it. A Guard of its pin does
// so when the whole process stands still. It is safe for concurrent use.
//
//	         On                    Off, time or Cap over, Close
//	(off) ---------> (energised) ------------------------------> (off)
//	                    | ^
//	                    +-+ On: prolongs, never shortens; Cap runs on
type Relay struct {
	pin gpio.PinOut

	mu    sync.Mutex // guards what follows; held for one write
	on    bool
	since time.Time
	until time.Time
	timer *time.Timer
}

// promiser is a pin that is guarded from outside of the agent. It is told until when it is
// to be energised, before it is; and that it is not any more, after that.
type promiser interface{ energise(until time.Time) }

// yielder is a pin whose level another process acts upon. It lets that one run before the
// agent goes on, if both are on the same processor.
type yielder interface{ yield() }

// promise tells the guard of the pin, if there can be one.
func (r *Relay) promise(until time.Time) {
	if p, ok := r.pin.(promiser); ok {
		p.energise(until)
	}
}

// NewRelay makes the driver of a relay on pin. It touches nothing.
func NewRelay(pin gpio.PinOut) *Relay {
	r := &Relay{pin: pin}
	r.timer = time.AfterFunc(Cap, r.expire)
	r.timer.Stop()
	return r
}

// On energises the relay until then. A time that has passed does nothing.
func (r *Relay) On(until time.Time) error {
	err := r.energise(until)
	if y, ok := r.pin.(yielder); ok && err == nil {
		y.yield() // with the timer set and the lock free: it may take a while
	}
	return err
}

func (r *Relay) energise(until time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if !until.After(now) {
		return nil
	}
	if !r.on { // also if it fails: the line may have gone out
		r.on, r.since, r.until = true, now, now
	}
	if limit := r.since.Add(Cap); until.After(limit) {
		until = limit
	}
	longer := until.After(r.until)
	if longer {
		r.until = until
		r.promise(until)
	}
	err := r.pin.Out(gpio.High)
	if longer {
		r.timer.Reset(until.Sub(now))
	}
	return err
}

// Off releases the relay. A board that is not connected has released it already.
func (r *Relay) Off() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.off()
}

// Close releases the relay if it is energised.
func (r *Relay) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.on {
		return nil
	}
	return r.off()
}

func (r *Relay) off() error {
	r.on = false
	r.timer.Stop()
	err := r.pin.Out(gpio.Low)
	if err == nil {
		r.promise(time.Time{})
	}
	return err
}

// expire runs when the time is over. It may come late, after an Off and another On.
func (r *Relay) expire() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on && !time.Now().Before(r.until) {
		_ = r.off() // nobody is there to be told; a lost board has released it
	}
}
