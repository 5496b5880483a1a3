package number

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// The bounds of the search.
const (
	maxVerbs = 4       // in front of the finish
	maxTries = 400_000 // verbs that are tried; badges of 40 bits take a tenth of it
	samples  = 12      // made-up badges, to tell rules apart that agree on the pairs
)

// learner looks for rules. It walks from what was read, verb by verb, and keeps every
// state that it reaches: what a rule makes of all pairs and of some made-up badges at
// once. Two rules that lead to the same state mean the same, and the shorter is kept.
type learner struct {
	want  []string
	root  []string // what was read, then samples
	nodes []node
	tries int
	seen  map[string]bool
	parse map[string]Rule
}

// node is a state and the rule that leads to it.
type node struct {
	rule  string
	verbs int
	cut   bool // the last verb cut something off: another would be the same as one
	bits  bool // the texts are binary: they are cut, and the finish reads them
	texts []string
}

func newLearner(pairs []Pair) *learner {
	l := &learner{seen: map[string]bool{}, parse: map[string]Rule{}}
	for _, p := range pairs {
		l.want = append(l.want, p.Want)
		l.root = append(l.root, p.Read)
	}
	rnd := rand.New(rand.NewPCG(1, 2)) // the same badges give the same answer
	digits := alphabet(l.root)
	for i := range samples {
		if i == samples-1 {
			digits = "0" // the shortest number
		}
		l.root = append(l.root, sample(rnd, l.root[i%len(pairs)], digits))
	}
	return l
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

// sample makes up a badge that looks like one that was read, of other digits.
func sample(rnd *rand.Rand, like, digits string) string {
	out := []byte(like)
	for i, c := range out {
		if strings.IndexByte(bases[16].digits, c) >= 0 {
			out[i] = digits[rnd.IntN(len(digits))]
		}
	}
	return string(out)
}

// explore visits states in the order of their rules' length.
func (l *learner) explore() {
	levels := make([][]node, maxVerbs+1)
	levels[0] = []node{{texts: l.root, bits: all(l.root[:len(l.want)], func(s string) bool { return len(s) >= 16 && isOf(s, 2) })}}
	for verbs, level := range levels {
		for _, n := range level {
			if !l.keep(n) || verbs == maxVerbs {
				continue
			}
			for _, m := range l.moves(n) {
				if to := verbs + m.verbs; to <= maxVerbs {
					if next, ok := l.step(n, m); ok {
						levels[to] = append(levels[to], next)
					}
				}
			}
		}
	}
}

// keep puts a state on the list, unless it is there or there is no room.
func (l *learner) keep(n node) bool {
	key := joined(n.texts)
	if l.seen[key] || l.tries >= maxTries {
		return false
	}
	l.seen[key] = true
	l.nodes = append(l.nodes, n)
	return true
}

// move is a rule of one verb, or of two that only make sense together.
type move struct {
	rule      string
	verbs     int
	cut, bits bool
}

func verbOf(rule string) move { return move{rule: rule, verbs: 1} }

// step takes a move, which must work for every pair; of the samples, those for which
// it does not are lost.
func (l *learner) step(n node, m move) (node, bool) {
	l.tries++
	rule, ok := l.parse[m.rule]
	if !ok {
		rule, _ = Parse(m.rule)
		l.parse[m.rule] = rule
	}
	next := node{chain(n.rule, m.rule), n.verbs + m.verbs, m.cut, n.bits || m.bits, make([]string, len(n.texts))}
	for i, text := range n.texts {
		out, err := rule.Convert(text)
		if err != nil && i < len(l.want) {
			return node{}, false
		}
		next.texts[i] = out
	}
	return next, true
}

// moves are the verbs that make sense for a state.
func (l *learner) moves(n node) (list []move) {
	texts := n.texts[:len(l.want)]
	if !n.cut {
		list = append(list, cuts(texts)...)
	}
	if n.bits {
		return list
	}
	list = append(list, separators(texts)...)
	if all(texts, func(s string) bool { return s[0] == '0' }) {
		list = append(list, verbOf(`ltrim("0")`))
	}
	if all(texts, func(s string) bool { return isOf(s, 10) }) {
		list = append(list, fromDecimal(texts)...)
	}
	if all(texts, func(s string) bool { return isOf(s, 16) }) {
		list = append(list, fromHex(texts)...)
	}
	return list
}

// fromHex reads hex digits as bytes and as a number.
func fromHex(texts []string) (list []move) {
	list = append(list, verbOf("hex2dec"))
	n := sameLength(texts)
	if n == 0 {
		return list
	}
	list = append(list, move{rule: fmt.Sprintf("hex2bin|lpad(%d)", 4*n), verbs: 2, bits: true})
	if n%2 == 0 {
		list = append(list, verbOf("reverse"), verbOf("bitreverse"), verbOf("hex2ascii"))
	}
	return list
}

// fromDecimal reads a number as the bytes of usual badges.
func fromDecimal(texts []string) (list []move) {
	for _, digits := range []int{6, 8, 10, 14, 16} {
		if all(texts, func(s string) bool { return len(s) <= digits*6/5+1 }) {
			list = append(list, move{rule: fmt.Sprintf("dec2hex|lpad(%d)", digits), verbs: 2})
		}
	}
	return list
}

// separators are the verbs for texts with something in them that is no digit.
func separators(texts []string) (list []move) {
	for _, c := range []byte(texts[0]) {
		if isOf(string(c), 16) || strings.IndexByte("\"\\^", c) >= 0 || c >= 0x80 || !all(texts, func(s string) bool { return strings.IndexByte(s, c) >= 0 }) {
			continue
		}
		q := string(c)
		list = append(list, verbOf(`strip-after("`+q+`")`), verbOf(`regex("[`+q+`](.*)")`))
	}
	return list
}

// cuts are the parts of the texts, the usual ones first: of equal rules the first is
// kept. Parts of texts of different lengths are counted from an end.
func cuts(texts []string) (list []move) {
	longest := 0
	for _, s := range texts {
		longest = max(longest, len(s))
	}
	add := func(format string, args ...any) {
		list = append(list, move{rule: fmt.Sprintf(format, args...), verbs: 1, cut: true})
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

func all(texts []string, ok func(string) bool) bool {
	for _, s := range texts {
		if s == "" || !ok(s) {
			return false
		}
	}
	return true
}

// isOf reports whether s is made of the digits of a base.
func isOf(s string, base int) bool { return strings.Trim(s, bases[base].digits) == "" }

// sameLength is the length that all texts have; 0 if they differ.
func sameLength(texts []string) int {
	for _, s := range texts {
		if len(s) != len(texts[0]) {
			return 0
		}
	}
	return len(texts[0])
}

func joined(texts []string) string { return strings.Join(texts, "\x00") }
