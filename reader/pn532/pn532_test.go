package pn532_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/reader"
	"badged/reader/pn532"
	"badged/reader/readertest"
)

var unhex = readertest.Unhex

var t0 = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func vector(tb testing.TB) (frame, uid []byte) {
	v := readertest.Serial(tb, "pn532-hsu")[0]
	return v.Bytes, unhex(tb, v.Card)
}

var (
	ack  = []byte{0, 0, 0xFF, 0, 0xFF, 0}
	nak  = []byte{0, 0, 0xFF, 0xFF, 0, 0}
	what = []byte{0, 0, 0xFF, 1, 0xFF, 0x7F, 0x81, 0} // error frame
)

// chipReply writes the chip's frame, behind its ACK.
func chipReply(body ...byte) []byte { return slices.Concat(ack, frame(body...)) }

func frame(body ...byte) []byte { return tfi(0xD5, body...) }

// question writes the host's frame.
func question(body ...byte) []byte { return tfi(0xD4, body...) }

// tfi writes a frame of the side given.
func tfi(side byte, body ...byte) []byte {
	n := byte(len(body) + 1)
	return slices.Concat([]byte{0, 0, 0xFF, n, -n}, closed(side, body))
}

// extended writes the same in the long form.
func extended(body ...byte) []byte {
	n := len(body) + 1
	head := []byte{0, 0, 0xFF, 0xFF, 0xFF, byte(n >> 8), byte(n), -(byte(n>>8) + byte(n))}
	return slices.Concat(head, closed(0xD5, body))
}

func closed(side byte, body []byte) []byte {
	out := append([]byte{side}, body...)
	var sum byte
	for _, b := range out {
		sum += b
	}
	return append(out, -sum, 0)
}

// list is the answer of InListPassiveTarget for one badge.
func list(uid []byte, behind ...byte) []byte {
	return slices.Concat([]byte{0x4B, 1, 1, 0x00, 0x44, 0x20, byte(len(uid))}, uid, behind)
}

func event(uid []byte) reader.Event {
	return reader.Event{Kind: reader.KindCard, Card: reader.NewCard(reader.ISO14443A, "UID", 8*len(uid), uid)}
}

