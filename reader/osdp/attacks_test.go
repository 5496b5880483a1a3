package osdp_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"badged/internal/rig/sim"
	"badged/reader"
	"badged/reader/osdp"
)

// The five attacks of Dan Petro and David Vargas, «Badge of Shame: Breaking into Secure
// Facilities with OSDP», Bishop Fox, Black Hat USA 2023.

// The codes that tell attacks from service.
const (
	cmdPoll   = 0x60
	cmdCap    = 0x62
	cmdKeySet = 0x75
	cmdChlng  = 0x76

	ctrlAt, blockAt = 5, 6 // in a frame with its mark
	ctrlBlock       = 0x08
)

// commands gives the codes of what the host sent in the clear.
func (h *host) commands() (clear []byte) {
	for _, p := range h.frames {
		if p[ctrlAt]&ctrlBlock == 0 {
			clear = append(clear, p[ctrlAt+1])
		}
	}
	return clear
}

// onlyAsked complains about anything in the clear but ID and CAP.
func (h *host) onlyAsked() {
	h.tb.Helper()
	if extra := bytes.Trim(h.commands(), "\x61\x62"); len(extra) > 0 {
		h.tb.Errorf("the commands %x were sent in the clear", extra)
	}
}

// Attack 1: encryption is optional, and a host that may fall back will. A reader that
// refuses the channel, or answers in the clear within it, is not believed.
func TestAttackOptionalEncryption(t *testing.T) {
	t.Run("the channel is refused", func(t *testing.T) {
		h, r := pair(t)
		h.line.Tap(func(toReader bool, p []byte) []byte {
			if toReader && p[4]&ctrlBlock != 0 {
				return nil // whoever sits on the line swallows what he cannot read
			}
			return p
		})
		_ = r.Present(26, card26)
		h.run(time.Minute)
		h.want("down silent")
		h.onlyAsked()
	})
	t.Run("a card in the clear inside the channel", func(t *testing.T) {
		h, r := pair(t)
		h.online()
		r.Fail(sim.OSDPClear, -1)
		_ = r.Present(26, card26)
		h.run(time.Minute)
		if got := h.told(); strings.Contains(got, "card") || !strings.Contains(got, "alarm forged") {
			t.Errorf("got %q", got)
		}
		h.onlyAsked()
	})
	t.Run("a card nobody polled for", func(t *testing.T) {
		h, _ := pair(t)
		h.online()
		for seq := range byte(4) {
			h.bus.Send(h.now)
			h.bus.Feed(h.now, clearCard(1, seq), h.emit)
			h.run(20 * time.Millisecond)
		}
		if got := h.told(); strings.Contains(got, "card") {
			t.Errorf("got %q", got)
		}
	})
	t.Run("a reader without key", func(t *testing.T) {
		r := peer(t, 1, "")
		h := newHost(t, []osdp.Unit{{Address: 1}}, r)
		_ = r.Present(26, card26)
		h.run(time.Minute)
		h.want("alarm insecure, down insecure")
		if len(h.frames) != 0 {
			t.Error("the host spoke to it")
		}
	})
}

// Attack 2: whoever sits on the line edits PDCAP, so that the reader seems not to have
// AES.
func TestAttackCapabilityDowngrade(t *testing.T) {
	t.Run("from the start", func(t *testing.T) {
		h, r := pair(t)
		r.Fail(sim.OSDPDowngrade, -1)
		_ = r.Present(26, card26)
		h.run(time.Minute)
		h.want("alarm downgrade, down downgrade")
		h.onlyAsked()
	})
	t.Run("later", func(t *testing.T) {
		h, r := pair(t)
		h.online()
		r.Fail(sim.OSDPDowngrade, -1)
		r.Restart()
		h.run(time.Minute)
		h.want("alarm downgrade, down downgrade")
		_ = r.Present(26, card26)
		h.run(time.Minute)
		h.want("")
		h.onlyAsked()
		r.Fail(sim.OSDPDowngrade, 0)
		h.run(5 * time.Second)
		h.want("over downgrade, up, card")
		r.Fail(sim.OSDPDowngrade, -1)
		r.Restart()
		h.run(time.Minute)
		h.want("alarm downgrade, down downgrade") // told again: it was up in between
	})
	t.Run("seen inside the channel", func(t *testing.T) {
		r, err := sim.NewOSDPReader(sim.OSDPConfig{Address: 1, Key: unhex(t, ownKey), Caps: []byte{9, 0, 0}, Random: random()})
		if err != nil {
			t.Fatal(err)
		}
		h := newHost(t, []osdp.Unit{{Address: 1, Keys: []osdp.Key{key(t, ownKey)}}}, r)
		h.line.Tap(func(toReader bool, p []byte) []byte {
			const pdcap = 0x46
			if !toReader && p[5] == pdcap {
				return rewrite(p, func(f []byte) { f[7] = 1 }) // in the clear, it claims AES
			}
			return p
		})
		h.run(time.Second)
		h.want("alarm downgrade, down downgrade")
	})
	t.Run("a first key is not given to such a reader", func(t *testing.T) {
		r := peer(t, 1, "")
		r.Fail(sim.OSDPDowngrade, -1)
		h := newHost(t, []osdp.Unit{{Address: 1}}, r)
		if err := h.bus.Commission(h.now, 1, osdp.Commission{Until: h.now.Add(time.Minute), Key: key(t, ownKey)}); err != nil {
			t.Fatal(err)
		}
		h.run(2 * time.Minute)
		if stage, why := h.bus.Commissioned(1); stage != osdp.Refused || why != reader.Insecure {
			t.Errorf("%s %s", stage, why)
		}
		h.want("alarm insecure, down insecure")
		h.onlyAsked()
	})
}

