package gpioport

import "time"

// Promise tells the guard of a pin what its relay would.
func Promise(p *Pin, until time.Time) { p.energise(until) }

// Promised is what the guard of a virtual pin goes by.
func Promised(p *Pin) int64 { return p.dev.(*wire).board.guard.until.Load().Load() }

// BootTime is its clock.
func BootTime() int64 { return bootTime() }
