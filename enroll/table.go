package enroll

import "encoding/binary"

// table finds values by ids that are HMACs or random, so that any bits of them serve as a
// hash. It uses open addressing in many parts, so that no call moves everything under a lock:
// a full part grows alone, and values stay in their places.
//
// A part is pairs of a tag (some bits of the id; 0: unused) and a place. An id is at its home
// or behind it, with no unused pair in between.
type table[V any] struct {
	parts   []part
	entries arena[entry[V]]
	spare   []uint32 // places of entries that were removed
}

type part struct {
	pairs []pair
	used  int
}

// pair has five bytes, so that a tag and its place are read together.
type pair struct {
	tag uint8
	at  [4]byte
}

type entry[V any] struct {
	id    [16]byte
	value V
}

const (
	partBits = 10
	minPart  = 8
)

// newTable makes a table with room for some n ids.
func newTable[V any](n int) table[V] {
	t := table[V]{parts: make([]part, 1<<partBits)}
	if room := n >> partBits; room >= minPart {
		for i := range t.parts {
			t.parts[i].resize(room*5/4 + 4)
		}
	}
	return t
}

func (p *part) resize(n int) { p.pairs = make([]pair, n) }

func (p pair) place() uint32 { return binary.LittleEndian.Uint32(p.at[:]) }

func pairOf(tag uint8, place uint32) (p pair) {
	p.tag = tag
	binary.LittleEndian.PutUint32(p.at[:], place)
	return p
}

// spot is where an id is looked for.
type spot struct {
	part uint32
	tag  uint8
	at   uint32 // its home, as a fraction of the part
}

// spotOf mixes the id, since those of tests differ in few bits.
func spotOf(id [16]byte) spot {
	h := binary.LittleEndian.Uint64(id[:8]) ^ binary.LittleEndian.Uint64(id[8:])<<1
	h = (h ^ h>>32) * 0x9E3779B97F4A7C15
	h = (h ^ h>>29) * 0xBF58476D1CE4E5B9
	return spot{part: uint32(h >> (64 - partBits)), tag: uint8(h) | 1, at: uint32(h >> 16)}
}

func (p *part) homeOf(s spot) int { return int(uint64(s.at) * uint64(len(p.pairs)) >> 32) }

func (p *part) nextPair(i int) int {
	if i++; i == len(p.pairs) {
		return 0
	}
	return i
}

// findPair returns the pair of an id in its part; if it has none, the unused pair for it.
func (t *table[V]) findPair(id [16]byte) (p *part, i int, ok bool) {
	s := spotOf(id)
	p = &t.parts[s.part]
	if len(p.pairs) == 0 {
		return p, 0, false
	}
	for i = p.homeOf(s); p.pairs[i].tag != 0; i = p.nextPair(i) {
		if p.pairs[i].tag == s.tag && t.entries.at(p.pairs[i].place()).id == id {
			return p, i, true
		}
	}
	return p, i, false
}

// placeOf gives the place of an id.
func (t *table[V]) placeOf(id [16]byte) (place uint32, ok bool) {
	p, i, ok := t.findPair(id)
	if !ok {
		return 0, false
	}
	return p.pairs[i].place(), true
}

// at gives what is at a place.
func (t *table[V]) at(place uint32) *entry[V] { return t.entries.at(place) }

// len is how many ids there are.
func (t *table[V]) len() int { return int(t.entries.n) - len(t.spare) }

// addID returns the place of an id, and adds it with the zero value if it is new.
func (t *table[V]) addID(id [16]byte) uint32 {
	p, i, ok := t.findPair(id)
	if ok {
		return p.pairs[i].place()
	}
	place := t.takePlace()
	t.entries.at(place).id = id
	if (p.used+1)*8 > len(p.pairs)*7 {
		t.growPart(p)
		i = p.freePair(spotOf(id))
	}
	p.pairs[i] = pairOf(spotOf(id).tag, place)
	p.used++
	return place
}

// takePlace returns an unused place.
func (t *table[V]) takePlace() uint32 {
	if last := len(t.spare) - 1; last >= 0 {
		place := t.spare[last]
		t.spare = t.spare[:last]
		return place
	}
	return t.entries.add()
}

// freePair returns the first unused pair from an id's home on.
func (p *part) freePair(s spot) int {
	i := p.homeOf(s)
	for p.pairs[i].tag != 0 {
		i = p.nextPair(i)
	}
	return i
}

func (t *table[V]) growPart(p *part) {
	former := p.pairs
	p.resize(max(minPart, len(p.pairs)*3/2))
	for _, have := range former {
		if have.tag != 0 {
			p.pairs[p.freePair(spotOf(t.entries.at(have.place()).id))] = have
		}
	}
}

// removeID removes an id. Pairs behind it that are not at their home move up.
func (t *table[V]) removeID(id [16]byte) {
	p, gap, ok := t.findPair(id)
	if !ok {
		return
	}
	place := p.pairs[gap].place()
	*t.entries.at(place) = entry[V]{}
	t.spare = append(t.spare, place)
	p.used--
	for i := p.nextPair(gap); p.pairs[i].tag != 0; i = p.nextPair(i) {
		home := p.homeOf(spotOf(t.entries.at(p.pairs[i].place()).id))
		if p.distanceTo(home, i) >= p.distanceTo(gap, i) {
			p.pairs[gap] = p.pairs[i]
			gap = i
		}
	}
	p.pairs[gap] = pair{}
}

// distanceTo is the number of steps from one pair forward to another.
func (p *part) distanceTo(from, to int) int {
	if to < from {
		to += len(p.pairs)
	}
	return to - from
}

// arena is a slice that grows without moving what it holds.
type arena[T any] struct {
	chunks [][]T
	n      uint32
}

const chunkBits = 10

func (a *arena[T]) at(i uint32) *T { return &a.chunks[i>>chunkBits][i&(1<<chunkBits-1)] }

// add gives the place of a new zero value.
func (a *arena[T]) add() uint32 {
	if a.n>>chunkBits == uint32(len(a.chunks)) {
		a.chunks = append(a.chunks, make([]T, 1<<chunkBits))
	}
	a.n++
	return a.n - 1
}
