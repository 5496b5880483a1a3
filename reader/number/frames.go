package number

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strconv"

	"badged/reader"
	"badged/reader/pacs"
)

// slice is count bits in a row of a frame of n bits, from the bit start on, which
// counts from 0.
type slice struct {
	n, start, count, rank int
	proven                bool // a format's place, and the parity is right by it
}

// The ranks of a slice: how likely a number stands there. Of two rules with as many
// verbs, the one of the lower rank explains the badges. Short frames are those of the
// shortest length that holds every badge; of longer ones the shorter are likelier.
const (
	proven       = iota * rankGap // a format's place, and the parity of every badge is right by it
	provenBeyond                  // the same in a longer frame, by more parity bits than are right by chance
	usual                         // between the first and the last bit, or whole bytes
	provenLong                    // a format's place in a longer frame, with as many parity bits right as in a short one
	unproven                      // a format's place
	usualLong                     // the usual places in a longer frame
	unprovenLong                  // a format's place in a longer frame
	anywhere
	ranks
)

// rankGap is the distance between two ranks: more than there are lengths.
const rankGap = 64

// framesIn looks at what was read as frames of bits, in decimal or in hex or bit by
// bit, and gives the moves to each place in which their numbers can stand.
func framesIn(texts []string) (list []move) {
	if width := sameLength(texts); allMatch(texts, func(s string) bool { return isOf(s, 2) }) && width >= minBits {
		return movesTo("", 1, placesIn(valuesOf(texts, 2), width))
	}
	if allMatch(texts, func(s string) bool { return isOf(s, 10) }) {
		values := valuesOf(texts, 10)
		list = movesTo("dec2bin|lpad(%d)", 3, placesIn(values, 0))
		list = append(list, movesTo("dec2bin|lpad(%d)", 3, allPlaces(shortestFrame(values)))...)
	}
	if allMatch(texts, func(s string) bool { return isOf(s, 16) }) {
		list = append(list, movesTo("hex2bin|lpad(%d)", 3, placesIn(valuesOf(texts, 16), 0))...)
	}
	return list
}

// minBits is the length from which on a text of 0 and 1 is taken for bits.
const minBits = 16

// movesTo gives the moves that cut slices out of frames.
func movesTo(frame string, verbs int, places []slice) (list []move) {
	for _, s := range places {
		bits := ""
		if frame != "" {
			bits = fmt.Sprintf(frame, s.n)
		}
		m := move{rule: joinRules(bits, s.cutVerb()), verbs: verbs, cut: true, bits: true, rank: s.rank, reading: bits}
		if s.proven {
			m.proven = s.count
		}
		list = append(list, m)
	}
	return list
}

// cutVerb is the verb that cuts the slice out.
func (s slice) cutVerb() string {
	switch {
	case s.start+s.count == s.n:
		return fmt.Sprintf("right(%d)", s.count)
	case s.start == 0:
		return fmt.Sprintf("left(%d)", s.count)
	}
	return fmt.Sprintf("substr(%d,%d)", s.start, s.count)
}

// valuesOf reads numbers; nil if one has more than 64 bits.
func valuesOf(texts []string, base int) []uint64 {
	values := make([]uint64, len(texts))
	for i, s := range texts {
		var err error
		if values[i], err = strconv.ParseUint(s, base, 64); err != nil {
			return nil
		}
	}
	return values
}

// lengthsFrom gives the lengths of the formats that have a name, and 24, which is 26 bits
// without parity: those of n bits and more.
func lengthsFrom(n int) []int {
	list := []int{24}
	for _, f := range pacs.Formats() {
		list = append(list, f.Bits)
	}
	slices.Sort(list)
	list = slices.Compact(list)
	at, _ := slices.BinarySearch(list, n)
	return list[at:]
}

// shortestFrame is the shortest length that holds every value; 0 if none does.
func shortestFrame(values []uint64) int {
	if len(values) == 0 {
		return 0
	}
	if list := lengthsFrom(bits.Len64(slices.Max(values))); len(list) > 0 {
		return list[0]
	}
	return 0
}

