package pcprox_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/reader"
	"badged/reader/pacs"
	"badged/reader/pcprox"
	"badged/reader/readertest"
)

var unhex = readertest.Unhex

var t0 = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func decoder(tb testing.TB, format string) *pcprox.Decoder {
	tb.Helper()
	cards, err := pacs.Select(format)
	if err != nil {
		tb.Fatal(err)
	}
	return pcprox.New(pcprox.Options{Cards: cards})
}

// bits is an answer to 8F, as the port gives it: its id first.
const bits = "00 D2 02 16 00 00 00 00 00"

func count(n byte) []byte { return []byte{0, n, n, 0, 0, 0, 0, 0, 0} }

func event(n int, packed ...byte) reader.Event {
	hex := map[int]string{24: "1602D2", 22: "1602D2"}[n]
	return reader.Event{Kind: reader.KindCard, Card: reader.NewCard(reader.PACS, "raw", n, packed).WithText(hex)}
}

func TestPollerContract(t *testing.T) {
	readertest.Poller(t, readertest.PollerContract{
		New:     func() reader.Poller { return decoder(t, "raw") },
		Asks:    func(q []byte) bool { return bytes.Equal(q, unhex(t, "00 8E 00 00 00 00 00 00 00")) },
		Peer:    func(q []byte) []byte { return map[byte][]byte{0x8F: unhex(t, bits)}[q[1]] },
		Empty:   make([]byte, 9),
		Answers: [][]byte{count(24), count(22)},
		Want:    []reader.Event{event(24, 0x16, 0x02, 0xD2), event(22, 0x58, 0x0B, 0x48)},
		Reports: true,
	})
}

// feed gives what a decoder without a host says to reports.
func feed(tb testing.TB, format string, reports ...string) string {
	d := decoder(tb, format)
	var out []string
	for _, r := range reports {
		d.Feed(t0, unhex(tb, r), func(e reader.Event) {
			s := string(e.Kind) + string(e.Why)
			if e.Kind == reader.KindCard {
				s = fmt.Sprintf("%s %d %s", e.Card.FrameFormat(), e.Card.Bits(), e.Card.Reveal())
			}
			out = append(out, s)
		})
	}
	return strings.Join(out, ", ")
}

