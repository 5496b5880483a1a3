package osdp_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"badged/internal/rig/sim"
	"badged/reader"
	"badged/reader/osdp"
)

// commission asks for a commissioning of a minute.
func (h *host) commission(text string) {
	h.tb.Helper()
	if err := h.bus.Commission(h.now, 1, osdp.Commission{Until: h.now.Add(time.Minute), Key: key(h.tb, text)}); err != nil {
		h.tb.Fatal(err)
	}
}

// ends waits for the end of a commissioning.
func (h *host) ends(want osdp.Stage, wantWhy reader.Why) {
	h.tb.Helper()
	h.until(61*time.Second, func() bool {
		stage, _ := h.bus.Commissioned(1)
		return stage == want
	})
	if stage, why := h.bus.Commissioned(1); stage != want || why != wantWhy {
		h.tb.Errorf("it ended as %s %s, want %s %s", stage, why, want, wantWhy)
	}
}

func TestCommissionGivesTheFirstKey(t *testing.T) {
	r := peer(t, 1, "")
	h := newHost(t, []osdp.Unit{{Address: 1}}, r)
	h.run(time.Second)
	h.want("alarm insecure, down insecure")
	if stage, _ := h.bus.Commissioned(1); stage != osdp.NotAsked {
		t.Errorf("stage %q before it was asked for", stage)
	}
	h.commission(ownKey)
	var stages []string
	h.until(5*time.Second, func() bool {
		stage, _ := h.bus.Commissioned(1)
		if n := len(stages); n == 0 || stages[n-1] != string(stage) {
			stages = append(stages, string(stage))
		}
		return h.has(reader.KindUp)
	})
	if got := strings.Join(stages, " "); got != "waiting sent key_set secured" {
		t.Errorf("stages: %s", got)
	}
	h.want("over insecure, up")
	if !h.bus.GaveKey(1) {
		t.Error("it says that it gave no key")
	}
	if hexOf(r.Key()) != strings.ToLower(ownKey) || r.Count().KeySets != 1 || r.Count().Opened != 2 {
		t.Errorf("the reader has taken %d keys, in %d channels", r.Count().KeySets, r.Count().Opened)
	}
	if k, ok := h.bus.Opened(1); !ok || k != key(t, ownKey) {
		t.Error("the channel is open with another key")
	}
	h.onlyAsked()
	r.Restart() // the key lasts, the default one is out
	_ = r.SetKey(unhex(t, ownKey))
	h.run(time.Second)
	h.want("")
	_ = r.SetKey(nil)
	h.run(time.Minute)
	h.want("alarm wrong_key, down wrong_key")
}

func TestCommissionWaitsForInstallMode(t *testing.T) {
	r := peer(t, 1, otherKey)
	h := newHost(t, []osdp.Unit{{Address: 1}}, r)
	h.run(time.Second)
	h.told()
	h.commission(ownKey)
	h.run(30 * time.Second)
	if stage, why := h.bus.Commissioned(1); stage != osdp.Waiting || why != reader.WrongKey {
		t.Errorf("%s %s", stage, why)
	}
	_ = r.SetKey(nil) // the technician presses the button
	h.ends(osdp.Secured, "")
	h.run(time.Second)
	h.want("down wrong_key, over insecure, up")
}

func TestCommissionChangesAKey(t *testing.T) {
	h, r := pair(t)
	h.online()
	h.commission(otherKey)
	h.ends(osdp.Secured, "")
	h.run(time.Second)
	h.want("")
	if hexOf(r.Key()) != strings.ToLower(otherKey) {
		t.Error("the reader has another key")
	}
	if k, ok := h.bus.Opened(1); !ok || k != key(t, otherKey) {
		t.Error("the channel is open with another key")
	}
}

func TestCommissionThatTheReaderRefuses(t *testing.T) {
	h, r := pair(t)
	h.online()
	refuseKeySet(h, r)
	h.commission(otherKey)
	h.ends(osdp.Refused, reader.Refused)
	h.run(time.Second)
	h.want("")
	if k, ok := h.bus.Opened(1); !ok || k != key(t, ownKey) {
		t.Error("the old key is lost")
	}
}

// refuseKeySet has the reader refuse one KEYSET.
func refuseKeySet(h *host, r *sim.OSDPReader) {
	done := false
	h.line.Tap(func(toReader bool, p []byte) []byte {
		if !done && toReader && isKeySet(p) {
			r.FailNAK(9, 1)
			done = true
		}
		return p
	})
}

// isKeySet tells a KEYSET in the channel, without mark.
func isKeySet(p []byte) bool { return len(p) > 8 && p[4]&ctrlBlock != 0 && p[7] == cmdKeySet }

func TestCommissionStops(t *testing.T) {
	r := peer(t, 1, otherKey)
	h := newHost(t, []osdp.Unit{{Address: 1}}, r)
	h.commission(ownKey)
	if err := h.bus.Commission(h.now, 1, osdp.Commission{Until: h.now.Add(time.Minute), Key: key(t, otherKey)}); err == nil {
		t.Error("two at a time")
	}
	h.run(time.Second)
	h.bus.StopCommission(h.now, 1)
	if stage, _ := h.bus.Commissioned(1); stage != osdp.Stopped {
		t.Errorf("stage %s", stage)
	}
	if h.bus.GaveKey(1) {
		t.Error("it says that it gave a key")
	}
	_ = r.SetKey(nil)
	frames := len(h.frames)
	h.run(time.Minute)
	if len(h.frames) != frames || r.Count().KeySets != 0 {
		t.Error("it went on")
	}
	h.bus.StopCommission(h.now, 1) // nothing to stop
	h.commission(ownKey)
	h.ends(osdp.Secured, "")
}

