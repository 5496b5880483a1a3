package uplink

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"time"

	"badged/sync/wire"
)

// maxStages bounds the sets of pages that can be incomplete at one time.
const maxStages = 16

// setID names the set that a page belongs to.
type setID struct {
	collection wire.Collection
	snapshot   bool
	from, to   uint64
	parts      uint64
	hash       [16]byte
}

// set is the pages of one delta or snapshot that have come so far.
type set struct {
	pages map[uint64]wire.Page
	until time.Time // when the rest should have come
}

// staging keeps pages until all of a set are there and fit.
type staging struct {
	sets     map[setID]*set
	revs     map[wire.Collection]wire.CollectionState // what the store has
	moved    map[wire.Collection]bool                 // applied in this connection
	distrust map[wire.Collection]int                  // how often it did not add up since it last did
}

func newStaging() staging {
	return staging{
		sets: map[setID]*set{}, revs: map[wire.Collection]wire.CollectionState{},
		moved: map[wire.Collection]bool{}, distrust: map[wire.Collection]int{},
	}
}

// located takes what the store says about its collections.
func (s *staging) located(v []wire.CollectionState) {
	clear(s.revs)
	for _, c := range v {
		s.revs[c.Collection] = c
	}
}

// vector is what to tell the hub: what the store has, and 0 for what did not add up.
func (s *staging) vector() []wire.CollectionState {
	v := inOrder(s.revs)
	for i, c := range v {
		if s.distrust[c.Collection] > 0 {
			v[i] = wire.CollectionState{Collection: c.Collection}
		}
	}
	return v
}

// add stages a page. Collections that this version does not know are left alone.
func (s *staging) add(now time.Time, p wire.Page) {
	id := setID{p.Collection, p.Snapshot, p.From, p.To, p.Parts, p.Hash}
	if p.Part >= p.Parts || p.Parts > wire.MaxPageParts || !wire.Known(p.Collection) || s.useless(id) {
		return
	}
	st := s.sets[id]
	if st == nil {
		s.makeRoom()
		st = &set{pages: map[uint64]wire.Page{}}
		s.sets[id] = st
	}
	st.pages[p.Part] = p
	st.until = now.Add(pageWait)
}

// makeRoom lets the set go that has waited longest.
func (s *staging) makeRoom() {
	if len(s.sets) < maxStages {
		return
	}
	oldest := slices.MinFunc(slices.Collect(maps.Keys(s.sets)), func(a, b setID) int {
		return s.sets[a].until.Compare(s.sets[b].until)
	})
	delete(s.sets, oldest)
}

// useless reports whether the set cannot lead further. A snapshot may lead back once:
// the hub's word at the beginning of a connection counts more than what the terminal
// has, for the hub may have been restored.
func (s *staging) useless(id setID) bool {
	rev := s.revs[id.collection].Rev
	if s.distrust[id.collection] > 0 {
		return !id.snapshot
	}
	if id.snapshot && !s.moved[id.collection] {
		return false
	}
	return id.to <= rev
}

// ready gives a complete set of the collection that fits on what the store has.
func (s *staging) ready(c wire.Collection) []wire.Page {
	for id, st := range s.sets {
		if id.collection == c && uint64(len(st.pages)) == id.parts && (id.snapshot || id.from <= s.revs[c].Rev) {
			return inOrder(st.pages)
		}
	}
	return nil
}

// applied takes over the set that p is a page of, and lets go what it made useless.
func (s *staging) applied(p wire.Page) {
	c := p.Collection
	s.revs[c] = wire.CollectionState{Collection: c, Rev: p.To, Hash: p.Hash}
	s.moved[c] = true
	delete(s.distrust, c)
	s.prune(c, s.useless)
}

func (s *staging) prune(c wire.Collection, gone func(setID) bool) {
	maps.DeleteFunc(s.sets, func(id setID, _ *set) bool { return id.collection == c && gone(id) })
}

// reject takes note that a set did not add up, and reports how often that was so since
// one last did.
func (s *staging) reject(c wire.Collection) int {
	s.distrust[c]++
	s.prune(c, func(setID) bool { return true })
	return s.distrust[c]
}

// problem names a collection that did not add up as a whole either.
func (s *staging) problem() string {
	for c, times := range s.distrust {
		if times > 1 {
			return "the hub's " + c.String() + " do not add up (see the hub's log)"
		}
	}
	return ""
}

// expire lets go what waited too long for the rest, and reports whether there was such.
func (s *staging) expire(now time.Time) bool {
	before := len(s.sets)
	maps.DeleteFunc(s.sets, func(_ setID, st *set) bool { return due(st.until, now) })
	return len(s.sets) < before
}

func (s *staging) deadline() (d time.Time) {
	for _, st := range s.sets {
		d = soonest(d, st.until)
	}
	return d
}

// Page takes a page of a collection.
func (m *Machine) Page(now time.Time, p wire.Page) []Effect {
	if p.Nonce != m.nonce {
		return nil
	}
	m.stages.add(now, p)
	if !m.reportAt.IsZero() {
		m.reportAt = now.Add(reportAfter)
	}
	m.apply(p.Collection)
	return m.takeEffects()
}

func (m *Machine) apply(c wire.Collection) {
	if pages := m.stages.ready(c); pages != nil {
		m.out = append(m.out, Apply{pages})
	}
}

// Applied answers Apply, with nil or wire.ErrHash. What did not add up is asked for
// again from the beginning, at once and then every minute.
func (m *Machine) Applied(now time.Time, pages []wire.Page, err error) []Effect {
	c := pages[0].Collection
	if !errors.Is(err, wire.ErrHash) {
		m.stages.applied(pages[0])
		m.reportAt = now.Add(reportAfter)
		m.apply(c)
		return m.takeEffects()
	}
	if m.stages.reject(c) > 1 {
		m.greetAt = soonest(m.greetAt, now.Add(hashRetry))
	} else if m.phase != paused {
		m.greetAt = now
	}
	return m.takeEffects()
}

// inOrder is the values of m in the order of their keys. To sort keys rather than
// values is small: the linker keeps one sort for all of them.
func inOrder[K cmp.Ordered, V any](m map[K]V) []V {
	values := make([]V, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		values = append(values, m[k])
	}
	return values
}
