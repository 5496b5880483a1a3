package osdp_test

import (
	"fmt"
	"testing"
	"time"

	"badged/internal/rig/sim"
	"badged/reader"
	"badged/reader/osdp"
)

// The time from one poll to the next is at most 1.5 times that of poll and ACK on the
// wire, both with MAC (DESIGN, section 13), for a reader that answers at once.
func TestPollCycle(t *testing.T) {
	for _, baud := range []int{9600, 38400, 115200} {
		r := peer(t, 1, ownKey)
		bus, err := osdp.NewBus(osdp.BusConfig{Baud: baud, Random: random(), Units: []osdp.Unit{{Address: 1, Keys: []osdp.Key{key(t, ownKey)}}}})
		if err != nil {
			t.Fatal(err)
		}
		bus.Open(t0)
		h := &host{tb: t, bus: bus, line: sim.NewOSDPLine(r), now: t0, baud: baud}
		h.online()
		from := len(h.sent)
		h.eager = true
		h.run(time.Second)
		const poll, ack = 14, 14
		cycle, wire := h.longest(from+2), h.bytes(poll+ack)
		t.Logf("%d bit/s: %v, %.2f times the wire", baud, cycle, float64(cycle)/float64(wire))
		if cycle > wire*3/2 {
			t.Errorf("%d bit/s: a cycle takes %v, the wire %v", baud, cycle, wire)
		}
		if quiet := cycle - wire; quiet < h.bytes(2) {
			t.Errorf("%d bit/s: %v of silence are less than two characters", baud, quiet)
		}
	}
}

// A line without readers but one: that one is asked as if it were alone, but for one
// missed answer now and then.
func TestLostReadersDoNotSlowTheOthers(t *testing.T) {
	units := []osdp.Unit{{Address: 1, Keys: []osdp.Key{key(t, ownKey)}}}
	for a := 2; a < 6; a++ {
		units = append(units, osdp.Unit{Address: a, Keys: []osdp.Key{key(t, fmt.Sprintf("%s%02X", ownKey[2:], a))}})
	}
	r := peer(t, 1, ownKey)
	h := newHost(t, units, r)
	h.run(30 * time.Second)
	before := r.Count().Polls
	h.run(time.Minute)
	polls := r.Count().Polls - before
	alone, only := pair(t)
	alone.online()
	before = only.Count().Polls
	alone.run(time.Minute)
	most := only.Count().Polls - before
	t.Logf("%d polls a minute, alone %d", polls, most)
	if polls < most*3/4 {
		t.Errorf("%d polls a minute beside lost readers, %d alone", polls, most)
	}
}

func TestSeveralReaders(t *testing.T) {
	a, b := peer(t, 0, ownKey), peer(t, 126, otherKey)
	h := newHost(t, []osdp.Unit{{Address: 0, Keys: []osdp.Key{key(t, ownKey)}}, {Address: 126, Keys: []osdp.Key{key(t, otherKey)}}}, a, b)
	h.run(time.Second)
	h.want("up, up")
	for i := range 20 {
		r := []*sim.OSDPReader{a, b}[i%2]
		_ = r.Present(26, card26)
		h.run(200 * time.Millisecond)
		if len(h.events) == 0 || h.events[0].Kind != reader.KindCard && len(h.events) < 2 {
			t.Fatal("no card")
		}
		for _, e := range h.events {
			if e.Kind == reader.KindCard && e.Unit != []int{0, 126}[i%2] {
				t.Errorf("the card is of unit %d", e.Unit)
			}
		}
		h.want("card")
	}
}

// Two-wire adapters that hear themselves give each command back.
func TestAnEchoIsNothing(t *testing.T) {
	for _, clear := range []bool{false, true} {
		h, r := pair(t)
		if clear {
			r = peer(t, 1, "")
			h = newHost(t, []osdp.Unit{{Address: 1, ClearText: true}}, r)
		}
		h.echo = true
		_ = r.Present(26, card26)
		h.run(time.Second)
		h.want("up, card")
	}
}

// A late answer of another reader is none of this one's, in the clear neither.
func TestAnswersOfOtherReadersAreNotTaken(t *testing.T) {
	r := peer(t, 1, "")
	h := newHost(t, []osdp.Unit{{Address: 1, ClearText: true}}, r)
	h.online()
	for range 10 {
		for seq := range byte(4) {
			h.put(h.now.Add(20*time.Millisecond), [][]byte{clearCard(2, seq)})
		}
		h.run(100 * time.Millisecond)
	}
	h.want("")
}

// A line whose readers may not speak is not opened again for its silence.
func TestSilence(t *testing.T) {
	h, r := pair(t)
	h.online()
	if h.bus.Silence() == 0 {
		t.Error("a reader that works may be silent")
	}
	_ = r.SetKey(nil)
	h.run(time.Second)
	if h.bus.Silence() != 0 {
		t.Error("a reader that is refused must speak")
	}
	_ = r.SetKey(unhex(t, ownKey))
	h.run(5 * time.Second)
	if h.bus.Silence() == 0 {
		t.Error("a reader that works again may be silent")
	}
	keyless := newHost(t, []osdp.Unit{{Address: 1}}, r)
	if keyless.bus.Silence() != 0 {
		t.Error("a reader without key must speak")
	}
	_ = r.SetKey(unhex(t, otherKey))
	keyless.commission(ownKey)
	keyless.run(10 * time.Second)
	if keyless.bus.Silence() != 0 {
		t.Error("a reader that waits for install mode must speak")
	}
	_ = r.SetKey(nil)
	keyless.ends(osdp.Secured, "")
	if keyless.bus.Silence() == 0 {
		t.Error("a reader that has its key may be silent")
	}
}