var (
	seven = []byte{0x04, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6}
	ten   = []byte{0x04, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	ats   = []byte{6, 0x75, 0x77, 0x81, 0x02, 0x80}
)

func TestContract(t *testing.T) {
	v, uid := vector(t)
	readertest.Decoder(t, readertest.Contract{
		New:      func() reader.Decoder { return pn532.New(pn532.Options{}) },
		Frames:   [][]byte{v, chipReply(list(seven, ats...)...), frame(list(ten)...), extended(list(uid)...)},
		Want:     []reader.Event{event(uid), event(seven), event(ten), event(uid)},
		Checksum: true,
		Garbage:  [][]byte{{1}, {0xFF}, {0}, {0, 0, 0xFF}, {0x55, 0x55}, ack[:4], v[:20], nak, []byte("noise"), bytes.Repeat([]byte{0, 0, 0xFF, 0xFF, 0xFF}, 100)},
	})
}

// chip answers what makes it ready.
func chip(q []byte) []byte {
	switch {
	case bytes.HasSuffix(q, unhexConst("0000FF05FBD4140114010200")):
		return chipReply(0x15)
	case bytes.Equal(q, unhexConst("0000FF06FAD43205FF0102F300")):
		return chipReply(0x33)
	}
	return nil
}

func unhexConst(s string) []byte {
	p, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return p
}

// asks knows InListPassiveTarget for two at most, type A.
func asks(q []byte) bool { return bytes.Equal(q, unhexConst("0000FF04FCD44A0200E000")) }

func TestPollerContract(t *testing.T) {
	v, uid := vector(t)
	readertest.Poller(t, readertest.PollerContract{
		New:      func() reader.Poller { return pn532.New(pn532.Options{}) },
		Asks:     asks,
		Peer:     chip,
		Empty:    chipReply(0x4B, 0),
		Answers:  [][]byte{v, chipReply(list(seven, ats...)...), extended(list(ten)...)},
		Want:     []reader.Event{event(uid), event(seven), event(ten)},
		Checksum: true,
		Fills: func(bad, good []byte) bool { // zeros behind an ACK
			b, behind := bytes.CutPrefix(bad, ack)
			g, _ := bytes.CutPrefix(good, ack)
			return behind && bytes.Equal(bytes.TrimLeft(b, "\x00"), bytes.TrimLeft(g, "\x00")) && len(b) > len(g)
		},
	})
}

// talk plays a host with a chip for so many questions, and gives the last.
func talk(d *pn532.Decoder, n int, peer func(q []byte) []byte) (said string) {
	now := t0
	d.Open(now)
	emit := func(e reader.Event) {
		if e.Kind != reader.KindAlive {
			said += string(e.Kind) + string(e.Why) + " "
		}
	}
	for n > 0 {
		if q := d.Send(now); q != nil {
			n--
			d.Feed(now, peer(bytes.Clone(q)), emit)
			continue
		}
		now = d.Deadline()
		d.Tick(now, emit)
	}
	return strings.TrimSpace(said)
}

func TestWhatAChipSays(t *testing.T) {
	two := []byte{0x4B, 2, 1, 0, 4, 8, 4, 1, 2, 3, 4, 2, 0, 4, 8, 4, 5, 6, 7, 8}
	for _, tt := range []struct {
		name, want string
		listed     []byte
	}{
		{"a badge", "card", chipReply(list(seven)...)},
		{"two badges", "faultambiguous", chipReply(two...)},
		{"five bytes", "faultlength", chipReply(list([]byte{1, 2, 3, 4, 5})...)},
		{"an ATS that is cut", "faultlength", chipReply(list(seven, 6, 0x75)...)},
		{"an answer without ACK", "card", frame(list(seven)...)},
		{"zeros between ACK and answer", "card", slices.Concat(ack, make([]byte, 3), frame(list(seven)...))},
		{"a wake-up", "faultframing faultframing faultframing faultsilent faultframing faultframing faultframing", append([]byte{0x55}, chipReply(list(seven)...)...)},
		{"what the host says, back", "faultframing faultframing faultframing faultsilent faultframing faultframing faultframing", question(0x4B, 0)},
		{"an answer of one byte", "faultlength faultlength faultlength faultsilent faultlength faultlength faultlength", frame()},
		{"an answer that starts with 7F", "faultframing faultframing faultframing faultsilent faultframing faultframing faultframing", tfi(0x7F, 0x4B, 0)},
		{"an ACK alone, then nothing", "", ack},
		{"it does not know the command", "faultrefused", append(bytes.Clone(ack), what...)},
		{"another command's answer", "faultframing faultframing faultframing faultsilent faultframing faultframing faultframing", chipReply(0x03, 0x32)},
		{"it did not understand", "faultrefused faultrefused faultrefused faultsilent faultrefused faultrefused faultrefused", nak},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := talk(pn532.New(pn532.Options{}), 10, func(q []byte) []byte {
				if asks(q) {
					return tt.listed
				}
				return chip(q)
			})
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// A clone that does not know RFConfiguration, or does not answer it, is used all the same.
func TestAChipThatKnowsLess(t *testing.T) {
	for _, second := range [][]byte{append(bytes.Clone(ack), what...), ack} {
		got := talk(pn532.New(pn532.Options{}), 5, func(q []byte) []byte {
			switch {
			case asks(q):
				return chipReply(list(seven)...)
			case bytes.HasPrefix(q, []byte{0x55}):
				return chipReply(0x15)
			}
			return second
		})
		if got != "card" {
			t.Errorf("got %q", got)
		}
	}
}

// A chip that was reset is woken again.
func TestAChipThatFellAsleep(t *testing.T) {
	woken, n := 0, 0
	talk(pn532.New(pn532.Options{}), 40, func(q []byte) []byte {
		n++
		switch {
		case bytes.HasPrefix(q, []byte{0x55}):
			woken++
		case n > 10 && n < 20 || n > 20 && woken < 2:
			return nil
		}
		if asks(q) {
			return chipReply(0x4B, 0)
		}
		return chip(q)
	})
	if woken < 2 || woken > 4 {
		t.Errorf("woken %d times", woken)
	}
}

func TestZerosInFrontOfAFrame(t *testing.T) {
	v, _ := vector(t)
	d := pn532.New(pn532.Options{})
	n := 0
	emit := func(e reader.Event) {
		if e.Kind == reader.KindCard {
			n++
		}
	}
	d.Feed(t0, append(make([]byte, 20), v...), emit)
	d.Feed(t0.Add(5*time.Second), append(make([]byte, 20), v...), emit)
	if n != 2 {
		t.Errorf("%d cards", n)
	}
}

// A capture of both sides gives what the chip says: also when host and chip follow each
// other without a pause, as in lines without times.
func TestACaptureOfBothSides(t *testing.T) {
	v, uid := vector(t)
	wakeUp := append([]byte{0x55, 0x55}, make([]byte, 14)...)
	asked := unhex(t, "0000ff04fcd44a0100e100")
	for name, in := range map[string][]byte{
		"a question":     slices.Concat(asked, v),
		"from the start": slices.Concat(wakeUp, question(0x14, 1, 0x14, 1), chipReply(0x15), asked, v),
		"woken again":    slices.Concat(asked, chipReply(0x4B, 0), wakeUp, question(0x14, 1, 0x14, 1), chipReply(0x15), asked, v),
	} {
		var got []reader.Event
		pn532.New(pn532.Options{}).Feed(t0, in, func(e reader.Event) { got = append(got, e) })
		if len(got) != 1 || got[0].Card != event(uid).Card {
			t.Errorf("%s: %d events, and not the badge alone", name, len(got))
		}
	}
	spoilt := bytes.Clone(asked)
	spoilt[6] ^= 1
	if got := cards(append(spoilt, v...)); got != nil {
		t.Error("a card behind a question that is not clean")
	}
	if got := cards(frame(list([]byte{0x55, 0x55, 0x55, 0x55})...)); len(got) != 1 {
		t.Error("a number like a wake-up is not read")
	}
}

func TestGone(t *testing.T) {
	v, _ := vector(t)
	for gone, want := range map[int]int{0: 1, 1: 2} {
		d := pn532.New(pn532.Options{Gone: gone})
		n := 0
		d.Feed(t0, slices.Concat(v, chipReply(0x4B, 0), v), func(reader.Event) { n++ })
		if n != want {
			t.Errorf("gone %d: %d events, want %d", gone, n, want)
		}
	}
}

func TestALongTimeoutIsNoSilence(t *testing.T) {
	if got := pn532.New(pn532.Options{Timeout: time.Minute, Interval: time.Second}).Silence(); got != 183*time.Second {
		t.Errorf("silent after %v", got)
	}
}

// FuzzDecoder: what comes out as a card is in the input, and a split changes nothing; nor
// does any input of a chip stop the host.
func FuzzDecoder(f *testing.F) {
	v, _ := vector(f)
	f.Add(v, 9)
	f.Add(chipReply(list(seven, ats...)...), 4)
	f.Add(extended(list(ten)...), 4)
	f.Add(slices.Concat(nak, what, v), 4)
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
		talk(pn532.New(pn532.Options{}), 6, func([]byte) []byte { return in })
	})
}

func cards(chunks ...[]byte) (ids []string) {
	d := pn532.New(pn532.Options{})
	for _, c := range chunks {
		d.Feed(t0, c, func(e reader.Event) {
			if e.Kind == reader.KindCard {
				ids = append(ids, e.Card.Hex())
			}
		})
	}
	return ids
}
