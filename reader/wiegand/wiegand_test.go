package wiegand_test

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/keypad"
	"badged/reader"
	"badged/reader/pacs"
	"badged/reader/readertest"
	"badged/reader/wiegand"
)

var t0 = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// Two badges and a key, H10301 and 8bit.
const (
	cdvi    = "10001011001101010001101110" // 22, 27191
	omnikey = "00000101000000100101001001" // 10, 1188
	star    = "01011010"
)

func decoder(tb testing.TB, formats, keys string) *wiegand.Decoder {
	tb.Helper()
	selection, err := pacs.Select(formats)
	if err != nil {
		tb.Fatal(err)
	}
	bursts, err := keypad.BurstsOf(keys)
	if err != nil {
		tb.Fatal(err)
	}
	return wiegand.New(wiegand.Options{Formats: selection, Keypad: bursts})
}

// bench is a decoder on a line, with a clock.
type bench struct {
	dec  reader.Decoder
	now  time.Time
	said []reader.Event
}

func (b *bench) emit(e reader.Event) { b.said = append(b.said, e) }

// edge lets time pass, with its ticks, and gives an edge.
func (b *bench) edge(after time.Duration, c byte) {
	b.wait(after)
	b.dec.Feed(b.now, []byte{c}, b.emit)
}

func (b *bench) wait(d time.Duration) {
	end := b.now.Add(d)
	for due := b.dec.Deadline(); !due.IsZero() && due.Before(end); due = b.dec.Deadline() {
		b.dec.Tick(due, b.emit)
	}
	b.now = end
}

// frame sends a frame with the intervals that pace gives, and rests.
func (b *bench) frame(bits string, pace func(i int) time.Duration) {
	for i := range len(bits) {
		b.edge(pace(i), bits[i])
	}
	b.wait(time.Second)
}

func even(d time.Duration) func(int) time.Duration { return func(int) time.Duration { return d } }

// play sends frames, separated by spaces, at a bit a millisecond and shows what comes.
func play(d reader.Decoder, frames string) string {
	b := &bench{dec: d, now: t0}
	for f := range strings.FieldsSeq(frames) {
		b.frame(f, even(time.Millisecond))
	}
	return shown(b.said)
}

func shown(events []reader.Event) string {
	var s []string
	for _, e := range events {
		switch e.Kind {
		case reader.KindCard:
			s = append(s, e.Card.FrameFormat()+":"+e.Card.Reveal())
		case reader.KindKey:
			s = append(s, e.Key.Reveal())
		default:
			s = append(s, string(e.Why))
		}
	}
	return strings.Join(s, " ")
}

// wants is what frames give.
func wants(tb testing.TB, d reader.Decoder, frames ...string) (want []reader.Event) {
	tb.Helper()
	b := &bench{dec: d, now: t0}
	for _, f := range frames {
		b.frame(f, even(time.Millisecond))
	}
	return b.said
}

func TestContract(t *testing.T) {
	frames := []string{cdvi, star, omnikey}
	if got := play(decoder(t, "H10301", "8bit"), strings.Join(frames, " ")); got != "H10301:166A37 * H10301:0A04A4" {
		t.Fatal(got)
	}
	readertest.Decoder(t, readertest.Contract{
		New:      func() reader.Decoder { return decoder(t, "H10301", "8bit") },
		Frames:   [][]byte{[]byte(frames[0]), []byte(frames[1]), []byte(frames[2])},
		Want:     wants(t, decoder(t, "H10301", "8bit"), frames...),
		Checksum: true,
		Garbage: [][]byte{
			{'x'}, {0}, {0xFF}, []byte("noise"), []byte("0"), []byte("101"), []byte("x0000000"), []byte("0000000x"),
			bytes.Repeat([]byte("0"), 1000), bytes.Repeat([]byte("10"), 15), bytes.Repeat([]byte("x"), 1000),
		},
	})
}

func TestVectors(t *testing.T) {
	for _, r := range rows(t) {
		t.Run(r[0]+"/"+r[2]+"-"+r[3], func(t *testing.T) {
			said := wants(t, decoder(t, r[0], "auto"), r[6])
			if len(said) != 1 || said[0].Kind != reader.KindCard || said[0].Card.FrameFormat() != r[0] || said[0].Card.Bits() != len(r[6]) {
				t.Errorf("%d events: %s", len(said), shown(said))
			}
		})
	}
}

