package agent

import (
	"strings"
	"testing"
	"time"

	"badged/reader"
)

// TestSuspectedReaders: one bad read is noise; three of the last ten are something that
// somebody must look at, until three in a row are good.
func TestSuspectedReaders(t *testing.T) {
	for _, tt := range []struct {
		name, reads string // x: bad
		want        bool
	}{
		{"one in ten", ".........x", false},
		{"two in a row", "xx", false},
		{"three in a row", "xxx", true},
		{"three of ten", "x...x...x", false}, // three good ones between them
		{"every other one", "x.x.x", true},
		{"two of three good", "xxx..", true},
		{"three good", "xxx...", false},
		{"all ten bad", "xxxxxxxxxx", true},
	} {
		var r reads
		for _, c := range tt.reads {
			why := reader.Why("")
			if c == 'x' {
				why = reader.BadChecksum
			}
			r.addRead(time.Now(), why)
		}
		if r.suspect != tt.want {
			t.Errorf("%s: suspect is %v", tt.name, r.suspect)
		}
		if got := r.snapshot(); got.Faults != uint64(strings.Count(tt.reads, "x")) || got.Badges != uint64(strings.Count(tt.reads, ".")) {
			t.Errorf("%s: counted %+v", tt.name, got)
		}
	}
}
