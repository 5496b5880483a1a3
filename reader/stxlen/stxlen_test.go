package stxlen_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"badged/reader"
	"badged/reader/readertest"
	"badged/reader/stxlen"
)

var unhex = readertest.Unhex

var t0 = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// Other examples: the Gwiot manual's, and that of techfun.sk for a module that leaves the
// version byte out.
const (
	gwiot   = "02 0A 02 2E 00 B6 D7 B5 F2 03"
	short   = "02 09 02 04 2E 53 82 F0 03"
	another = "02 09 01 08 12 34 56 70 03" // a random UID, made up
)

func TestContract(t *testing.T) {
	v := readertest.Serial(t, "newegg-stx-len")[0]
	frame, id := v.Bytes, unhex(t, v.Card)
	event := func(tech reader.Tech, format string, id []byte) reader.Event {
		return reader.Event{Kind: reader.KindCard, Card: reader.NewCard(tech, format, 8*len(id), id)}
	}
	readertest.Decoder(t, readertest.Contract{
		New:    func() reader.Decoder { return stxlen.New(reader.FrameTimes{}) },
		Frames: [][]byte{frame, unhex(t, gwiot), unhex(t, short), unhex(t, another)},
		Want: []reader.Event{
			event(reader.EM4100, "EM4100", id),
			event(reader.EM4100, "EM4100", unhex(t, "2E00B6D7B5")),
			event(reader.EM4100, "EM4100", unhex(t, "042E5382")),
			event(reader.ISO14443A, "UID", unhex(t, "08123456")),
		},
		Checksum: true,
		Garbage:  [][]byte{{0}, {0xFF}, {2}, {2, 2}, {2, 3}, {2, 10}, {3}, frame[:9], frame[1:], []byte("noise"), bytes.Repeat([]byte{2, 15}, 50)},
	})
}

// feed gives what a decoder says to chunks 100 ms apart.
func feed(tb testing.TB, chunks ...string) string {
	d := stxlen.New(reader.FrameTimes{})
	var out []string
	for i, c := range chunks {
		d.Feed(t0.Add(time.Duration(i)*100*time.Millisecond), unhex(tb, c), func(e reader.Event) {
			s := string(e.Kind) + string(e.Why)
			if e.Kind == reader.KindCard {
				s = fmt.Sprintf("%s %s %d", e.Card.Tech(), e.Card.FrameFormat(), e.Card.Bits())
			}
			out = append(out, s)
		})
	}
	return strings.Join(out, ", ")
}

func TestTypes(t *testing.T) {
	for kind, want := range map[byte]string{
		0x01: "iso14443a UID 32", 0x02: "em4100 EM4100 32", 0x03: "iso14443a UID 32", 0x10: "hidprox UID 32", 0x11: "unknown UID 32",
		0x20: "iso14443b UID 32", 0x21: "iso14443b UID 32", 0x22: "felica UID 32", 0x30: "iso15693 UID 32", 0x50: "iso14443a UID 32",
		0x51: "faultformat", 0xFF: "faultformat", 0x00: "faultformat",
	} {
		frame := []byte{2, 9, kind, 1, 2, 3, 4, 9 ^ kind ^ 1 ^ 2 ^ 3 ^ 4, 3}
		if got := feed(t, hex.EncodeToString(frame)); got != want {
			t.Errorf("type %02X: got %q, want %q", kind, got, want)
		}
	}
}

func TestFramesInTime(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		chunks     []string
	}{
		{"a badge that stays", "em4100 EM4100 40", []string{gwiot, gwiot, gwiot}},
		{"a badge that was away", "em4100 EM4100 40, em4100 EM4100 40", []string{gwiot, "", "", "", "", gwiot}},
		{"a frame that stops", "faulttimeout, em4100 EM4100 40", []string{"02 0A 02", "", "", gwiot}},
		{"noise is one fault", "faultframing, em4100 EM4100 40", []string{"FF FF FF" + gwiot}},
		{"a second start is the true one", "faultframing, em4100 EM4100 40", []string{"02" + gwiot}},
		{"a length that cannot be", "faultlength, em4100 EM4100 40", []string{"02 FF", gwiot}},
		{"lengths that no number has", "faultlength, faultlength", []string{"02 08", "02 10"}},
		{"a length that no EM4100 has", "faultlength", []string{"02 0B 02 01 02 03 04 05 06 0E 03"}},
		{"a length that no ISO 14443A has", "faultlength", []string{"02 0A 01 01 02 03 04 05 0A 03"}},
	} {
		if got := feed(t, tt.chunks...); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// FuzzDecoder: what comes out as a card is in a frame of the input, and a split changes
// nothing.
func FuzzDecoder(f *testing.F) {
	f.Add(readertest.Serial(f, "newegg-stx-len")[0].Bytes, 3)
	f.Add(append(unhex(f, gwiot)[4:], unhex(f, short)...), 3)
	f.Fuzz(func(t *testing.T, in []byte, cut int) {
		whole := cards(in)
		cut = min(max(cut, 0), len(in))
		if got := cards(in[:cut], in[cut:]); fmt.Sprint(got) != fmt.Sprint(whole) {
			t.Error("a split changes the cards")
		}
		for _, id := range whole {
			if !bytes.Contains(in, unhex(t, id)) {
				t.Error("a card that was not sent")
			}
		}
	})
}

func cards(chunks ...[]byte) (ids []string) {
	d := stxlen.New(reader.FrameTimes{})
	for _, c := range chunks {
		d.Feed(t0, c, func(e reader.Event) {
			if e.Kind == reader.KindCard {
				ids = append(ids, e.Card.Hex())
			}
		})
	}
	return ids
}
