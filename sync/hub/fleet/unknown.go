package fleet

import (
	"slices"
	"strings"
	"time"

	"badged/sync/hub/people"
	"badged/sync/wire"
)

// UnknownCard is a card that nobody has, or only an anonymous account, as terminals saw it.
type UnknownCard struct {
	Card     ID
	Terminal string // of the last time
	Point    string
	Reason   wire.Reason
	At       time.Time
	Times    int
}

// The bounds of a search for unknown cards.
const (
	mostUnknown       = 500
	mostUnknownLooked = 200000 // events
)

// unknownReasons are those of events about cards that nobody had then.
var unknownReasons = []wire.Reason{
	wire.ReasonUnknownCard, wire.ReasonNewAccount, wire.ReasonBindOffered, wire.ReasonRouteOff, wire.ReasonQuotaReached,
	wire.ReasonAccountsClosed, wire.ReasonAwaitCode, wire.ReasonAwaitSameCard,
}

// UnknownCards are the cards that terminals saw since a time and that nobody has yet, the
// last seen first, at most 500.
func UnknownCards(tx Tx, since time.Time) ([]UnknownCard, error) {
	found := make(map[ID]*UnknownCard)
	var order []ID
	err := eachRecent(tx, since, func(e Event) error {
		card, ok := idOf(e.Card)
		if !ok || !slices.Contains(unknownReasons, e.Reason) {
			return nil
		}
		if u := found[card]; u != nil {
			u.Times++
			return nil
		}
		if len(order) == mostUnknown {
			return errEnough
		}
		found[card] = &UnknownCard{card, e.Terminal, e.Point, e.Reason, e.When(), 1}
		order = append(order, card)
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []UnknownCard
	for _, card := range order {
		owned, err := isOwned(tx, card)
		if err != nil {
			return nil, err
		}
		if !owned {
			out = append(out, *found[card])
		}
	}
	return out, nil
}

// FindUnknownCard finds a card that terminals saw in the last month by the first hex digits
// of its id. people.ErrNotFound: none, or several begin so.
func FindUnknownCard(tx Tx, prefix string) (UnknownCard, error) {
	all, err := UnknownCards(tx, tx.Now.AddDate(0, -1, 0))
	if err != nil {
		return UnknownCard{}, err
	}
	all = slices.DeleteFunc(all, func(u UnknownCard) bool { return !strings.HasPrefix(people.HexID(u.Card), prefix) })
	if len(all) != 1 || prefix == "" {
		return UnknownCard{}, people.ErrNotFound
	}
	return all[0], nil
}

// eachRecent passes the readable events that happened since a time, newest first, until fn
// gives errEnough or very many were looked at.
func eachRecent(tx Tx, since time.Time, fn func(Event) error) error {
	oldest, err := tx.FirstEventAt(since)
	if err != nil || oldest == 0 {
		return err
	}
	_, err = eachBelow(tx, 0, oldest, mostUnknownLooked, func(e Event) error {
		if !e.Readable || e.When().Before(since) {
			return nil
		}
		return fn(e)
	})
	return err
}

// isOwned reports whether a card is a person's, or was and is dead.
func isOwned(tx Tx, card ID) (bool, error) {
	c, err := tx.Card(card)
	if err != nil {
		return false, orNone(err)
	}
	a, err := tx.Account(c.Account)
	if err != nil {
		return false, orNone(err)
	}
	return c.State.Dead() || a.Kind != people.Anonymous, nil
}