// The power fails between KEYSET and its answer: two keys are left, and either may be
// the reader's.
func TestTwoKeysAfterAPowerCut(t *testing.T) {
	for _, has := range []string{ownKey, otherKey} {
		r := peer(t, 1, has)
		h := newHost(t, []osdp.Unit{{Address: 1, Keys: []osdp.Key{key(t, ownKey), key(t, otherKey)}}}, r)
		h.run(time.Second)
		h.want("up")
		if k, ok := h.bus.Opened(1); !ok || k != key(t, has) {
			t.Error("it tells another key than that of the reader")
		}
		r.Restart()
		opened := r.Count().Refused
		h.run(time.Second)
		h.want("")
		if n := r.Count().Refused - opened; n != 1 { // the poll after the restart
			t.Errorf("%d refusals: the key that fits is not tried first", n)
		}
		for _, now := range []string{ownKey, otherKey, ownKey} {
			_ = r.SetKey(unhex(t, now))
			h.run(5 * time.Second)
			h.want("") // both are tried, from whichever on
		}
	}
}

// KEYSET is lost, or its answer: the channel shows what the reader has.
func TestCommissionOverABadLine(t *testing.T) {
	for _, answer := range []bool{false, true} {
		t.Run(fmt.Sprintf("answer %t", answer), func(t *testing.T) {
			r := peer(t, 1, "")
			h := newHost(t, []osdp.Unit{{Address: 1}}, r)
			lost, keySet := 0, false
			h.line.Tap(func(toReader bool, p []byte) []byte {
				if toReader {
					keySet = isKeySet(p)
				}
				if keySet && toReader != answer && lost < 5 {
					lost++
					return nil
				}
				return p
			})
			h.run(time.Second)
			h.commission(ownKey)
			h.ends(osdp.Secured, "")
			if lost < 3 {
				t.Errorf("%d frames were lost", lost)
			}
			if hexOf(r.Key()) != strings.ToLower(ownKey) {
				t.Error("the reader has another key")
			}
		})
	}
}

// Some readers drop the channel with the old key before they acknowledge KEYSET. That
// answer proves nothing; the channel with the new key does.
func TestKeySetAcknowledgedInTheClear(t *testing.T) {
	r := peer(t, 1, "")
	h := newHost(t, []osdp.Unit{{Address: 1}}, r)
	keySet := false
	h.line.Tap(func(toReader bool, p []byte) []byte {
		if toReader {
			keySet = isKeySet(p)
		} else if keySet {
			ack := []byte{0x53, p[1], 8, 0, p[4] &^ ctrlBlock, 0x40, 0, 0}
			return rewrite(ack, func([]byte) {})
		}
		return p
	})
	h.run(time.Second)
	h.commission(ownKey)
	h.ends(osdp.Secured, "")
	h.run(time.Second)
	h.want("alarm insecure, down insecure, over insecure, up")
	if hexOf(r.Key()) != strings.ToLower(ownKey) {
		t.Error("the reader has another key")
	}
}

// Somebody swallows KEYSET and acknowledges it himself.
func TestKeySetAcknowledgedByAnother(t *testing.T) {
	r := peer(t, 1, "")
	h := newHost(t, []osdp.Unit{{Address: 1}}, r)
	h.line.Tap(func(toReader bool, p []byte) []byte {
		if toReader && isKeySet(p) {
			ack := rewrite([]byte{0x53, p[1] | 0x80, 8, 0, p[4] &^ ctrlBlock, 0x40, 0, 0}, func([]byte) {})
			h.put(h.now.Add(50*time.Millisecond), [][]byte{ack})
			return nil
		}
		return p
	})
	h.run(time.Second)
	h.told()
	h.commission(ownKey)
	h.ends(osdp.Refused, reader.WrongKey)
	h.want("over insecure, alarm wrong_key, down wrong_key")
}

func TestCommissionsThatAreNotBegun(t *testing.T) {
	bus, err := osdp.NewBus(osdp.BusConfig{Units: []osdp.Unit{{Address: 1}, {Address: 2, ClearText: true}}, Random: random()})
	if err != nil {
		t.Fatal(err)
	}
	k := key(t, ownKey)
	if bus.Commission(t0, 1, osdp.Commission{Until: t0.Add(time.Minute), Key: k}) == nil {
		t.Error("before the line was open")
	}
	bus.Open(t0)
	for name, err := range map[string]error{
		"no such reader": bus.Commission(t0, 9, osdp.Commission{Until: t0.Add(time.Minute), Key: k}),
		"clear text":     bus.Commission(t0, 2, osdp.Commission{Until: t0.Add(time.Minute), Key: k}),
		"no time":        bus.Commission(t0, 1, osdp.Commission{Until: t0, Key: k}),
		"too long":       bus.Commission(t0, 1, osdp.Commission{Until: t0.Add(osdp.MaxCommission + 1), Key: k}),
		"no key":         bus.Commission(t0, 1, osdp.Commission{Until: t0.Add(time.Minute), Key: osdp.Key{}}),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
