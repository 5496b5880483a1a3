package osdp_test

import (
	"strings"
	"testing"
	"time"

	"badged/internal/sim"
	"badged/reader"
	"badged/reader/osdp"
	"badged/reader/pacs"
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
		{sim.OSDPCorrupt, 2, "fault checksum, fault checksum, card"},
		{sim.OSDPBusy, 20, "card"},
		{sim.OSDPStale, 1, "down silent, up"},
		{sim.OSDPBadMAC, 1, "fault forged"},
		{sim.OSDPClear, 1, "fault forged, fault forged, fault forged, down silent, up"},
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

func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		code byte
		want string
	}{
		{1, "fault refused"}, // in the channel with a MAC: it was understood
		{2, "fault refused"},
		{3, "fault refused"},
		{4, "fault refused"},
		{5, "fault refused"},
		{6, "fault refused"},
		{9, "fault refused"},
		{200, "fault refused"},
	} {
		h, r := pair(t)
		h.online()
		r.FailNAK(tt.code, 1)
		h.run(time.Second)
		h.want(tt.want)
		_ = r.Present(26, card26)
		h.run(time.Second)
		h.want("card")
	}
}

// What a reader refuses of its display is not asked again, and nothing else suffers.
func TestARefusedCueIsNotShownAgain(t *testing.T) {
	h, r := pair(t)
	h.online()
	r.FailNAK(3, 1)
	h.bus.Cue(h.now, 1, reader.CueGranted) // LED first
	h.run(500 * time.Millisecond)
	h.want("fault refused")
	h.bus.Cue(h.now, 1, reader.CueRefused)
	h.run(500 * time.Millisecond)
	h.want("")
	if s := r.Shown(); s.LEDs != 0 || s.Buzzes != 2 || s.Texts != 2 {
		t.Errorf("shown: %d LED, %d buzzer, %d text", s.LEDs, s.Buzzes, s.Texts)
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
	for _, away := range []time.Duration{time.Second, 30 * time.Second, 10 * time.Minute} {
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
	h.want("")
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
		units = append(units, osdp.Unit{Address: a, Keys: []osdp.Key{key(t, ownKey)}})
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

func TestCues(t *testing.T) {
	h, r := pair(t)
	h.bus.Cue(h.now, 1, reader.CueGranted) // offline: not kept for later
	h.online()
	if s := r.Shown(); s.LEDs+s.Buzzes+s.Texts != 0 {
		t.Error("a cue from before was shown")
	}
	seen := map[reader.Cue]sim.OSDPShown{}
	for _, c := range []reader.Cue{reader.CueGranted, reader.CueRefused, reader.CueWait, reader.CueKey, reader.CueReset} {
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
	h.bus.Cue(h.now, 1, reader.CueWait)
	h.bus.Cue(h.now, 1, reader.CueGranted) // at once: the last decision counts
	h.run(300 * time.Millisecond)
	if s := r.Shown(); s.LED[colour] != 2 || s.LEDs != 6 {
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

func TestClearTextIsAChoice(t *testing.T) {
	r := peer(t, 1, "")
	h := newHost(t, []osdp.Unit{{Address: 1, ClearText: true}}, r)
	h.run(time.Second)
	h.want("up")
	if s, _ := h.bus.Status(1); !s.Online || s.Secure || !s.ClearText {
		t.Errorf("status %+v", s)
	}
	_ = r.Present(26, card26)
	h.run(time.Second)
	h.want("card")
	r.Restart()
	h.run(time.Second)
	h.want("")
	if r.Count().Opened != 0 {
		t.Error("a channel was opened")
	}
}

func TestAReaderThatKnowsChecksumsOnly(t *testing.T) {
	h, r := pair(t)
	const control, crc = 5, 4 // behind the mark
	h.line.Tap(func(toReader bool, p []byte) []byte {
		if toReader && p[control-1]&crc != 0 {
			return nil
		}
		return p
	})
	h.run(10 * time.Second)
	h.want("down silent, up")
	_ = r.Present(26, card26)
	h.run(time.Second)
	h.want("card")
}

func TestFMT(t *testing.T) {
	for _, tt := range []struct {
		fmt        bool
		text, want string
	}{
		{false, "0012345678", "fault format"},
		{true, "0012345678", "card"},
		{true, "1234", "fault length"}, // a PIN in disguise
		{true, "12A4567", "fault digit"},
	} {
		r := peer(t, 1, ownKey)
		h := newHost(t, []osdp.Unit{{Address: 1, Keys: []osdp.Key{key(t, ownKey)}, FMT: tt.fmt}}, r)
		h.online()
		_ = r.PresentFMT(tt.text)
		h.run(time.Second)
		if tt.want == "card" && (len(h.events) == 0 || h.events[0].Card.Reveal() != tt.text) {
			t.Error("another card")
		}
		h.want(tt.want)
	}
}

func TestFormats(t *testing.T) {
	only37, err := pacs.Select("H10302")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		formats pacs.Selection
		bits    int
		packed  []byte
		want    string
	}{
		{"26 bits", pacs.Selection{}, 26, card26, "card"},
		{"26 bits, parity", pacs.Selection{}, 26, []byte{0x0B, 0x35, 0x1B, 0x80}, "fault parity"},
		{"26 bits are not asked for", only37, 26, card26, "fault length"},
		{"no format has 25", pacs.Selection{}, 25, card26, "fault length"},
	} {
		r := peer(t, 1, ownKey)
		h := newHost(t, []osdp.Unit{{Address: 1, Keys: []osdp.Key{key(t, ownKey)}, Formats: tt.formats}}, r)
		h.online()
		_ = r.Present(tt.bits, tt.packed)
		h.run(time.Second)
		if got := h.told(); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestComSetMovesAReader(t *testing.T) {
	h, r := pair(t)
	if err := h.bus.ComSet(1, 5, 38400); err == nil {
		t.Error("a reader that is offline was moved")
	}
	h.online()
	if err := h.bus.ComSet(1, 5, 38400); err != nil {
		t.Fatal(err)
	}
	h.run(time.Second)
	if s, ok := h.bus.Status(5); !ok || !s.Online || s.Baud != 38400 || r.Address() != 5 {
		t.Errorf("status %+v", s)
	}
	_ = r.Present(26, card26)
	h.run(time.Second)
	if len(h.events) == 0 || h.events[len(h.events)-1].Unit != 5 {
		t.Error("events still have the old address")
	}
	for _, bad := range [][3]int{{1, 2, 9600}, {5, 127, 9600}, {5, -1, 9600}, {5, 6, 0}} {
		if h.bus.ComSet(bad[0], bad[1], bad[2]) == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}

func TestWrongConfigurations(t *testing.T) {
	k := key(t, ownKey)
	for name, cfg := range map[string]osdp.BusConfig{
		"no reader":       {Random: random()},
		"no random":       {Units: []osdp.Unit{{Keys: []osdp.Key{k}}}},
		"address 127":     {Units: []osdp.Unit{{Address: 127}}, Random: random()},
		"same address":    {Units: []osdp.Unit{{Address: 3}, {Address: 3}}, Random: random()},
		"key and clear":   {Units: []osdp.Unit{{Keys: []osdp.Key{k}, ClearText: true}}, Random: random()},
		"language":        {Units: []osdp.Unit{{Text: "de"}}, Random: random()},
		"second key weak": {Units: []osdp.Unit{{Keys: []osdp.Key{k, key(t, captureKey)}}}, Random: random()},
	} {
		if _, err := osdp.NewBus(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	bus, err := osdp.NewBus(osdp.BusConfig{Units: []osdp.Unit{{}}, Random: random()})
	if err != nil {
		t.Fatal(err)
	}
	if bus.SetKeys(9, k) == nil || bus.SetKeys(0, key(t, captureKey)) == nil || bus.SetKeys(0, k) != nil {
		t.Error("SetKeys takes what it should not, or not what it should")
	}
	if p := bus.Send(t0); p != nil || !bus.Deadline().IsZero() {
		t.Error("it speaks before Open")
	}
}

const captureKey = "101112131415161718191A1B1C1D1E1F"

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
