package number

import (
	"hash/maphash"
	"math/rand/v2"
	"strings"
	"unsafe"
)

// The bounds of the search.
const (
	maxVerbs = 4       // in front of the finish
	maxTries = 400_000 // verbs that are tried; badges of 40 bits take a tenth of it

	// maxHeld bounds the bytes of the states that are kept or wait for their turn. The
	// garbage collector lets the process take twice as much.
	maxHeld = 24 << 20
)

// learner looks for rules. It walks from what was read, verb by verb, and keeps every
// state that it reaches: what a rule makes of all pairs and of some made-up badges at
// once. Two rules that lead to the same state mean the same, and the shorter is kept.
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
	if len(separators(read)) > 0 {
		most++ // to take them away
	}
	levels := make([][]node, most+1)
	levels[0] = []node{{texts: l.root, clean: true, bits: all(read, func(s string) bool { return len(s) >= minBits && isOf(s, 2) })}}
	for verbs, level := range levels {
		for _, n := range level {
			if !l.keep(n) || verbs == most {
				continue
			}
			for _, m := range l.moves(n) {
				if to := verbs + m.verbs; to <= most {
					if next, ok := l.step(n, m); ok && l.hold(next) {
						levels[to] = append(levels[to], next)
					}
				}
			}
		}
	}
}

// hold reports whether a new state may wait for its turn. One that is known already by a
// shorter rule need not.
func (l *learner) hold(n node) bool {
	if l.seen[hashed(n.texts)] {
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

// keep puts a state on the list, unless it is there or there is no room.
func (l *learner) keep(n node) bool {
	key := hashed(n.texts)
	if n.proven > 0 {
		key = hashed(append([]string{n.reading}, n.texts...)) // which of two formats it is shows in what is wanted
	}
	if l.seen[key] || l.tries >= maxTries {
		return false
	}
	l.seen[key] = true
	l.nodes = append(l.nodes, n)
	return true
}

// step takes a move, which must work for every pair; of the samples, those for which
// it does not are lost.
func (l *learner) step(n node, m move) (node, bool) {
	l.tries++
	rule, ok := l.parse[m.rule]
	if !ok {
		rule, _ = Parse(m.rule)
		l.parse[m.rule] = rule
	}
	next := node{
		rule: chain(n.rule, m.rule), verbs: n.verbs + m.verbs, cut: m.cut, bits: n.bits || m.bits,
		clean: n.clean && m.clean, rank: max(n.rank, m.rank), proven: m.proven, reading: chain(n.reading, m.reading), texts: make([]string, len(n.texts)),
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

func all(texts []string, ok func(string) bool) bool {
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

func joined(texts []string) string { return strings.Join(texts, "\x00") }

// hashSeed is one for all searches: only equal or not matters.
var hashSeed = maphash.MakeSeed()

func hashed(texts []string) uint64 {
	var h maphash.Hash
	h.SetSeed(hashSeed)
	for _, s := range texts {
		_, _ = h.WriteString(s)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}
