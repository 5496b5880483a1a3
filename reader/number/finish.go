package number

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// part is a wanted text of every pair: the whole number, or a side of it.
type part struct {
	want []string
	best int // cost of the shortest rules found; 0: none yet
	// rules are the shortest.
	rules []string
}

// verbCost is the cost of a verb, beside which ranks only decide between equals.
const verbCost = 4 * ranks

// finish is the end of a rule: what it makes the wanted texts of.
type finish struct {
	part, verbs int
	rule        string
}

// The ways in which a finish reads a state: as it is, or as a number of a base, where
// zeros in front do not count.
var readings = map[int]string{2: "b", 10: "d", 16: "h"}

// shortest gives the shortest rules for each part, of which there is at least one;
// nothing if a part has none. For one part that is the answer; for two it is the
// rules side by side.
func (l *learner) shortest(parts []part) []string {
	ends := map[string][]finish{}
	for i := range parts {
		addFinishes(ends, i, parts[i].want)
	}
	for _, n := range l.nodes {
		l.meet(n, ends, parts)
	}
	return parts[0].rules
}

// meet tries every finish on a state.
func (l *learner) meet(n node, ends map[string][]finish, parts []part) {
	texts := n.texts[:len(l.want)]
	try := func(key string) {
		for _, f := range ends[key] {
			p := &parts[f.part]
			cost := (n.verbs*2+f.verbs+1)*verbCost + n.rank
			switch {
			case p.best == 0 || cost < p.best:
				p.best, p.rules = cost, []string{chain(n.rule, f.rule)}
			case cost == p.best:
				p.rules = append(p.rules, chain(n.rule, f.rule))
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

// addFinishes adds every way of making want in up to two verbs, and more where want is
// in groups. Verbs count twice, and fixed text three times, so that it is the last to
// be thought of.
func addFinishes(ends map[string][]finish, part int, want []string) {
	addEnds(func(key string, verbs int, rule string) {
		ends[key] = append(ends[key], finish{part, verbs, rule})
	}, want)
	if bare, put, cost := ungrouped(want); put != "" {
		addEnds(func(key string, verbs int, rule string) {
			ends[key] = append(ends[key], finish{part, verbs + cost, chain(rule, put)})
		}, bare)
	}
}

// addEnds adds every way of making want in up to two verbs.
func addEnds(add func(key string, verbs int, rule string), want []string) {
	add("="+joined(want), 0, "")
	addCases(add, want)
	addFixed(add, want)
	bare := stripped(want)
	n := sameLength(want)
	exact := joined(bare) == joined(want)
	if exact {
		addNumbers(add, bare, "", 0)
	}
	if n > 0 && !exact {
		pad := fmt.Sprintf("lpad(%d)", n)
		add("0"+joined(bare), 2, pad)
		addNumbers(add, bare, pad, 2)
	}
}

// ungrouped takes the text between equal groups away, and gives the rule that puts it
// back and its cost; "" if want is not in groups: 04:A2:33, 0x04 0xA2 0x33.
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
func addNumbers(add func(string, int, string), bare []string, pad string, verbs int) {
	for _, c := range []struct {
		verb     string
		from, to int
	}{
		{"hex2dec", 16, 10}, {"bin2dec", 2, 10}, {"dec2hex", 10, 16}, {"bin2hex", 2, 16},
	} {
		from, ok := rebased(bare, c.to, c.from)
		if ok && joined(bare) == strings.ToUpper(joined(bare)) {
			add(readings[c.from]+joined(from), verbs+2, chain(c.verb, pad))
		}
	}
}

// addCases adds the change of letters.
func addCases(add func(string, int, string), want []string) {
	text := joined(want)
	if lower := strings.ToLower(text); lower != text {
		add("="+lower, 2, "upper")
	}
	if upper := strings.ToUpper(text); upper != text {
		add("="+upper, 2, "lower")
	}
}

// addFixed adds the fixed text in front and at the end.
func addFixed(add func(string, int, string), want []string) {
	for n := 1; all(want, func(s string) bool { return len(s) > n && s[:n] == want[0][:n] }); n++ {
		add("="+joined(mapped(want, func(s string) string { return s[n:] })), 3, "prepend("+quoted(want[0][:n])+")")
	}
	for n := 1; all(want, func(s string) bool { return len(s) > n && s[len(s)-n:] == want[0][len(want[0])-n:] }); n++ {
		add("="+joined(mapped(want, func(s string) string { return s[:len(s)-n] })), 3, "append("+quoted(want[0][len(want[0])-n:])+")")
	}
}

// sideBySide looks for numbers that are two numbers side by side, such as a facility of
// three digits and a card number of five, with or without something between them. With
// nothing between them, both sides are filled up to their length.
func (l *learner) sideBySide() (rules []string) {
	splits := l.splits()
	parts := make([]part, 0, 2*len(splits))
	for _, s := range splits {
		parts = append(parts, part{want: s.left}, part{want: s.right})
	}
	if len(parts) == 0 {
		return nil
	}
	l.shortest(parts)
	best := 0
	for i, s := range splits {
		left, right := parts[2*i], parts[2*i+1]
		verbs := left.best + right.best
		if left.best == 0 || right.best == 0 || best != 0 && verbs > best {
			continue
		}
		if verbs != best {
			best, rules = verbs, nil
		}
		rules = append(rules, l.join(s, left, right)...)
	}
	return rules
}

// join gives the rules that put the two sides together. With nothing between them, the
// right side must be filled up to its length, and the left one if all have the same.
func (l *learner) join(s split, left, right part) (rules []string) {
	for _, a := range l.meanings(left.rules) {
		for _, b := range l.meanings(right.rules) {
			if s.between == "" {
				a, b = cmp.Or(l.padded(a, left.want), a), cmp.Or(l.padded(b, right.want), b)
			}
			rules = append(rules, fmt.Sprintf("join(%s,%s,%s)", quoted(s.between), quoted(a), quoted(b)))
		}
	}
	return rules
}

// split is the wanted texts as two sides with the same text between them.
type split struct {
	between     string
	left, right []string
}

// splits are the places where every wanted text can be split: at a character that is
// no digit, or else so many characters from the end.
func (l *learner) splits() (list []split) {
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
			left:  mapped(l.want, func(s string) string { return s[:len(s)-right] }),
			right: mapped(l.want, func(s string) string { return s[len(s)-right:] }),
		})
	}
	return list
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
