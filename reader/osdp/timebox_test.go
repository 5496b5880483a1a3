package osdp_test

import (
	"strings"
	"testing"
	"time"

	"badged/internal/rig/sim"
	"badged/reader"
	"badged/reader/osdp"
)

// Attack 3, by the second: a rogue in install mode begins its reply when the time of a
// commissioning is nearly over, and says afterwards that it wants the channel.
func TestTheDefaultKeyEndsWithItsTime(t *testing.T) {
	const left = 150 * time.Millisecond // of the time when the last command is sent
	head := []byte{0x53, 0x81, 0xF0, 0, 4}
	ends := map[string]func(h *host){
		"the reply is overdue": func(h *host) {
			h.bus.Feed(h.now.Add(left-10*time.Millisecond), append(head, nak(1, 0, 6)...), h.emit)
			h.now = h.now.Add(left + 300*time.Millisecond)
			h.bus.Tick(h.now, h.emit)
		},
		"the reply comes late": func(h *host) {
			h.now = h.now.Add(left + time.Millisecond)
			h.bus.Feed(h.now, nak(1, 0, 6), h.emit)
			if stage, _ := h.bus.Commissioned(1); stage != osdp.Expired {
				h.tb.Errorf("stage %q after it", stage)
			}
		},
		"the line is opened again": func(h *host) {
			h.now = h.now.Add(left + time.Millisecond)
			h.bus.Open(h.now)
		},
	}
	for name, end := range ends {
		for why, keys := range map[reader.Why][]osdp.Key{reader.Insecure: nil, reader.WrongKey: {key(t, ownKey)}} {
			rogue := peer(t, 1, "")
			h := newHost(t, []osdp.Unit{{Address: 1, Keys: keys}}, rogue)
			if err := h.bus.Commission(h.now, 1, osdp.Commission{Until: h.now.Add(left), Key: key(t, otherKey)}); err != nil {
				t.Fatal(err)
			}
			h.sendFrames()
			h.wire, h.frames = nil, nil // nobody hears the reply
			end(h)
			_ = rogue.Present(26, card26)
			h.run(time.Minute)
			if stage, _ := h.bus.Commissioned(1); stage != osdp.Expired {
				t.Errorf("%s: stage %q", name, stage)
			}
			if s, _ := h.bus.Status(1); s.Online || s.Secure || rogue.Count().Opened > 0 {
				t.Errorf("%s: %+v", name, s)
			}
			h.want("alarm " + string(why) + ", down " + string(why))
			h.neverByDefault()
		}
	}
}

// neverByDefault complains about an offer of the default key.
func (h *host) neverByDefault() {
	h.tb.Helper()
	for _, p := range h.frames {
		if p[ctrlAt]&ctrlBlock != 0 && (p[blockAt+1] == 0x11 || p[blockAt+1] == 0x13) && p[blockAt+2] == 0 {
			h.tb.Error("the host offered the default key")
			return
		}
	}
}

// A reader without key that refuses to take its first key ends the commissioning; the key
// that it was sent is left to speak to it with.
func TestFirstKeyRefused(t *testing.T) {
	t.Run("KEYSET", func(t *testing.T) {
		r := peer(t, 1, "")
		h := newHost(t, []osdp.Unit{{Address: 1}}, r)
		h.commission(ownKey)
		refuseKeySet(h, r)
		h.ends(osdp.Refused, reader.Refused)
		h.frames = nil
		h.run(time.Minute)
		h.want("alarm wrong_key, down wrong_key")
		h.neverByDefault()
		_ = r.SetKey(unhex(t, ownKey)) // it did take it
		h.run(5 * time.Second)
		h.want("over wrong_key, up")
	})
	t.Run("no secure channel after KEYSET", func(t *testing.T) {
		r := peer(t, 1, "")
		h := newHost(t, []osdp.Unit{{Address: 1}}, r)
		h.commission(ownKey)
		if !h.until(time.Minute, func() bool { return h.bus.GaveKey(1) }) {
			t.Fatal("no key was sent")
		}
		h.wire = nil // whether it was taken is not known
		r.Fail(sim.OSDPDowngrade, -1)
		r.Restart()
		h.ends(osdp.Refused, reader.Downgraded)
		_ = r.SetKey(unhex(t, ownKey))
		r.Fail(sim.OSDPDowngrade, 0)
		h.run(5 * time.Second)
		if got := h.told(); !strings.HasSuffix(got, "up") {
			t.Errorf("the key that the reader has was forgotten: %q", got)
		}
	})
}

// Attacks 1 and 2: PDCAP is refused in the reader's place, so that it seems to know of
// no capabilities at all. That decides nothing (issue 7, 2.12 a): the channel is opened.
func TestAttackRefusedCapabilities(t *testing.T) {
	t.Run("with a key", func(t *testing.T) {
		h, r := pair(t)
		h.naks(0x46, 3)
		_ = r.Present(26, card26)
		h.run(time.Minute)
		h.want("up, card")
		h.onlyAsked()
	})
	t.Run("later", func(t *testing.T) {
		h, r := pair(t)
		h.online()
		h.naks(0x46, 3)
		r.Restart()
		_ = r.Present(26, card26)
		h.run(time.Minute)
		h.want("card")
		h.onlyAsked()
	})
	t.Run("a first key is given in the channel only", func(t *testing.T) {
		r := peer(t, 1, "")
		h := newHost(t, []osdp.Unit{{Address: 1}}, r)
		h.commission(ownKey)
		h.naks(0x46, 3)
		h.ends(osdp.Secured, "")
		h.onlyAsked()
	})
	t.Run("the channel is asked for", func(t *testing.T) {
		h, r := pair(t)
		h.naks(0x46, 6)
		_ = r.Present(26, card26)
		h.run(2 * time.Second)
		h.want("up, card")
		h.onlyAsked()
	})
}
