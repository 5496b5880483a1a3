package twn_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"badged/reader"
	"badged/reader/readertest"
	"badged/reader/twn"
)

// Answers of SearchTag.
var (
	none     = []byte{0, 0}
	mifare   = []byte{0, 1, 0x80, 32, 4, 0x52, 0x9D, 0x06, 0xE3}
	em       = []byte{0, 1, 0x40, 40, 5, 0x62, 0xE3, 0x08, 0x6C, 0xED}
	proxCard = []byte{0, 1, 0x49, 26, 4, 0x80, 0x80, 0x01, 0xC0}
	desfire  = []byte{0, 1, 0x80, 56, 7, 0x04, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6}
)

var (
	mifareCard = card(reader.NewCard(reader.ISO14443A, "UID", 32, mifare[5:]))
	emCard     = card(reader.NewCard(reader.EM4100, "EM4100", 40, em[5:]))
)

// wire is how a reader writes its messages.
type wire struct {
	name  string
	opts  twn.SimpleOptions
	write func([]byte, bool) []byte
	crc   bool
}

var wires = []wire{
	{"ASCII", twn.SimpleOptions{}, line, false},
	{"ASCII with CRC", twn.SimpleOptions{CRC: twn.CRCOn}, line, true},
	{"ASCII with CRC that is found out", twn.SimpleOptions{}, line, true},
	{"binary", twn.SimpleOptions{Binary: true}, block, false},
	{"binary with CRC", twn.SimpleOptions{Binary: true, CRC: twn.CRCOn}, block, true},
	{"binary with CRC that is found out", twn.SimpleOptions{Binary: true}, block, true},
}

func (w wire) encode(message []byte) []byte { return w.write(message, w.crc) }

// asks reports whether a question is SearchTag as the reader expects it.
func (w wire) asks(q []byte) bool { return bytes.Equal(q, w.encode([]byte{5, 0, 32})) }

func TestSimplePollerContract(t *testing.T) {
	for _, w := range wires {
		t.Run(w.name, func(t *testing.T) {
			readertest.Poller(t, readertest.PollerContract{
				New:      func() reader.Poller { return twn.NewSimple(w.opts) },
				Asks:     w.asks,
				Peer:     func([]byte) []byte { return w.encode([]byte{3}) }, // what a reader without CRC says to one
				Empty:    w.encode(none),
				Answers:  [][]byte{w.encode(mifare), w.encode(em)},
				Want:     []reader.Event{mifareCard, emCard},
				Checksum: w.crc,
			})
		})
	}
}

// A decoder that no host uses takes what it hears.
func TestSimpleContract(t *testing.T) {
	v := readertest.Serial(t, "twn4-simple-crc")[0].Bytes
	garbage := [][]byte{{0}, {0xFF}, []byte("noise\r"), []byte("0001"), []byte("0001\r"), []byte("0\r"), v, bytes.Repeat([]byte("A"), 1000)}
	for _, w := range wires {
		if !w.crc && w.opts.Binary {
			continue // nothing would show what was inserted
		}
		t.Run(w.name, func(t *testing.T) {
			c := readertest.Contract{
				New:      func() reader.Decoder { return twn.NewSimple(w.opts) },
				Frames:   [][]byte{w.encode(mifare), w.encode(none), w.encode(em)},
				Want:     []reader.Event{mifareCard, emCard},
				Checksum: w.crc,
				Garbage:  [][]byte{{0xFF}, {0x0D}, []byte("noise")},
			}
			if w.opts.CRC == twn.CRCOn {
				c.Garbage = garbage
			}
			readertest.Decoder(t, c)
		})
	}
}

