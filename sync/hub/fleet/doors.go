package fleet

import (
	"slices"
	"time"

	"badged/internal/passage"
)

// Away are the doors of terminals that are not connected.
func (h *Hub) Away(tx Tx) (doors []string, err error) {
	err = tx.EachTerminal(func(t Terminal) error {
		if h.connected(t.Name).IsZero() {
			doors = append(doors, t.Doors...)
		}
		return nil
	})
	return doors, err
}

// Keeper is the terminal that decides at a door.
type Keeper struct {
	Terminal string // empty: none has said that it serves the door
	Heard    time.Time
	Away     bool
}

// Keeper gives the terminal that decides at a door: of several, the one that was away for
// longest.
func (h *Hub) Keeper(tx Tx, door string) (k Keeper, err error) {
	err = tx.EachTerminal(func(t Terminal) error {
		if t.Removed() || !slices.Contains(t.Doors, door) {
			return nil
		}
		next := Keeper{Terminal: t.Name, Heard: t.LastSeen, Away: h.connected(t.Name).IsZero()}
		if k.Terminal == "" || next.Away && (!k.Away || next.Heard.Before(k.Heard)) {
			k = next
		}
		return nil
	})
	return k, err
}

// Moment is a moment at the door as its terminal will know it: one that is connected stays
// so until then, one that is away stays away.
func (k Keeper) Moment(at time.Time, known bool) passage.Moment {
	m := passage.Moment{At: at, Known: known, Heard: at}
	if k.Away {
		m.Heard = k.Heard
	}
	if !known {
		m.Floor = m.Heard // it knew the time then
	}
	return m
}
