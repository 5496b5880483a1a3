package enroll

import (
	"encoding/binary"
	"iter"
)

// GroupSet is the groups of an account, packed so that sets can be compared and very many
// accounts can share one. Empty: no group.
type GroupSet string

// NewGroupSet packs the numbers of groups.
func NewGroupSet(groups []uint64) GroupSet {
	var room [32]byte // most sets are small
	b := room[:0]
	for _, g := range groups {
		b = binary.AppendUvarint(b, g)
	}
	return GroupSet(b)
}

// All gives the numbers of the groups.
func (s GroupSet) All() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		var group uint64
		shift := 0
		for i := range len(s) {
			group |= uint64(s[i]&0x7f) << shift
			if shift += 7; s[i] >= 0x80 {
				continue
			}
			if !yield(group) {
				return
			}
			group, shift = 0, 0
		}
	}
}

// groupSets holds each set of groups that accounts have once: thousands of people share a few
// sets. It removes a set with the last account that has it.
type groupSets struct {
	places map[GroupSet]uint32
	sets   []heldSet // the first is no group
	spare  []uint32  // places of sets that have gone
}

type heldSet struct {
	set  GroupSet
	held uint32 // by so many accounts
}

func newGroupSets() groupSets {
	return groupSets{places: make(map[GroupSet]uint32), sets: make([]heldSet, 1)}
}

func (g *groupSets) at(place uint32) GroupSet { return g.sets[place].set }

// addUser gives the place of a set for one more account that uses it.
func (g *groupSets) addUser(s GroupSet) uint32 {
	if s == "" {
		return 0
	}
	place, ok := g.places[s]
	if !ok {
		place = g.addSet(s)
	}
	g.sets[place].held++
	return place
}

func (g *groupSets) addSet(s GroupSet) (place uint32) {
	if last := len(g.spare) - 1; last >= 0 {
		place, g.spare = g.spare[last], g.spare[:last]
		g.sets[place] = heldSet{set: s}
	} else {
		place = uint32(len(g.sets))
		g.sets = append(g.sets, heldSet{set: s})
	}
	g.places[s] = place
	return place
}

// removeUser removes an account from the users of a set, and the set with its last user.
func (g *groupSets) removeUser(place uint32) {
	if place == 0 {
		return
	}
	held := &g.sets[place]
	if held.held--; held.held == 0 {
		delete(g.places, held.set)
		*held = heldSet{}
		g.spare = append(g.spare, place)
	}
}