// The vector is an answer to GetUSBType: clean, and no card, also when damaged.
func TestSimpleVector(t *testing.T) {
	v := readertest.Serial(t, "twn4-simple-crc")[0]
	if got, want := string(line([]byte{0, 5}, true)), string(v.Request); got != want {
		t.Fatalf("the reference of the CRC: %q, want %q", got, want)
	}
	for _, opts := range []twn.SimpleOptions{{}, {CRC: twn.CRCOn}} {
		in := string(v.Bytes)
		if got := feed(twn.NewSimple(opts), in); got != "" {
			t.Errorf("the vector: %q", got)
		}
		for at := range in {
			for x := 1; x < 256; x++ {
				bad := in[:at] + string([]byte{in[at] ^ byte(x)}) + in[at+1:]
				if got := feed(twn.NewSimple(opts), bad, ""); !strings.HasPrefix(got, "fault") {
					t.Errorf("byte %d changed by %02x: %q", at, x, got)
				}
			}
		}
	}
}

func TestSimpleTags(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer []byte
		want   string
	}{
		{"four bytes", mifare, "iso14443a UID 32 529D06E3"},
		{"seven bytes", desfire, "iso14443a UID 56 04A1B2C3D4E5F6"},
		{"CR LF in an ID", []byte{0, 1, 0x80, 32, 4, '\r', '\n', '\r', '\n'}, "iso14443a UID 32 0D0A0D0A"},
		{"type B", []byte{0, 1, 0x81, 32, 4, 1, 2, 3, 4}, "iso14443b UID 32 01020304"},
		{"vicinity", []byte{0, 1, 0x82, 64, 8, 0xE0, 4, 1, 0, 1, 2, 3, 4}, "iso15693 UID 64 E004010001020304"},
		{"LEGIC", []byte{0, 1, 0x83, 32, 4, 1, 2, 3, 4}, "unknown UID 32 01020304"},
		{"FeliCa", []byte{0, 1, 0x85, 64, 8, 1, 2, 3, 4, 5, 6, 7, 8}, "felica UID 64 0102030405060708"},
		{"EM4102", em, "em4100 EM4100 40 62E3086CED"},
		{"HID Prox", proxCard, "hidprox H10301 26 010003"},
		{"HID Prox, parity", []byte{0, 1, 0x49, 26, 4, 0x00, 0x80, 0x01, 0xC0}, "faultparity"},
		{"iCLASS, bits", []byte{0, 1, 0x84, 26, 4, 0x80, 0x80, 0x01, 0xC0}, "pacs H10301 26 010003"},
		{"iCLASS, serial number", []byte{0, 1, 0x84, 64, 8, 1, 2, 3, 4, 5, 6, 7, 0xE0}, "unknown UID 64 01020304050607E0"},
		{"bits that fill no byte", []byte{0, 1, 0x4D, 29, 4, 1, 2, 3, 0xFF}, "unknown UID 29 010203F8"},
		{"one byte", []byte{0, 1, 0x41, 8, 1, 7}, "unknown UID 8 07"},
		{"32 bytes", append([]byte{0, 1, 0x41, 255, 32}, bytes.Repeat([]byte{1}, 32)...), "unknown UID 255 " + strings.Repeat("01", 31) + "00"},
		{"a phone", []byte{0, 1, 0x87, 32, 4, 1, 2, 3, 4}, "faultformat"},
		{"33 bytes", append([]byte{0, 1, 0x41, 8, 33}, make([]byte, 33)...), "faultlength"},
		{"no byte", []byte{0, 1, 0x80, 0, 0}, "faultformat"},
		{"bits and bytes differ", []byte{0, 1, 0x80, 40, 4, 1, 2, 3, 4}, "faultlength"},
		{"a byte too many", append(bytes.Clone(mifare), 0), "faultlength"},
		{"refused", []byte{1}, "faultrefused"},
		{"no badge", none, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, w := range wires {
				want := tt.want
				if w.crc && (want == "faultlength" || want == "faultformat" && tt.name != "a phone") {
					want = "" // of another question: the CRC is right
				}
				if got := feed(twn.NewSimple(w.opts), string(w.encode(tt.answer)), ""); got != want {
					t.Errorf("%s: got %q, want %q", w.name, got, want)
				}
			}
		})
	}
}

