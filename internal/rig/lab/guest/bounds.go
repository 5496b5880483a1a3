package main

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// The bounds of the guest end a wait for what never comes; they are no measure of what
// comes late. Each is a multiple of a bare step of this very machine in this run: the way
// from the start of its kernel to its port to the host. A busy host makes both longer.
var (
	bootWait   = 10 * time.Minute       // for the port itself, before anything is known
	presented  = 2 * time.Minute        // what follows a card, a key, a plug
	startBound = 5 * time.Minute        // a start of badged
	manyBound  = 30 * time.Minute       // a passing of all members
	verdict    = 700 * time.Millisecond // how long the kernel takes to make a node of a device that it has looked at
)

// setBounds makes the bounds longer on a machine that is slower than the one they were
// written on, whose bare step took ten seconds.
func setBounds() error {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return fmt.Errorf("measure a bare step: %w", err)
	}
	const usual = 10 * time.Second
	bare := max(time.Duration(ts.Nano()), usual)
	for _, bound := range []*time.Duration{&presented, &startBound, &manyBound, &verdict} {
		*bound = time.Duration(float64(*bound) * bare.Seconds() / usual.Seconds())
	}
	return nil
}
