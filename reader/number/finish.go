package number

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// part is a wanted text of every pair: the whole number, or a side of it.
type part struct {
	want []string
	fill bool // fill it up to the length that all have
	// found is the shortest rules of each way to read a badge, see node.
	found map[string]*shortest
}

// shortest is the shortest rules found, and what one costs.
type shortest struct {
	cost  int
	rules []string
}

// isWeak reports whether the match of the rules may be by chance.
func (s *shortest) isWeak() bool { return s.cost%verbCost >= anywhere }

// addRule adds a rule that costs no more than the present ones, and drops those if it costs less.
func (s *shortest) addRule(cost int, rule string) {
	if cost < s.cost {
		*s = shortest{cost: cost}
	}
	s.rules = append(s.rules, rule)
}

// bestRules is the shortest rules of all readings; nil if there are none.
func (p part) bestRules() (best *shortest) {
	for _, s := range p.found {
		switch {
		case best == nil || s.cost < best.cost:
			best = &shortest{s.cost, slices.Clone(s.rules)}
		case s.cost == best.cost:
			best.rules = append(best.rules, s.rules...)
		}
	}
	return best
}

// verbCost is the cost of a verb, beside which ranks only decide between equals.
const verbCost = 4 * ranks

// finish is the end of a rule: what it makes the wanted texts of.
type finish struct {
	part, verbs int
	rule        string
	conversion  string // the verb of the rule that reads a number
	fill        int    // the digits to which a shorter number is filled up before it; 0: none
	fixed       bool   // it puts in digits that are the same for all badges
}

// The ways in which a finish reads a state: as it is, or as a number of a base, where
// zeros in front do not count.
var readings = map[int]string{2: "b", 10: "d", 16: "h"}

// explainParts finds the shortest rules for each part; with fixed also rules that insert digits
// which all badges share.
func (l *learner) explainParts(parts []part, fixed bool) {
	ends := map[string][]finish{}
	for i := range parts {
		parts[i].found = map[string]*shortest{}
		addFinishes(ends, i, parts[i])
	}
	for _, n := range l.nodes {
		l.tryFinishes(n, ends, parts, fixed)
	}
}

// tryFinishes tries every finish on a state.
func (l *learner) tryFinishes(n node, ends map[string][]finish, parts []part, fixed bool) {
	texts := n.texts[:len(l.want)]
	try := func(key string) {
		for _, f := range ends[key] {
			if fixed || !f.fixed {
				l.proposeRule(n, f, &parts[f.part])
			}
		}
	}
	try("=" + joinTexts(texts))
	if !allMatch(texts, func(s string) bool { return isOf(s, 16) }) {
		return
	}
	key := joinTexts(stripZeros(texts))
	try("0" + key)
	for base, name := range readings {
		if n.bits == (base == 2) && allMatch(texts, func(s string) bool { return isOf(s, base) }) {
			try(name + strings.ToUpper(key))
		}
	}
}

// proposeRule adds a rule if it is as short as any and gives the wanted text of every pair.
func (l *learner) proposeRule(n node, f finish, p *part) {
	cost := (n.verbs*2+f.verbs+1)*verbCost + n.rankFor(p.want)
	reading := joinRules(n.reading, f.conversion)
	found := p.found[reading]
	if found != nil && cost > found.cost {
		return
	}
	rule := n.rule
	if f.fill > 0 && slices.ContainsFunc(n.texts[len(l.want):], func(s string) bool { return s != "" && len(s) < f.fill }) {
		rule = joinRules(rule, fmt.Sprintf("lpad(%d)", f.fill))
	}
	rule = joinRules(rule, f.rule)
	if !makesAll(rule, l.root[:len(l.want)], p.want) {
		return
	}
	if found == nil {
		found = &shortest{cost: cost}
		p.found[reading] = found
	}
	found.addRule(cost, rule)
}

// rankFor is the rank of the node for these wanted numbers. Of several formats that parity
// proves, it prefers the one whose field has as many digits as the padded numbers.
func (n node) rankFor(want []string) int {
	digits := sameLength(want)
	if n.proven == 0 || n.proven > 63 || digits == 0 || !allMatch(want, func(s string) bool { return s[0] == '0' }) {
		return n.rank
	}
	if digits == len(strconv.FormatUint(1<<n.proven-1, 10)) {
		return min(n.rank, proven+1+n.rank%rankGap) // of equals the shorter, as everywhere
	}
	return n.rank + rankGap/2
}

// addFinishes adds every way of making the wanted texts of a part in up to two verbs,
// and more where they are in groups, start with 0x, or are in small letters. Verbs count
// twice, and fixed text three times, so that it is the last to be thought of.
func addFinishes(ends map[string][]finish, i int, p part) {
	for _, form := range formsOf(p.want) {
		addEnds(func(key string, end finish) {
			end.part, end.verbs, end.rule = i, end.verbs+form.verbs, joinRules(end.rule, form.put)
			ends[key] = append(ends[key], end)
		}, form.bare, p.fill)
	}
}

// form is the wanted texts without what a rule puts around them at the end.
type form struct {
	bare  []string
	put   string
	verbs int
}

// formsOf gives the texts as they are, without groups and 0x, and each in capitals.
func formsOf(want []string) []form {
	forms := []form{{bare: want}}
	if bare, put, cost := withoutGroups(want); put != "" {
		forms = append(forms, form{bare, put, cost})
	}
	for _, f := range forms {
		upper := mapTexts(f.bare, strings.ToUpper)
		if joinTexts(upper) != joinTexts(f.bare) && joinTexts(mapTexts(upper, strings.ToLower)) == joinTexts(f.bare) {
			forms = append(forms, form{upper, joinRules("lower", f.put), f.verbs + 2})
		}
	}
	return forms
}

