package osdp_test

import (
	"testing"
	"time"

	"badged/internal/rig/sim"
	"badged/reader"
	"badged/reader/osdp"
)

var card26 = []byte{0x8B, 0x35, 0x1B, 0x80} // H10301, facility 22, card 27191

func TestCardsAndKeys(t *testing.T) {
	h, r := pair(t)
	h.run(time.Second)
	h.want("up")
	if s, _ := h.bus.Status(1); !s.Online || !s.Secure || s.ClearText || !r.Secure() {
		t.Errorf("status %+v", s)
	}
	_ = r.Present(26, card26)
	_ = r.Press("*7365#")
	h.run(time.Second)
	var keys string
	for _, e := range h.events {
		switch e.Kind {
		case reader.KindCard:
			if e.Unit != 1 || e.Card.FrameFormat() != "H10301" || e.Card.Reveal() != "166A37" || e.Card.Bits() != 26 {
				t.Errorf("unit %d, %v", e.Unit, e.Card)
			}
		case reader.KindKey:
			keys += e.Key.Reveal()
		}
	}
	if keys != "*7365#" {
		t.Error("other keys than those that were pressed")
	}
	h.want("card, key, key, key, key, key, key")
	if c := r.Count(); c.Clear != 2 || c.Refused != 0 || c.Garbled != 0 {
		t.Errorf("the reader counts %+v: only ID and CAP may be in the clear", c)
	}
}

// A fault on the way loses no card if the reader says it again, and nothing ever gives
// it twice. What the simulated reader takes for told is gone.
func TestFaultsOnTheWay(t *testing.T) {
	for _, tt := range []struct {
		fault sim.OSDPFault
		n     int
		want  string
	}{
		{sim.OSDPDeaf, 2, "card"},
		{sim.OSDPLose, 2, "card"},
		{sim.OSDPLate, 1, "card"},
		{sim.OSDPLate, 2, "card"},
		{sim.OSDPSplit, 9, "card"},
		{sim.OSDPMarks, 9, "card"},
		{sim.OSDPNoise, 9, "card"},
		{sim.OSDPCorrupt, 2, "card"},
		{sim.OSDPBusy, 20, "card"},
		{sim.OSDPStale, 1, "down silent, up"},
		{sim.OSDPBadMAC, 1, "alarm forged"},
		{sim.OSDPClear, 1, "alarm forged, down silent, up"},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			h, r := pair(t)
			h.online()
			_ = r.Present(26, card26)
			r.Fail(tt.fault, tt.n)
			h.run(3 * time.Second)
			h.want(tt.want)
			if r.Failed()[tt.fault] != tt.n {
				t.Errorf("the fault happened %d times", r.Failed()[tt.fault])
			}
			_ = r.Present(26, card26)
			h.run(time.Second)
			h.want("card")
		})
	}
}

// A NAK is nothing that a person did, whatever its code.
func TestRefusals(t *testing.T) {
	for _, code := range []byte{1, 2, 3, 4, 5, 6, 9, 200} { // in the channel with a MAC: it was understood
		h, r := pair(t)
		h.online()
		r.FailNAK(code, 1)
		h.run(time.Second)
		h.want("")
		_ = r.Present(26, card26)
		h.run(time.Second)
		h.want("card")
	}
}

func TestARestartedReaderIsBackAtOnce(t *testing.T) {
	h, r := pair(t)
	h.online()
	for range 3 {
		r.Restart()
		h.run(time.Second)
		h.want("")
		_ = r.Present(26, card26)
		h.run(time.Second)
		h.want("card")
	}
	if n := r.Count().Opened; n != 4 {
		t.Errorf("%d channels", n)
	}
}

func TestALostReaderIsFoundAgain(t *testing.T) {
	h, r := pair(t)
	h.online()
	for _, away := range []time.Duration{3 * time.Second, 30 * time.Second, 10 * time.Minute} {
		h.line.Swap()
		h.run(away)
		h.want("down silent")
		if s, _ := h.bus.Status(1); s.Online || s.Secure || s.Why != reader.Silent {
			t.Errorf("status %+v", s)
		}
		h.line.Swap(r)
		back := h.now
		if !h.until(10*time.Second, func() bool { return h.has(reader.KindUp) }) {
			t.Fatal("not found again within 10 s")
		}
		t.Logf("found %v after it was back", h.now.Sub(back))
		h.run(time.Second)
		h.want("up")
	}
}

func TestAReaderThatOnlyMakesNoise(t *testing.T) {
	h, r := pair(t)
	h.online()
	h.line.Tap(func(toReader bool, p []byte) []byte {
		if toReader {
			return p
		}
		return []byte("noise")
	})
	h.run(2 * time.Second)
	h.want("down garbage")
	h.line.Tap(nil)
	h.run(5 * time.Second)
	h.want("up")
	_ = r
}

func TestAReaderThatIsBusyForEver(t *testing.T) {
	h, r := pair(t)
	h.online()
	r.Fail(sim.OSDPBusy, -1)
	h.run(4 * time.Second)
	h.want("")
	h.run(4 * time.Second)
	h.want("down silent")
	r.Fail(sim.OSDPBusy, 0)
	h.run(10 * time.Second)
	h.want("up")
}

func TestStateOfTheHousing(t *testing.T) {
	h, r := pair(t)
	r.Tamper(true)
	h.run(time.Second)
	h.want("alarm tamper, up")
	r.Restart() // is still open: no news
	h.run(time.Second)
	h.want("")
	r.Power(true)
	h.run(time.Second)
	h.want("alarm power")
	r.Tamper(false)
	r.Power(false)
	h.run(time.Second)
	h.want("over tamper, over power")
	r.Tamper(true)
	h.run(time.Second)
	h.want("alarm tamper")
}

func TestAliveIsToldOnceASecond(t *testing.T) {
	h, _ := pair(t)
	h.online()
	h.run(time.Minute)
	if n := len(h.events); n < 55 || n > 60 {
		t.Errorf("%d events in a minute", n)
	}
}

// A reader that answers, but must be looked at, or has no key, says so often enough to
// be known to be there.
func TestADeniedReaderHasItsWord(t *testing.T) {
	for _, keys := range [][]osdp.Key{nil, {key(t, otherKey)}} {
		r := peer(t, 1, ownKey)
		h := newHost(t, []osdp.Unit{{Address: 1, Keys: keys}}, r)
		h.run(time.Minute)
		var last time.Time
		for _, e := range h.events {
			if gap := e.At.Sub(last); !last.IsZero() && gap > 2500*time.Millisecond {
				t.Fatalf("silent for %v", gap)
			}
			last = e.At
		}
		if h.now.Sub(last) > 2500*time.Millisecond {
			t.Error("its last word is long ago")
		}
	}
}
