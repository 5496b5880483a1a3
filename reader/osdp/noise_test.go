package osdp_test

import (
	"strings"
	"testing"
	"time"

	"badged/reader"
)

// (c) One byte in 200 is lost, either way. What the protocol repairs is told to nobody, and
// who presents a badge is read: each once, and no other. (Issue 7, 2.12 c.)
func TestNoiseThatIsRepaired(t *testing.T) {
	const people = 22
	for seed := range uint64(12) {
		h, r := pair(t)
		h.online()
		h.line.Lose(0.005, seed)
		h.run(40 * time.Second) // nobody there
		h.want("")
		for n := range people {
			_ = r.Present(26, card26)
			if !h.until(5*time.Second, func() bool { return h.has(reader.KindCard) }) {
				t.Fatalf("seed %d: person %d is not read", seed, n)
			}
			h.bus.Cue(h.now, 1, reader.CueGranted)
			h.run(2 * time.Second)
			if got := h.told(); got != "card" {
				t.Fatalf("seed %d: person %d: %q", seed, n, got)
			}
		}
		s, _ := h.bus.Status(1)
		if s.Line.Repeated == 0 || s.Line.Damaged == 0 {
			t.Errorf("seed %d: no noise: %+v", seed, s.Line)
		}
		if shown := r.Shown(); shown.LEDs < people-1 {
			t.Errorf("seed %d: %d of %d people saw a light", seed, shown.LEDs, people)
		}
	}
}

// A line that carries nothing any more is no noise: the reader is down.
func TestNoiseThatIsNotRepaired(t *testing.T) {
	h, _ := pair(t)
	h.online()
	h.line.Lose(0.4, 1)
	h.run(10 * time.Second)
	if got := h.told(); !strings.HasPrefix(got, "down ") || strings.Contains(got, "fault") {
		t.Errorf("got %q", got)
	}
}
