package number

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// answer is the shortest rules of one search.
type answer struct {
	cost  int
	rules []string
	// chance: a side that is the same for all badges may stand by chance where it is read.
	chance bool
}

// findRules looks for the whole number, else for two numbers side by side; with fixed also
// for rules that put in digits which all badges share.
func (l *learner) findRules(fixed bool) answer {
	whole := []part{{want: l.want, fill: sameLength(l.want) > 0}}
	l.explainParts(whole, fixed)
	if best := whole[0].bestRules(); best != nil {
		return answer{cost: best.cost, rules: l.distinctRules(best.rules, l.want)}
	}
	return l.sideBySide(fixed)
}

// sideBySide looks for numbers that are two numbers side by side, such as a facility of
// three digits and a card number of five, with or without something between them. With
// nothing between them, both sides are filled up to their length.
func (l *learner) sideBySide(fixed bool) (best answer) {
	splits := l.findSplits()
	parts := make([]part, 0, 2*len(splits))
	same := sameLength(l.want) > 0
	for _, s := range splits {
		parts = append(parts, part{want: s.left, fill: same}, part{want: s.right, fill: same || s.between == ""})
	}
	l.explainParts(parts, fixed)
	for i, s := range splits {
		found := l.joinSides(s, parts[2*i], parts[2*i+1])
		switch {
		case len(found.rules) == 0 || len(best.rules) > 0 && found.compareTo(best) > 0:
		case len(best.rules) > 0 && found.compareTo(best) == 0:
			best.rules = append(best.rules, found.rules...)
		default:
			best = found
		}
	}
	best.rules = l.distinctRules(best.rules, l.want)
	return best
}

// compareTo compares answers: the shorter is the better, unless it reads what may stand
// there by chance.
func (a answer) compareTo(b answer) int {
	if a.chance != b.chance {
		if a.chance {
			return 1
		}
		return -1
	}
	return cmp.Compare(a.cost, b.cost)
}

// joinSides returns the rules that join the two sides. A side that is the same for all badges, such
// as the facility of one site, could match any constant digits, so it must be read in the same
// way as the other side.
func (l *learner) joinSides(s split, left, right part) (best answer) {
	if !isConstant(s.left) && !isConstant(s.right) {
		if a, b := left.bestRules(), right.bestRules(); a != nil && b != nil {
			return l.joinPair(s, a, b, false)
		}
		return answer{}
	}
	for reading, a := range left.found {
		b := right.found[reading]
		if b == nil {
			continue
		}
		found := l.joinPair(s, a, b, a.isWeak() || b.isWeak())
		if len(best.rules) == 0 || found.compareTo(best) < 0 {
			best = found
		} else if found.compareTo(best) == 0 {
			best.rules = append(best.rules, found.rules...)
		}
	}
	return best
}

// joinPair gives the rules that put the rules of two sides together.
func (l *learner) joinPair(s split, left, right *shortest, chance bool) answer {
	found := answer{cost: left.cost + right.cost, chance: chance}
	for _, a := range l.distinctRules(left.rules, s.left) {
		for _, b := range l.distinctRules(right.rules, s.right) {
			found.rules = append(found.rules, fmt.Sprintf("join(%s,%s,%s)", quoteArg(s.between), quoteArg(a), quoteArg(b)))
		}
	}
	return found
}

// isConstant reports whether all texts are the same.
func isConstant(texts []string) bool {
	return !slices.ContainsFunc(texts, func(s string) bool { return s != texts[0] })
}

// split is the wanted texts as two sides with the same text between them.
type split struct {
	between     string
	left, right []string
}

// findSplits are the places where every wanted text can be split: at a character that is
// no digit, or else so many characters from the end.
func (l *learner) findSplits() (list []split) {
	for _, c := range l.want[0] {
		s := split{between: string(c)}
		for _, want := range l.want {
			left, right, ok := strings.Cut(want, s.between)
			if !ok || left == "" || right == "" || isOf(s.between, 16) {
				break
			}
			s.left, s.right = append(s.left, left), append(s.right, right)
		}
		if len(s.right) == len(l.want) {
			list = append(list, s)
		}
	}
	if len(list) > 0 {
		return list
	}
	shortest := len(slices.MinFunc(l.want, func(a, b string) int { return len(a) - len(b) }))
	for right := 1; right < shortest; right++ {
		list = append(list, split{
			left:  mapTexts(l.want, func(s string) string { return s[:len(s)-right] }),
			right: mapTexts(l.want, func(s string) string { return s[len(s)-right:] }),
		})
	}
	return list
}
