package enroll

import (
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"
)

// A table holds what a map holds, also where ids meet in one part, parts grow, and ids in
// the middle of a row of them are taken away.
func TestTableAgreesWithAMap(t *testing.T) {
	crowded := idsOfOnePart(t, 60)
	rapid.Check(t, func(t *rapid.T) {
		tab, want := newTable[int](0), map[[16]byte]int{}
		for n := range rapid.IntRange(0, 300).Draw(t, "steps") {
			id := rapid.SampledFrom(crowded).Draw(t, "id")
			if rapid.IntRange(0, 2).Draw(t, "step") > 0 {
				tab.at(tab.addID(id)).value, want[id] = n, n
			} else {
				tab.removeID(id)
				delete(want, id)
			}
		}
		if tab.len() != len(want) {
			t.Fatalf("%d ids, want %d", tab.len(), len(want))
		}
		for _, id := range crowded {
			n, there := want[id]
			place, ok := tab.placeOf(id)
			if ok != there || ok && tab.at(place).value != n {
				t.Fatalf("id %x: found %v, want %v", id, ok, there)
			}
		}
	})
}

// idsOfOnePart gives ids that all fall into the same part, some of them with one tag.
func idsOfOnePart(t *testing.T, n int) (ids [][16]byte) {
	t.Helper()
	for i := uint64(0); len(ids) < n; i++ {
		var id [16]byte
		binary.BigEndian.PutUint64(id[:], i)
		if spotOf(id).part == 7 {
			ids = append(ids, id)
		}
	}
	return ids
}

// A table keeps all, whether it was made for what comes or grows.
func TestTableHoldsMany(t *testing.T) {
	for _, expected := range []int{0, 100_000} {
		tab := newTable[uint32](expected)
		for i := range uint64(100_000) {
			place := tab.addID(idOf(i))
			tab.at(place).value = uint32(i)
		}
		for i := range uint64(100_000) {
			place, ok := tab.placeOf(idOf(i))
			if !ok || tab.at(place).value != uint32(i) {
				t.Fatalf("id %d: found %v", i, ok)
			}
		}
		if _, ok := tab.placeOf(idOf(100_000)); ok || tab.len() != 100_000 {
			t.Errorf("%d ids, and one that was not put: %v", tab.len(), ok)
		}
		room := 0
		for _, p := range tab.parts {
			room += len(p.pairs)
		}
		if expected > 0 && room > 150_000 {
			t.Errorf("room for %d ids", room)
		}
	}
}

func idOf(i uint64) (id [16]byte) {
	binary.BigEndian.PutUint64(id[8:], i)
	return id
}

// The places of ids that were removed are given again: cards that come and go do not fill
// the memory.
func TestTableGivesPlacesAgain(t *testing.T) {
	tab := newTable[int](0)
	for i := range uint64(10_000) {
		tab.at(tab.addID(idOf(i))).value = 1
		if place := tab.addID(idOf(i + 1)); tab.at(place).value != 0 {
			t.Fatalf("id %d began with another's value", i+1)
		}
		tab.removeID(idOf(i))
	}
	if tab.entries.n > 2 || tab.len() != 1 {
		t.Errorf("%d places for %d ids", tab.entries.n, tab.len())
	}
}