// placesIn gives the places of all formats, the likely ones first: of those of a width,
// or if that is 0, of those that hold every value.
func placesIn(values []uint64, width int) (list []slice) {
	shortest := cmp.Or(width, shortestFrame(values))
	if shortest == 0 || values == nil {
		return nil
	}
	for steps, n := range lengthsFrom(shortest) {
		if width != 0 && n != width {
			continue
		}
		class := ranksOf(steps)
		list = append(list, usualPlaces(n, class.usual)...)
		for _, f := range formatsOf(n) {
			rank, checks := class.unproven, checksOf(f, values)
			switch {
			case checks >= proof && slices.Contains(common, f.Name):
				rank = proven
			case checks >= proofBeyond:
				rank = class.beyond
			case checks >= proof:
				rank = class.proven
			}
			for _, place := range placesOf(f, rank) {
				place.proven = checks >= proof
				list = append(list, place)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b slice) int { return cmp.Compare(a.rank, b.rank) })
	return list
}

// classes is the ranks of the places of a frame.
type classes struct{ proven, beyond, usual, unproven int }

// ranksOf gives the ranks in a frame so many lengths longer than the shortest.
func ranksOf(steps int) classes {
	if steps == 0 {
		return classes{proven + 1, proven + 1, usual, unproven}
	}
	return classes{provenLong + steps, provenBeyond + steps, usualLong + steps, unprovenLong + steps}
}

// common is the formats that nearly all sites with 26, 34 and 37 bits have. Where their
// parity is right they are believed, whatever rarer format passes as well: as ATSW30 does
// with the 34 bits of every second facility below 4096.
var common = []string{"H10301", "H10306", "H10302", "H10304"}

// formatsOf gives the formats of a length.
func formatsOf(n int) []pacs.Format {
	return slices.DeleteFunc(pacs.Formats(), func(f pacs.Format) bool { return f.Bits != n })
}

// How many parity bits must be right until badges prove a format: those of three badges. One
// in 64 sets of other badges has as many. A longer format, of which there are many, takes
// half as many again: three badges of a format of three parity bits have them, as the 35
// bits of a Corporate 1000 do, which look like 34 while the first one is 0.
const (
	proof       = 2 * MinPairs
	proofBeyond = 3 * MinPairs
)

// checksOf counts the parity bits that prove that every value is a frame of the format; 0 if
// one is none. A bit over zeros alone proves nothing: a frame in a longer one has them in
// front.
func checksOf(f pacs.Format, values []uint64) (checks int) {
	only, err := pacs.Select(f.Name)
	if err != nil {
		return 0
	}
	for _, v := range values {
		raw := make([]byte, (f.Bits+7)/8)
		for i := range f.Bits {
			raw[i/8] |= byte(v>>(f.Bits-1-i)&1) << (7 - i%8)
		}
		if _, why := only.Card(reader.PACS, f.Bits, raw); why != "" {
			return 0
		}
		for _, p := range f.Parities {
			if v&(maskOf(f.Bits, p.Over)|maskOf(f.Bits, []pacs.Range{{From: p.At, To: p.At}})) != 0 {
				checks++
			}
		}
	}
	return checks
}

// maskOf gives the bits of a frame that ranges name.
func maskOf(n int, ranges []pacs.Range) (mask uint64) {
	for _, r := range ranges {
		for pos := min(r.From, r.To); pos <= max(r.From, r.To); pos++ {
			mask |= 1 << (n - pos)
		}
	}
	return mask
}

// placesOf gives the fields of a format that are in one piece, and all of them together
// if nothing stands between.
func placesOf(f pacs.Format, rank int) (list []slice) {
	from, to, count := f.Bits, 0, 0
	for _, field := range []pacs.Field{f.Facility, f.Card, f.Issue, f.OEM} {
		if len(field) != 1 || field[0].To < field[0].From || f.BCD {
			continue
		}
		r := field[0]
		from, to, count = min(from, r.From), max(to, r.To), count+r.To-r.From+1
		list = append(list, slice{n: f.Bits, start: r.From - 1, count: r.To - r.From + 1, rank: rank})
	}
	if count > 0 && to-from+1 == count {
		list = append(list, slice{n: f.Bits, start: from - 1, count: count, rank: rank})
	}
	return list
}

// usualPlaces gives the places of readers whose format has no name: between two parity
// bits, and whole bytes without parity.
func usualPlaces(n, rank int) (list []slice) {
	list = append(list, slice{n: n, start: 1, count: n - 2, rank: rank})
	for start := 0; n%8 == 0 && start < n; start += 8 {
		for count := 8; start+count <= n; count += 8 {
			list = append(list, slice{n: n, start: start, count: count, rank: rank})
		}
	}
	return list
}

// allPlaces gives all places of a frame.
func allPlaces(n int) (list []slice) {
	for start := range n {
		for count := 1; start+count <= n; count++ {
			list = append(list, slice{n: n, start: start, count: count, rank: anywhere})
		}
	}
	return list
}
