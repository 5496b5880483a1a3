package osdp_test

import (
	"testing"
	"time"

	"badged/reader/osdp"
	"badged/reader/pacs"
)

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