// talk is a host with a reader that answers what the function says, for so many messages.
func talk(d *twn.Simple, from time.Time, n int, reader4 func(q string) string) (asked []string, said []reader.Event) {
	now := from
	for len(asked) < n {
		q := d.Send(now)
		if q == nil {
			now = d.Deadline()
			d.Tick(now, func(e reader.Event) { said = append(said, e) })
			continue
		}
		asked = append(asked, strings.TrimSuffix(string(q), "\r"))
		d.Feed(now, []byte(reader4(string(q))), func(e reader.Event) { said = append(said, e) })
	}
	return asked, said
}

func always(answer string) func(string) string { return func(string) string { return answer } }

func TestCues(t *testing.T) {
	for _, tt := range []struct {
		cue  reader.Cue
		want string
	}{
		{reader.CueGranted, "041007 041205 041102 04073C600964000000 041207 050020"},
		{reader.CueRefused, "041007 041206 041101 04073C090890010000 041207 050020"},
		{reader.CueWait, "041007 041203 041104 04073C600932000000 041207 050020"},
		{reader.CueAgain, "041007 041203 041104 04073C600932003200 04073C600932003200 041207 050020"},
		{reader.CueKey, "04073C600914000000 050020"},
		{reader.CueReset, "04073C090896000000 050020"},
	} {
		d := twn.NewSimple(twn.SimpleOptions{CRC: twn.CRCOff, Interval: 2 * time.Second})
		d.Open(t0)
		d.Cue(t0, 0, tt.cue)
		asked, said := talk(d, t0, len(strings.Fields(tt.want)), func(q string) string {
			if strings.HasPrefix(q, "0500") {
				return "0000\r"
			}
			return "00\r"
		})
		if got := strings.Join(asked, " "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.cue, got, tt.want)
		}
		for _, e := range said {
			if e.Kind != reader.KindAlive {
				t.Errorf("%s: %s %s", tt.cue, e.Kind, e.Why)
			}
		}
	}
}

func TestCuesDoNotPileUp(t *testing.T) {
	d := twn.NewSimple(twn.SimpleOptions{CRC: twn.CRCOff})
	d.Open(t0)
	for range 1000 {
		d.Cue(t0, 0, reader.CueRefused)
	}
	asked, _ := talk(d, t0, 40, always("0000\r"))
	if n := strings.Count(strings.Join(asked, " "), "0407"); n == 0 || n > 5 {
		t.Errorf("%d beeps", n)
	}
}

func TestAReaderThatRefuses(t *testing.T) {
	d := twn.NewSimple(twn.SimpleOptions{CRC: twn.CRCOff})
	d.Open(t0)
	_, said := talk(d, t0, 20, always("01\r"))
	faults := ""
	for _, e := range said {
		if e.Kind == reader.KindFault {
			faults += string(e.Why)
		}
	}
	if faults != "refused" {
		t.Errorf("faults %q", faults)
	}
}

