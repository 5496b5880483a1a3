// Package pacs reads the bits that access control readers pass on, whatever the wire:
// Wiegand lines, OSDP, USB readers that keep the bit count. A Format says which bits
// are the facility, the card and so on, and which ones a parity bit covers; a Selection is
// the formats that a reader is configured to accept.
//
// Positions count from 1, the bit that is sent first, as installers' sheets do.
//
// The text that number rules start from is the bits without parity, marks and spare
// bits, as right-aligned upper-case hex: H10301 with facility 22 and card 27191 is
// 166A37, the last six digits of the same badge on a serial reader.
package pacs

import (
	"slices"
	"strconv"

	"badged/reader"
)

// MaxBits is the length of the longest frame.
const MaxBits = 256

// Range is positions in a row. A Range that falls (25-10) is sent with the least
// significant bit first.
type Range struct{ From, To int }

// Field is a number in a frame: its pieces, the most significant first. Nil: the
// format does not have it.
type Field []Range

// Parity is one check: the bit at At makes the ones of itself and of Over together
// even, or odd.
type Parity struct {
	At   int
	Odd  bool
	Over []Range
}

// Format is the layout of a frame.
type Format struct {
	Name   string // a definition's own text if it has no name
	Bits   int
	Source string // where the layout is known from

	Facility, Card, Issue, OEM Field

	BCD      bool     // Card is decimal digits of four bits each
	Parities []Parity // each may cover the bits of those in front of it
	Ones     []Range  // must be 1
	Zeros    []Range  // must be 0
	Skips    []Range  // neither data nor checked
}

// Fields is the content of a frame in a format.
type Fields struct {
	Facility, Card, Issue, OEM             uint64
	HasFacility, HasCard, HasIssue, HasOEM bool
}

// FieldsOf gives the fields of a card that a Selection made. It reports false for one
// without fields: of raw bits, of a length that more than one format has, or of
// another kind of reader.
func FieldsOf(c reader.Card) (Fields, bool) {
	f, err := findFormat(c.FrameFormat())
	if err != nil || c.Bits() != f.Bits {
		return Fields{}, false
	}
	b := bitString(c.Raw())
	return Fields{
		Facility: b.readNumber(f.Facility, false), HasFacility: f.Facility != nil,
		Card: b.readNumber(f.Card, f.BCD), HasCard: f.Card != nil,
		Issue: b.readNumber(f.Issue, false), HasIssue: f.Issue != nil,
		OEM: b.readNumber(f.OEM, false), HasOEM: f.OEM != nil,
	}, true
}

// Card makes a card of packed, which holds the given number of bits, first bit first; it
// ignores the rest of the last byte. If the bits have a fault, it returns that as the Why and
// no card; else the Why is "".
func (s Selection) Card(tech reader.Tech, bits int, packed []byte) (reader.Card, reader.Why) {
	if bits < 1 || bits > MaxBits || len(packed) != (bits+7)/8 {
		return reader.Card{}, reader.BadLength
	}
	b := bitString(slices.Clone(packed))
	for i := bits + 1; i <= 8*len(b); i++ {
		b.clear(i)
	}
	if b.isUniform(bits) {
		return reader.Card{}, reader.BadFormat // a line that chatters, or is alone
	}
	if s.mode == raw {
		return cardOfAllBits(tech, "raw", bits, b), ""
	}
	fits := s.ofLength(bits)
	switch {
	case len(fits) == 0:
		return reader.Card{}, reader.BadLength
	case len(fits) == 1 && (s.mode == chosen || bits != bareUID):
		return fits[0].makeCard(tech, b)
	case slices.ContainsFunc(fits, func(f *Format) bool { return f.checkBits(b) == "" }):
		return cardOfAllBits(tech, strconv.Itoa(bits)+"-bit", bits, b), ""
	case bits == bareUID:
		return reader.Card{}, reader.BadFormat
	}
	return reader.Card{}, reader.BadParity
}

// cardOfAllBits makes a card whose text is all its bits.
func cardOfAllBits(tech reader.Tech, format string, bits int, b bitString) reader.Card {
	return reader.NewCard(tech, format, bits, b).WithText(b.toHex(bits, nil))
}

// makeCard makes a card of bits of the format's length.
func (f *Format) makeCard(tech reader.Tech, b bitString) (reader.Card, reader.Why) {
	if why := f.checkBits(b); why != "" {
		return reader.Card{}, why
	}
	return reader.NewCard(tech, f.Name, f.Bits, b).WithText(b.toHex(f.Bits, f.nonDataBits())), ""
}

// checkBits returns what is wrong with bits of the format's length; "": nothing.
func (f *Format) checkBits(b bitString) reader.Why {
	for _, p := range f.Parities {
		if odd := (b.countOnes(p.Over)+b.bit(p.At))%2 == 1; odd != p.Odd {
			return reader.BadParity
		}
	}
	if b.countOnes(f.Ones) != countPositions(f.Ones) || b.countOnes(f.Zeros) != 0 {
		return reader.BadFormat
	}
	if f.BCD && !b.isDecimal(f.Card) {
		return reader.BadDigit
	}
	return ""
}

// nonDataBits is the positions that are no data.
func (f *Format) nonDataBits() []Range {
	none := slices.Concat(f.Ones, f.Zeros, f.Skips)
	for _, p := range f.Parities {
		none = append(none, Range{p.At, p.At})
	}
	return none
}
