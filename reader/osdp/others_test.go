package osdp_test

import (
	"strings"
	"testing"
	"time"

	"badged/internal/rig/sim"
	"badged/reader"
	"badged/reader/osdp"
)

// Readers of other makers, who read the standard in other ways (issue 7, 2.12 and 2.10).

// (a) What a reader replies to ID, CAP and LSTAT, in whatever block and shape, does not
// decide whether it works: it comes up, stays up, reads badges, and nobody hears of it.
func TestOptionalRepliesDecideNothing(t *testing.T) {
	for _, fault := range []sim.OSDPFault{
		sim.OSDPPlainState, sim.OSDPClearState, sim.OSDPShortState, sim.OSDPBrokenState, sim.OSDPMuteState,
		sim.OSDPMuteCaps, sim.OSDPOddCaps,
	} {
		t.Run(string(fault), func(t *testing.T) {
			h, r := pair(t)
			r.Fail(fault, -1)
			h.run(10 * time.Second)
			h.want("up")
			for range 3 {
				_ = r.Present(26, card26)
				h.run(time.Second)
				h.want("card")
			}
			if r.Failed()[fault] == 0 || !r.Secure() {
				t.Error("the fault did not happen, or the channel is not open")
			}
			h.onlyAsked()
			r.Restart()
			h.run(5 * time.Second)
			h.want("")
			_ = r.Present(26, card26)
			h.run(time.Second)
			h.want("card")
		})
	}
	for _, refused := range []byte{0x61, 0x62, 0x64} {
		r, err := sim.NewOSDPReader(sim.OSDPConfig{Address: 1, Key: unhex(t, ownKey), Random: random(), Refuses: []byte{refused}})
		if err != nil {
			t.Fatal(err)
		}
		h := newHost(t, []osdp.Unit{{Address: 1, Keys: []osdp.Key{key(t, ownKey)}}}, r)
		_ = r.Present(26, card26)
		h.run(2 * time.Second)
		if got := h.told(); got != "up, card" {
			t.Errorf("command %x is refused: got %q", refused, got)
		}
	}
}

// A state that is told in the clear inside the channel is not believed, and costs no more
// than the channel.
func TestAStateInTheClear(t *testing.T) {
	h, r := pair(t)
	h.online()
	r.Fail(sim.OSDPClearState, 1)
	r.Tamper(true)
	h.run(2 * time.Second)
	h.want("alarm tamper") // asked for again, inside the channel
	_ = r.Present(26, card26)
	h.run(time.Second)
	h.want("card")
}

// A state in another block under the right MAC is believed.
func TestAStateUnderItsMAC(t *testing.T) {
	h, r := pair(t)
	h.online()
	r.Fail(sim.OSDPPlainState, -1)
	r.Tamper(true)
	h.run(time.Second)
	h.want("alarm tamper")
}

// A badge counts encrypted only: one that came plain, even under its MAC, could be read
// by everybody.
func TestABadgeMustBeEncrypted(t *testing.T) {
	h, r := pair(t)
	h.online()
	r.Fail(sim.OSDPPlainCard, 1)
	_ = r.Present(26, card26)
	h.run(time.Second)
	h.want("fault forged")
	_ = r.Present(26, card26)
	h.run(time.Second)
	h.want("card")
}

// 2.10: RMAC_I in SCS_12, as peripherals made with early versions of OSDP.Net send it.
func TestRMACInTheBlockOfCCRYPT(t *testing.T) {
	h, r := pair(t)
	r.Fail(sim.OSDPRMACBlock, -1)
	spy := osdp.NewMonitor(osdp.MonitorConfig{Keys: []osdp.Key{key(t, ownKey)}, Address: -1})
	var heard []reader.Event
	h.line.Tap(func(_ bool, p []byte) []byte {
		spy.Feed(h.now, p, func(e reader.Event) { heard = append(heard, e) })
		return p
	})
	_ = r.Present(26, card26)
	h.run(2 * time.Second)
	h.want("up, card")
	if len(heard) != 1 || heard[0].Kind != reader.KindCard {
		t.Errorf("who listens hears %d events", len(heard))
	}
	r.Fail(sim.OSDPBadRMAC, -1) // it must still prove the key
	r.Restart()
	h.run(time.Minute)
	if got := h.told(); !strings.HasPrefix(got, "alarm forged, down forged") || strings.Contains(got, "up") {
		t.Errorf("got %q", got)
	}
}

