package osdp_test

import (
	"testing"
	"time"

	"badged/reader"
	"badged/reader/osdp"
)

// With a key in common, one reader answers in the place of the other.
func TestTwoReadersNeverHaveOneKey(t *testing.T) {
	own := osdp.Unit{Address: 1, Keys: []osdp.Key{key(t, ownKey)}}
	for name, keys := range map[string][]osdp.Key{"same": {key(t, ownKey)}, "one of two": {key(t, otherKey), key(t, ownKey)}} {
		if _, err := osdp.NewBus(osdp.BusConfig{Random: random(), Units: []osdp.Unit{own, {Address: 2, Keys: keys}}}); err == nil {
			t.Errorf("%s: configured", name)
		}
		h := newHost(t, []osdp.Unit{own, {Address: 2}}, peer(t, 1, ownKey), peer(t, 2, ownKey))
		if err := h.bus.SetKeys(2, keys...); err == nil {
			t.Errorf("%s: set", name)
		}
		h.run(time.Second)
		if s, _ := h.bus.Status(2); s.Online {
			t.Errorf("%s: %+v", name, s)
		}
	}
	h := newHost(t, []osdp.Unit{own, {Address: 2}}, peer(t, 1, ownKey), peer(t, 2, ""))
	if err := h.bus.Commission(h.now, 2, osdp.Commission{Until: h.now.Add(time.Minute), Key: key(t, ownKey)}); err == nil {
		t.Error("given")
	}
	if err := h.bus.SetKeys(1, key(t, ownKey)); err != nil {
		t.Errorf("a reader shares its key with itself: %v", err)
	}
}

// A reader with a key has been commissioned: it does not fall back to clear text because
// its configuration says so, nor because nobody can read the key.
func TestAReaderWithAKeyIsNotSpokenToInTheClear(t *testing.T) {
	for name, bar := range map[string]func(b *osdp.Bus){
		"key": func(b *osdp.Bus) {
			if b.SetKeys(1, key(t, ownKey)) == nil {
				t.Error("it has a key, and speaks in the clear")
			}
		},
		"weak key":     func(b *osdp.Bus) { _ = b.SetKeys(1, key(t, captureKey)) },
		"no known key": func(b *osdp.Bus) { b.Bar(1) },
	} {
		r := peer(t, 1, "")
		h := newHost(t, []osdp.Unit{{Address: 1, ClearText: true}}, r)
		bar(h.bus)
		h.bus.Open(h.now)
		_ = r.Present(26, card26)
		h.run(time.Minute)
		h.want("alarm insecure, down insecure")
		if s, _ := h.bus.Status(1); len(h.frames) > 0 || s.ClearText {
			t.Errorf("%s: %d commands, %+v", name, len(h.frames), s)
		}
	}
}

// A reader that has a key gets the next one under it, whatever it says about itself.
func TestAnotherKeyIsGivenUnderTheOwnOne(t *testing.T) {
	for _, cleared := range []bool{false, true} {
		h, r := pair(t)
		h.online()
		c := osdp.Commission{Until: h.now.Add(time.Minute), Key: key(t, otherKey), Cleared: cleared}
		if err := h.bus.Commission(h.now, 1, c); err != nil {
			t.Fatal(err)
		}
		h.ends(osdp.Secured, "")
		h.neverByDefault()
		if r.Count().KeySets != 1 {
			t.Errorf("%d keys were given", r.Count().KeySets)
		}
	}
}

// One that was cleared gets a key when the technician says that it was.
func TestAClearedReaderIsCommissionedOnHisWord(t *testing.T) {
	h, r := pair(t)
	h.online()
	_ = r.SetKey(nil)
	h.commission(otherKey)
	h.ends(osdp.Expired, reader.WrongKey)
	h.neverByDefault()
	h.run(5 * time.Second)
	c := osdp.Commission{Until: h.now.Add(time.Minute), Key: key(t, otherKey), Cleared: true}
	if err := h.bus.Commission(h.now, 1, c); err != nil {
		t.Fatal(err)
	}
	h.ends(osdp.Secured, "")
	if r.Count().KeySets != 1 {
		t.Errorf("%d keys were given", r.Count().KeySets)
	}
}

// A reader whose replies trickle keeps the others waiting no longer than the longest one.
func TestTrickleDoesNotStopTheOthers(t *testing.T) {
	for head, most := range map[string]time.Duration{
		"\x53\x81\x20\x01\x04": 700 * time.Millisecond, // the longest
		"\x53\x81\xA0\x05\x04": 350 * time.Millisecond, // longer than any
	} {
		units := []osdp.Unit{{Address: 1, Keys: []osdp.Key{key(t, ownKey)}}, {Address: 2, Keys: []osdp.Key{key(t, otherKey)}}}
		h := newHost(t, units, peer(t, 1, ownKey), peer(t, 2, otherKey))
		h.run(2 * time.Second)
		h.line.Tap(func(toReader bool, p []byte) []byte {
			if toReader || p[1] != 0x81 {
				return p
			}
			pieces := [][]byte{[]byte(head)}
			for range 80 {
				pieces = append(pieces, []byte{0})
			}
			for i, p := range pieces {
				h.put(h.now.Add(20*time.Millisecond+time.Duration(i)*45*time.Millisecond), [][]byte{p})
			}
			return nil
		})
		var last time.Time
		worst, from := time.Duration(0), len(h.frames)
		h.run(time.Minute)
		for i, p := range h.frames[from:] {
			if at := h.sent[from+i]; p[2] == 2 {
				if !last.IsZero() {
					worst = max(worst, at.Sub(last))
				}
				last = at
			}
		}
		if last.IsZero() || worst > most {
			t.Errorf("% x: the other one waited %v", head, worst)
		}
	}
}

// The longest replies that readers have are heard at any speed.
func TestLongestReply(t *testing.T) {
	h, r := pair(t)
	h.online()
	keys := make([]byte, 255)
	for i := range keys {
		keys[i] = '0' + byte(i%10)
	}
	if err := r.Press(string(keys)); err != nil {
		t.Fatal(err)
	}
	h.run(time.Second)
	n := 0
	for _, e := range h.events {
		if e.Kind == reader.KindKey {
			n++
		}
	}
	if n != len(keys) {
		t.Errorf("%d of %d keys: %s", n, len(keys), h.told())
	}
}

// Whoever closes the channel by a NAK in the clear can do no more, but is seen.
func TestClosedChannelsAreCounted(t *testing.T) {
	h, r := pair(t)
	h.online()
	opened := r.Count().Opened
	for range 5 {
		if !h.until(time.Second, func() bool { return h.sent[len(h.sent)-1].Equal(h.now) }) {
			t.Fatal("no command")
		}
		h.wire = nil
		h.bus.Feed(h.now.Add(time.Millisecond), nak(1, 0, 4), h.emit)
		h.run(1400 * time.Millisecond)
	}
	if n := r.Count().Opened - opened; n != 5 {
		t.Errorf("%d channels", n)
	}
	h.want("")
	if s, _ := h.bus.Status(1); s.Line.Reopened != 5 {
		t.Errorf("%d are counted", s.Line.Reopened)
	}
}

func TestComSetToNoSpeedOfOSDP(t *testing.T) {
	h, _ := pair(t)
	h.online()
	for _, baud := range []int{0, -1, 1200, 9601, 1 << 30} {
		if h.bus.ComSet(1, 5, baud) == nil {
			t.Errorf("%d bit/s", baud)
		}
	}
}