// Attack 3: install mode. A reader that was cleared, or another one in its place, waits
// for a host that gives it the key anew.
func TestAttackInstallMode(t *testing.T) {
	h, r := pair(t)
	h.online()
	if err := r.SetKey(nil); err != nil {
		t.Fatal(err)
	}
	_ = r.Present(26, card26)
	h.run(10 * time.Minute)
	h.want("alarm wrong_key, down wrong_key")
	if c := r.Count(); c.KeySets != 0 || c.Opened != 1 {
		t.Errorf("%d keys were given, %d channels opened", c.KeySets, c.Opened)
	}
	h.onlyAsked()
	for _, p := range h.frames {
		if p[ctrlAt]&ctrlBlock != 0 && p[blockAt+1] == 0x11 && p[blockAt+2] == 0 {
			t.Fatal("the host offered the default key")
		}
	}
	if err := r.SetKey(unhex(t, ownKey)); err != nil {
		t.Fatal(err)
	}
	h.run(5 * time.Second)
	h.want("over wrong_key, up")
}

// Attack 4: weak keys, from sample code and people.
func TestAttackWeakKeys(t *testing.T) {
	weak := []string{
		"303132333435363738393A3B3C3D3E3F", captureKey,
		"0102030401020304" + "0102030401020304", "00112233445566770011223344556677",
		"ABABABABABABABABABABABABABABABAB", "00020406080A0C0E10121416181A1C1E",
		"12345678901234567890123456789012", "11223344556677889900AABBCCDDEEFF", "DEADBEDEADBEDEADBEDEADBEDEADBEDE",
		"0123456789ABCDEFFEDCBA9876543210", "01020304050607080900010203040506", "00000000000000000000000000000001",
		"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00", "30313233343536373839414243444546", "31323334353637383930313233343536",
		"41424344454630313233343536373839", "6F706E53657361314D65507255736521"[:30] + "31", "2C77A1D9E05B4F8836CE90122C77A1D9",
	}
	for b := range 256 {
		var same, up, down [16]byte
		for i := range 16 {
			same[i], up[i], down[i] = byte(b), byte(b+i), byte(b-i)
		}
		for _, p := range [][16]byte{same, up, down} {
			weak = append(weak, strings.ToUpper(hexOf(p[:])))
		}
	}
	h, _ := pair(t)
	for _, text := range weak {
		k := key(t, text)
		if _, err := osdp.NewBus(osdp.BusConfig{Units: []osdp.Unit{{Keys: []osdp.Key{k}}}, Random: random()}); err == nil {
			t.Error("a weak key was taken from a configuration")
		}
		if h.bus.Commission(h.now, 1, osdp.Commission{Until: h.now.Add(time.Minute), Key: k}) == nil {
			t.Error("a reader was to be given a weak key")
		}
	}
	for range 10000 {
		if _, err := osdp.NewKey(random()); err != nil {
			t.Fatal(err)
		}
	}
	if key(t, ownKey).Weak() || key(t, otherKey).Weak() {
		t.Error("a random key is called weak")
	}
}