// (b) A reader that knows no LED, no buzzer or no text is told what it knows, and whoever
// stands there sees nothing of it, whether it refuses inside the channel or beside it.
func TestCuesThatAReaderRefuses(t *testing.T) {
	for _, inClear := range []bool{false, true} {
		for _, refused := range []byte{0x69, 0x6A, 0x6B} {
			r, err := sim.NewOSDPReader(sim.OSDPConfig{Address: 1, Key: unhex(t, ownKey), Random: random(), Refuses: []byte{refused}})
			if err != nil {
				t.Fatal(err)
			}
			h := newHost(t, []osdp.Unit{{Address: 1, Keys: []osdp.Key{key(t, ownKey)}, Text: osdp.English}}, r)
			if inClear {
				h.line.Tap(func(toReader bool, p []byte) []byte {
					if !toReader && len(p) > 20 && r.Count().Refused > 0 && p[4]&ctrlBlock != 0 && p[6] == 0x18 {
						return nak(1, p[4]&3, 3)
					}
					return p
				})
			}
			h.online()
			for range 5 {
				_ = r.Present(26, card26)
				h.run(500 * time.Millisecond)
				h.bus.Cue(h.now, 1, reader.CueGranted)
				h.run(2 * time.Second)
				if got := h.told(); got != "card" {
					t.Fatalf("%x is refused: got %q", refused, got)
				}
				h.line.Tap(nil)
			}
			if n := r.Count().Refused; n != 1 {
				t.Errorf("%x was refused %d times", refused, n)
			}
			s := r.Shown()
			if shown := min(s.LEDs, 1) + min(s.Buzzes, 1) + min(s.Texts, 1); shown != 2 {
				t.Errorf("%x is refused: %d of two others are shown", refused, shown)
			}
		}
	}
}

// (d) Each alarm ends when its cause does.
func TestAlarmsEnd(t *testing.T) {
	r := peer(t, 1, "")
	h := newHost(t, []osdp.Unit{{Address: 1}}, r)
	h.run(time.Second)
	h.want("alarm insecure, down insecure")
	h.commission(ownKey)
	h.ends(osdp.Secured, "")
	h.run(time.Second)
	h.want("over insecure, up")
	_ = r.SetKey(nil)
	h.run(time.Second)
	h.want("alarm wrong_key, down wrong_key")
	c := osdp.Commission{Until: h.now.Add(time.Minute), Key: key(t, otherKey), Cleared: true}
	if err := h.bus.Commission(h.now, 1, c); err != nil {
		t.Fatal(err)
	}
	h.ends(osdp.Secured, "")
	h.run(time.Second)
	h.want("over wrong_key, up")
	r.Tamper(true)
	h.run(time.Second)
	r.Tamper(false)
	h.run(time.Second)
	h.want("alarm tamper, over tamper")
	r.Fail(sim.OSDPBadMAC, 1)
	h.run(9 * time.Minute)
	h.want("alarm forged")
	h.run(2 * time.Minute)
	h.want("over forged")
}

// (e) A reader that refuses its first key is given another one at once, without a word
// of the technician's: it never had a key.
func TestASecondAttemptAfterARefusedKey(t *testing.T) {
	for name, refuse := range map[string]func(h *host, r *sim.OSDPReader){
		"inside the channel": refuseKeySet,
		"in the clear": func(h *host, _ *sim.OSDPReader) {
			sent := false
			h.line.Tap(func(toReader bool, p []byte) []byte {
				switch {
				case toReader && isKeySet(p):
					sent = true
					return nil
				case toReader && sent:
					sent = false
				}
				return p
			})
			refuseInClear(h)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := peer(t, 1, "")
			h := newHost(t, []osdp.Unit{{Address: 1}}, r)
			h.run(time.Second)
			h.commission(ownKey)
			refuse(h, r)
			began := h.now
			h.ends(osdp.Refused, reader.Refused)
			if d := h.now.Sub(began); d > 10*time.Second {
				t.Errorf("it ended after %v", d)
			}
			h.line.Tap(nil)
			h.run(time.Second)
			h.commission(otherKey)
			began = h.now
			h.ends(osdp.Secured, "")
			if d := h.now.Sub(began); d > 10*time.Second {
				t.Errorf("the second one ended after %v", d)
			}
			h.run(time.Second)
			if s, _ := h.bus.Status(1); !s.Secure {
				t.Errorf("status %+v", s)
			}
		})
	}
}

