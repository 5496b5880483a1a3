package fleet

import (
	"errors"
	"math"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// Applied is one step of a terminal: when it said that it has a collection up to a revision.
type Applied struct {
	Terminal   string
	Collection wire.Collection
	Rev        uint64
	At         time.Time
}

// History keeps since when terminals have what.
type History interface {
	PutApplied(Applied) error // what is there already stays
	// AppliedAt is when a terminal first said that it has a revision or a later one; zero: it
	// is not known.
	AppliedAt(terminal string, c wire.Collection, rev uint64) (time.Time, error)
	ForgetApplied(terminal string, c wire.Collection) error
	// DropApplied forgets up to limit steps from before a time, and tells how many.
	DropApplied(before time.Time, limit int) (int, error)
}

// keepApplied is for how long it is known when a terminal got something; whether it has it is
// known for ever.
const keepApplied = 31 * 24 * time.Hour

// watched are the collections of which somebody asks when they arrived: what takes rights and
// names away.
var watched = []wire.Collection{wire.Cards, wire.Accounts}

// noteApplied keeps how far a terminal is from now on. One that is behind what it had begins
// anew.
func noteApplied(tx Tx, before Terminal, vector []wire.CollectionState) error {
	now := Terminal{Vector: vector}
	for _, c := range watched {
		rev, had := now.rev(c), before.rev(c)
		if rev == had {
			continue
		}
		if rev < had {
			if err := tx.ForgetApplied(before.Name, c); err != nil {
				return err
			}
		}
		if err := tx.PutApplied(Applied{before.Name, c, rev, tx.Now}); err != nil {
			return err
		}
	}
	return nil
}

// Spread is how far a change has come among the terminals that copy it.
type Spread struct {
	Terminals, OfTerminals int
	Doors, OfDoors         int       // that those terminals serve
	At                     time.Time // when the last of those that have it said so; zero: not known
	Missing                []string  // terminals that do not have it
}

// IsWhole reports whether all terminals have it.
func (s Spread) IsWhole() bool { return len(s.Missing) == 0 }

// CardSpread tells how far the present state of a card has come; people.ErrNotFound: no
// terminal has to know of it.
func CardSpread(tx Tx, card ID) (Spread, error) { return spreadOf(tx, wire.Cards, card) }

// AccountSpread is CardSpread for an account, also for one that was erased.
func AccountSpread(tx Tx, account ID) (Spread, error) { return spreadOf(tx, wire.Accounts, account) }

func spreadOf(tx Tx, c wire.Collection, id ID) (s Spread, err error) {
	row, err := tx.Row(c, "", id[:])
	if err != nil {
		return s, err
	}
	return s, tx.EachTerminal(func(t Terminal) error {
		if t.Removed() || t.Cert == nil {
			return nil
		}
		at, err := tx.AppliedAt(t.Name, c, row.Rev)
		s.add(t, t.rev(c) >= row.Rev, at)
		return err
	})
}

// add counts a terminal, which has the change or not.
func (s *Spread) add(t Terminal, has bool, at time.Time) {
	s.OfTerminals++
	s.OfDoors += len(t.Doors)
	if !has {
		s.Missing = append(s.Missing, t.Name)
		return
	}
	s.Terminals++
	s.Doors += len(t.Doors)
	if at.After(s.At) {
		s.At = at
	}
}

// CardChanged is when a card was last changed, as the log has it; zero: it is not known.
func CardChanged(tx Tx, card ID) (at time.Time, err error) {
	err = tx.ListAudit(audit.Query{Object: access.ShortCard(card), Action: "card.", Limit: 1}, func(e audit.Entry) error {
		at = e.At
		return nil
	})
	return at, err
}

// AccountErased is when an account was erased, as the log has it; zero: it is not known.
func AccountErased(tx Tx, account ID) (at time.Time, err error) {
	err = tx.ListAudit(audit.Query{Object: people.HexID(account), Action: erasure, Limit: 1}, func(e audit.Entry) error {
		at = e.At
		return nil
	})
	return at, err
}

const erasure = "account.erase"

// PendingErasures counts the latest erasures, at most limit, that some terminal does not have
// yet.
func PendingErasures(tx Tx, limit int) (n int, err error) {
	least := uint64(math.MaxInt64)
	err = tx.EachTerminal(func(t Terminal) error {
		if !t.Removed() && t.Cert != nil {
			least = min(least, t.rev(wire.Accounts))
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	err = tx.ListAudit(audit.Query{Action: erasure, Limit: limit}, func(e audit.Entry) error {
		id, ok := people.ParseID(e.Object)
		if !ok {
			return nil
		}
		row, err := tx.Row(wire.Accounts, "", id[:])
		if errors.Is(err, people.ErrNotFound) {
			return nil
		}
		if row.Rev > least {
			n++
		}
		return err
	})
	return n, err
}
