package gpioport

import "time"

// Promise tells the guard of a pin what its relay would.
func Promise(p *Pin, until time.Time) { p.energise(until) }

// Promised is what the guard of a virtual pin goes by.
func Promised(p *Pin) int64 { return p.dev.(*wire).board.guard.page.Load().until.Load() }

// Looks is how often the guard of a virtual pin has looked.
func Looks(p *Pin) int64 { return p.dev.(*wire).board.guard.page.Load().looks.Load() }

// BootTime is its clock.
func BootTime() int64 { return bootTime() }

// ErrStandsStill is what is told of a guard that no longer looks.
var ErrStandsStill = errStandsStill

// Vigil judges a guard by its looks.
type Vigil struct{ vigil }

// VigilAfter begins when the guards before have looked so often.
func VigilAfter(looks int64) *Vigil { return &Vigil{vigil{first: looks}} }

// Missed is told how often the guard has looked.
func (v *Vigil) Missed(looks int64) bool { return v.standsStill(looks) }
