package fleet

import (
	"cmp"
	"slices"
	"time"

	"badged/sync/wire"
)

// Tap is a card that nobody has and that waits at a door for its code.
type Tap struct {
	Door string
	At   time.Time
}

// WaitingTaps are the cards of the last moments that wait at doors for a code, the newest of
// each door. One that the hub hears of late does not wait any more.
func WaitingTaps(tx Tx, window time.Duration) (taps []Tap, err error) {
	since := tx.Now.Add(-window)
	err = eachRecent(tx, since, func(e Event) error {
		card, ok := idOf(e.Card)
		if !ok || e.Reason != wire.ReasonAwaitCode || e.Received.Before(since) || e.When().After(e.Received.Add(window)) {
			return nil
		}
		t := Tap{cmp.Or(e.Door, e.Point), e.When()}
		if slices.ContainsFunc(taps, func(o Tap) bool { return o.Door == t.Door }) {
			return nil
		}
		waits, err := waitsAtDoor(tx, card, t.Door)
		if waits {
			taps = append(taps, t)
		}
		return err
	})
	return taps, err
}

// waitsAtDoor reports whether a card of a door can still be had by a code.
func waitsAtDoor(tx Tx, card ID, door string) (bool, error) {
	if _, err := tx.Door(door); err != nil {
		return false, orNone(err)
	}
	owned, err := isOwned(tx, card)
	return !owned, err
}
