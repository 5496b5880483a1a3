package number

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode"
)

// samples is how many badges are made up, to tell rules apart that agree on the pairs.
const samples = 12

// madeUp gives badges that look like those that were read.
func madeUp(rnd *rand.Rand, read []string) (list []string) {
	limit, width := frameLimit(mapTexts(read, withoutSeparators))
	digits := alphabet(read)
	for i := range samples {
		like := read[i%len(read)]
		switch {
		case i == samples-1:
			list = append(list, sampleLike(rnd, like, "0")) // the shortest number
		case limit > 0:
			list = append(list, spreadDigits(like, fmt.Sprintf("%0*d", width, rnd.Uint64N(limit))))
		default:
			list = append(list, sampleLike(rnd, like, digits))
		}
	}
	return list
}

// withoutSeparators leaves the decimal digits; nothing if there is a letter.
func withoutSeparators(s string) string {
	if strings.ContainsFunc(s, unicode.IsLetter) {
		return ""
	}
	return strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, s)
}

// spreadDigits puts digits to where like has them, the last ones last. A text of digits only
// has nothing to put them between.
func spreadDigits(like, digits string) string {
	if isOf(like, 10) {
		return digits
	}
	out := []byte(like)
	for i := len(out) - 1; i >= 0; i-- {
		if out[i] < '0' || out[i] > '9' {
			continue
		}
		out[i] = '0'
		if n := len(digits); n > 0 {
			out[i], digits = digits[n-1], digits[:n-1]
		}
	}
	return string(out)
}

// frameLimit gives what decimal numbers stay below and their digits, so that made-up
// ones fit the shortest frame that holds all of them; 0 if they are no such numbers.
func frameLimit(read []string) (limit uint64, width int) {
	values := valuesOf(read, 10)
	n := shortestFrame(values)
	if n == 0 {
		return 0, 0
	}
	limit, width = uint64(1)<<n, sameLength(read)
	power := uint64(1)
	for i := 0; i < width && power < limit; i++ {
		power *= 10
	}
	if width > 0 {
		limit = min(limit, power)
	}
	return limit, width
}

// alphabet is the digits of the badges: hex if any badge has a letter.
func alphabet(read []string) string {
	for _, text := range read {
		switch {
		case strings.ContainsAny(text, "ABCDEF"):
			return "0123456789ABCDEF"
		case strings.ContainsAny(text, "abcdef"):
			return "0123456789abcdef"
		}
	}
	return "0123456789"
}

// sampleLike makes up a badge that looks like one that was read, of other digits. The 0 of
// 0x is none.
func sampleLike(rnd *rand.Rand, like, digits string) string {
	out := []byte(like)
	for i, c := range out {
		prefix := i+1 < len(out) && c == '0' && (out[i+1] == 'x' || out[i+1] == 'X')
		if strings.IndexByte(bases[16].digits, c) >= 0 && !prefix {
			out[i] = digits[rnd.IntN(len(digits))]
		}
	}
	return string(out)
}
