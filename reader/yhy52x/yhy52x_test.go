package yhy52x_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"badged/reader"
	"badged/reader/readertest"
	"badged/reader/yhy52x"
)

var unhex = readertest.Unhex

var t0 = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// frame writes a frame as the module does.
func frame(status byte, data ...byte) []byte {
	inner := append([]byte{byte(2 + len(data)), status}, data...)
	var sum byte
	for _, b := range inner {
		sum ^= b
	}
	inner = append(inner, sum)
	return append([]byte{0xAA, 0xBB}, bytes.ReplaceAll(inner, []byte{0xAA}, []byte{0xAA, 0})...)
}

func event(uid []byte) reader.Event {
	return reader.Event{Kind: reader.KindCard, Card: reader.NewCard(reader.ISO14443A, "UID", 8*len(uid), uid)}
}

// manual is the example of the manual for auto code 2.
const manual = "AA BB 06 20 3D 98 62 01 E0"

func TestContract(t *testing.T) {
	block := readertest.Serial(t, "yhy52x-autoblock")[0].Bytes
	readertest.Decoder(t, readertest.Contract{
		New: func() reader.Decoder { return yhy52x.New(reader.FrameTimes{}) },
		Frames: [][]byte{
			block, unhex(t, manual),
			frame(0x51, unhex(t, "04A1B2C3D4E5F60000000000000000FF")...),
		},
		Want: []reader.Event{
			event(unhex(t, "5EC0E07A")), event(unhex(t, "3D986201")), event(unhex(t, "04A1B2C3D4E5F6")),
		},
		Checksum: true,
		Garbage:  [][]byte{{0}, {0xFF}, {0xAA}, {0xAA, 0xAA}, {0xAA, 0xBB}, {0xAA, 0xBB, 6}, {0xAA, 0xBB, 0xFF}, block[:20], block[2:], []byte("garbage")},
	})
}

// feed gives what a decoder says to chunks 100 ms apart.
func feed(tb testing.TB, chunks ...string) string {
	d := yhy52x.New(reader.FrameTimes{})
	var out []string
	for i, c := range chunks {
		d.Feed(t0.Add(time.Duration(i)*100*time.Millisecond), unhex(tb, c), func(e reader.Event) {
			s := string(e.Kind) + string(e.Why)
			if e.Kind == reader.KindCard {
				s = e.Card.Reveal()
			}
			out = append(out, s)
		})
	}
	return strings.Join(out, ", ")
}

func TestFrames(t *testing.T) {
	x := func(p []byte) string { return hex.EncodeToString(p) }
	for _, tt := range []struct {
		name, want string
		chunks     []string
	}{
		{"a badge that stays", "3D986201", []string{manual, manual, manual}},
		{"a badge that was away", "3D986201, 3D986201", []string{manual, "", "", "", "", manual}},
		{"seven bytes with AA twice", "04AAAA01020304", []string{x(frame(0x20, 4, 0xAA, 0xAA, 1, 2, 3, 4))}},
		{"a number like a start", "AA00AABB", []string{x(frame(0x20, 0xAA, 0, 0xAA, 0xBB))}},
		{"an XOR that is AA", "0000008C, 3D986201", []string{x(frame(0x20, 0, 0, 0, 0x8C)), manual}},
		{"an answer to a command", "", []string{"AA BB 02 0C 0E", "AA BB 02 F3 F1"}},
		{"a number of five bytes", "faultlength", []string{x(frame(0x20, 1, 2, 3, 4, 5))}},
		{"a short block", "faultlength", []string{x(frame(0x51, 1, 2, 3, 4))}},
		{"a length that cannot be", "faultlength, 3D986201", []string{"AA BB 13", manual}},
		{"a frame in a frame", "faultframing, 3D986201", []string{"AA BB 06 20 3D" + manual}},
		{"a frame that stops", "faulttimeout, 3D986201", []string{"AA BB 06", "", "", manual}},
		{"a start that a pause cuts", "faulttimeout, faultframing", []string{"AA", "", "", manual[3:]}},
		{"noise is one fault", "faultframing, 3D986201", []string{"FF FF FF" + manual}},
	} {
		if got := feed(t, tt.chunks...); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// FuzzDecoder: every number comes out as it went in, whatever comes before it.
func FuzzDecoder(f *testing.F) {
	f.Add(readertest.Serial(f, "yhy52x-autoblock")[0].Bytes, []byte{0x5E, 0xC0, 0xE0, 0x7A}, 3)
	f.Add(unhex(f, manual), []byte{0xAA, 0xBB, 0xAA, 0xAA}, 5)
	f.Add([]byte{0xAA, 0xBB}, []byte{0xAA, 0, 0, 0xAA, 1, 2, 3}, 5)
	f.Fuzz(func(t *testing.T, noise, uid []byte, cut int) {
		cut = min(max(cut, 0), len(noise))
		if fmt.Sprint(cards(noise[:cut], noise[cut:])) != fmt.Sprint(cards(noise)) {
			t.Error("a split changes the cards")
		}
		if len(uid) != 4 && len(uid) != 7 && len(uid) != 10 {
			return
		}
		d := yhy52x.New(reader.FrameTimes{})
		var got []reader.Event
		emit := func(e reader.Event) { got = append(got, e) }
		d.Feed(t0, noise, emit)
		got = nil
		d.Feed(t0.Add(time.Minute), nil, emit)
		got = nil
		d.Feed(t0.Add(2*time.Minute), frame(0x20, uid...), emit)
		if len(got) == 0 || got[len(got)-1].Card != event(uid).Card {
			t.Errorf("%d events, and not the badge", len(got))
		}
	})
}

func cards(chunks ...[]byte) (ids []string) {
	d := yhy52x.New(reader.FrameTimes{})
	for _, c := range chunks {
		d.Feed(t0, c, func(e reader.Event) {
			if e.Kind == reader.KindCard {
				ids = append(ids, e.Card.Hex())
			}
		})
	}
	return ids
}
