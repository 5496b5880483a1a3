// Package clock tells the time and how far to trust it. A terminal's wall clock is
// not trusted by default: many have no battery and wake in 1970. Order inside a
// terminal is its event order, throttles use monotonic time, and what depends on
// the wall clock asks for State.
package clock

import (
	"crypto/rand"
	"sync"
	"time"
)

// State is how far the wall clock can be trusted.
type State uint8

// The states.
//
//	Unknown --hub time--> Trusted
//	Unknown --wall clock at or above the floor--> Holdover --hub time--> Trusted
const (
	Unknown  State = iota // the clock shows a time that has already passed
	Holdover              // plausible: at or above the floor, not confirmed since boot
	Trusted               // the hub told the time since boot
)

// String is the state's name in logs and status.
func (s State) String() string { return [...]string{"unknown", "holdover", "trusted"}[s] }

// Boot identifies one run of the process, for ordering monotonic times.
type Boot [8]byte

// Stamp is one moment.
type Stamp struct {
	Wall  time.Time     // UTC; the hub's time and what passed since, when Trusted
	State State         // how far Wall can be trusted
	Boot  Boot          // the run that Mono belongs to
	Mono  time.Duration // since the start of that run, unaffected by clock changes
}

// Clock gives stamps. It is safe for concurrent use.
type Clock struct {
	boot Boot
	// read gives the machine's wall clock, which anybody may set, and the time since the
	// start, which only passes.
	read func() (wall time.Time, passed time.Duration)

	mu    sync.Mutex    // guards what follows
	floor time.Time     // no true time lies before it
	told  time.Time     // the hub's time; zero: not heard since the start
	at    time.Duration // how much had passed when it was told
}

// New makes a clock whose true time is not before floor: the later of the build
// time and the last hub time that was stored.
func New(floor time.Time) *Clock {
	start := time.Now()
	c := &Clock{floor: floor.UTC(), read: func() (time.Time, time.Duration) {
		now := time.Now()
		return now.UTC().Round(0), now.Sub(start)
	}}
	_, _ = rand.Read(c.boot[:]) // never fails since Go 1.24
	return c
}

// Now gives the present moment.
func (c *Clock) Now() Stamp {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Stamp{Boot: c.boot}
	s.Wall, s.Mono = c.read()
	switch {
	case !c.told.IsZero():
		s.Wall, s.State = c.told.Add(s.Mono-c.at), Trusted
	case !s.Wall.Before(c.floor):
		s.State = Holdover
	}
	return s
}

// HubTime takes the time that the hub told just now; from then on the machine's own
// clock does not count, whoever sets it. Times below the floor are ignored: they are
// stale or forged.
func (c *Clock) HubTime(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.Before(c.floor) {
		return
	}
	c.told, c.floor = t.UTC(), t.UTC()
	_, c.at = c.read()
}

// Floor is the time before which no true time lies. It only grows; the caller
// stores it.
func (c *Clock) Floor() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.floor
}
