package osdp

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"badged/internal/rig/sim"
	"badged/reader"
	"badged/reader/pacs"
	"badged/reader/readertest"
)

const captureTold = "alarm weak_key, card 166A37 H10301, key *, key 7, key 3, key 6, key 5, key #"

func TestCaptureOfLibosdp(t *testing.T) {
	for _, key := range []string{captureKey, ""} { // without it, it is guessed
		m := captureMonitor(t, key)
		if got := listen(m, capture(t)...); got != captureTold {
			t.Errorf("got %q", got)
		}
		s := m.Summary()
		if s.Frames != 46 || s.BadCRC != 0 || s.MACs != 38 || s.BadMACs != 0 {
			t.Errorf("%d frames, %d damaged, %d MACs right, %d wrong", s.Frames, s.BadCRC, s.MACs, s.BadMACs)
		}
		if guessed := key == ""; guessed != (len(s.Keys) == 1) || guessed && !strings.EqualFold(s.Keys[0].Hex(), captureKey) {
			t.Errorf("%d keys", len(s.Keys))
		}
	}
}

func TestCaptureWithAnotherKey(t *testing.T) {
	frames := capture(t)
	crypt := frames[5]
	crypt[len(crypt)-3] ^= 1 // of the cryptogram: now no key can be guessed
	frames[5] = mend(crypt)
	m := captureMonitor(t, "8F1E6A0C5D2B93477A60E1F4B8C2D935")
	if got := listen(m, frames...); got != "fault wrong_key" {
		t.Errorf("got %q", got)
	}
	if s := m.Summary(); s.Frames != 46 || s.MACs != 0 || s.BadMACs != 0 {
		t.Errorf("%d frames, %d MACs right, %d wrong", s.Frames, s.MACs, s.BadMACs)
	}
}

func TestCaptureFromTheMiddle(t *testing.T) {
	if got := listen(captureMonitor(t, captureKey), capture(t)[10:]...); got != "fault forged" {
		t.Errorf("got %q", got)
	}
}

// mend puts the CRC of a frame right.
func mend(p []byte) []byte {
	f := frame{}
	return f.appendCheck(append([]byte{mark}, p[:len(p)-2]...))[1:]
}

// Every byte of the capture counts: changed by the line, the frame is damaged; changed by
// somebody who mends the CRC, a MAC or cryptogram is wrong. Neither gives a card or a
// key that was not sent.
func TestEveryByteOfTheCaptureCounts(t *testing.T) {
	const cuidFrame, cuidFrom, cuidTo = 5, 9, 17 // a name only: nothing depends on it
	frames := capture(t)
	known := append(strings.Split(captureTold, ", "), "")
	for i, f := range frames {
		for at := range f {
			bad := slices.Clone(frames)
			bad[i] = bytes.Clone(f)
			bad[i][at] ^= 1
			m := captureMonitor(t, captureKey)
			got := listen(m, bad...)
			if s := m.Summary(); s.BadCRC == 0 && !strings.Contains(got, "fault") {
				t.Fatalf("frame %d, byte %d: not noticed", i, at)
			}
			madeUp(t, known, got)
			if i < 4 || at == 0 || at >= len(f)-2 || i == cuidFrame && at >= cuidFrom && at < cuidTo {
				continue // clear text can be changed, which is why it is not used
			}
			bad[i] = mend(bad[i])
			m = captureMonitor(t, captureKey)
			got = listen(m, bad...)
			if !strings.Contains(got, "fault") && !lenient(f, at) {
				t.Errorf("frame %d, byte %d, with the right CRC: not noticed: %q", i, at, got)
			}
			madeUp(t, known, got)
		}
	}
}

// lenient tells the bytes of the handshake that only help to understand it: address (the
// frame then belongs to nobody), sequence, what the block says beside its type.
func lenient(f []byte, at int) bool {
	block := f[6]
	return block < scsCommand && (at == 1 || at == 4 || at == 7)
}

func madeUp(t *testing.T, known []string, got string) {
	t.Helper()
	for _, s := range strings.Split(got, ", ") {
		if !slices.Contains(known, s) && !strings.HasPrefix(s, "fault") && !strings.HasPrefix(s, "alarm") {
			t.Fatal("something that was not sent")
		}
	}
}

