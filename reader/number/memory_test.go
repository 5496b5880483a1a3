package number

import (
	"math/rand/v2"
	"runtime"
	"testing"
)

// Issue 7, 6: 100 pairs of 64 random digits (13 KB) took 1.15 GB. Whatever the badges are,
// the search holds a bounded amount, and says that it ended.
func TestTheSearchHoldsABoundedAmount(t *testing.T) {
	many := []int{3, 100}
	if testing.Short() {
		many = many[:1]
	}
	for _, n := range many {
		rnd := rand.New(rand.NewPCG(7, uint64(n)))
		pairs := make([]Pair, n)
		for i := range pairs {
			pairs[i] = Pair{sampleLike(rnd, "0000000000000000000000000000000000000000000000000000000000000000", "0123456789"),
				sampleLike(rnd, "0000000000000000000000000000000000000000000000000000000000000000", "0123456789")}
		}
		l := newLearner(pairs)
		before := live()
		l.explore()
		if held := live() - before; held > 64<<20 {
			t.Errorf("%d pairs: %d MB are held", n, held>>20)
		}
		if l.held > maxHeld || !l.full {
			t.Errorf("%d pairs: %d bytes counted, ended %v", n, l.held, l.full)
		}
		runtime.KeepAlive(l)
	}
}

func live() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