func TestBurstVectors(t *testing.T) {
	f, err := os.Open("../../testdata/vectors/keypad-bursts.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	names := map[string]string{"4bit": "auto", "8bit": "auto", "6bit-rosslare": "6bit", "6bit-nibble-parity": "6bit-parity"}
	seen := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var v struct{ Table, Key, Code string }
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		if v.Table == "osdp-ascii" {
			continue
		}
		seen++
		t.Run(v.Table+"/"+v.Key, func(t *testing.T) {
			if got := play(decoder(t, "auto", names[v.Table]), v.Code); got != v.Key {
				t.Errorf("got %s", got)
			}
		})
	}
	if seen != 48 {
		t.Errorf("%d vectors", seen)
	}
}

// The end of a frame takes less than four of its bits, however fast the reader.
func TestEndOfFrame(t *testing.T) {
	for _, bits := range []string{"1010", star, cdvi} {
		for _, interval := range []time.Duration{200 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 7 * time.Millisecond, 20 * time.Millisecond} {
			b := &bench{dec: decoder(t, "auto", "auto"), now: t0}
			for i := range len(bits) {
				b.edge(interval, bits[i])
			}
			if wait := b.dec.Deadline().Sub(b.now); wait > 4*interval || wait < 3*interval {
				t.Errorf("%d bits every %v: over after %v", len(bits), interval, wait)
			}
			last := b.now
			b.wait(time.Second)
			if len(b.said) != 1 || b.said[0].Kind == reader.KindFault || !b.said[0].At.Equal(last) {
				t.Errorf("%d bits every %v: %s", len(bits), interval, shown(b.said))
			}
		}
	}
}

// A reader whose bits come slower and slower, up to twice as slow, or with jitter, is
// not cut.
func TestSlowReaderIsNotCut(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	paces := map[string]func(base time.Duration, i int) time.Duration{
		"slower at once":   func(d time.Duration, i int) time.Duration { return d * time.Duration(1+min(i/2, 1)) },
		"slower at last":   func(d time.Duration, i int) time.Duration { return d * time.Duration(1+i/25) },
		"slower by and by": func(d time.Duration, i int) time.Duration { return d + d*time.Duration(i)/25 },
		"faster by and by": func(d time.Duration, i int) time.Duration { return 2*d - d*time.Duration(i)/25 },
		"in turns":         func(d time.Duration, i int) time.Duration { return d * time.Duration(1+i%2) },
		"any of both":      func(d time.Duration, i int) time.Duration { return d + time.Duration(rnd.Int64N(int64(d))) },
		"jitter of a half": func(d time.Duration, i int) time.Duration { return d/2 + time.Duration(rnd.Int64N(int64(d))) },
	}
	for name, pace := range paces {
		for _, base := range []time.Duration{200 * time.Microsecond, time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond} {
			for range 50 {
				b := &bench{dec: decoder(t, "auto", "auto"), now: t0}
				b.frame(cdvi, func(i int) time.Duration { return pace(base, i) })
				if got := shown(b.said); got != "H10301:166A37" {
					t.Fatalf("%s, %v: %s", name, base, got)
				}
			}
		}
	}
}

// Two bits in a row on a fast reader are over after five milliseconds: a key right behind
// is read.
func TestAPauseBehindTwoBits(t *testing.T) {
	b := &bench{dec: decoder(t, "auto", "auto"), now: t0}
	b.edge(0, '0')
	b.edge(time.Millisecond/5, '1')
	if wait := b.dec.Deadline().Sub(b.now); wait != 5*time.Millisecond {
		t.Errorf("over after %v", wait)
	}
	b.wait(10 * time.Millisecond)
	b.frame("1010", even(200*time.Microsecond))
	if got := shown(b.said); got != "length *" {
		t.Errorf("got %s", got)
	}
}