// commissioning records what a host and a simulated reader say while the host gives it a key.
func commissioning(t *testing.T) (frames [][]byte) {
	t.Helper()
	r, err := sim.NewOSDPReader(sim.OSDPConfig{Address: 1})
	if err != nil {
		t.Fatal(err)
	}
	bus, err := NewBus(BusConfig{Units: []Unit{{Address: 1}}, Random: bytes.NewReader(make([]byte, 64))})
	if err != nil {
		t.Fatal(err)
	}
	key, err := ParseKey("8F1E6A0C5D2B93477A60E1F4B8C2D935")
	if err != nil {
		t.Fatal(err)
	}
	bus.Open(t0)
	if err := bus.Commission(t0, 1, Commission{Until: t0.Add(MaxCommission), Key: key}); err != nil {
		t.Fatal(err)
	}
	_ = r.Present(26, []byte{0x8B, 0x35, 0x1B, 0x80})
	emit := func(reader.Event) {}
	lost := false
	for now := t0; len(frames) < 40; now = bus.Deadline() {
		bus.Tick(now, emit)
		p := bus.Send(now)
		if p == nil {
			continue
		}
		frames = append(frames, bytes.Clone(p))
		if !lost && r.Count().Polls == 1 {
			lost = true
			for _, reply := range r.Receive(p) {
				frames = append(frames, bytes.Clone(reply)) // the host misses it, and asks again
			}
			continue
		}
		for _, reply := range r.Receive(p) {
			frames = append(frames, bytes.Clone(reply))
			bus.Feed(now, reply, emit)
		}
	}
	return frames
}

func TestMonitorLearnsKeys(t *testing.T) {
	m := NewMonitor(MonitorConfig{Address: -1})
	if got := listen(m, commissioning(t)...); got != "alarm weak_key, card 166A37 H10301" {
		t.Errorf("got %q", got)
	}
	s := m.Summary()
	if len(s.Keys) != 1 || !strings.EqualFold(s.Keys[0].Hex(), "8F1E6A0C5D2B93477A60E1F4B8C2D935") {
		t.Errorf("%d keys", len(s.Keys))
	}
	if s.BadMACs != 0 || s.MACs < 10 || s.BadCRC != 0 {
		t.Errorf("%d MACs right, %d wrong", s.MACs, s.BadMACs)
	}
}

func TestMonitorOfOneReader(t *testing.T) {
	m := NewMonitor(MonitorConfig{Address: 2})
	if got := listen(m, commissioning(t)...); got != "" {
		t.Errorf("got %q", got)
	}
}

// reply is a reply in the clear.
func reply(addr, seq, code byte, data ...byte) []byte {
	f := frame{addr: addr, reply: true, seq: seq, code: code, data: data}
	return f.encodeClear(nil)[1:]
}

func card(t *testing.T, addr int, hex string) reader.Event {
	t.Helper()
	c, why := pacs.Selection{}.Card(reader.PACS, 26, unhex(t, hex))
	if why != "" {
		t.Fatal(why)
	}
	return reader.Event{Kind: reader.KindCard, Card: c, Unit: addr}
}

func TestMonitorContract(t *testing.T) {
	sum := frame{addr: 2, reply: true, seq: 1, code: replyRaw, data: unhex(t, "00011A008B351B80"), sum: true}
	readertest.Decoder(t, readertest.Contract{
		New: func() reader.Decoder { return NewMonitor(MonitorConfig{Address: -1}) },
		Frames: [][]byte{
			reply(1, 1, replyRaw, unhex(t, "00011A008B351B80")...),
			reply(1, 2, replyRaw, unhex(t, "00001A00DBF7D640")...),
			sum.encodeClear(nil)[1:],
		},
		Want:     []reader.Event{card(t, 1, "8B351B80"), card(t, 1, "DBF7D640"), card(t, 2, "8B351B80")},
		Checksum: true,
		Garbage: [][]byte{
			{0}, {0x53}, {0x53, 0x81}, {0x53, 0x53, 0x53}, []byte("noise"), {0x53, 0x81, 0x0C, 0x00, 0x06},
			{0x53, 0x81, 0xA0, 0x05, 0x06, 0x50}, reply(1, 1, replyRaw, 0, 1, 26, 0, 1)[:12],
			bytes.Repeat([]byte{0x53, 0x81, 0x20, 0x00}, 200),
		},
	})
}