func TestReports(t *testing.T) {
	const none = "00 00 00 00 00 00 00 00"
	for _, tt := range []struct {
		name, format, want string
		reports            []string
	}{
		{"without id", "raw", "raw 24 9602D2", []string{"D2 02 96 00 00 00 00 00", "18 18 00 00 00 00 00 00"}},
		{"with id", "raw", "raw 24 9602D2", []string{"00 D2 02 96 00 00 00 00 00", "00 18 18 00 00 00 00 00 00"}},
		{"Corporate 1000, 35 bits less three", "raw", "raw 32 16300007", []string{"07 00 30 16 00 00 00 00", "20 20 00 00 00 00 00 00"}},
		{"all bits, with parity", "auto", "H10301 26 010003", []string{"07 00 02 02 00 00 00 00", "1A 1A 00 00 00 00 00 00"}},
		{"all bits, parity wrong", "auto", "faultparity", []string{"06 00 02 02 00 00 00 00", "1A 1A 00 00 00 00 00 00"}},
		{"64 bits", "raw", "raw 64 0807060504030201", []string{"01 02 03 04 05 06 07 08", "40 40 00 00 00 00 00 00"}},
		{"no badge, then one", "raw", "raw 24 9602D2", []string{none, none, "D2 02 96 00 00 00 00 00", "18 18 00 00 00 00 00 00"}},
		{"gone before it is counted", "raw", "", []string{"D2 02 96 00 00 00 00 00", none}},
		{"more bits than counted", "raw", "faultlength", []string{"D2 02 96 00 00 00 00 00", "17 17 00 00 00 00 00 00"}},
		{"counted twice, differently", "raw", "faultlength", []string{"D2 02 96 00 00 00 00 00", "18 19 00 00 00 00 00 00"}},
		{"65 bits", "raw", "faultlength", []string{"D2 02 96 00 00 00 00 00", "41 41 00 00 00 00 00 00"}},
		{"a short report", "raw", "faultlength, raw 24 9602D2", []string{"D2 02 96", "D2 02 96 00 00 00 00 00", "18 18 00 00 00 00 00 00"}},
		{"a long report", "raw", "faultlength", []string{"01 D2 02 96 00 00 00 00 00"}},
		{"a badge that stays", "raw", "raw 24 9602D2", []string{
			"D2 02 96 00 00 00 00 00", "18 18 00 00 00 00 00 00", "D2 02 96 00 00 00 00 00", "18 18 00 00 00 00 00 00"}},
		{"a wrong badge that stays", "raw", "faultlength", []string{
			"D2 02 96 00 00 00 00 00", "17 17 00 00 00 00 00 00", "D2 02 96 00 00 00 00 00", "17 17 00 00 00 00 00 00"}},
	} {
		if got := feed(t, tt.format, tt.reports...); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestGone(t *testing.T) {
	for gone, want := range map[int]int{0: 1, 1: 2} {
		cards, err := pacs.Select("raw")
		if err != nil {
			t.Fatal(err)
		}
		d := pcprox.New(pcprox.Options{Cards: cards, Gone: gone})
		n := 0
		for _, r := range [][]byte{unhex(t, bits), count(24), make([]byte, 9), unhex(t, bits), count(24)} {
			d.Feed(t0, r, func(reader.Event) { n++ })
		}
		if n != want {
			t.Errorf("gone %d: %d events, want %d", gone, n, want)
		}
	}
}

// The count is asked for at once: a badge must not be exchanged in between.
func TestTheCountFollowsAtOnce(t *testing.T) {
	d := decoder(t, "raw")
	d.Open(t0)
	drop := func(reader.Event) {}
	if q := d.Send(t0); q == nil || q[1] != 0x8F {
		t.Fatal("8F is not asked")
	}
	d.Feed(t0, unhex(t, bits), drop)
	if q := d.Send(t0); q == nil || q[1] != 0x8E {
		t.Fatal("8E is not asked at once")
	}
	d.Feed(t0, count(24), drop)
	if d.Send(t0) != nil || d.Deadline() != t0.Add(pcprox.DefaultInterval) {
		t.Error("no pause between badges")
	}
	// The count that never came does not wait for the bits of another badge.
	at := d.Deadline()
	d.Send(at)
	d.Feed(at, unhex(t, bits), drop)
	d.Send(at)
	at = d.Deadline()
	d.Tick(at, drop)
	if q := d.Send(at); q == nil || q[1] != 0x8F {
		t.Error("after a count that did not come: 8F is not asked")
	}
}

// FuzzDecoder: bits and count come out as they went in, and no others.
func FuzzDecoder(f *testing.F) {
	f.Add(uint64(0x9602D2), uint8(24))
	f.Add(uint64(0x16300007), uint8(32))
	f.Add(^uint64(0)-1, uint8(64))
	f.Fuzz(func(t *testing.T, v uint64, n uint8) {
		le := fmt.Sprintf("%02X%02X%02X%02X%02X%02X%02X%02X", byte(v), byte(v>>8), byte(v>>16), byte(v>>24), byte(v>>32), byte(v>>40), byte(v>>48), byte(v>>56))
		got := feed(t, "raw", le, fmt.Sprintf("%02X%02X000000000000", n, n))
		digits := (int(n) + 3) / 4
		want := fmt.Sprintf("raw %d %0*X", n, digits, v)
		fits := n > 0 && n <= 64 && (n == 64 || v>>n == 0)
		switch {
		case v == 0 && n <= 1 || n == 0 || v == 0: // no badge, or the count taken for bits
		case !fits && got != "faultlength":
			t.Errorf("%d bits: got %q", n, got)
		case fits && got != want && got != "faultformat": // all bits alike
			t.Errorf("%d bits: got %q", n, got)
		}
	})
}

// A device that answers, but only nonsense, does not say that it works: the watchdog
// must see it.
func TestNonsenseIsNoSignOfLife(t *testing.T) {
	d, now := decoder(t, "raw"), t0
	var kinds []reader.Kind
	emit := func(e reader.Event) { kinds = append(kinds, e.Kind) }
	d.Open(now)
	for range 20 {
		for d.Send(now) == nil {
			now = now.Add(10 * time.Millisecond)
		}
		d.Feed(now, []byte{0, 1, 2}, emit)
		now = now.Add(time.Second)
	}
	if slices.Contains(kinds, reader.KindAlive) || !slices.Contains(kinds, reader.KindFault) {
		t.Errorf("told %v", kinds)
	}
}
