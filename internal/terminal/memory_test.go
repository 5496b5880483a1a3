package terminal

import "testing"

// The garbage of a terminal has the same bound whatever its index holds, unless that is very
// small or very large.
func TestGarbageHasABound(t *testing.T) {
	const mb = 1 << 20
	for _, tt := range []struct {
		inUse, bound uint64
		want         int
	}{{0, mb, 100}, {mb / 2, mb, 100}, {2 * mb, mb, 50}, {16 * mb, 4 * mb, 25}, {100 * mb, mb, 5}} {
		if got := garbagePercent(tt.bound, tt.inUse); got != tt.want {
			t.Errorf("%d in use, %d of garbage: %d %%, want %d", tt.inUse, tt.bound, got, tt.want)
		}
	}
}
