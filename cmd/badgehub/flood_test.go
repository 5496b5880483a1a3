package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"badged/sync/wire"
)

// Issue 7, 2.13: a terminal that sends nonsense without end is a few lines in the log of
// a real hub, and a sum, also when the hub ends before the minute does.
func TestATerminalsFloodFillsNoLog(t *testing.T) {
	p := serveIn(t, t.TempDir())
	front := p.join("front")
	if err := front.connect(1); err != nil {
		t.Fatal(err)
	}
	front.ack(0)
	const rounds, each = 10, 50 // fewer at a time than the hub reads of one terminal
	const n = rounds * each
	for range rounds {
		for range each {
			if err := front.link.Publish(t.Context(), wire.MsgEvents, []byte("nonsense")); err != nil {
				t.Fatal(err)
			}
		}
		if err := front.send(wire.MsgEvents, front.frame(front.acked)); err != nil {
			t.Fatal(err)
		}
		if !front.ack(front.acked + 16) { // the hub has seen all before
			t.Fatal("the link ended")
		}
	}
	if code := p.stop(syscall.SIGTERM); code != 0 {
		t.Errorf("the hub ended with %d", code)
	}
	listed, sums, counted := 0, 0, 0
	for line := range strings.Lines(p.log.String()) {
		if !strings.Contains(line, "a message is refused") {
			continue
		}
		if _, more, ok := strings.Cut(line, " more="); ok {
			sums++
			if _, err := fmt.Sscan(more, &counted); err != nil || !strings.Contains(line, "terminal=front") {
				t.Errorf("%q: %v", line, err)
			}
			continue
		}
		listed++
	}
	if listed != 10 || sums != 1 || counted != n-10 {
		t.Errorf("%d lines and %d sums of %d, want 10 lines and one of %d", listed, sums, counted, n-10)
	}
}
