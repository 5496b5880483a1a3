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

// Pair is the text that a reader reads from one badge, and the number that it must become.
type Pair struct{ Read, Want string }

// Learned is what Learn found.
type Learned struct {
	// Rules are the shortest rules that explain every pair, one of each meaning. None:
	// no rule does. More than one: the pairs do not tell which; another badge will.
	Rules []string
	// OneSite: the badges have digits in common that the rules may put in or pass over, so
	// that only a badge of another facility tells. The rules are not to be trusted.
	OneSite bool
	// Ended: the search ended at its bound of memory. Other rules may exist; with fewer
	// pairs it goes further.
	Ended bool
}

// Learn looks for the shortest rule that makes Want of Read for every pair. The
// shortest has the fewest verbs; adding fixed text counts as more than one. It tries
// rules of up to four verbs in front of the last conversion and its padding, and two
// such rules side by side (facility and card number). Where every Want has the same
// length, a number of another badge that is shorter is filled up to it. Its errors do not
// show a number.
func Learn(pairs []Pair) (Learned, error) {
	pairs, err := distinctPairs(pairs)
	if err != nil {
		return Learned{}, err
	}
	l := newLearner(pairs)
	l.explore()
	found := l.chooseRules()
	found.Ended = l.full
	return found, nil
}

// distinctPairs removes pairs that occur twice. It fails if the rest cannot prove a rule.
func distinctPairs(pairs []Pair) (list []Pair, err error) {
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

// distinctRules returns one rule of each meaning: the one with the fewest characters. Rules
// mean the same if they give the same results for the pairs and the samples. It leaves out
// rules that do not give the wanted text of every pair.
func (l *learner) distinctRules(rules, want []string) (list []string) {
	slices.SortFunc(rules, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	seen := map[string]bool{}
	for _, rule := range rules {
		made := l.applyRule(rule)
		key := joinTexts(made)
		if made != nil && !seen[key] && slices.Equal(made[:len(want)], want) {
			seen[key] = true
			list = append(list, rule)
		}
	}
	return list
}

// applyRule returns the results of the rule for the pairs and the samples; empty where it fails.
func (l *learner) applyRule(rule string) []string {
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

// joinRules joins two rules, of which either may be empty.
func joinRules(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "|" + b
}
