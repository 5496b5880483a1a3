package enroll

import "encoding/binary"

// table finds values by ids that are HMACs or random: any bits of them are as good as a
// hash. It is open addressing in many parts, so that a lock is never held while everything
// moves: a part that is full grows alone, and values stay in their places.
//
// A part is pairs of a tag (some bits of the id; 0: nobody's) and a place. An id is at its
// home or behind it, with nobody's pair in between.
type table[V any] struct {
	parts   []part
	entries arena[entry[V]]
	spare   []uint32 // places of entries that were removed
}

type part struct {
	tags   []uint8
	places []uint32
	used   int
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
	if room := n >> partBits; room > 0 {
		for i := range t.parts {
			t.parts[i].resize(room*3/2 + minPart)
		}
	}
	return t
}

func (p *part) resize(n int) {
	p.tags, p.places = make([]uint8, n), make([]uint32, n)
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

func (p *part) home(s spot) int { return int(uint64(s.at) * uint64(len(p.tags)) >> 32) }

func (p *part) next(i int) int {
	if i++; i == len(p.tags) {
		return 0
	}
	return i
}

// find gives the pair of an id in its part.
func (t *table[V]) find(id [16]byte) (p *part, pair int, ok bool) {
	s := spotOf(id)
	p = &t.parts[s.part]
	if len(p.tags) == 0 {
		return p, 0, false
	}
	for pair = p.home(s); p.tags[pair] != 0; pair = p.next(pair) {
		if p.tags[pair] == s.tag && t.entries.at(p.places[pair]).id == id {
			return p, pair, true
		}
	}
	return p, pair, false
}

// place gives the place of an id.
func (t *table[V]) place(id [16]byte) (place uint32, ok bool) {
	p, pair, ok := t.find(id)
	if !ok {
		return 0, false
	}
	return p.places[pair], true
}

// at gives what is at a place.
func (t *table[V]) at(place uint32) *entry[V] { return t.entries.at(place) }

// len is how many ids there are.
func (t *table[V]) len() int { return int(t.entries.n) - len(t.spare) }

// add gives the place of an id, a new one with the zero value if need be.
func (t *table[V]) add(id [16]byte) uint32 {
	p, pair, ok := t.find(id)
	if ok {
		return p.places[pair]
	}
	place := t.take()
	t.entries.at(place).id = id
	if (p.used+1)*5 > len(p.tags)*4 {
		t.grow(p)
		pair = p.free(spotOf(id))
	}
	p.set(pair, spotOf(id).tag, place)
	p.used++
	return place
}

// take gives a place that nobody has.
func (t *table[V]) take() uint32 {
	if last := len(t.spare) - 1; last >= 0 {
		place := t.spare[last]
		t.spare = t.spare[:last]
		return place
	}
	return t.entries.add()
}

func (p *part) set(pair int, tag uint8, place uint32) { p.tags[pair], p.places[pair] = tag, place }

// free gives the first pair from an id's home on that is nobody's.
func (p *part) free(s spot) int {
	pair := p.home(s)
	for p.tags[pair] != 0 {
		pair = p.next(pair)
	}
	return pair
}

func (t *table[V]) grow(p *part) {
	former := *p
	p.resize(max(minPart, len(p.tags)*3/2))
	for i, tag := range former.tags {
		if tag != 0 {
			place := former.places[i]
			p.set(p.free(spotOf(t.entries.at(place).id)), tag, place)
		}
	}
}

// remove takes an id away. Pairs behind it that are not at home move up.
func (t *table[V]) remove(id [16]byte) {
	p, gap, ok := t.find(id)
	if !ok {
		return
	}
	place := p.places[gap]
	*t.entries.at(place) = entry[V]{}
	t.spare = append(t.spare, place)
	p.used--
	for i := p.next(gap); p.tags[i] != 0; i = p.next(i) {
		home := p.home(spotOf(t.entries.at(p.places[i]).id))
		if p.distance(home, i) >= p.distance(gap, i) {
			p.set(gap, p.tags[i], p.places[i])
			gap = i
		}
	}
	p.set(gap, 0, 0)
}

// distance is how far it is from one pair to another, onwards.
func (p *part) distance(from, to int) int {
	if to < from {
		to += len(p.tags)
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
