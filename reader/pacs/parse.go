package pacs

import (
	"fmt"
	"strconv"
	"strings"
)

// Parse reads the definition of a format:
//
//	bits=26 facility=2-9 card=10-25 even=1:2-13 odd=26:14-25
//
// Positions count from 1; several ranges are joined by commas, and one that falls is
// sent least significant bit first. The words:
//
//	bits=N                          length, 8 to 256
//	facility= card= issue= oem=     where a number is, up to 64 bits; card=bcd:1-32 is decimal digits
//	even=P:RANGES odd=P:RANGES      the bit at P makes itself and RANGES even or odd; any number of them
//	one=RANGES zero=RANGES          marks, which must be so
//	skip=RANGES                     bits that are neither data nor checked
//
// An error names the word that is wrong.
func Parse(definition string) (Format, error) {
	words := strings.Fields(definition)
	f := Format{Name: strings.Join(words, " "), Source: "configuration"}
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		if err := f.parseField(key, value); err != nil {
			return Format{}, fmt.Errorf("%q: %w", w, err)
		}
	}
	switch {
	case f.Bits == 0:
		return Format{}, fmt.Errorf("%q: bits=N is missing", f.Name)
	case f.Card == nil:
		return Format{}, fmt.Errorf("%q: card=RANGES is missing", f.Name)
	}
	return f, f.checkPositions(words)
}

// parseField reads one word.
func (f *Format) parseField(key, value string) (err error) {
	switch key {
	case "bits":
		if f.Bits, err = strconv.Atoi(value); err != nil || f.Bits < minBits || f.Bits > MaxBits {
			return fmt.Errorf("must be %d to %d", minBits, MaxBits)
		}
	case "facility":
		return parseRanges64(&f.Facility, value)
	case "card":
		value, f.BCD = strings.CutPrefix(value, "bcd:")
		if err = parseRanges64(&f.Card, value); err == nil && f.BCD && countPositions(f.Card)%4 != 0 {
			err = fmt.Errorf("a decimal digit is 4 bits")
		}
		return err
	case "issue":
		return parseRanges64(&f.Issue, value)
	case "oem":
		return parseRanges64(&f.OEM, value)
	case "even", "odd":
		return f.parseParity(key == "odd", value)
	case "one":
		f.Ones, err = parseRanges(value)
	case "zero":
		f.Zeros, err = parseRanges(value)
	case "skip":
		f.Skips, err = parseRanges(value)
	default:
		return fmt.Errorf("must be bits=, facility=, card=, issue=, oem=, even=, odd=, one=, zero= or skip=")
	}
	return err
}

// minBits is the shortest format: with less, noise would pass.
const minBits = 8

func parseRanges64(to *Field, value string) error {
	r, err := parseRanges(value)
	if err == nil && countPositions(r) > 64 {
		err = fmt.Errorf("a number has at most 64 bits")
	}
	*to = r
	return err
}

func (f *Format) parseParity(odd bool, value string) error {
	at, over, ok := strings.Cut(value, ":")
	p, err := strconv.Atoi(at)
	if !ok || err != nil {
		return fmt.Errorf("must be the position of the parity bit, a colon and the ranges that it covers, as in even=1:2-13")
	}
	r, err := parseRanges(over)
	if err == nil && isWithin(r, p) {
		err = fmt.Errorf("a parity bit does not cover itself")
	}
	f.Parities = append(f.Parities, Parity{p, odd, r})
	return err
}

// parseRanges reads "2-9,12".
func parseRanges(s string) ([]Range, error) {
	var list []Range
	for _, part := range strings.Split(s, ",") {
		from, to, ok := strings.Cut(part, "-")
		if !ok {
			to = from
		}
		a, errA := strconv.Atoi(from)
		b, errB := strconv.Atoi(to)
		if errA != nil || errB != nil || min(a, b) < 1 || max(a, b) > MaxBits || len(list) == MaxBits {
			return nil, fmt.Errorf("must be positions from 1 on, as in 2-9 or 2-9,12")
		}
		list = append(list, Range{a, b})
	}
	return list, nil
}

// checkPositions checks that no word reaches behind the last bit.
func (f *Format) checkPositions(words []string) error {
	for _, w := range words {
		_, value, _ := strings.Cut(w, "=")
		for _, n := range strings.FieldsFunc(value, func(r rune) bool { return r < '0' || r > '9' }) {
			if pos, err := strconv.Atoi(n); err != nil || pos > f.Bits {
				return fmt.Errorf("%q: the frame has only %d bits", w, f.Bits)
			}
		}
	}
	return nil
}
