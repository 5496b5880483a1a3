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

// weak reports whether what the rules read may stand there by chance.
func (s *shortest) weak() bool { return s.cost%verbCost >= anywhere }

// add takes a rule that costs no more than those that are there.
func (s *shortest) add(cost int, rule string) {
	if cost < s.cost {
		*s = shortest{cost: cost}
	}
	s.rules = append(s.rules, rule)
}

// best is the shortest rules of all readings; nil if there are none.
func (p part) best() (best *shortest) {
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

// explain finds the shortest rules for each part; with fixed also those that put in
// digits which all badges share.
func (l *learner) explain(parts []part, fixed bool) {
	ends := map[string][]finish{}
	for i := range parts {
		parts[i].found = map[string]*shortest{}
		addFinishes(ends, i, parts[i])
	}
	for _, n := range l.nodes {
		l.meet(n, ends, parts, fixed)
	}
}

// meet tries every finish on a state.
func (l *learner) meet(n node, ends map[string][]finish, parts []part, fixed bool) {
	texts := n.texts[:len(l.want)]
	try := func(key string) {
		for _, f := range ends[key] {
			if fixed || !f.fixed {
				l.propose(n, f, &parts[f.part])
			}
		}
	}
	try("=" + joined(texts))
	if !all(texts, func(s string) bool { return isOf(s, 16) }) {
		return
	}
	key := joined(stripped(texts))
	try("0" + key)
	for base, name := range readings {
		if n.bits == (base == 2) && all(texts, func(s string) bool { return isOf(s, base) }) {
			try(name + strings.ToUpper(key))
		}
	}
}

// propose takes a rule that is as short as any, and makes what it must of every pair.
func (l *learner) propose(n node, f finish, p *part) {
	cost := (n.verbs*2+f.verbs+1)*verbCost + n.rankFor(p.want)
	reading := chain(n.reading, f.conversion)
	found := p.found[reading]
	if found != nil && cost > found.cost {
		return
	}
	rule := n.rule
	if f.fill > 0 && slices.ContainsFunc(n.texts[len(l.want):], func(s string) bool { return s != "" && len(s) < f.fill }) {
		rule = chain(rule, fmt.Sprintf("lpad(%d)", f.fill))
	}
	rule = chain(rule, f.rule)
	if !remade(rule, l.root[:len(l.want)], p.want) {
		return
	}
	if found == nil {
		found = &shortest{cost: cost}
		p.found[reading] = found
	}
	found.add(cost, rule)
}

// rankFor is the rank of the node if these numbers are wanted of it. Of several formats that
// parity proves, it is the one whose field takes just the digits up to which they are filled.
func (n node) rankFor(want []string) int {
	digits := sameLength(want)
	if n.proven == 0 || n.proven > 63 || digits == 0 || !all(want, func(s string) bool { return s[0] == '0' }) {
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
			end.part, end.verbs, end.rule = i, end.verbs+form.verbs, chain(end.rule, form.put)
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
	if bare, put, cost := ungrouped(want); put != "" {
		forms = append(forms, form{bare, put, cost})
	}
	for _, f := range forms {
		upper := mapped(f.bare, strings.ToUpper)
		if joined(upper) != joined(f.bare) && joined(mapped(upper, strings.ToLower)) == joined(f.bare) {
			forms = append(forms, form{upper, chain("lower", f.put), f.verbs + 2})
		}
	}
	return forms
}

// addEnds adds every way of making want in up to two verbs.
func addEnds(add func(key string, end finish), want []string, fill bool) {
	bare, n := stripped(want), sameLength(want)
	exact := joined(bare) == joined(want)
	pad, filled := "", 0
	if n > 1 && (fill || !exact) {
		pad = fmt.Sprintf("lpad(%d)", n)
	}
	if fill && all(want, func(s string) bool { return isOf(s, 16) }) {
		filled = n
	}
	add("="+joined(want), finish{fill: filled})
	if lower := mapped(want, strings.ToLower); joined(lower) != joined(want) {
		add("="+joined(lower), finish{verbs: 2, rule: "upper", fill: filled})
	}
	addFixed(add, want, fill)
	switch {
	case exact:
		addNumbers(add, bare, pad, 0)
	case n > 0:
		add("0"+joined(bare), finish{verbs: 2, rule: pad})
		addNumbers(add, bare, pad, 2)
	}
}

// ungrouped takes 0x in front and the text between equal groups away, and gives the rule
// that puts them back and its cost; "" if there are none: 04:A2:33, 0x04 0xA2, 0x04A2.
func ungrouped(want []string) (bare []string, put string, cost int) {
	prefix := ""
	for _, p := range []string{"0x", "0X"} {
		if all(want, func(s string) bool { return strings.HasPrefix(s, p) }) {
			prefix = p
		}
	}
	inner := mapped(want, func(s string) string { return s[len(prefix):] })
	for _, between := range []string{" ", "-", ":", ".", "_", ", ", ","} {
		between += prefix
		bare := mapped(inner, func(s string) string { return strings.ReplaceAll(s, between, "") })
		for size := 1; size <= maxGroup && joined(bare) != joined(inner); size++ {
			put := fmt.Sprintf("group(%d,%s)", size, quoted(between))
			if remade(put, bare, inner) {
				if prefix != "" {
					return bare, chain(put, "prepend("+quoted(prefix)+")"), 5
				}
				return bare, put, 2
			}
		}
	}
	if prefix != "" {
		return inner, "prepend(" + quoted(prefix) + ")", 3
	}
	return nil, "", 0
}

// maxGroup is the longest group that is looked for.
const maxGroup = 8

// remade reports whether a rule makes want of texts.
func remade(rule string, texts, want []string) bool {
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
		from, ok := rebased(bare, c.to, c.from)
		if ok && joined(bare) == strings.ToUpper(joined(bare)) {
			add(readings[c.from]+joined(from), finish{verbs: verbs + 2, rule: chain(c.verb, pad), conversion: c.verb})
		}
	}
}

// addFixed adds the fixed text in front and at the end.
func addFixed(add func(string, finish), want []string, fill bool) {
	put := func(verb, text string, rest []string) {
		end := finish{verbs: 3, rule: verb + "(" + quoted(text) + ")", fixed: hasDigits(text)}
		if fill && all(rest, func(s string) bool { return isOf(s, 16) }) {
			end.fill = sameLength(rest)
		}
		add("="+joined(rest), end)
	}
	for n := 1; all(want, func(s string) bool { return len(s) > n && s[:n] == want[0][:n] }); n++ {
		put("prepend", want[0][:n], mapped(want, func(s string) string { return s[n:] }))
	}
	for n := 1; all(want, func(s string) bool { return len(s) > n && s[len(s)-n:] == want[0][len(want[0])-n:] }); n++ {
		put("append", want[0][len(want[0])-n:], mapped(want, func(s string) string { return s[:len(s)-n] }))
	}
}

// hasDigits reports whether a fixed text may stand for digits of a badge: it has some,
// beside those of 0x, or is hex.
func hasDigits(text string) bool {
	text = strings.NewReplacer("0x", "", "0X", "").Replace(text)
	return text != "" && (strings.ContainsAny(text, "0123456789") || isOf(text, 16))
}

// rebased writes numbers in another base, without zeros in front.
func rebased(texts []string, from, to int) (out []string, ok bool) {
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

// stripped is the texts without zeros in front; a zero stays.
func stripped(texts []string) []string {
	return mapped(texts, func(s string) string {
		if t := strings.TrimLeft(s, "0"); t != "" {
			return t
		}
		return "0"
	})
}

func mapped(texts []string, fn func(string) string) []string {
	out := make([]string, len(texts))
	for i, s := range texts {
		out[i] = fn(s)
	}
	return out
}

// quoted is a text as an argument of a verb.
func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }
