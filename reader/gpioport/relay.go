package gpioport

import (
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// Cap is the longest time that a relay stays energised without a break.
const Cap = 30 * time.Second

// Relay drives the relay of a door. It releases itself at the end of its time, and at
// the latest after Cap, even if no caller releases it. A Guard of its pin does so when the
// whole process hangs. It is safe for concurrent use.
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

// promiser is a pin with a guard outside the agent. The relay calls energise with the end of
// its time before it energises the pin, and with the zero time after it has released it.
type promiser interface{ energise(until time.Time) }

// yielder is a pin whose level another process acts on. yield lets that process run before
// the agent continues, if both are on the same processor.
type yielder interface{ yield() }

// tellGuard tells the guard of the pin until when it is energised, if the pin can have one.
func (r *Relay) tellGuard(until time.Time) {
	if p, ok := r.pin.(promiser); ok {
		p.energise(until)
	}
}

// NewRelay makes the driver of a relay on pin. It does not set the pin.
func NewRelay(pin gpio.PinOut) *Relay {
	r := &Relay{pin: pin}
	r.timer = time.AfterFunc(Cap, r.switchOffExpired)
	r.timer.Stop()
	return r
}

// On energises the relay until the given time, at most for Cap. It does nothing if that time
// has passed.
func (r *Relay) On(until time.Time) error {
	err := r.switchOn(until)
	if y, ok := r.pin.(yielder); ok && err == nil {
		y.yield() // with the timer set and the lock free: it may take a while
	}
	return err
}

func (r *Relay) switchOn(until time.Time) error {
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
		r.tellGuard(until)
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
	return r.switchOff()
}

// Close releases the relay if it is energised.
func (r *Relay) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.on {
		return nil
	}
	return r.switchOff()
}

func (r *Relay) switchOff() error {
	r.on = false
	r.timer.Stop()
	err := r.pin.Out(gpio.Low)
	if err == nil {
		r.tellGuard(time.Time{})
	}
	return err
}

// switchOffExpired releases the relay when its time is over. The timer may call it late, after an Off
// and another On, so it checks the time.
func (r *Relay) switchOffExpired() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on && !time.Now().Before(r.until) {
		_ = r.switchOff() // nobody is there to be told; a lost board has released it
	}
}
