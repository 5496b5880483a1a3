package uplink

import (
	"testing"
	"time"
)

// A thousand terminals that lost their hub in one moment do not come back in one.
func TestAttemptsAreSpread(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 100 {
		var b backoff
		d := b.next()
		if d < minWait || d > 2*minWait {
			t.Errorf("the first pause is %v", d)
		}
		seen[d] = true
	}
	if len(seen) < 50 {
		t.Errorf("100 terminals come back at %d moments", len(seen))
	}
}
