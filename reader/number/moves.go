package number

import (
	"fmt"
	"slices"
	"strings"
)

// move is a rule of one verb, or of some that only make sense together.
type move struct {
	rule      string
	verbs     int
	rank      int
	proven    int // the bits of a place that parity proves
	reading   string
	cut, bits bool
	clean     bool // it only takes away what is no digit
}

// readingMove is a verb that reads all digits in another way.
func readingMove(rule string) move { return move{rule: rule, verbs: 1, reading: rule} }

func cleaningMove(rule string) move { return move{rule: rule, verbs: 1, clean: true} }

// moves are the verbs that make sense for a state.
func (l *learner) moves(n node) (list []move) {
	texts := n.texts[:len(l.want)]
	if n.clean {
		list = append(list, framesIn(texts)...)
	}
	if !n.bits {
		list = append(list, separatorMoves(texts)...)
	}
	if !n.cut {
		list = append(list, cutMoves(texts, n.bits)...)
	}
	if n.bits {
		return list
	}
	if allMatch(texts, func(s string) bool { return s[0] == '0' }) {
		list = append(list, cleaningMove(`ltrim("0")`))
	}
	if allMatch(texts, func(s string) bool { return isOf(s, 10) }) {
		list = append(list, fromDecimal(texts, n.clean)...)
	}
	if allMatch(texts, func(s string) bool { return isOf(s, 16) }) {
		list = append(list, fromHex(texts)...)
	}
	return list
}

// fromHex reads hex digits as bytes and as a number.
func fromHex(texts []string) (list []move) {
	list = append(list, readingMove("hex2dec"), readingMove("nibblereverse"))
	n := sameLength(texts)
	if n == 0 {
		return list
	}
	list = append(list, move{rule: fmt.Sprintf("hex2bin|lpad(%d)", 4*n), verbs: 2, bits: true, reading: "hex2bin"})
	if n%2 == 0 {
		list = append(list, readingMove("reverse"), readingMove("bitreverse"), readingMove("hex2ascii"))
	}
	return list
}

// fromDecimal reads a number as the bytes of usual badges: a whole one of any of them, a
// part of one of the shortest two.
func fromDecimal(texts []string, whole bool) (list []move) {
	for _, digits := range []int{6, 8, 10, 14, 16} {
		if !whole && len(list) == 2 {
			return list
		}
		if allMatch(texts, func(s string) bool { return len(s) <= digits*6/5+1 }) {
			list = append(list, move{rule: fmt.Sprintf("dec2hex|lpad(%d)", digits), verbs: 2, reading: "dec2hex"})
		}
	}
	return list
}

// separatorMoves are the verbs for texts with something in them that is no digit.
func separatorMoves(texts []string) (list []move) {
	if !slices.ContainsFunc(texts, func(s string) bool { return !isOf(s, 16) }) {
		return nil
	}
	list = append(list, cleaningMove("drop"))
	for _, c := range oddIn(texts) {
		q := `("` + string(c) + `")`
		list = append(list, cleaningMove("drop"+q), cleaningMove("strip-after"+q), cleaningMove(`regex("[`+string(c)+`](.*)")`))
	}
	return list
}

// oddIn gives the characters that are no digit and stand in every text. Those that a
// rule would have to quote are left out.
func oddIn(texts []string) (list []byte) {
	for _, c := range []byte(texts[0]) {
		if isOf(string(c), 16) || strings.IndexByte("\"\\^", c) >= 0 || c >= 0x80 || slices.Contains(list, c) {
			continue
		}
		if allMatch(texts, func(s string) bool { return strings.IndexByte(s, c) >= 0 }) {
			list = append(list, c)
		}
	}
	return list
}

// cutMoves are the parts of the texts, the usual ones first: of equal rules the first is
// kept. Parts of texts of different lengths are counted from an end.
func cutMoves(texts []string, bits bool) (list []move) {
	longest := 0
	for _, s := range texts {
		longest = max(longest, len(s))
	}
	rank := 0
	if bits {
		rank = anywhere
	}
	add := func(format string, args ...any) {
		list = append(list, move{rule: fmt.Sprintf(format, args...), verbs: 1, rank: rank, cut: true})
	}
	for n := 1; n < longest; n++ {
		add("right(%d)", n)
	}
	for n := 1; n < longest; n++ {
		add("left(%d)", n)
		for count := 1; sameLength(texts) > 0 && n+count < longest; count++ {
			add("substr(%d,%d)", n, count)
		}
	}
	for n := 1; n < longest; n++ {
		add("ltrim(%d)", n)
		add("rtrim(%d)", n)
	}
	return list
}
