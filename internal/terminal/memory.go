package terminal

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The bytes of garbage that the collector lets grow before it runs, whatever the heap holds:
// nearly all of the heap is index, which has no pointers and is cheap to scan. So a busy
// terminal holds little more memory than an idle one. A swipe leaves less than 2 KiB.
const (
	startGarbage = 4 << 20
	garbage      = 512 << 10
)

// collector keeps the garbage within a bound while the heap grows.
type collector struct {
	garbage uint64
	percent int
}

// adaptPercent sets the collector's percentage for the present size of the heap.
func (c *collector) adaptPercent() {
	if percent := garbagePercent(c.garbage, heapInUse()); percent != c.percent {
		c.percent = percent
		debug.SetGCPercent(percent)
	}
}

// boundGarbage returns the memory that the start used to the system after the time begun, that of
// the program's code too. It adapts the collector periodically, because a first sync may bring all
// cards much later.
func boundGarbage(ctx context.Context, begun, every time.Duration) {
	c := collector{garbage: garbage}
	wait := time.NewTimer(begun)
	defer wait.Stop()
	for first := true; ; first = false {
		c.adaptPercent()
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

// heapInUse is the bytes that the last collection found in use.
func heapInUse() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// garbagePercent returns bound as a percentage of inUse, 5 to 100: at least 5, so that a very
// large index is not scanned all the time.
func garbagePercent(bound, inUse uint64) int {
	return int(min(max(100*bound/max(inUse, 1), 5), 100))
}
