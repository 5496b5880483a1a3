package pn532_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/reader"
	"badged/reader/pn532"
	"badged/reader/readertest"
)

var t0 = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func vectorOf(tb testing.TB, proto string) (frame, card []byte) {
	tb.Helper()
	f, err := os.Open("../../testdata/vectors/serial.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var v struct{ Proto, Bytes, Card string }
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			tb.Fatal(err)
		}
		if v.Proto == proto {
			return unhex(tb, v.Bytes), unhex(tb, v.Card)
		}
	}
	tb.Fatal("the vector is missing: " + proto)
	return nil, nil
}

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	p, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

var (
	ack  = []byte{0, 0, 0xFF, 0, 0xFF, 0}
	nak  = []byte{0, 0, 0xFF, 0xFF, 0, 0}
	what = []byte{0, 0, 0xFF, 1, 0xFF, 0x7F, 0x81, 0} // error frame
)

// answer writes the chip's frame, behind its ACK.
func answer(body ...byte) []byte { return slices.Concat(ack, frame(body...)) }

func frame(body ...byte) []byte {
	n := byte(len(body) + 1)
	return slices.Concat([]byte{0, 0, 0xFF, n, -n}, closed(body))
}

// extended writes the same in the long form.
func extended(body ...byte) []byte {
	n := len(body) + 1
	head := []byte{0, 0, 0xFF, 0xFF, 0xFF, byte(n >> 8), byte(n), -(byte(n>>8) + byte(n))}
	return slices.Concat(head, closed(body))
}

func closed(body []byte) []byte {
	out := append([]byte{0xD5}, body...)
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
	v, uid := vectorOf(t, "pn532-hsu")
	readertest.Decoder(t, readertest.Contract{
		New:      func() reader.Decoder { return pn532.New(pn532.Options{}) },
		Frames:   [][]byte{v, answer(list(seven, ats...)...), frame(list(ten)...), extended(list(uid)...)},
		Want:     []reader.Event{event(uid), event(seven), event(ten), event(uid)},
		Checksum: true,
		Garbage:  [][]byte{{1}, {0xFF}, {0}, {0, 0, 0xFF}, {0x55, 0x55}, ack[:4], v[:20], nak, []byte("noise"), bytes.Repeat([]byte{0, 0, 0xFF, 0xFF, 0xFF}, 100)},
	})
}

// chip answers what makes it ready.
func chip(q []byte) []byte {
	switch {
	case bytes.HasSuffix(q, unhexConst("0000FF05FBD4140114010200")):
		return answer(0x15)
	case bytes.Equal(q, unhexConst("0000FF06FAD43205FF0102F300")):
		return answer(0x33)
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
	v, uid := vectorOf(t, "pn532-hsu")
	readertest.Poller(t, readertest.PollerContract{
		New:      func() reader.Poller { return pn532.New(pn532.Options{}) },
		Asks:     asks,
		Peer:     chip,
		Empty:    answer(0x4B, 0),
		Answers:  [][]byte{v, answer(list(seven, ats...)...), extended(list(ten)...)},
		Want:     []reader.Event{event(uid), event(seven), event(ten)},
		Checksum: true,
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
		{"a badge", "card", answer(list(seven)...)},
		{"two badges", "faultambiguous", answer(two...)},
		{"five bytes", "faultlength", answer(list([]byte{1, 2, 3, 4, 5})...)},
		{"an ATS that is cut", "faultlength", answer(list(seven, 6, 0x75)...)},
		{"an answer without ACK", "card", frame(list(seven)...)},
		{"an ACK alone, then nothing", "", ack},
		{"it does not know the command", "faultrefused", append(bytes.Clone(ack), what...)},
		{"another command's answer", "faultframing faultframing faultframing faultsilent faultframing faultframing faultframing", answer(0x03, 0x32)},
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
				return answer(list(seven)...)
			case bytes.HasPrefix(q, []byte{0x55}):
				return answer(0x15)
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
			return answer(0x4B, 0)
		}
		return chip(q)
	})
	if woken < 2 || woken > 4 {
		t.Errorf("woken %d times", woken)
	}
}

func TestZerosInFrontOfAFrame(t *testing.T) {
	v, _ := vectorOf(t, "pn532-hsu")
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

// FuzzDecoder: what comes out as a card is in the input, and a split changes nothing; nor
// does any input of a chip stop the host.
func FuzzDecoder(f *testing.F) {
	v, _ := vectorOf(f, "pn532-hsu")
	f.Add(v, 9)
	f.Add(answer(list(seven, ats...)...), 4)
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