// The two lines are read one after the other: an edge may come with a time before that of
// the one in front. The frame ends after the last of them.
func TestEdgesWhoseTimesTurnBack(t *testing.T) {
	d := decoder(t, "auto", "auto")
	var said []reader.Event
	emit := func(e reader.Event) { said = append(said, e) }
	at := t0
	for i := range len(cdvi) {
		at = at.Add(time.Millisecond)
		when := at
		if i == len(cdvi)-1 {
			when = at.Add(-1500 * time.Microsecond)
		}
		d.Feed(when, []byte{cdvi[i]}, emit)
	}
	last := at.Add(-time.Millisecond)
	due := d.Deadline()
	d.Tick(due, emit)
	if got := shown(said); got != "H10301:166A37" || !said[0].At.Equal(last) || due.Sub(last) > 4*time.Millisecond {
		t.Errorf("%s, %v behind the last edge", got, due.Sub(last))
	}
}

func TestFrames(t *testing.T) {
	for _, tt := range []struct{ name, formats, keys, in, want string }{
		{"a card and keys", "auto", "auto", cdvi + " 1010 0001 0010 0011 0100 " + star, "H10301:166A37 * 1 2 3 4 *"},
		{"wrong parity", "auto", "auto", "0" + cdvi[1:], "parity"},
		{"a bit too few", "auto", "auto", cdvi[1:], "length"},
		{"noise", "auto", "auto", "0 10 111 11111", "length length length length"},
		{"codes that are no keys", "auto", "auto", "1111 01011011", "digit digit"},
		{"no keypad", "auto", "none", "1010 " + star, "length length"},
		{"lost edges", "auto", "auto", cdvi[:5] + "x" + cdvi[5:] + " " + cdvi, "edges H10301:166A37"},
		{"lost edges in front", "auto", "auto", "x" + cdvi + " x", "edges edges"},
		{"the first reason counts", "auto", "auto", "?" + cdvi + "x", "digit"},
		{"a line that chatters", "auto", "auto", strings.Repeat("01", 500) + " " + cdvi, "overflow H10301:166A37"},
		{"raw", "raw", "none", "10100100110111001100110000011101 " + cdvi, "raw:A4DCCC1D raw:22CD46E"},
		{"raw, the longest", "raw", "none", strings.Repeat("01", 128), "raw:" + strings.Repeat("55", 32)},
		{"raw, a bit more", "raw", "none", strings.Repeat("01", 128) + "0", "overflow"},
		{"raw, too short", "raw", "none", "1010011", "length"},
		{"a length that was not configured", "H10302", "auto", cdvi, "length"},
		{"a definition", "bits=12 facility=1-3 card=4-11 odd=12:1-11", "auto", "111000000011", "bits=12 facility=1-3 card=4-11 odd=12:1-11:701"},
		{"lines exchanged", "auto", "auto", strings.Repeat(turned(cdvi)+" ", 4), "parity parity swapped swapped"},
		{"exchanged, other badges", "auto", "auto", turned(cdvi) + " " + turned(omnikey) + " " + turned(cdvi), "parity parity swapped"},
		{"noise between does not matter", "auto", "auto", turned(cdvi) + " 010 " + turned(cdvi) + " " + cdvi[1:] + " " + turned(cdvi), "parity length parity length swapped"},
		{"one that fits breaks the row", "auto", "auto", turned(cdvi) + " " + turned(cdvi) + " " + cdvi + " " + turned(cdvi), "parity parity H10301:166A37 parity"},
		{"one that fits neither way breaks the row", "auto", "auto",
			turned(cdvi) + " " + turned(cdvi) + " 0" + cdvi[1:] + " " + turned(cdvi), "parity parity parity parity"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := play(decoder(t, tt.formats, tt.keys), tt.in); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// Exchanged lines show with every format but those whose parities cover an even number
// of bits, turned over or not.
func TestSwappedFormats(t *testing.T) {
	cannot := []string{"C15001", "Sie36", "Verkada40", "BC40", "Defcon32", "Avig56"}
	for _, r := range rows(t) {
		t.Run(r[0]+"/"+r[2]+"-"+r[3], func(t *testing.T) {
			f := turned(r[6]) + " "
			got := play(decoder(t, r[0], "none"), f+f+f)
			if shows := strings.HasSuffix(got, " swapped"); shows == slices.Contains(cannot, r[0]) {
				t.Error(got)
			}
		})
	}
}

// turned is a frame on exchanged lines.
func turned(bits string) string { return strings.NewReplacer("0", "1", "1", "0").Replace(bits) }

// rows are the known frames.
func rows(t *testing.T) [][]string {
	t.Helper()
	f, err := os.Open("../../testdata/vectors/wiegand-formats.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 29 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	return rows[1:]
}

// typed is the frame of a keypad that sends whole numbers: H10301, or H10306 with 34 bits.
func typed(bits int, facility, number uint64) string {
	half := (bits - 2) / 2
	data := fmt.Sprintf("%0*b", bits-2, facility<<16|number)
	first, last := strings.Count(data[:half], "1")%2, 1-strings.Count(data[half:], "1")%2
	return fmt.Sprintf("%d%s%d", first, data, last)
}

// TestNumbersInOneFrame (issue 7, 2.2): the keypad sends 4711 as a badge of facility 0.
func TestNumbersInOneFrame(t *testing.T) {
	const issue = "10000000000010010011001111"
	if typed(26, 0, 4711) != issue {
		t.Fatal("the frame is another than the issue's")
	}
	pin, code := wiegand.Entry{Digits: 4}, wiegand.Entry{Digits: 4, Code: true}
	all := wiegand.Entry{Digits: 6, Facility: wiegand.NoFacility}
	bcd := wiegand.Entry{Digits: 4, Facility: wiegand.NoFacility, BCD: true}
	for _, tt := range []struct {
		name     string
		entry    wiegand.Entry
		in, want string
	}{
		{"a PIN", pin, issue, "4 7 1 1 #"},
		{"a code", code, issue, "* 4 7 1 1 #"},
		{"34 bits", pin, typed(34, 0, 4711), "4 7 1 1 #"},
		{"zeros in front", pin, typed(26, 0, 42), "0 0 4 2 #"},
		{"nothing but zeros", pin, typed(26, 0, 0), "0 0 0 0 #"},
		{"the longest", pin, typed(26, 0, 65534), "6 5 5 3 4 #"},
		{"the keypad's own error", pin, typed(26, 0, 65535), "overflow"},
		{"and with 34 bits", pin, typed(34, 0, 65535), "overflow"},
		{"another facility is a badge", pin, cdvi, "H10301:166A37"},
		{"the facility that is set", wiegand.Entry{Facility: 22, Digits: 4}, cdvi + " " + issue, "2 7 1 9 1 # H10301:001267"},
		{"all the bits", all, typed(26, 1, 57920) + " " + typed(34, 1, 57920), "1 2 3 4 5 6 # 1 2 3 4 5 6 #"},
		{"the error in all the bits", all, typed(26, 255, 65535) + " " + typed(34, 65535, 65535), "overflow overflow"},
		{"more than 16 bits without a facility", all, typed(26, 0, 65535), "0 6 5 5 3 5 #"},
		{"decimal digits", bcd, typed(26, 0x12, 0x3456) + " " + typed(34, 0x1234, 0x5678), "1 2 3 4 5 6 # 1 2 3 4 5 6 7 8 #"},
		{"fewer decimal digits", bcd, typed(26, 0, 0x4711), "4 7 1 1 #"},
		{"no decimal digits are a badge", bcd, cdvi, "H10301:166A37"},
		{"all ones in place of decimal digits", bcd, typed(26, 255, 65535), "overflow"},
		{"wrong parity", pin, "0" + issue[1:], "parity"},
		{"another length", pin, issue[1:], "length"},
		{"no bursts beside it", pin, "1010", "length"},
		{"a badge of 37 bits", pin, "0000000000000000000000000000000000010", "37-bit:0000000002"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := wiegand.New(wiegand.Options{Entry: &tt.entry})
			if got := play(d, tt.in); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestEntryContract holds the contract with a keypad that sends whole numbers.
func TestEntryContract(t *testing.T) {
	formats, err := pacs.Select("H10301,H10306") // a frame of 34 bits that lost one is no D10202
	if err != nil {
		t.Fatal(err)
	}
	dec := func() reader.Decoder {
		return wiegand.New(wiegand.Options{Formats: formats, Entry: &wiegand.Entry{Digits: 4}})
	}
	frames := []string{typed(26, 0, 4711), cdvi, typed(34, 0, 1)}
	readertest.Decoder(t, readertest.Contract{
		New: dec, Frames: [][]byte{[]byte(frames[0]), []byte(frames[1]), []byte(frames[2])}, Want: wants(t, dec(), frames...), Checksum: true,
		Garbage: [][]byte{{'x'}, {0}, []byte("0"), []byte("101"), bytes.Repeat([]byte("0"), 1000), bytes.Repeat([]byte("10"), 15)},
	})
}

// TestMayBeTyped (issue 7, 2.2): a badge of facility 0 is what such a keypad makes of a number.
func TestMayBeTyped(t *testing.T) {
	for _, tt := range []struct {
		formats, in string
		want        bool
	}{
		{"auto", typed(26, 0, 4711), true},
		{"auto", typed(34, 0, 4711), true},
		{"raw", typed(26, 0, 4711), true},
		{"ind26", typed(26, 0, 4711), true},
		{"auto", cdvi, false},
		{"auto", typed(34, 1, 4711), false},
		{"auto", "0000000000000000000000000000000000010", false},
		{"raw", "00" + typed(26, 0, 4711)[2:25] + "0", false}, // not its parity
	} {
		said := wants(t, decoder(t, tt.formats, "auto"), tt.in)
		if len(said) != 1 || said[0].Kind != reader.KindCard || wiegand.MayBeTyped(said[0].Card) != tt.want {
			t.Errorf("%s %s: want %v, %s", tt.formats, tt.in, tt.want, shown(said))
		}
	}
}

// FuzzEntry: each frame that is made of a number gives its digits, and no other frame does.
func FuzzEntry(f *testing.F) {
	f.Add(uint16(4711), uint8(0), false, uint8(0))
	f.Add(uint16(65535), uint8(7), true, uint8(3))
	f.Fuzz(func(t *testing.T, number uint16, facility uint8, long bool, flip uint8) {
		bits := 26
		if long {
			bits = 34
		}
		frame := []byte(typed(bits, uint64(facility), uint64(number)))
		want := strings.Join(strings.Split(fmt.Sprintf("%04d#", number), ""), " ")
		if number == 65535 {
			want = "overflow"
		}
		entry := wiegand.Entry{Facility: int(facility), Digits: 4}
		if got := play(wiegand.New(wiegand.Options{Entry: &entry}), string(frame)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		frame[int(flip)%bits] ^= 1
		if got := play(wiegand.New(wiegand.Options{Entry: &entry}), string(frame)); got != "parity" {
			t.Errorf("a changed bit gives %s", got)
		}
	})
}

// FuzzDecoder: what comes out as a card are bits that were sent in a row, none of them
// left out, with a pause before and behind.
func FuzzDecoder(f *testing.F) {
	pause := strings.Repeat(" ", 20)
	for _, s := range []string{cdvi, omnikey, star, cdvi + pause + star + pause + omnikey, cdvi[:9] + "x" + cdvi[9:], cdvi + " " + cdvi} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		b := &bench{dec: decoder(t, "auto", "auto"), now: t0}
		for i := range len(in) { // a space is ten milliseconds
			if in[i] == ' ' {
				b.wait(10 * time.Millisecond)
				continue
			}
			b.edge(time.Millisecond, in[i])
		}
		b.wait(time.Second)
		for _, e := range b.said {
			if e.Kind != reader.KindCard {
				continue
			}
			if !apart(in, sent(e.Card)) {
				t.Error("a card that was not sent")
			}
		}
	})
}

// apart reports whether bits are in a line, with spaces anywhere between them, and at
// both their ends.
func apart(in, bits string) bool {
	var at []int // the places of edges
	for i := range len(in) {
		if in[i] != ' ' {
			at = append(at, i)
		}
	}
	edges := strings.ReplaceAll(in, " ", "")
	for i := 0; i+len(bits) <= len(edges); i++ {
		end := i + len(bits)
		if edges[i:end] == bits && (i == 0 || at[i]-at[i-1] > 1) && (end == len(edges) || at[end]-at[end-1] > 1) {
			return true
		}
	}
	return false
}

// sent is a card's bits as 0 and 1.
func sent(c reader.Card) string {
	var s strings.Builder
	for i := range c.Bits() {
		s.WriteByte('0' + c.Raw()[i/8]>>(7-i%8)&1)
	}
	return s.String()
}
