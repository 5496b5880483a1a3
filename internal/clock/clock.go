// Package clock tells the time and how far to trust it. A terminal's wall clock is
// not trusted by default: many have no battery and wake in 1970. The hub's clock can be
// wrong too, so its time counts when it is plausible and stays so. Order inside a
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
//	Unknown --wall clock at or above the floor, or the hub's first word--> Holdover
//	Unknown, Holdover --the hub's answers agree--> Trusted
const (
	Unknown  State = iota // the clock shows a time that has already passed
	Holdover              // plausible, not confirmed since boot
	Trusted               // the hub told the time since boot, and told the same since
)

// String is the state's name in logs and status.
func (s State) String() string { return [...]string{"unknown", "holdover", "trusted"}[s] }

// Boot identifies one run of the process, for ordering monotonic times.
type Boot [8]byte

// Stamp is one moment.
type Stamp struct {
	Wall  time.Time     // UTC; the hub's time and what passed since, once it is believed
	State State         // how far Wall can be trusted
	Boot  Boot          // the run that Mono belongs to
	Mono  time.Duration // since the start of that run, unaffected by clock changes
	Floor time.Time     // a time that has passed, when Wall is Unknown; else zero
}

// Passed reports whether a time has come, as far as the clock can tell: with an unknown
// time, what lies behind the floor is over all the same.
func (s Stamp) Passed(t time.Time) bool {
	if s.State == Unknown {
		return !s.Floor.Before(t)
	}
	return !s.Wall.Before(t)
}

// Kept is what a clock must know of former runs. The caller stores it.
type Kept struct {
	Floor time.Time // no true time lies before it, as far as anybody knows
	Heard time.Time // when the hub was last heard
}

// Options make a Clock.
type Options struct {
	Kept
	Built time.Time // the program's age: no true time lies before it; zero: not known
	// Machine gives the machine's wall clock, which anybody may set, and the time since
	// the start, which only passes; nil: this machine's.
	Machine func() (wall time.Time, passed time.Duration)
	// Synced reports whether time servers keep the machine's wall clock; nil: they do not.
	Synced func() bool
}

// From are the options of a clock that heard from its hub last at a time.
func From(t time.Time) Options { return Options{Kept: Kept{Floor: t, Heard: t}} }

// Clock gives stamps. It is safe for concurrent use.
type Clock struct {
	boot   Boot
	read   func() (wall time.Time, passed time.Duration)
	synced func() bool
	built  time.Time

	mu     sync.Mutex // guards what follows
	kept   Kept
	belief belief
	heard  bool          // the hub, in this run
	at     time.Duration // when that was last
}

// New makes a clock.
func New(o Options) *Clock {
	c := &Clock{read: o.Machine, synced: o.Synced, built: o.Built.UTC(), kept: Kept{Floor: o.Floor.UTC(), Heard: o.Heard.UTC()}}
	if c.read == nil {
		c.read = thisMachine()
	}
	if c.synced == nil {
		c.synced = func() bool { return false }
	}
	if c.kept.Floor.Before(c.built) {
		c.kept.Floor = c.built
	}
	_, _ = rand.Read(c.boot[:]) // never fails since Go 1.24
	return c
}

func thisMachine() func() (time.Time, time.Duration) {
	start := time.Now()
	return func() (time.Time, time.Duration) {
		now := time.Now()
		return now.UTC().Round(0), now.Sub(start)
	}
}

// Now gives the present moment.
func (c *Clock) Now() Stamp {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() Stamp {
	s := Stamp{Boot: c.boot}
	s.Wall, s.Mono = c.read()
	switch {
	case c.belief.line.firm():
		s.Wall, s.State = c.belief.line.timeAt(s.Mono), Trusted
	case c.belief.line.answers > 0:
		s.Wall, s.State = c.belief.line.timeAt(s.Mono), Holdover
	case !s.Wall.Before(c.kept.Floor):
		s.State = Holdover
	default:
		s.Floor = c.kept.Floor
	}
	return s
}

// HubTime takes the time that the hub tells just now. Once it is believed, the machine's
// own clock does not count, whoever sets it. settled is false while answers that come soon
// would help to decide whether to believe it.
func (c *Clock) HubTime(t time.Time) (settled bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall, mono := c.read()
	c.heard, c.at = true, mono
	return c.belief.weighAnswer(answer{t.UTC(), mono}, witnesses{floor: c.floor(mono), built: c.built, wall: wall, synced: c.synced()})
}

// floor is the time that has passed for sure.
func (c *Clock) floor(mono time.Duration) time.Time {
	if c.belief.line.firm() {
		return c.belief.line.timeAt(mono)
	}
	return c.kept.Floor
}

// Settled reports whether what the clock shows is not in doubt.
func (c *Clock) Settled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.belief.settled()
}

// Heard is when the hub was last heard, by the time that Now gives.
func (c *Clock) Heard() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lastHeard()
}

func (c *Clock) lastHeard() time.Time {
	s := c.now()
	if !c.heard || s.State == Unknown {
		return c.kept.Heard
	}
	return s.Wall.Add(c.at - s.Mono)
}

// Kept is what the caller stores. It falls when a time was believed by mistake.
func (c *Clock) Kept() Kept {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.kept
	if c.belief.line.firm() {
		_, mono := c.read()
		k = Kept{Floor: c.floor(mono), Heard: c.lastHeard()}
	}
	return k
}