func TestScannerFaults(t *testing.T) {
	good := reply(1, 1, replyRaw, unhex(t, "00011A008B351B80")...)
	bad := bytes.Clone(good)
	bad[9] ^= 1
	for _, tt := range []struct {
		name string
		in   [][]byte
		want string
		crc  int
	}{
		{"marks", [][]byte{{0xFF, 0xFF, 0xFF}, good}, "card 166A37 H10301", 0},
		{"noise", [][]byte{{1, 2, 3}, good}, "fault framing, card 166A37 H10301", 0},
		{"damaged", [][]byte{bad}, "fault checksum", 1},
		{"damaged twice", [][]byte{bad, bad, good}, "fault checksum, fault checksum, card 166A37 H10301", 2},
		{"cut", [][]byte{good[:9]}, "fault timeout", 0},
		{"cut, with another behind", [][]byte{good[:9], good}, "fault checksum, card 166A37 H10301", 1},
		{"swallowed by a length", [][]byte{{0x53, 0x81, 0xA0, 0x05}, good}, "fault timeout, card 166A37 H10301", 0},
		{"no such length", [][]byte{{0x53, 0x81, 0xA1, 0x05}, good}, "fault framing, card 166A37 H10301", 0},
		{"too short a length", [][]byte{{0x53, 0x81, 0x06, 0x00}, good}, "fault framing, card 166A37 H10301", 0},
		{"a block longer than its frame", [][]byte{mend([]byte{0x53, 0x81, 9, 0, 0x0C, 0x40, 0x40, 0, 0})}, "fault framing", 0},
		{"a MAC that is no MAC", [][]byte{mend([]byte{0x53, 0x81, 10, 0, 0x0C, 2, 0x16, 0x40, 0, 0})}, "fault framing", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := NewMonitor(MonitorConfig{Address: -1})
			if got := listen(m, tt.in...); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if m.Summary().BadCRC != tt.crc {
				t.Errorf("%d damaged frames, want %d", m.Summary().BadCRC, tt.crc)
			}
		})
	}
}

func TestWhatRepliesMean(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   []byte
		fmt  bool
		want string
	}{
		{"key # and *", reply(0, 1, replyKeypad, 0, 2, 0x0D, 0x7F), false, "key #, key *"},
		{"no such key", reply(0, 1, replyKeypad, 0, 2, '1', 'A'), false, "key 1, fault digit"},
		{"keys that are missing", reply(0, 1, replyKeypad, 0, 2, '1'), false, "fault length"},
		{"keys without count", reply(0, 1, replyKeypad, 0), false, "fault length"},
		{"no bits", reply(0, 1, replyRaw, 0, 1, 0, 0), false, "fault length"},
		{"bits that are missing", reply(0, 1, replyRaw, 0, 1, 26, 0, 1, 2, 3), false, "fault length"},
		{"more bits than any format", reply(0, 1, replyRaw, 0, 1, 0xFF, 0xFF, 1, 2, 3), false, "fault length"},
		{"no head", reply(0, 1, replyRaw, 0, 1), false, "fault length"},
		{"FMT backwards", reply(0, 1, replyFmt, 0, 1, 6, '6', '5', '4', '3', '2', '1'), true, "card 123456 text"},
		{"FMT too long", reply(0, 1, replyFmt, 0, 0, 5, '6', '5', '4', '3', '2', '1'), true, "fault length"},
		{"tamper and power", reply(0, 1, replyLocal, 1, 1), false, "alarm tamper, alarm power"},
		{"half a state", reply(0, 1, replyLocal, 1), false, "alarm tamper"},
		{"a reader off its controller", reply(0, 1, replyHead, 1), false, "alarm tamper"},
		{"inputs", reply(0, 1, replyInput, 1, 0), false, ""},
		{"ACK", reply(0, 1, replyACK), false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := listen(NewMonitor(MonitorConfig{Address: -1, FMT: tt.fmt}), tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestKeySetInTheClearIsAnAlarm(t *testing.T) {
	f := frame{addr: 1, code: cmdKeySet, data: append([]byte{1, 16}, unhex(t, "8F1E6A0C5D2B93477A60E1F4B8C2D935")...)}
	m := NewMonitor(MonitorConfig{Address: -1})
	if got := listen(m, f.encodeClear(nil)); got != "alarm insecure" || len(m.Summary().Keys) != 1 {
		t.Errorf("got %q", got)
	}
}
