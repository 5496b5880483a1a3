package ccid_test

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"badged/reader"
	"badged/reader/ccid"
	"badged/reader/readertest"
)

var t0 = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	p, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// The class descriptors of an ACS ACR122U and of QEMU 7.2's usb-ccid.
const (
	acr122 = "3621 1001 00 07 03000000 a00f0000 a00f0000 00 002a0000 002a0000 00 fe000000 00000000 00000000 40000200 0f010000 00 00 0000 00 01"
	qemu   = "3621 1001 00 07 01000000 a00f0000 00000100 00 80250000 00c20100 00 fe000000 00000000 00000000 fe040100 12000100 ff ff 0000 01 01"

	atr1K = "3B8F8001804F0CA000000306030001000000006A"
	atrT1 = "3BD518FF8191FE1FC38073C8211309" // T=1 first
	seven = "04A1B2C3D4E5F6"
	other = "01020304"
)

// message is one of the bulk-IN pipe.
func message(kind, seq, status, err byte, data []byte) []byte {
	p := binary.LittleEndian.AppendUint32([]byte{kind}, uint32(len(data)))
	return append(append(p, 0, seq, status, err, 0), data...)
}

func block(seq byte, data string) []byte {
	p, err := hex.DecodeString(data)
	if err != nil {
		panic(err)
	}
	return message(0x80, seq, 0, 0, p)
}

func card(uid string) reader.Event {
	p, err := hex.DecodeString(uid)
	if err != nil {
		panic(err)
	}
	return reader.Event{Kind: reader.KindCard, Card: reader.NewCard(reader.ISO14443A, "UID", 8*len(p), p)}
}

// A listener is fed what a reader answered somebody else.
func TestListener(t *testing.T) {
	for _, tt := range []struct {
		name string
		feed [][]byte
		want string
	}{
		{"ATR and UID", [][]byte{block(1, atr1K), block(2, seven+"9000")}, "card " + seven},
		{"UID alone", [][]byte{block(2, seven+"9000")}, "card " + seven},
		{"UID that looks like an ATR", [][]byte{block(1, atr1K), block(2, "3B0401029000")}, "card 3B040102"},
		{"twice, and it stayed", [][]byte{block(1, seven+"9000"), block(2, seven+"9000")}, "card " + seven},
		{"another", [][]byte{block(1, seven+"9000"), block(2, other+"9000")}, "card " + seven + ", card " + other},
		{"refused", [][]byte{block(1, atr1K), block(2, "6A81")}, "fault refused"},
		{"the length is asked for", [][]byte{block(1, "6C04"), block(2, other+"9000")}, "card " + other},
		{"failed", [][]byte{message(0x80, 1, 0x41, 0xFE, nil)}, ""},
		{"time extension", [][]byte{message(0x80, 1, 0x80, 1, nil), block(1, other+"9000")}, "card " + other},
		{"statuses", [][]byte{message(0x81, 1, 2, 0, nil), {0x50, 3}}, ""},
		{"longer than it says", [][]byte{append(block(1, other+"9000"), 0)}, "fault length"},
		{"shorter than it says", [][]byte{block(1, other+"9000")[:15]}, "fault length"},
		{"no head", [][]byte{{0x80, 0}}, "fault length"},
		{"very long", [][]byte{block(1, strings.Repeat("00", 300)+"9000")}, "fault length"},
		{"a state that there is not", [][]byte{message(0x80, 1, 3, 0, unhex(t, other+"9000"))}, "fault format"},
		{"hardware error", [][]byte{{0x51, 0, 0, 1}}, "fault refused"},
		{"a notice without its slot", [][]byte{{0x50}}, "fault length"},
		{"no report", [][]byte{{}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := ccid.New(ccid.Options{})
			var got []string
			for _, p := range tt.feed {
				d.Feed(t0, p, func(e reader.Event) { got = append(got, show(e)) })
			}
			if s := strings.Join(got, ", "); s != tt.want {
				t.Errorf("got %q, want %q", s, tt.want)
			}
		})
	}
}

func show(e reader.Event) string {
	switch e.Kind {
	case reader.KindCard:
		return "card " + e.Card.Hex()
	case reader.KindFault:
		return "fault " + string(e.Why)
	}
	return string(e.Kind)
}

func TestContract(t *testing.T) {
	readertest.Decoder(t, readertest.Contract{
		New:     func() reader.Decoder { return ccid.New(ccid.Options{}) },
		Frames:  [][]byte{block(2, seven+"9000"), block(4, "010203040506079000")},
		Want:    []reader.Event{card(seven), card("01020304050607")},
		Reports: len(block(2, seven+"9000")),
		Garbage: [][]byte{{0}, {0xFF}, {0x80}, {0x50}, {0x81, 0, 0, 0, 0}, block(1, seven+"9000")[:12], []byte("noise")},
	})
}

func TestDescriptor(t *testing.T) {
	change := func(at int, p ...byte) []byte {
		d := unhex(t, qemu)
		copy(d[at:], p)
		return d
	}
	for _, tt := range []struct {
		name string
		in   []byte
		slot int
		want string
	}{
		{"APDUs", unhex(t, acr122), 0, ""},
		{"T=0", unhex(t, qemu), 0, ""},
		{"slot that is not there", unhex(t, acr122), 1, "slot must be 0 to 0, not 1"},
		{"second slot", change(4, 1), 1, ""},
		{"characters", change(40, 0xFE, 4, 0, 0), 0, "single characters"},
		{"parameters are the host's", change(40, 0x3E, 4, 1, 0), 0, "use protocol pcscd"},
		{"too short", unhex(t, qemu)[:53], 0, "no smart card reader"},
		{"something else", change(1, 0x22), 0, "no smart card reader"},
		{"nothing", nil, 0, "no smart card reader"},
	} {
		err := ccid.New(ccid.Options{Slot: tt.slot}).Describe(tt.in)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// FuzzDecoder: whatever comes over the pipes, what is told as a card was in a data block
// that says that it succeeded, before 90 00.
func FuzzDecoder(f *testing.F) {
	f.Add(block(1, atr1K), block(2, seven+"9000"), uint8(2))
	f.Add(message(0x81, 1, 1, 0, nil), block(2, "6C04"), uint8(1))
	f.Add([]byte{0x50, 3}, block(2, other+"9000"), uint8(0))
	f.Fuzz(func(t *testing.T, a, b []byte, open uint8) {
		d := ccid.New(ccid.Options{})
		now := t0
		for i, p := range [][]byte{a, b, b, a} {
			if int(open) == i {
				d.Open(now)
			}
			d.Send(now)
			now = now.Add(time.Millisecond)
			d.Feed(now, p, func(e reader.Event) {
				if e.Kind == reader.KindCard && !strings.Contains(fmt.Sprintf("%X", p), e.Card.Hex()+"9000") {
					t.Error("a card that was not sent")
				}
			})
			d.Tick(d.Deadline(), func(reader.Event) {})
		}
	})
}
