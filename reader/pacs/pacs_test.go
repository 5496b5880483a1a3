package pacs

import (
	"bufio"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"badged/reader"
)

// frame is a known frame.
type frame struct {
	format string
	bits   string
	Fields // of which only the values are known
}

func frames(tb testing.TB) []frame {
	tb.Helper()
	f, err := os.Open("../../testdata/vectors/wiegand-formats.csv")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		tb.Fatal(err)
	}
	var list []frame
	for _, r := range rows[1:] {
		v := make([]uint64, 5)
		for i := range v {
			if v[i], err = strconv.ParseUint(r[1+i], 10, 64); err != nil {
				tb.Fatal(err)
			}
		}
		if int(v[0]) != len(r[6]) {
			tb.Fatalf("%s: %d bits written as %d", r[0], v[0], len(r[6]))
		}
		list = append(list, frame{r[0], r[6], Fields{Facility: v[1], Card: v[2], Issue: v[3], OEM: v[4]}})
	}
	if len(list) < 28 {
		tb.Fatal("vectors are missing")
	}
	return list
}

// packed gives the bytes of a string of 0 and 1.
func packed(bits string) []byte {
	p := make([]byte, (len(bits)+7)/8)
	for i := range len(bits) {
		p[i/8] |= (bits[i] & 1) << (7 - i%8)
	}
	return p
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func layout(tb testing.TB, name string) *Format {
	tb.Helper()
	f, err := findFormat(name)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

// values drops what a format has.
func values(f Fields) Fields {
	return Fields{Facility: f.Facility, Card: f.Card, Issue: f.Issue, OEM: f.OEM}
}

// pack makes the frame of fields, as a reader does. What is skipped is 1, as the known
// frames have it.
func pack(f *Format, v Fields) string {
	b := make(bitString, (f.Bits+7)/8)
	set := func(pos, bit int) { b[(pos-1)/8] |= byte(bit) << (7 - (pos-1)%8) }
	for _, p := range []struct {
		field Field
		value uint64
	}{{f.Facility, v.Facility}, {f.Issue, v.Issue}, {f.OEM, v.OEM}, {f.Card, v.Card}} {
		value, left := p.value, countPositions(p.field)
		if f.BCD {
			value = must(strconv.ParseUint(strconv.FormatUint(value, 10), 16, 64))
		}
		eachPosition(p.field, func(pos int) { left--; set(pos, int(value>>left)&1) })
	}
	for _, r := range [][]Range{f.Ones, f.Skips} {
		eachPosition(r, func(pos int) { set(pos, 1) })
	}
	for _, p := range f.Parities {
		bit := b.countOnes(p.Over) & 1
		if p.Odd {
			bit ^= 1
		}
		set(p.At, bit)
	}
	s := make([]byte, f.Bits)
	for i := range s {
		s[i] = '0' + byte(b.bit(i+1))
	}
	return string(s)
}

func TestVectors(t *testing.T) {
	for _, v := range frames(t) {
		t.Run(fmt.Sprintf("%s/%d-%d", v.format, v.Facility, v.Card), func(t *testing.T) {
			card, why := must(Select(v.format)).Card(reader.PACS, len(v.bits), packed(v.bits))
			if why != "" {
				t.Fatalf("fault %s", why)
			}
			if got, ok := FieldsOf(card); !ok || values(got) != v.Fields {
				t.Errorf("other fields: %+v", got)
			}
			if card.FrameFormat() != v.format || card.Bits() != len(v.bits) || card.Tech() != reader.PACS ||
				card.Hex() != strings.ToUpper(hex.EncodeToString(packed(v.bits))) {
				t.Error("format, length, technology or bits are others")
			}
			again := pack(layout(t, v.format), v.Fields)
			eachPosition(layout(t, v.format).Skips, func(pos int) { again = again[:pos-1] + v.bits[pos-1:pos] + again[pos:] })
			if again != v.bits {
				t.Error("packed again they are other bits")
			}
		})
	}
}

// uncovered is the bits of each format that can change without a fault; the rest of a
// format is covered.
var uncovered = map[string]Field{
	"N10002": {{1, 17}},
	"H10320": {{27, 28}},
	"HGen37": {{2, 2}, {6, 6}, {10, 10}, {14, 14}, {18, 18}, {22, 22}, {26, 26}, {30, 30}, {34, 34}},
	"BC40":   {{1, 19}, {39, 39}},
}

func TestEverySingleBitCounts(t *testing.T) {
	for _, v := range frames(t) {
		t.Run(fmt.Sprintf("%s/%d-%d", v.format, v.Facility, v.Card), func(t *testing.T) {
			s := must(Select(v.format))
			for pos := 1; pos <= len(v.bits); pos++ {
				p := packed(v.bits)
				p[(pos-1)/8] ^= 0x80 >> ((pos - 1) % 8)
				_, why := s.Card(reader.PACS, len(v.bits), p)
				covered := !isWithin(uncovered[v.format], pos)
				if covered && why == "" {
					t.Errorf("bit %d changed gives a card", pos)
				}
				if !covered && why != "" && why != reader.BadDigit {
					t.Errorf("bit %d is covered after all: %s", pos, why)
				}
			}
		})
	}
}

// vendor is a line of testdata/vectors/wiegand-vendor.jsonl.
type vendor struct {
	Bits, Card, Fmt, Hex, Wiegand, Src string
	NewPACS                            string `json:"new_pacs"`
	N                                  int
	FC, CN                             uint64
}

// string gives the bits, however they are written.
func (v vendor) string(t *testing.T) string {
	digits, bits := v.Hex+v.Wiegand, v.N
	if v.Bits != "" {
		return v.Bits
	}
	if v.NewPACS != "" { // a BIT STRING of ASN.1: the first byte is how many bits of the last are unused
		raw, err := hex.DecodeString(v.NewPACS)
		if err != nil || 8*len(raw[1:])-int(raw[0]) != v.N {
			t.Fatal("not a bit string of this length")
		}
		digits, bits = v.NewPACS[2:], 8*len(raw[1:])
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%0*b", bits, n)[:v.N]
}

func TestVendorVectors(t *testing.T) {
	formats := map[string]string{
		"CDVI 26 hex": "auto", "H10301": "auto", "W32 no parity": "raw", "H10301 ASN.1 PACS": "H10301", "Verkada40": "Verkada40", "AWID 50": "AWID50",
	}
	f, err := os.Open("../../testdata/vectors/wiegand-vendor.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seen := 0
	for lines := bufio.NewScanner(f); lines.Scan(); seen++ {
		var v vendor
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		t.Run(fmt.Sprintf("%s/%d-%d", v.Fmt, v.FC, v.CN), func(t *testing.T) {
			bits := v.string(t)
			card, why := must(Select(formats[v.Fmt])).Card(reader.PACS, len(bits), packed(bits))
			if why != "" {
				t.Fatalf("fault %s", why)
			}
			if v.Card != "" && card.Reveal() != v.Card {
				t.Error("another text")
			}
			fields, ok := FieldsOf(card)
			if v.FC != 0 && (!ok || fields.Facility != v.FC || fields.Card != v.CN) {
				t.Errorf("other fields: %+v", fields)
			}
			if v.NewPACS != "" && card.Hex() != v.NewPACS[2:] {
				t.Error("the bits are not those of the bit string")
			}
			if strings.Contains(v.Src, "trailing-filler") && !strings.Contains(v.Src, "hex "+card.Hex()+",") {
				t.Error("the bits with their filler are others")
			}
		})
	}
	if seen != 7 {
		t.Errorf("%d vectors", seen)
	}
}

// Numbers are the data without parity, so that a badge has the same one on a serial
// reader; decimal formats keep their digits.
func TestText(t *testing.T) {
	for _, tt := range []struct {
		format string
		fields Fields
		want   string
	}{
		{"H10301", Fields{Facility: 22, Card: 27191}, "166A37"},
		{"H10301", Fields{Facility: 0, Card: 1}, "000001"},
		{"H10302", Fields{Card: 0x512345678}, "512345678"},
		{"H10320", Fields{Card: 93934266}, "93934266"},
		{"P10001", Fields{Facility: 0x542, Card: 0x2728}, "5422728"},
		{"bits=12 card=10-1 even=12:1-10 skip=11", Fields{Card: 0b1100000001}, "203"}, // 1000000011 was sent
	} {
		f := layout(t, tt.format)
		bits := pack(f, tt.fields)
		card, why := must(Select(tt.format)).Card(reader.PACS, f.Bits, packed(bits))
		if why != "" || card.Reveal() != tt.want {
			t.Errorf("%s: %s, fault %q", tt.format, card.Reveal(), why)
		}
		if got, _ := FieldsOf(card); values(got) != tt.fields {
			t.Errorf("%s: %+v", tt.format, got)
		}
	}
}

// A digit of a decimal format is 0 to 9: each place is looked at, and 10 is too many.
func TestDigitsAboveNineAreNone(t *testing.T) {
	for in, want := range map[string]reader.Why{
		"1001 1001": "", "1010 0001": reader.BadDigit, "0001 1010": reader.BadDigit, "1111 0001": reader.BadDigit,
	} {
		bits := strings.ReplaceAll(in, " ", "")
		if _, why := must(Select("bits=8 card=bcd:1-8")).Card(reader.PACS, 8, packed(bits)); why != want {
			t.Errorf("%s: fault %q, want %q", in, why, want)
		}
	}
}

func TestAuto(t *testing.T) {
	const shared = "0000000000000000000000000000000000010" // H10302, H10304, MDI37
	for _, tt := range []struct {
		name, bits, format, text string
		why                      reader.Why
	}{
		{"26 bits", "10001011001101010001101110", "H10301", "166A37", ""},
		{"26 bits, another format's", "10000000000010000000000010", "H10301", "001001", ""},
		{"34 bits", "1000000000000000100000000000000010", "H10306", "00010001", ""},
		{"the only one of its length", "100000010000000000000000000000010", "D10202", "01000001", ""},
		{"37 bits", shared, "37-bit", "0000000002", ""},
		{"37 bits, no parity fits", "1" + shared[1:], "", "", reader.BadParity},
		{"32 bits, Kastle's", "01000000000000100000000000000011", "32-bit", "40020003", ""},
		{"32 bits, a serial number", "10100100110111001100110000011101", "", "", reader.BadFormat},
		{"a length of no format", "0000000000000000000000001", "", "", reader.BadLength},
		{"wrong parity", "00001011001101010001101110", "", "", reader.BadParity},
		{"one line alone", strings.Repeat("0", 40), "", "", reader.BadFormat},
		{"the other line alone", strings.Repeat("1", 26), "", "", reader.BadFormat},
	} {
		t.Run(tt.name, func(t *testing.T) {
			card, why := Selection{}.Card(reader.PACS, len(tt.bits), packed(tt.bits))
			if why != tt.why || card.FrameFormat() != tt.format || why == "" && card.Reveal() != tt.text {
				t.Errorf("%q %q, fault %q", card.FrameFormat(), card.Reveal(), why)
			}
			if _, ok := FieldsOf(card); ok != (why == "" && !strings.HasSuffix(tt.format, "-bit")) {
				t.Error("fields, or none")
			}
		})
	}
}

func TestFaults(t *testing.T) {
	kastle, h10320 := pack(layout(t, "Kastle"), Fields{Facility: 74, Card: 19708, Issue: 5}), pack(layout(t, "H10320"), Fields{Card: 93934266})
	for _, tt := range []struct {
		name, format string
		bits         int
		raw          []byte
		want         reader.Why
	}{
		{"another length", "H10301", 34, []byte{1, 2, 3, 4, 0}, reader.BadLength},
		{"no bits", "raw", 0, nil, reader.BadLength},
		{"too many bits", "raw", 257, make([]byte, 33), reader.BadLength},
		{"bytes and bits that do not agree", "raw", 26, make([]byte, 3), reader.BadLength},
		{"raw is any length", "raw", 5, []byte{0xA8}, ""},
		{"bit 19 in both halves, as proxmark3 has it", "MDI37", 37, packed("1000111110101100001100001001110101001"), reader.BadParity},
		{"a mark that is missing", "Kastle", 32, packed(kastle[:1] + "0" + kastle[2:13] + flip(kastle[13]) + kastle[14:]), reader.BadFormat},
		{"a digit above 9", "H10320", 37, packed("11" + h10320[2:5] + flip(h10320[5]) + h10320[6:]), reader.BadDigit},
		{"a zero that is set", "H10320", 37, packed(h10320[:36] + "1"), reader.BadFormat},
	} {
		if _, why := must(Select(tt.format)).Card(reader.PACS, tt.bits, tt.raw); why != tt.want {
			t.Errorf("%s: fault %q, want %q", tt.name, why, tt.want)
		}
	}
}

func flip(bit byte) string { return string(bit ^ 1) }

// What a sender leaves behind the last bit does not make another card.
func TestFiller(t *testing.T) {
	clean, _ := Selection{}.Card(reader.PACS, 26, []byte{0x05, 0x02, 0x52, 0x40})
	dirty, why := Selection{}.Card(reader.PACS, 26, []byte{0x05, 0x02, 0x52, 0x7F})
	if why != "" || clean != dirty || clean.Hex() != "05025240" {
		t.Errorf("fault %q", why)
	}
}

func TestSelectSaysWhatIsAllowed(t *testing.T) {
	for _, tt := range []struct{ spec, want string }{
		{"26", `format "26" is a length, and 26 bits may be of several layouts: must be H10301, ind26, raw, or a definition`},
		{"wiegand 37-bit", "must be H10320, H10302, H10304, HGen37, MDI37, raw, or"},
		{"W34", "must be H10306, N10002, BQT34, raw, or"},
		{"27 bits", `format "27 bits" is a length, and no format with a name has 27 bits: must be raw, or a definition`},
		{"999", `unknown format "999": must be auto`},
		{"atuo", `unknown format "atuo" (did you mean "auto"?): must be auto`},
		{"H10300", `unknown format "H10300" (did you mean "H10301"?): must be auto, raw, one of H10301, ind26`},
		{"H10301,", `unknown format ""`},
		{"H10302,H10304", "H10302 and H10304 both have 37 bits: choose one"},
		{"H10301; bits=26 card=2-25", "H10301 and bits=26 card=2-25 both have 26 bits"},
		{"bits=26", "card=RANGES is missing"},
		{"card=1-8", "bits=N is missing"},
		{"bits=7 card=1-7", `"bits=7": must be 8 to 256`},
		{"bits=26 card=2-27", `"card=2-27": the frame has only 26 bits`},
		{"bits=26 card=2-25 even=1:2-13 odd=27:14-25", `"odd=27:14-25": the frame has only 26 bits`},
		{"bits=26 card=0-25", `"card=0-25": must be positions from 1 on`},
		{"bits=26 card=2-", `"card=2-": must be positions`},
		{"bits=100 card=2-70", `"card=2-70": a number has at most 64 bits`},
		{"bits=26 card=bcd:2-10", `"card=bcd:2-10": a decimal digit is 4 bits`},
		{"bits=26 card=2-25 even=1", `"even=1": must be the position of the parity bit`},
		{"bits=26 card=2-25 even=1:1-13", `"even=1:1-13": a parity bit does not cover itself`},
		{"bits=26 cn=2-25", `"cn=2-25": must be bits=, facility=`},
		{"bits=26 card", `"card": must be positions`},
	} {
		if _, err := Select(tt.spec); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.spec, err)
		}
	}
}

func TestSeveralFormats(t *testing.T) {
	s := must(Select("H10301,H10302; bits=16 facility=1-4 card=5-15 odd=16:1-15"))
	for _, f := range []string{"H10301", "H10302", "bits=16 facility=1-4 card=5-15 odd=16:1-15"} {
		bits := pack(layout(t, f), Fields{Card: 77})
		card, why := s.Card(reader.PACS, len(bits), packed(bits))
		if fields, ok := FieldsOf(card); why != "" || !ok || fields.Card != 77 || card.FrameFormat() != f {
			t.Errorf("%s: %+v, fault %q", f, fields, why)
		}
	}
	if _, why := s.Card(reader.PACS, 34, packed("1000000000000000100000000000000010")); why != reader.BadLength {
		t.Errorf("a format that was not chosen: %q", why)
	}
}

// Badges that people read and published, not what one program makes of their numbers.
func TestPublishedBadges(t *testing.T) {
	f, err := os.Open("../../testdata/vectors/wiegand-badges.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seen := map[string]int{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var v vendor
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		seen[v.Fmt]++
		t.Run(fmt.Sprintf("%s/%d-%d", v.Fmt, v.FC, v.CN), func(t *testing.T) {
			card, why := must(Select(v.Fmt)).Card(reader.PACS, len(v.Bits), packed(v.Bits))
			if fields, ok := FieldsOf(card); why != "" || !ok || fields.Facility != v.FC || fields.Card != v.CN {
				t.Errorf("%+v, fault %q", fields, why)
			}
			if _, why := (Selection{}).Card(reader.PACS, len(v.Bits), packed(v.Bits)); why != "" && !onlyByName[v.Fmt] {
				t.Errorf("auto: fault %q", why)
			}
		})
	}
	if seen["MDI37"] != 4 || len(seen) != 6 {
		t.Errorf("badges are missing: %v", seen)
	}
}

// onlyByName is the formats of which auto does not take every badge: the first half of
// an N10002 is not checked, and a changed bit of an H10306 must be a fault.
var onlyByName = map[string]bool{"N10002": true}

// An H10306 with any bit changed is no card by auto, though one in the first half makes a
// clean N10002 of it: noise must not make a second card of one badge.
func TestAutoTakesNoDisturbedH10306ForAnN10002(t *testing.T) {
	bits := pack(layout(t, "H10306"), Fields{Facility: 193, Card: 45193})
	if _, why := (Selection{}).Card(reader.PACS, 34, packed(bits)); why != "" {
		t.Fatalf("the badge itself: fault %q", why)
	}
	asNorthern := 0
	for pos := 1; pos <= 34; pos++ {
		p := packed(bits)
		p[(pos-1)/8] ^= 0x80 >> ((pos - 1) % 8)
		if _, why := (Selection{}).Card(reader.PACS, 34, p); why != reader.BadParity {
			t.Errorf("bit %d changed: fault %q", pos, why)
		}
		if _, why := must(Select("N10002")).Card(reader.PACS, 34, p); why == "" {
			asNorthern++
		}
	}
	if asNorthern != 17 {
		t.Errorf("%d of the changed frames are an N10002", asNorthern)
	}
}

// auto takes whatever one of the formats of its length reads.
func TestAutoLosesNoBadge(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 9))
	for _, f := range Formats() {
		for range 500 {
			p := make([]byte, (f.Bits+7)/8)
			for i := range p {
				p[i] = byte(rnd.Uint32())
			}
			b := bitString(p)
			fields := Fields{Facility: b.readNumber(f.Facility, false), Card: b.readNumber(f.Card, false), Issue: b.readNumber(f.Issue, false), OEM: b.readNumber(f.OEM, false)}
			if f.BCD {
				fields.Card %= 100_000_000
			}
			bits := pack(&f, fields)
			eachPosition(f.Skips, func(pos int) {
				if !slices.ContainsFunc(f.Parities, func(p Parity) bool { return isWithin(p.Over, pos) }) {
					bits = bits[:pos-1] + string('0'+byte(rnd.IntN(2))) + bits[pos:]
				}
			})
			if _, why := must(Select(f.Name)).Card(reader.PACS, f.Bits, packed(bits)); why != "" {
				t.Fatalf("%s does not read its own badge: %s", f.Name, why)
			}
			if _, why := (Selection{}).Card(reader.PACS, f.Bits, packed(bits)); why != "" && !onlyByName[f.Name] {
				t.Fatalf("%s is lost: %s", f.Name, why)
			}
		}
	}
}
