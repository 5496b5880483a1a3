package number

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// The bounds of Learn.
const (
	MinPairs   = 3   // fewer prove nothing
	MaxPairs   = 100 // more prove nothing more
	MaxLearned = 64  // characters of what was read, and of what is wanted
)

// Pair is what a reader says of one badge, and the number that it must give.
type Pair struct{ Read, Want string }

// Learned is what Learn found.
type Learned struct {
	// Rules are the shortest rules that explain every pair, one of each meaning. None:
	// no rule does. More than one: the pairs do not tell which; another badge will.
	Rules []string
	// Also explains every pair with one verb more, and gives other numbers than
	// Rules[0] for badges whose number is short: it fills them up with zeros. Empty if
	// it makes no difference or there is no single rule.
	Also string
}

// Learn looks for the shortest rule that makes Want of Read for every pair. The
// shortest has the fewest verbs; adding fixed text counts as more than one. It tries
// rules of up to four verbs in front of the last conversion and its padding, and two
// such rules side by side (facility and card number). Its errors do not show a number.
func Learn(pairs []Pair) (Learned, error) {
	pairs, err := distinct(pairs)
	if err != nil {
		return Learned{}, err
	}
	l := newLearner(pairs)
	l.explore()
	rules := l.shortest([]part{{want: l.want}})
	if len(rules) == 0 {
		rules = l.sideBySide()
	}
	found := Learned{Rules: l.meanings(rules)}
	if len(found.Rules) == 1 {
		found.Also = l.padded(found.Rules[0], l.want)
	}
	return found, nil
}

// distinct leaves out what is said twice, and refuses what proves nothing.
func distinct(pairs []Pair) (list []Pair, err error) {
	if len(pairs) > MaxPairs {
		return nil, fmt.Errorf("%d pairs: at most %d are looked at", len(pairs), MaxPairs)
	}
	for i, p := range pairs {
		switch {
		case p.Read == "" || p.Want == "":
			return nil, fmt.Errorf("pair %d: a side is empty", i+1)
		case len(p.Read) > MaxLearned || len(p.Want) > MaxLearned:
			return nil, fmt.Errorf("pair %d: a side has more than %d characters", i+1, MaxLearned)
		case slices.Contains(list, p):
			continue
		case slices.ContainsFunc(list, func(q Pair) bool { return q.Read == p.Read }):
			return nil, fmt.Errorf("pair %d: this badge was read before, with another number", i+1)
		}
		list = append(list, p)
	}
	if len(list) < MinPairs {
		return nil, errors.New("three different badges or more are needed: two fit too many rules")
	}
	return list, nil
}

// meanings gives one rule of each meaning: the one with the fewest characters. Rules
// mean the same if they make the same of badges that look like those that were read.
func (l *learner) meanings(rules []string) (list []string) {
	slices.SortFunc(rules, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	seen := map[string]bool{}
	for _, rule := range rules {
		made := l.apply(rule)
		key := joined(made)
		if made != nil && !seen[key] {
			seen[key] = true
			list = append(list, rule)
		}
	}
	return list
}

// apply gives what the rule makes of the pairs and of the samples; empty where it
// fails.
func (l *learner) apply(rule string) []string {
	r, err := Parse(rule)
	if err != nil {
		return nil // fixed text that a rule cannot say
	}
	out := make([]string, len(l.root))
	for i, text := range l.root {
		out[i], _ = r.Convert(text)
	}
	return out
}

// padded is the rule filled up to the length that every wanted text has; empty if that
// makes no difference for other badges.
func (l *learner) padded(rule string, want []string) string {
	n := sameLength(want)
	if n == 0 {
		return ""
	}
	for _, text := range l.apply(rule)[len(l.want):] {
		if text != "" && len(text) < n {
			return chain(rule, fmt.Sprintf("lpad(%d)", n))
		}
	}
	return ""
}

// chain joins two rules, of which either may be empty.
func chain(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "|" + b
}
