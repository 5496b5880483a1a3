package sycreader_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/reader"
	"badged/reader/readertest"
	"badged/reader/sycreader"
)

var unhex = readertest.Unhex

var t0 = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// report writes an answer.
func report(data ...byte) []byte {
	sum := byte(len(data))
	for _, b := range data {
		sum ^= b
	}
	return slices.Concat([]byte{3, 0, 0, 0, 0, 0, 0, 0, 2, 0, byte(len(data))}, data, []byte{sum, 3})
}

func event(id ...byte) reader.Event {
	return reader.Event{Kind: reader.KindCard, Card: reader.NewCard(reader.EM4100, "EM4100", 40, id)}
}

// The other report of pyrfidhid's tests, with a badge of 32 bits.
const wide = "03 00 00 00 00 00 00 00 02 00 06 00 4D 49 96 02 D2 44 03"

func TestPollerContract(t *testing.T) {
	question := append(unhex(t, "01 00 00 00 00 00 08 00 AA 00 03 25 00 00 26 BB"), make([]byte, 240)...)
	readertest.Poller(t, readertest.PollerContract{
		New:     func() reader.Poller { return sycreader.New(sycreader.Options{}) },
		Asks:    func(q []byte) bool { return bytes.Equal(q, question) },
		Empty:   report(1),
		Answers: [][]byte{readertest.Serial(t, "sycreader-feature")[0].Bytes, unhex(t, wide), append(report(0, 1, 2, 3, 4, 5), make([]byte, 200)...)},
		Want:    []reader.Event{event(0x4D, 0, 0x96, 2, 0xD2), event(0x4D, 0x49, 0x96, 2, 0xD2), event(1, 2, 3, 4, 5)},
		Reports: true,
	})
	if id := sycreader.New(sycreader.Options{}).Answer(1); id != 2 {
		t.Errorf("answers come in report %d", id)
	}
}

// eventsOf gives what a decoder without a host says to reports.
func eventsOf(reports ...[]byte) (events []reader.Event) {
	d := sycreader.New(sycreader.Options{})
	for _, r := range reports {
		d.Feed(t0, r, func(e reader.Event) { events = append(events, e) })
	}
	return events
}

func TestDamage(t *testing.T) {
	good := readertest.Serial(t, "sycreader-feature")[0].Bytes
	if got := eventsOf(good); len(got) != 1 || got[0].Card != event(0x4D, 0, 0x96, 2, 0xD2).Card {
		t.Fatalf("%d events, and not the badge", len(got))
	}
	bad := func(what string, at int, r []byte) {
		t.Helper()
		if got := eventsOf(r); len(got) != 1 || got[0].Kind != reader.KindFault {
			t.Errorf("byte %d %s: %d events, and not a fault", at, what, len(got))
		}
	}
	for at := range good {
		bad("dropped", at, slices.Concat(good[:at], good[at+1:]))
		bad("twice", at, slices.Concat(good[:at+1], good[at:]))
		for x := 1; x < 256; x++ {
			r := slices.Clone(good)
			r[at] ^= byte(x)
			bad("changed", at, r)
		}
	}
	if got := eventsOf(report(0, 1, 2, 3, 4), report(), make([]byte, 300)); len(got) != 3 {
		t.Errorf("lengths that cannot be: %d events", len(got))
	}
}

func TestGone(t *testing.T) {
	for gone, want := range map[int]int{0: 1, 1: 2} {
		d := sycreader.New(sycreader.Options{Gone: gone})
		n := 0
		for _, r := range [][]byte{report(0, 1, 2, 3, 4, 5), report(1), report(0, 1, 2, 3, 4, 5)} {
			d.Feed(t0, r, func(reader.Event) { n++ })
		}
		if n != want {
			t.Errorf("gone %d: %d events, want %d", gone, n, want)
		}
	}
}

// A device that says in its own way that there is no badge is told about once, and is
// no silent one.
func TestAnAnswerOfItsOwn(t *testing.T) {
	d := sycreader.New(sycreader.Options{})
	d.Open(t0)
	var said []string
	emit := func(e reader.Event) { said = append(said, string(e.Kind)+string(e.Why)) }
	now := t0
	for n := 0; n < 20; {
		if d.Send(now) == nil {
			now = d.Deadline()
			d.Tick(now, emit)
			continue
		}
		if n++; n == 15 {
			d.Feed(now, readertest.Serial(t, "sycreader-feature")[0].Bytes, emit)
		} else {
			d.Feed(now, []byte{2, 0, 0}, emit)
		}
	}
	if got := strings.Join(said, " "); got != "alive faultlength alive card faultlength" {
		t.Errorf("got %q", got)
	}
}

// FuzzDecoder: what comes out as a card is in the report, behind its head.
func FuzzDecoder(f *testing.F) {
	f.Add(readertest.Serial(f, "sycreader-feature")[0].Bytes)
	f.Add(unhex(f, wide))
	f.Add(report(1))
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, e := range eventsOf(in) {
			if e.Kind == reader.KindCard && !bytes.HasPrefix(in, report(append([]byte{0}, e.Card.Raw()...)...)) {
				t.Error("a card that was not sent")
			}
		}
	})
}