// addEnds adds every way of making want in up to two verbs.
func addEnds(add func(key string, end finish), want []string, fill bool) {
	bare, n := stripZeros(want), sameLength(want)
	exact := joinTexts(bare) == joinTexts(want)
	pad, filled := "", 0
	if n > 1 && (fill || !exact) {
		pad = fmt.Sprintf("lpad(%d)", n)
	}
	if fill && allMatch(want, func(s string) bool { return isOf(s, 16) }) {
		filled = n
	}
	add("="+joinTexts(want), finish{fill: filled})
	if lower := mapTexts(want, strings.ToLower); joinTexts(lower) != joinTexts(want) {
		add("="+joinTexts(lower), finish{verbs: 2, rule: "upper", fill: filled})
	}
	addFixed(add, want, fill)
	switch {
	case exact:
		addNumbers(add, bare, pad, 0)
	case n > 0:
		add("0"+joinTexts(bare), finish{verbs: 2, rule: pad})
		addNumbers(add, bare, pad, 2)
	}
}

// withoutGroups removes 0x in front and the text between equal groups: 04:A2:33, 0x04 0xA2, 0x04A2.
// It returns the rule that puts them back and its cost; "" if there are none.
func withoutGroups(want []string) (bare []string, put string, cost int) {
	prefix := ""
	for _, p := range []string{"0x", "0X"} {
		if allMatch(want, func(s string) bool { return strings.HasPrefix(s, p) }) {
			prefix = p
		}
	}
	inner := mapTexts(want, func(s string) string { return s[len(prefix):] })
	for _, between := range []string{" ", "-", ":", ".", "_", ", ", ","} {
		between += prefix
		bare := mapTexts(inner, func(s string) string { return strings.ReplaceAll(s, between, "") })
		for size := 1; size <= maxGroup && joinTexts(bare) != joinTexts(inner); size++ {
			put := fmt.Sprintf("group(%d,%s)", size, quoteArg(between))
			if makesAll(put, bare, inner) {
				if prefix != "" {
					return bare, joinRules(put, "prepend("+quoteArg(prefix)+")"), 5
				}
				return bare, put, 2
			}
		}
	}
	if prefix != "" {
		return inner, "prepend(" + quoteArg(prefix) + ")", 3
	}
	return nil, "", 0
}

// maxGroup is the longest group that is looked for.
const maxGroup = 8

// makesAll reports whether a rule turns each text into the wanted one.
func makesAll(rule string, texts, want []string) bool {
	r, err := Parse(rule)
	if err != nil {
		return false
	}
	for i, text := range texts {
		if made, err := r.Convert(text); err != nil || made != want[i] {
			return false
		}
	}
	return true
}

// addNumbers adds the conversions that make the numbers, which have no zero in front.
func addNumbers(add func(string, finish), bare []string, pad string, verbs int) {
	for _, c := range []struct {
		verb     string
		from, to int
	}{
		{"hex2dec", 16, 10}, {"bin2dec", 2, 10}, {"dec2hex", 10, 16}, {"bin2hex", 2, 16},
	} {
		from, ok := rebaseAll(bare, c.to, c.from)
		if ok && joinTexts(bare) == strings.ToUpper(joinTexts(bare)) {
			add(readings[c.from]+joinTexts(from), finish{verbs: verbs + 2, rule: joinRules(c.verb, pad), conversion: c.verb})
		}
	}
}

// addFixed adds the fixed text in front and at the end.
func addFixed(add func(string, finish), want []string, fill bool) {
	put := func(verb, text string, rest []string) {
		end := finish{verbs: 3, rule: verb + "(" + quoteArg(text) + ")", fixed: hasDigits(text)}
		if fill && allMatch(rest, func(s string) bool { return isOf(s, 16) }) {
			end.fill = sameLength(rest)
		}
		add("="+joinTexts(rest), end)
	}
	for n := 1; allMatch(want, func(s string) bool { return len(s) > n && s[:n] == want[0][:n] }); n++ {
		put("prepend", want[0][:n], mapTexts(want, func(s string) string { return s[n:] }))
	}
	for n := 1; allMatch(want, func(s string) bool { return len(s) > n && s[len(s)-n:] == want[0][len(want[0])-n:] }); n++ {
		put("append", want[0][len(want[0])-n:], mapTexts(want, func(s string) string { return s[:len(s)-n] }))
	}
}

// hasDigits reports whether a fixed text may stand for digits of a badge: it has some,
// beside those of 0x, or is hex.
func hasDigits(text string) bool {
	text = strings.NewReplacer("0x", "", "0X", "").Replace(text)
	return text != "" && (strings.ContainsAny(text, "0123456789") || isOf(text, 16))
}

// rebaseAll writes numbers in another base, without zeros in front.
func rebaseAll(texts []string, from, to int) (out []string, ok bool) {
	convert := rebase(from, to)
	for _, s := range texts {
		t, err := convert(s)
		if err != nil {
			return nil, false
		}
		out = append(out, t)
	}
	return out, true
}

// stripZeros is the texts without zeros in front; a zero stays.
func stripZeros(texts []string) []string {
	return mapTexts(texts, func(s string) string {
		if t := strings.TrimLeft(s, "0"); t != "" {
			return t
		}
		return "0"
	})
}

func mapTexts(texts []string, fn func(string) string) []string {
	out := make([]string, len(texts))
	for i, s := range texts {
		out[i] = fn(s)
	}
	return out
}

// quoteArg is a text as an argument of a verb.
func quoteArg(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }
