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

// staging keeps pages until a set is complete and fits the stored revision.
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

// setVector replaces the known states of the store's collections.
func (s *staging) setVector(v []wire.CollectionState) {
	clear(s.revs)
	for _, c := range v {
		s.revs[c.Collection] = c
	}
}

// vector is what a hello reports: the state of each stored collection, and revision 0 for
// those whose hash did not match.
func (s *staging) vector() []wire.CollectionState {
	v := inOrder(s.revs)
	for i, c := range v {
		if s.distrust[c.Collection] > 0 {
			v[i] = wire.CollectionState{Collection: c.Collection}
		}
	}
	return v
}

// addPage stages a page. It ignores collections that this version does not know.
func (s *staging) addPage(now time.Time, p wire.Page) {
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

// makeRoom drops the set that has waited longest if there are too many.
func (s *staging) makeRoom() {
	if len(s.sets) < maxStages {
		return
	}
	oldest := slices.MinFunc(slices.Collect(maps.Keys(s.sets)), func(a, b setID) int {
		return s.sets[a].until.Compare(s.sets[b].until)
	})
	delete(s.sets, oldest)
}

// useless reports whether applying the set would bring nothing new. The first snapshot of a
// connection may lead back to a lower revision: the hub may have been restored, and what it
// has then counts more than the terminal's copy.
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

// completeSet returns the pages of a complete set that applies to the stored revision; nil: there
// is none.
func (s *staging) completeSet(c wire.Collection) []wire.Page {
	for id, st := range s.sets {
		if id.collection == c && uint64(len(st.pages)) == id.parts && (id.snapshot || id.from <= s.revs[c].Rev) {
			return inOrder(st.pages)
		}
	}
	return nil
}

// markApplied records that the set of page p was applied, and drops the sets that are useless now.
func (s *staging) markApplied(p wire.Page) {
	c := p.Collection
	s.revs[c] = wire.CollectionState{Collection: c, Rev: p.To, Hash: p.Hash}
	s.moved[c] = true
	delete(s.distrust, c)
	s.dropSets(c, s.useless)
}

func (s *staging) dropSets(c wire.Collection, gone func(setID) bool) {
	maps.DeleteFunc(s.sets, func(id setID, _ *set) bool { return id.collection == c && gone(id) })
}

// rejectSet records that a set did not match its hash and drops the sets of the collection. It
// returns how often that happened since a set last matched.
func (s *staging) rejectSet(c wire.Collection) int {
	s.distrust[c]++
	s.dropSets(c, func(setID) bool { return true })
	return s.distrust[c]
}

// problem names a collection whose whole snapshot did not match its hash either; empty: none.
func (s *staging) problem() string {
	for c, times := range s.distrust {
		if times > 1 {
			return "the hub's " + c.String() + " do not add up (see the hub's log)"
		}
	}
	return ""
}

// dropExpired drops the sets whose missing pages are overdue, and reports whether there were any.
func (s *staging) dropExpired(now time.Time) bool {
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

// Page is the input for a page of a collection.
func (m *Machine) Page(now time.Time, p wire.Page) []Effect {
	if p.Nonce != m.nonce {
		return nil
	}
	m.stages.addPage(now, p)
	if !m.reportAt.IsZero() {
		m.reportAt = now.Add(reportAfter)
	}
	m.applyReady(p.Collection)
	return m.takeEffects()
}

func (m *Machine) applyReady(c wire.Collection) {
	if pages := m.stages.completeSet(c); pages != nil {
		m.out = append(m.out, Apply{pages})
	}
}

// Applied is the input after Apply, with nil or wire.ErrHash. After wire.ErrHash the machine
// asks for the whole collection, at once and then every minute.
func (m *Machine) Applied(now time.Time, pages []wire.Page, err error) []Effect {
	c := pages[0].Collection
	if !errors.Is(err, wire.ErrHash) {
		m.stages.markApplied(pages[0])
		m.reportAt = now.Add(reportAfter)
		m.applyReady(c)
		return m.takeEffects()
	}
	if m.stages.rejectSet(c) > 1 {
		m.greetAt = soonest(m.greetAt, now.Add(hashRetry))
	} else if m.phase != paused {
		m.greetAt = now
	}
	return m.takeEffects()
}

// inOrder returns the values of m in the order of their keys. It sorts keys rather than
// values because that keeps the program small: all callers share one compiled sort.
func inOrder[K cmp.Ordered, V any](m map[K]V) []V {
	values := make([]V, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		values = append(values, m[k])
	}
	return values
}