// Attack 5: key capture. KEYSET under the default key can be read by all, so it is sent
// only on request and in time, and never carries a key that any reader has already.
func TestAttackKeyCapture(t *testing.T) {
	spy := osdp.NewMonitor(osdp.MonitorConfig{Address: -1})
	listen := func(h *host) {
		h.line.Tap(func(_ bool, p []byte) []byte {
			spy.Feed(h.now, p, func(reader.Event) {})
			return p
		})
	}
	t.Run("a reader in install mode gets nothing", func(t *testing.T) {
		rogue := peer(t, 1, "")
		h := newHost(t, []osdp.Unit{{Address: 1, Keys: []osdp.Key{key(t, ownKey)}}}, rogue)
		listen(h)
		h.run(10 * time.Minute)
		if len(spy.Summary().Keys) != 0 || rogue.Count().KeySets != 0 {
			t.Error("a key was given away")
		}
	})
	t.Run("nor after the time of a commissioning", func(t *testing.T) {
		r := peer(t, 1, ownKey)
		h := newHost(t, []osdp.Unit{{Address: 1}}, r)
		listen(h)
		if err := h.bus.Commission(h.now, 1, osdp.Commission{Until: h.now.Add(time.Minute), Key: key(t, otherKey)}); err != nil {
			t.Fatal(err)
		}
		h.run(61 * time.Second)
		if stage, why := h.bus.Commissioned(1); stage != osdp.Expired || why != reader.WrongKey {
			t.Errorf("%s %s", stage, why)
		}
		_ = r.SetKey(nil)
		h.run(10 * time.Minute)
		if len(spy.Summary().Keys) != 0 || r.Count().KeySets != 0 {
			t.Error("a key was given away")
		}
	})
	t.Run("never outside the channel, and never another's", func(t *testing.T) {
		rogue := peer(t, 1, "")
		h := newHost(t, []osdp.Unit{{Address: 1, Keys: []osdp.Key{key(t, ownKey)}}}, rogue)
		listen(h)
		if err := h.bus.Commission(h.now, 1, osdp.Commission{Until: h.now.Add(time.Minute), Key: key(t, otherKey)}); err != nil {
			t.Fatal(err)
		}
		h.run(2 * time.Minute)
		if n := len(spy.Summary().Keys); n != 0 || rogue.Count().KeySets != 0 {
			t.Errorf("a rogue that says it is in install mode was given a key: %d on the line", n)
		}
		h.neverByDefault()
		cleared := osdp.Commission{Until: h.now.Add(time.Minute), Key: key(t, otherKey), Cleared: true}
		if err := h.bus.Commission(h.now, 1, cleared); err != nil {
			t.Fatal(err)
		}
		h.run(2 * time.Minute)
		h.onlyAsked()
		learned := spy.Summary().Keys
		if len(learned) != 1 || learned[0] != key(t, otherKey) {
			t.Errorf("%d keys were on the line", len(learned))
		}
	})
}

// A reader that has another key, or a cryptogram that proves nothing, is not talked to.
func TestAReaderWithAnotherKey(t *testing.T) {
	r := peer(t, 1, otherKey)
	h := newHost(t, []osdp.Unit{{Address: 1, Keys: []osdp.Key{key(t, ownKey)}}}, r)
	_ = r.Present(26, card26)
	h.run(time.Minute)
	h.want("alarm wrong_key, down wrong_key")
	if r.Count().Opened != 0 {
		t.Error("the host proved itself to a stranger")
	}
}

func TestACryptogramThatProvesNothing(t *testing.T) {
	h, r := pair(t)
	r.Fail(sim.OSDPBadCryptogram, 1)
	h.run(time.Second)
	h.want("alarm wrong_key, down wrong_key")
	h.run(5 * time.Second)
	h.want("over wrong_key, up")
}

func TestARogueRMACIsRefused(t *testing.T) {
	h, r := pair(t)
	r.Fail(sim.OSDPBadRMAC, -1)
	_ = r.Present(26, card26)
	h.run(10 * time.Second)
	if got := h.told(); strings.Contains(got, "card") || strings.Contains(got, "up") || !strings.HasPrefix(got, "alarm forged") || !strings.Contains(got, "down forged") {
		t.Errorf("got %q", got)
	}
	r.Fail(sim.OSDPBadRMAC, 0)
	h.run(5 * time.Second)
	if got := h.told(); !strings.HasSuffix(got, "up, card") {
		t.Errorf("then: got %q", got)
	}
}

// Somebody on the line replays, swaps and changes what readers say.
func TestRepliesOfOthersDoNotCount(t *testing.T) {
	for name, change := range map[string]func(f []byte){
		"another address": func(f []byte) { f[1] ^= 2 },
		"one bit of data": func(f []byte) { f[len(f)-7] ^= 1 },
		"one bit of MAC":  func(f []byte) { f[len(f)-3] ^= 0x80 },
		"type of block":   func(f []byte) { f[6] ^= 0x0E },
		"sequence":        func(f []byte) { f[4] ^= 1 },
		"an echo":         func(f []byte) { f[1] &^= 0x80 },
	} {
		t.Run(name, func(t *testing.T) {
			h, r := pair(t)
			h.online()
			_ = r.Present(26, card26)
			h.line.Tap(func(toReader bool, p []byte) []byte {
				if toReader {
					return p
				}
				return rewrite(p, change)
			})
			h.run(time.Minute)
			if got := h.told(); strings.Contains(got, "card") {
				t.Errorf("got %q", got)
			}
		})
	}
}

// A reply that was recorded is no card again, whatever command it is given to.
func TestReplay(t *testing.T) {
	h, r := pair(t)
	h.online()
	var card []byte
	h.line.Tap(func(toReader bool, p []byte) []byte {
		const encrypted, seq = 0x18, 3
		switch {
		case toReader:
		case card == nil && p[6] == encrypted:
			card = bytes.Clone(p)
		case card != nil && p[4]&seq == card[4]&seq:
			return card
		}
		return p
	})
	_ = r.Present(26, card26)
	h.run(time.Minute)
	if got := h.told(); !strings.HasPrefix(got, "card, alarm forged") || strings.Count(got, "card") != 1 {
		t.Errorf("got %q", got)
	}
}
