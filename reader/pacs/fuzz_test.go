package pacs

import (
	"testing"

	"badged/reader"
)

// FuzzRoundTrip: what a format takes says all of the frame but what it skips, and
// pack gives it back.
func FuzzRoundTrip(f *testing.F) {
	for _, v := range frames(f) {
		f.Add(packed(v.bits), len(v.bits))
	}
	f.Fuzz(func(t *testing.T, raw []byte, bits int) {
		for _, format := range Formats() {
			card, why := must(Select(format.Name)).Card(reader.PACS, bits, raw)
			if why != "" {
				continue
			}
			fields, ok := FieldsOf(card)
			if !ok || card.Bits() != bits || format.checkBits(card.Raw()) != "" {
				t.Fatalf("%s takes what it is not", format.Name)
			}
			again := packed(pack(&format, fields))
			if got := bitString(again); got.readNumber(format.Card, format.BCD) != fields.Card || got.readNumber(format.Facility, false) != fields.Facility {
				t.Errorf("%s: the fields change on their way", format.Name)
			}
			if full := countPositions(format.Skips) == 0 && data(&format) == format.Bits; full && string(again) != string(card.Raw()) {
				t.Errorf("%s: the bits change on their way", format.Name)
			}
		}
	})
}

// data counts the bits that a format says something about.
func data(f *Format) int {
	return countPositions(f.Facility) + countPositions(f.Card) + countPositions(f.Issue) + countPositions(f.OEM) + countPositions(f.nonDataBits())
}

// FuzzParse: no definition makes a format that reaches behind its frame.
func FuzzParse(f *testing.F) {
	for _, row := range table {
		f.Add(row.layout)
	}
	f.Fuzz(func(t *testing.T, definition string) {
		s, err := Select("bits=8 card=1-8;" + definition)
		if err != nil {
			return
		}
		for _, g := range s.only {
			raw := make([]byte, (g.Bits+7)/8)
			raw[0] = 1
			if card, why := s.Card(reader.PACS, g.Bits, raw); why == "" {
				FieldsOf(card)
			}
		}
	})
}