// refuseInClear has somebody answer each KEYSET with NAK, outside the channel.
func refuseInClear(h *host) {
	h.line.Tap(func(toReader bool, p []byte) []byte {
		if toReader && isKeySet(p) {
			h.put(h.now.Add(50*time.Millisecond), [][]byte{nak(1, p[4]&3, 9)})
			return nil
		}
		return p
	})
}

// (e) A reader without secure channel is called so, though it claims one: when it is to be
// given its first key, and when it has a key from elsewhere. One that has had a channel
// with this terminal has lost its key.
func TestAReaderWithoutSecureChannel(t *testing.T) {
	t.Run("its first key", func(t *testing.T) {
		r := peer(t, 1, "")
		r.Fail(sim.OSDPNoChannel, -1)
		h := newHost(t, []osdp.Unit{{Address: 1}}, r)
		h.commission(ownKey)
		began := h.now
		h.ends(osdp.Refused, reader.Insecure)
		if d := h.now.Sub(began); d > 5*time.Second {
			t.Errorf("it ended after %v", d)
		}
		h.run(time.Second)
		h.want("alarm insecure, down insecure")
	})
	t.Run("a key from elsewhere", func(t *testing.T) {
		r := peer(t, 1, "")
		r.Fail(sim.OSDPNoChannel, -1)
		h := newHost(t, []osdp.Unit{{Address: 1, Keys: []osdp.Key{key(t, ownKey)}, Unproven: true}}, r)
		h.run(time.Minute)
		h.want("alarm insecure, down insecure")
	})
	t.Run("another key, in a commissioning", func(t *testing.T) {
		r := peer(t, 1, otherKey) // refuses the default key as if it had no channel
		h := newHost(t, []osdp.Unit{{Address: 1}}, r)
		h.commission(ownKey)
		h.run(10 * time.Second)
		if stage, why := h.bus.Commissioned(1); stage != osdp.Waiting || why != reader.WrongKey {
			t.Errorf("%s %s", stage, why)
		}
	})
	t.Run("it had one", func(t *testing.T) {
		h, r := pair(t)
		h.online()
		_ = r.SetKey(nil)
		h.run(time.Minute)
		h.want("alarm wrong_key, down wrong_key")
	})
}

// (e) A reader that insists on the secure channel, and is to speak in the clear: it is down
// for that, and stays so.
func TestAReaderThatInsists(t *testing.T) {
	r, err := sim.NewOSDPReader(sim.OSDPConfig{Address: 1, Key: unhex(t, ownKey), Strict: true, Random: random()})
	if err != nil {
		t.Fatal(err)
	}
	h := newHost(t, []osdp.Unit{{Address: 1, ClearText: true}}, r)
	h.run(5 * time.Minute)
	for _, e := range h.events {
		if e.Kind != reader.KindDown || e.Why != reader.SecureOnly {
			t.Fatalf("got %s %s", e.Kind, e.Why)
		}
	}
	h.want("down secure_only")
}

// (f) A reader that needs all of its 200 ms, and an adapter that keeps it for 16 ms more.
func TestASlowReader(t *testing.T) {
	for _, tt := range []struct {
		reply, thinks time.Duration
	}{
		{0, 200*time.Millisecond + 16*time.Millisecond},
		{600 * time.Millisecond, 550 * time.Millisecond},
		{time.Second, 950 * time.Millisecond},
	} {
		r := peer(t, 1, ownKey)
		h := newHost(t, []osdp.Unit{{Address: 1, Keys: []osdp.Key{key(t, ownKey)}, Reply: tt.reply}}, r)
		h.thinks = tt.thinks
		r.Fail(sim.OSDPSplit, -1) // the first byte counts
		h.run(10 * time.Second)
		h.want("up")
		_ = r.Present(26, card26)
		h.run(3 * time.Second)
		h.want("card")
		if s, _ := h.bus.Status(1); s.Line.Repeated != 0 {
			t.Errorf("%v: %+v", tt.reply, s.Line)
		}
		if h.bus.Silence() < 3*tt.reply+time.Second { // a command is sent three times before the reader is down
			t.Errorf("%v: silent after %v", tt.reply, h.bus.Silence())
		}
	}
	for _, bad := range []time.Duration{time.Millisecond, 199 * time.Millisecond, 1001 * time.Millisecond, -1} {
		if _, err := osdp.NewBus(osdp.BusConfig{Units: []osdp.Unit{{Reply: bad}}, Random: random()}); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}
