package number

import (
	"hash/maphash"
	"math/rand/v2"
	"strings"
	"unsafe"
)

// The bounds of the search.
const (
	maxVerbs = 4       // before the finish
	maxTries = 400_000 // verbs to try; badges of 40 bits need a tenth of it

	// maxHeld bounds the bytes of the states that are kept or wait for their turn. The
	// garbage collector lets the process take twice as much.
	maxHeld = 24 << 20
)

// learner searches for rules. It starts with the texts that were read, applies verb after verb,
// and keeps every state that it reaches: the results of a rule for all pairs and for some
// invented badges. Two rules that lead to the same state mean the same; it keeps the shorter.
type learner struct {
	want  []string
	root  []string // what was read, then samples
	nodes []node
	tries int
	held  int             // bytes of states
	full  bool            // a state was left out for its size
	seen  map[uint64]bool // hashes of the texts of nodes
	parse map[string]Rule
}

// node is a state and the rule that leads to it.
type node struct {
	rule  string
	verbs int
	cut   bool // the last verb cut something off: another would be the same as one
	bits  bool // the texts are binary: they are cut, and the finish reads them
	clean bool // what was read, without what is no digit: it may be a frame
	rank  int  // of the place that was cut out of a frame
	// proven is the bits of that place if parity proves it.
	proven int
	// reading is the verbs by which a badge is read: as bits, as a number, turned over.
	reading string
	texts   []string
}

func newLearner(pairs []Pair) *learner {
	l := &learner{seen: map[uint64]bool{}, parse: map[string]Rule{}}
	for _, p := range pairs {
		l.want = append(l.want, p.Want)
		l.root = append(l.root, p.Read)
	}
	rnd := rand.New(rand.NewPCG(1, 2)) // the same badges give the same answer
	l.root = append(l.root, madeUp(rnd, l.root)...)
	return l
}

// explore visits states in the order of their rules' length.
func (l *learner) explore() {
	read := l.root[:len(l.want)]
	most := maxVerbs
	if len(separatorMoves(read)) > 0 {
		most++ // to take them away
	}
	levels := make([][]node, most+1)
	levels[0] = []node{{texts: l.root, clean: true, bits: allMatch(read, func(s string) bool { return len(s) >= minBits && isOf(s, 2) })}}
	for verbs, level := range levels {
		for _, n := range level {
			if !l.keepNode(n) || verbs == most {
				continue
			}
			for _, m := range l.moves(n) {
				if to := verbs + m.verbs; to <= most {
					if next, ok := l.takeMove(n, m); ok && l.reserveRoom(next) {
						levels[to] = append(levels[to], next)
					}
				}
			}
		}
	}
}

// reserveRoom reserves room for a new state in the queue. It reports false if a shorter rule leads to
// the state already, or if there is no room.
func (l *learner) reserveRoom(n node) bool {
	if l.seen[hashTexts(n.texts)] {
		return false
	}
	size := int(unsafe.Sizeof(n)) + len(n.rule) + len(n.texts)*int(unsafe.Sizeof(""))
	for _, s := range n.texts {
		size += len(s)
	}
	if l.held+size > maxHeld {
		l.full = true
		return false
	}
	l.held += size
	return true
}

// keepNode adds a state to the list. It reports false if the state is known or the search has ended.
func (l *learner) keepNode(n node) bool {
	key := hashTexts(n.texts)
	if n.proven > 0 {
		key = hashTexts(append([]string{n.reading}, n.texts...)) // which of two formats it is shows in what is wanted
	}
	if l.seen[key] || l.tries >= maxTries {
		return false
	}
	l.seen[key] = true
	l.nodes = append(l.nodes, n)
	return true
}

// takeMove applies a move to a state. It fails unless the move works for every pair; a sample for
// which it does not work becomes empty.
func (l *learner) takeMove(n node, m move) (node, bool) {
	l.tries++
	rule, ok := l.parse[m.rule]
	if !ok {
		rule, _ = Parse(m.rule)
		l.parse[m.rule] = rule
	}
	next := node{
		rule: joinRules(n.rule, m.rule), verbs: n.verbs + m.verbs, cut: m.cut, bits: n.bits || m.bits,
		clean: n.clean && m.clean, rank: max(n.rank, m.rank), proven: m.proven, reading: joinRules(n.reading, m.reading), texts: make([]string, len(n.texts)),
	}
	for i, text := range n.texts {
		out, err := rule.Convert(text)
		if err != nil && i < len(l.want) {
			return node{}, false
		}
		next.texts[i] = out
	}
	return next, true
}

func allMatch(texts []string, ok func(string) bool) bool {
	for _, s := range texts {
		if s == "" || !ok(s) {
			return false
		}
	}
	return true
}

// isOf reports whether s is made of the digits of a base.
func isOf(s string, base int) bool {
	for i := range len(s) {
		digit := '0' <= s[i] && s[i] <= '0'+byte(min(base, 10)-1)
		letter := base == 16 && ('A' <= s[i] && s[i] <= 'F' || 'a' <= s[i] && s[i] <= 'f')
		if !digit && !letter {
			return false
		}
	}
	return true
}

// sameLength is the length that all texts have; 0 if they differ.
func sameLength(texts []string) int {
	for _, s := range texts {
		if len(s) != len(texts[0]) {
			return 0
		}
	}
	return len(texts[0])
}

func joinTexts(texts []string) string { return strings.Join(texts, "\x00") }

// hashSeed is one for all searches: only equal or not matters.
var hashSeed = maphash.MakeSeed()

func hashTexts(texts []string) uint64 {
	var h maphash.Hash
	h.SetSeed(hashSeed)
	for _, s := range texts {
		_, _ = h.WriteString(s)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}
