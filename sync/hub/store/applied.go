package store

import (
	"errors"
	"time"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// PutApplied implements fleet.History.
func (x *tx) PutApplied(a fleet.Applied) error {
	_, err := x.exec(`INSERT INTO applied (terminal, collection, rev, at) VALUES (?, ?, ?, ?) ON CONFLICT (terminal, collection, rev) DO NOTHING`,
		a.Terminal, uint64(a.Collection), a.Rev, millis(a.At))
	return err
}

// AppliedAt implements fleet.History.
func (x *tx) AppliedAt(terminal string, c wire.Collection, rev uint64) (at time.Time, err error) {
	err = x.one(`SELECT at FROM applied WHERE terminal = ? AND collection = ? AND rev >= ? ORDER BY rev LIMIT 1`,
		[]any{terminal, uint64(c), rev}, timeInto{&at})
	if errors.Is(err, people.ErrNotFound) {
		return time.Time{}, nil
	}
	return at, err
}

// ForgetApplied implements fleet.History.
func (x *tx) ForgetApplied(terminal string, c wire.Collection) error {
	_, err := x.exec(`DELETE FROM applied WHERE terminal = ? AND collection = ?`, terminal, uint64(c))
	return err
}

// DropApplied implements fleet.History.
func (x *tx) DropApplied(before time.Time, limit int) (int, error) {
	n, err := x.exec(`DELETE FROM applied WHERE (terminal, collection, rev) IN
		(SELECT terminal, collection, rev FROM applied WHERE at < ? ORDER BY at LIMIT ?)`, millis(before), limit)
	return int(n), err
}
