package terminal

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The garbage that the collector lets grow before it looks, whatever the heap holds: nearly
// all of that is index, which has no pointers and is cheap to look at. A terminal that works
// so holds little more than one that rests. A swipe leaves less than 2 KiB.
const (
	startGarbage = 4 << 20
	garbage      = 512 << 10
)

// collector keeps the garbage within a bound while the heap grows.
type collector struct {
	garbage uint64
	percent int
}

// adapt sets the collector for the heap as it is.
func (c *collector) adapt() {
	if percent := garbagePercent(c.garbage, heapInUse()); percent != c.percent {
		c.percent = percent
		debug.SetGCPercent(percent)
	}
}

// boundGarbage gives back what the start left, of the program too, once its parts have begun, and adapts the
// collector again and again: a first sync may bring all cards long after the start.
func boundGarbage(ctx context.Context, begun, every time.Duration) {
	c := collector{garbage: garbage}
	wait := time.NewTimer(begun)
	defer wait.Stop()
	for first := true; ; first = false {
		c.adapt()
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		if first {
			debug.FreeOSMemory()
			_ = forgetProgram() // without it the terminal works as well
		}
		wait.Reset(every)
	}
}

// heapInUse is what the last collection found in use.
func heapInUse() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// garbagePercent is a bound in percent of what is in use; at least a twentieth, so that a
// very large index is not looked at all the time.
func garbagePercent(bound, inUse uint64) int {
	return int(min(max(100*bound/max(inUse, 1), 5), 100))
}
