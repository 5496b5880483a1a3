package store

import (
	"errors"

	"badged/sync/hub/people"
)

// AssignNumber implements people.Numbers. goes_to is zero for an account that was purged.
func (x *tx) AssignNumber(n uint64, account people.ID) (owner people.ID, err error) {
	_, err = x.exec(`INSERT INTO number (n, account, goes_to) VALUES (?, ?, ?) ON CONFLICT (n) DO UPDATE
		SET goes_to = excluded.goes_to WHERE number.account = excluded.account AND number.goes_to = ?`,
		n, account[:], account[:], make([]byte, 16))
	if err != nil {
		return owner, err
	}
	return owner, x.one(`SELECT account FROM number WHERE n = ?`, []any{n}, idInto{&owner})
}

// MoveNumbers implements people.Numbers.
func (x *tx) MoveNumbers(from, into people.ID) error {
	_, err := x.exec(`UPDATE number SET goes_to = ? WHERE goes_to = ?`, into[:], from[:])
	return err
}

// LastNumber implements people.Numbers.
func (x *tx) LastNumber(account people.ID) (n uint64, err error) {
	return n, x.one(`SELECT coalesce(max(n), 0) FROM number WHERE account = ?`, []any{account[:]}, &n)
}

// numbersCounter counts the numbers that were given out, to accounts or in blocks.
const numbersCounter = "numbers"

// TakeNumbers implements people.Numbers.
func (x *tx) TakeNumbers(n uint64) (first uint64, err error) {
	var last uint64
	err = x.one(`SELECT value FROM counter WHERE name = ?`, []any{numbersCounter}, &last)
	if err != nil && !errors.Is(err, people.ErrNotFound) {
		return 0, err
	}
	_, err = x.exec(`INSERT INTO counter (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
		numbersCounter, last+n)
	return last + 1, err
}
