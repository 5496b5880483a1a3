package osdp_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"badged/internal/rig/sim"
	"badged/reader"
	"badged/reader/osdp"
)

// What a reader refuses of its display is not asked again, and nothing else suffers.
func TestARefusedCueIsNotShownAgain(t *testing.T) {
	h, r := pair(t)
	h.online()
	r.FailNAK(3, 1)
	h.bus.Cue(h.now, 1, reader.CueGranted) // LED first
	h.run(500 * time.Millisecond)
	h.want("") // a person who was let in sees nothing of it
	h.bus.Cue(h.now, 1, reader.CueRefused)
	h.run(500 * time.Millisecond)
	h.want("")
	if s := r.Shown(); s.LEDs != 0 || s.Buzzes != 2 || s.Texts != 2 {
		t.Errorf("shown: %d LED, %d buzzer, %d text", s.LEDs, s.Buzzes, s.Texts)
	}
}

func TestCues(t *testing.T) {
	h, r := pair(t)
	h.bus.Cue(h.now, 1, reader.CueGranted) // offline: not kept for later
	h.online()
	if s := r.Shown(); s.LEDs+s.Buzzes+s.Texts != 0 {
		t.Error("a cue from before was shown")
	}
	seen := map[reader.Cue]sim.OSDPShown{}
	for _, c := range []reader.Cue{reader.CueGranted, reader.CueRefused, reader.CueWait, reader.CueKey, reader.CueReset, reader.CueAgain} {
		h.bus.Cue(h.now, 1, c)
		h.run(300 * time.Millisecond)
		seen[c] = r.Shown()
	}
	const colour = 5
	if s := seen[reader.CueGranted]; s.LED[colour] != 2 || s.Buzzes != 1 || strings.TrimSpace(s.Text) != "WELCOME" {
		t.Error("granted is not green")
	}
	if s := seen[reader.CueRefused]; s.LED[colour] != 1 || s.Buzzes != 2 || strings.TrimSpace(s.Text) != "REFUSED" {
		t.Error("refused is not red")
	}
	if s := seen[reader.CueWait]; s.LED[colour] != 3 || s.Buzzes != 2 {
		t.Error("wait is not amber, and silent")
	}
	if s := seen[reader.CueKey]; s.Buzzes != 3 || s.Texts != 3 {
		t.Error("a key does not sound, or shows a text")
	}
	if s, wait := seen[reader.CueAgain], seen[reader.CueWait]; slices.Equal(s.LED, wait.LED) || s.Buzzes != 5 || strings.TrimSpace(s.Text) != "BADGE ONCE MORE" || s.Text == wait.Text {
		t.Error("the same card again looks or sounds like waiting for any")
	}
	h.bus.Cue(h.now, 1, reader.CueWait)
	h.bus.Cue(h.now, 1, reader.CueGranted) // at once: the last decision counts
	h.run(300 * time.Millisecond)
	if s := r.Shown(); s.LED[colour] != 2 || s.LEDs != 7 {
		t.Errorf("%d LEDs shown", s.LEDs)
	}
	h.bus.Cue(h.now, 7, reader.CueGranted) // no such reader
	h.want("")
}

func TestCuesFollowWhatTheReaderCan(t *testing.T) {
	r, err := sim.NewOSDPReader(sim.OSDPConfig{Address: 1, Key: unhex(t, ownKey), Caps: []byte{9, 1, 1, 5, 2, 1, 4, 3, 0}, Random: random()})
	if err != nil {
		t.Fatal(err)
	}
	h := newHost(t, []osdp.Unit{{Address: 1, Keys: []osdp.Key{key(t, ownKey)}, Text: osdp.French}}, r)
	h.online()
	h.bus.Cue(h.now, 1, reader.CueGranted)
	h.run(300 * time.Millisecond)
	if s := r.Shown(); s.LEDs != 0 || s.Buzzes != 1 || s.Texts != 0 {
		t.Errorf("shown: %d LED, %d buzzer, %d text", s.LEDs, s.Buzzes, s.Texts)
	}
}

func TestFrenchDisplay(t *testing.T) {
	r := peer(t, 1, ownKey)
	h := newHost(t, []osdp.Unit{{Address: 1, Keys: []osdp.Key{key(t, ownKey)}, Text: osdp.French}}, r)
	h.online()
	h.bus.Cue(h.now, 1, reader.CueGranted)
	h.run(300 * time.Millisecond)
	if s := r.Shown(); strings.TrimSpace(s.Text) != "BIENVENUE" {
		t.Errorf("shown: %q", s.Text)
	}
}
