// Package pacs reads the bits that access control readers hand on, whatever the wire:
// Wiegand lines, OSDP, USB readers that keep the bit count. A Format says which bits
// are the facility, the card and so on, and which make a parity right; a Selection is
// what a reader is configured to take.
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

// MaxBits is the longest frame that is taken.
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

// Fields is what a frame says in a format.
type Fields struct {
	Facility, Card, Issue, OEM             uint64
	HasFacility, HasCard, HasIssue, HasOEM bool
}

// FieldsOf gives the fields of a card that a Selection made. It reports false for one
// without fields: of raw bits, of a length that more than one format has, or of
// another kind of reader.
func FieldsOf(c reader.Card) (Fields, bool) {
	f, err := named(c.FrameFormat())
	if err != nil || c.Bits() != f.Bits {
		return Fields{}, false
	}
	b := bitString(c.Raw())
	return Fields{
		Facility: b.number(f.Facility, false), HasFacility: f.Facility != nil,
		Card: b.number(f.Card, f.BCD), HasCard: f.Card != nil,
		Issue: b.number(f.Issue, false), HasIssue: f.Issue != nil,
		OEM: b.number(f.OEM, false), HasOEM: f.OEM != nil,
	}, true
}

// Card makes a card of the first bits bits of packed, first bit first; what follows
// them in the last byte is ignored. The Why is "" when they are clean, else it is the
// fault, and there is no card.
func (s Selection) Card(tech reader.Tech, bits int, packed []byte) (reader.Card, reader.Why) {
	if bits < 1 || bits > MaxBits || len(packed) != (bits+7)/8 {
		return reader.Card{}, reader.BadLength
	}
	b := bitString(slices.Clone(packed))
	for i := bits + 1; i <= 8*len(b); i++ {
		b.clear(i)
	}
	if b.uniform(bits) {
		return reader.Card{}, reader.BadFormat // a line that chatters, or is alone
	}
	if s.mode == raw {
		return whole(tech, "raw", bits, b), ""
	}
	fits := s.ofLength(bits)
	switch {
	case len(fits) == 0:
		return reader.Card{}, reader.BadLength
	case len(fits) == 1 && (s.mode == chosen || bits != bareUID):
		return fits[0].card(tech, b)
	case slices.ContainsFunc(fits, func(f *Format) bool { return f.check(b) == "" }):
		return whole(tech, strconv.Itoa(bits)+"-bit", bits, b), ""
	case bits == bareUID:
		return reader.Card{}, reader.BadFormat
	}
	return reader.Card{}, reader.BadParity
}

// whole makes a card whose text is all its bits.
func whole(tech reader.Tech, format string, bits int, b bitString) reader.Card {
	return reader.NewCard(tech, format, bits, b).WithText(b.hex(bits, nil))
}

// card makes a card of bits of the format's length.
func (f *Format) card(tech reader.Tech, b bitString) (reader.Card, reader.Why) {
	if why := f.check(b); why != "" {
		return reader.Card{}, why
	}
	return reader.NewCard(tech, f.Name, f.Bits, b).WithText(b.hex(f.Bits, f.overhead())), ""
}

// check tells what is wrong with bits of the format's length; "": nothing.
func (f *Format) check(b bitString) reader.Why {
	for _, p := range f.Parities {
		if odd := (b.ones(p.Over)+b.bit(p.At))%2 == 1; odd != p.Odd {
			return reader.BadParity
		}
	}
	if b.ones(f.Ones) != length(f.Ones) || b.ones(f.Zeros) != 0 {
		return reader.BadFormat
	}
	if f.BCD && !b.decimal(f.Card) {
		return reader.BadDigit
	}
	return ""
}

// overhead is the positions that are no data.
func (f *Format) overhead() []Range {
	none := slices.Concat(f.Ones, f.Zeros, f.Skips)
	for _, p := range f.Parities {
		none = append(none, Range{p.At, p.At})
	}
	return none
}