// An application that ends its lines with CR LF is read as one that does not.
func TestAReaderThatEndsWithCRLF(t *testing.T) {
	for _, crc := range []bool{false, true} {
		d := twn.NewSimple(twn.SimpleOptions{})
		d.Open(t0)
		lf := func(m []byte) string { return string(line(m, crc)) + "\n" }
		_, said := talk(d, t0, 30, func(q string) string {
			switch {
			case q == string(line([]byte{5, 0, 32}, crc)):
				return lf(mifare)
			case strings.HasPrefix(q, "04"):
				return lf([]byte{0})
			}
			return lf([]byte{3})
		})
		got := ""
		for _, e := range said {
			if e.Kind != reader.KindAlive {
				got += string(e.Kind) + string(e.Why) + " "
			}
		}
		if got != "card " {
			t.Errorf("CRC %v: %q", crc, got)
		}
	}
	// The LF may come when the next question was asked already.
	d := twn.NewSimple(twn.SimpleOptions{CRC: twn.CRCOff})
	d.Open(t0)
	d.Send(t0)
	d.Cue(t0, 0, reader.CueKey)
	said := ""
	emit := func(e reader.Event) { said += string(e.Kind) + string(e.Why) + " " }
	d.Feed(t0, []byte("0000\r"), emit)
	if d.Send(t0) == nil {
		t.Fatal("the cue is not sent")
	}
	d.Feed(t0, []byte("\n00\r\n"), emit)
	d.Send(t0.Add(time.Second))
	d.Feed(t0.Add(time.Second), line(mifare, false), emit)
	d.Send(t0.Add(2 * time.Second))
	d.Feed(t0.Add(2*time.Second), []byte("00\n00\r"), emit)
	if said != "alive alive card alive faultdigit " && said != "alive alive card faultdigit " {
		t.Errorf("said %q", said)
	}
}

func TestGone(t *testing.T) {
	for gone, want := range map[int]int{0: 1, 1: 2} {
		d := twn.NewSimple(twn.SimpleOptions{CRC: twn.CRCOff, Gone: gone})
		n := 0
		d.Feed(t0, bytes.Join([][]byte{line(mifare, false), line(none, false), line(mifare, false)}, nil), func(reader.Event) { n++ })
		if n != want {
			t.Errorf("gone %d: %d events, want %d", gone, n, want)
		}
	}
}

func TestALongTimeoutIsNoSilence(t *testing.T) {
	if got := twn.NewSimple(twn.SimpleOptions{Timeout: time.Minute, Interval: time.Second}).Silence(); got != 183*time.Second {
		t.Errorf("silent after %v", got)
	}
}

// A badge that cannot be taken is told once while it stays.
func TestAWrongBadgeThatStays(t *testing.T) {
	d := twn.NewSimple(twn.SimpleOptions{CRC: twn.CRCOff})
	d.Open(t0)
	wrong, good := string(line([]byte{0, 1, 0x49, 26, 4, 0x00, 0x80, 0x01, 0xC0}, false)), string(line(mifare, false))
	n := 0
	_, said := talk(d, t0, 30, func(string) string {
		switch n++; {
		case n < 10 || n > 20:
			return wrong
		case n == 15:
			return good
		}
		return "0000\r"
	})
	var got []string
	for _, e := range said {
		if e.Kind != reader.KindAlive {
			got = append(got, string(e.Kind)+string(e.Why))
		}
	}
	if s := strings.Join(got, " "); s != "faultparity card faultparity" {
		t.Errorf("got %q", s)
	}
}

// FuzzSimple: what comes out as a card is in a message of the input, and a split changes
// nothing.
func FuzzSimple(f *testing.F) {
	for i, w := range wires {
		for _, m := range [][]byte{mifare, em, proxCard, none} {
			f.Add(w.encode(m), 5, uint8(i))
		}
	}
	f.Add(readertest.Serial(f, "twn4-simple-crc")[0].Bytes, 3, uint8(1))
	f.Fuzz(func(t *testing.T, in []byte, cut int, how uint8) {
		w := wires[int(how)%len(wires)]
		whole := texts(twn.NewSimple(w.opts), in)
		cut = min(max(cut, 0), len(in))
		if got := texts(twn.NewSimple(w.opts), in[:cut], in[cut:]); fmt.Sprint(got) != fmt.Sprint(whole) {
			t.Error("a split changes the cards")
		}
		for _, text := range whole {
			raw := decodeHex(t, text)
			if raw = raw[:len(raw)-1]; w.opts.Binary && !bytes.Contains(in, raw) || !w.opts.Binary && !bytes.Contains(in, fmt.Appendf(nil, "%X", raw)) {
				t.Error("a card that was not sent")
			}
		}
	})
}
