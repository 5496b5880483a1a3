package number

import (
	"fmt"
	"slices"
)

// chooseRules returns the rules that explain the pairs. Badges of one site mostly share their
// facility, so that a rule could insert it as fixed text: then the badge of a stranger, of
// another facility, would get somebody's number. choose returns such a rule only if there is no
// other, and as one of several unless it depends on all digits that the badges share.
func (l *learner) chooseRules() Learned {
	field, fixed := l.findRules(false), l.findRules(true)
	switch {
	case len(fixed.rules) == 0:
		return Learned{}
	case len(field.rules) > 0 && (field.cost <= fixed.cost || !field.chance && l.ignoresDigits(fixed)):
		return Learned{Rules: field.rules, OneSite: field.chance}
	case !l.ignoresDigits(fixed):
		return Learned{Rules: fixed.rules}
	}
	rules := l.distinctRules(slices.Concat(fixed.rules, field.rules), l.want)
	return Learned{Rules: rules[:min(len(rules), maxDoubtful)], OneSite: true}
}

// maxDoubtful is how many rules of which none is to be trusted are worth showing.
const maxDoubtful = 8

// ignoresDigits reports whether a rule gives the same number for another badge that differs only in
// places where all pairs are equal.
func (l *learner) ignoresDigits(found answer) bool {
	return found.chance || slices.ContainsFunc(found.rules, func(rule string) bool {
		r, err := Parse(rule)
		return err != nil || slices.ContainsFunc(l.root[:len(l.want)], func(read string) bool {
			number, _ := r.Convert(read)
			return slices.ContainsFunc(l.strangerBadges(read), func(other string) bool {
				same, err := r.Convert(other)
				return err == nil && same == number
			})
		})
	})
}

// strangerBadges gives badges that differ from one in one place where all badges are alike: in
// a digit, counted from either end, or in a bit of a decimal number.
func (l *learner) strangerBadges(read string) (list []string) {
	all := l.root[:len(l.want)]
	shortest := len(slices.MinFunc(all, func(a, b string) int { return len(a) - len(b) }))
	digits := alphabet(all)
	for i := range shortest {
		front, end := func(s string) int { return i }, func(s string) int { return len(s) - 1 - i }
		for _, place := range []func(string) int{front, end} {
			at := place(read)
			if !isOf(read[at:at+1], 16) || slices.ContainsFunc(all, func(s string) bool { return s[place(s)] != read[at] }) {
				continue
			}
			for _, d := range digits {
				if byte(d) != read[at] {
					list = append(list, read[:at]+string(d)+read[at+1:])
				}
			}
		}
	}
	return append(list, strangerFrames(read, all)...)
}

// strangerFrames changes each bit in which all decimal numbers are alike.
func strangerFrames(read string, all []string) (list []string) {
	bare := mapTexts(all, withoutSeparators)
	values, width := valuesOf(bare, 10), sameLength(bare)
	value := valuesOf([]string{withoutSeparators(read)}, 10)
	for i := range shortestFrame(values) {
		if !slices.ContainsFunc(values, func(v uint64) bool { return (v^value[0])>>i&1 != 0 }) {
			list = append(list, spreadDigits(read, fmt.Sprintf("%0*d", width, value[0]^1<<i)))
		}
	}
	return list
}
