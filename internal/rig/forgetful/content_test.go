package forgetful

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func filled(n int, with byte) []byte { return bytes.Repeat([]byte{with}, n) }

// dirty is a file of three blocks of which the first was written again since the last sync,
// and a fourth was added.
func dirty() *content {
	c := &content{}
	c.write(0, filled(3*block, 'a'))
	c.sync()
	c.write(0, filled(block, 'b'))
	c.write(3*block, filled(block, 'c'))
	return c
}

func TestACutLeavesWhatWasSynced(t *testing.T) {
	c := dirty()
	if got := c.left(rand.New(rand.NewPCG(1, 1)), 0); !bytes.Equal(got, filled(3*block, 'a')) {
		t.Errorf("%d bytes are left, from %q on", len(got), got[:1])
	}
	c.sync()
	if got := c.left(rand.New(rand.NewPCG(1, 1)), 0); !bytes.Equal(got, c.now) || len(got) != 4*block {
		t.Errorf("after a sync %d bytes are left of %d", len(got), len(c.now))
	}
}

func TestACutMayLeaveAllThatWasWritten(t *testing.T) {
	c := dirty()
	if got := c.left(rand.New(rand.NewPCG(1, 1)), 1); !bytes.Equal(got, c.now) {
		t.Error("something is missing")
	}
}

// Each block is left or not without regard to the others, also when it was written first.
func TestACutLeavesBlocksInAnyOrder(t *testing.T) {
	seen := map[string]bool{}
	r := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		got := dirty().left(r, 0.5)
		first, last := got[0], byte(0)
		if len(got) > 3*block {
			last = got[3*block]
		}
		if !bytes.Equal(got[block:3*block], filled(2*block, 'a')) {
			t.Fatal("a block that nobody wrote has changed")
		}
		seen[string([]byte{first, last})] = true
	}
	for _, want := range []string{"a\x00", "b\x00", "ac", "bc", "\xff\x00", "a\xff", "\xffc", "b\xff"} {
		if !seen[want] {
			t.Errorf("%q was never left, only %v", want, seen)
		}
	}
}

func TestATruncatedFile(t *testing.T) {
	c := dirty()
	c.truncate(10)
	if len(c.now) != 10 || len(c.left(rand.New(rand.NewPCG(1, 1)), 0)) != 3*block {
		t.Error("a length that was not synced is kept")
	}
	c.write(12, []byte("x"))
	c.sync()
	if got := c.left(rand.New(rand.NewPCG(1, 1)), 0); string(got) != "bbbbbbbbbb\x00\x00x" {
		t.Errorf("left is %q", got)
	}
}
