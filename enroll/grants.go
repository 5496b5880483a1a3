package enroll

import (
	"math"
	"slices"
	"time"
)

// grantLists holds the grants of all accounts and groups in linked lists. The first of an
// account is in its slot.
type grantLists struct {
	slots     arena[grantSlot]   // the first is nobody's, so that 0 ends a list
	spare     uint32             // list of unused slots
	groups    map[uint64]*uint32 // first of a group's list
	doors     []string           // names of doors, by the number that grants use
	schedules []uint64           // schedules, by the number that grants use; the first is none
}

type grantSlot struct {
	id       GrantID
	from, to uint32
	next     uint32
	door     uint16
	when     uint16 // number of a schedule, and denies
}

// denies is the bit of grantSlot.when for a grant that denies. noSchedule is the number of a
// schedule for which there is no room: it counts as missing.
const (
	denies     = 1 << 15
	noSchedule = denies - 1
)

func newGrantLists() grantLists {
	g := grantLists{groups: make(map[uint64]*uint32), doors: []string{""}, schedules: []uint64{0}}
	g.slots.add()
	return g
}

// grantsOf returns the grants of an account and of its groups at a door; none without a door.
func (ix *Index) grantsOf(a *entry[accountSlot], door string) (out []Grant) {
	if door == "" {
		return nil
	}
	out = ix.grants.appendAt(out, a.value.grants, door, Grant{Account: a.id})
	for group := range ix.groups.at(a.value.marks.groups()).All() {
		if first := ix.grants.groups[group]; first != nil {
			out = ix.grants.appendAt(out, *first, door, Grant{Group: group})
		}
	}
	return out
}

// GroupGrants gives the grants of a group at a door.
func (ix *Index) GroupGrants(group uint64, door string) []Grant {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if first := ix.grants.groups[group]; first != nil {
		return ix.grants.appendAt(nil, *first, door, Grant{Group: group})
	}
	return nil
}

// appendAt appends those grants of a list that are for a door. whose has the account or the
// group.
func (l *grantLists) appendAt(out []Grant, first uint32, door string, whose Grant) []Grant {
	var s *grantSlot
	for i := first; i != 0; i = s.next {
		if s = l.slots.at(i); l.doors[s.door] != door {
			continue
		}
		g := whose
		g.ID, g.Door, g.From, g.To, g.Deny = s.id, door, fromUnix(s.from), fromUnix(s.to), s.when&denies != 0
		g.Schedule = l.scheduleOf(s.when &^ denies)
		out = append(out, g)
	}
	return out
}

// hasAllowing reports whether a list has a grant that lets somebody in.
func (l *grantLists) hasAllowing(first uint32) bool {
	for i := first; i != 0; {
		s := l.slots.at(i)
		if s.when&denies == 0 {
			return true
		}
		i = s.next
	}
	return false
}

func (g Grant) apply(ix *Index) {
	first := ix.firstGrant(g.Account, g.Group)
	ix.grants.removeGrant(first, g.ID)
	if g.NotUnderstood {
		if !g.Deny {
			return
		}
		g.From, g.To, g.Schedule = time.Time{}, time.Time{}, 0
	}
	i := ix.grants.takeSlot()
	when := ix.grants.scheduleNumber(g.Schedule)
	if g.Deny {
		when |= denies
	}
	*ix.grants.slots.at(i) = grantSlot{
		id: g.ID, from: toUnix(g.From), to: toUnix(g.To), door: ix.grants.doorNumber(g.Door), when: when, next: *first,
	}
	*first = i
}

func (g GoneGrant) apply(ix *Index) {
	if g.Group != 0 {
		ix.grants.removeGrant(ix.firstGrant(AccountID{}, g.Group), g.ID)
	} else if place, ok := ix.accounts.placeOf(g.Account); ok {
		ix.grants.removeGrant(&ix.accounts.at(place).value.grants, g.ID)
	}
}

// firstGrant returns the head of the list of a group, or, if that is 0, of an account.
func (ix *Index) firstGrant(account AccountID, group uint64) *uint32 {
	if group == 0 {
		return &ix.accounts.at(ix.accounts.addID(account)).value.grants
	}
	first := ix.grants.groups[group]
	if first == nil {
		first = new(uint32)
		ix.grants.groups[group] = first
	}
	return first
}

// takeSlot gives a slot that is in no list.
func (l *grantLists) takeSlot() uint32 {
	i := l.spare
	if i == 0 {
		return l.slots.add()
	}
	l.spare = l.slots.at(i).next
	return i
}

// removeGrant removes a grant from a list, if it is in it.
func (l *grantLists) removeGrant(at *uint32, id GrantID) {
	for ; *at != 0; at = &l.slots.at(*at).next {
		if i := *at; l.slots.at(i).id == id {
			*at = l.slots.at(i).next
			*l.slots.at(i) = grantSlot{next: l.spare}
			l.spare = i
			return
		}
	}
}

// doorNumber returns the number of a door's name, and adds a new name. Names are few and are
// never removed. Number 0 is no door: a grant beyond the 65,535th name opens nothing.
func (l *grantLists) doorNumber(id string) uint16 {
	if n := slices.Index(l.doors, id); n >= 0 {
		return uint16(n)
	}
	if len(l.doors) > math.MaxUint16 {
		return 0
	}
	l.doors = append(l.doors, id)
	return uint16(len(l.doors) - 1)
}

// scheduleNumber is the number of a schedule; they are few and stay.
func (l *grantLists) scheduleNumber(id uint64) uint16 {
	if n := slices.Index(l.schedules, id); n >= 0 {
		return uint16(n)
	}
	if len(l.schedules) >= noSchedule {
		return noSchedule
	}
	l.schedules = append(l.schedules, id)
	return uint16(len(l.schedules) - 1)
}

// scheduleOf is the schedule of a number.
func (l *grantLists) scheduleOf(n uint16) uint64 {
	if n == noSchedule {
		return math.MaxUint64 // the hub counts them from 1
	}
	return l.schedules[n]
}
