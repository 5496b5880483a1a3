package store

import (
	"errors"

	"badged/sync/hub/people"
)

// Counter implements access.Store.
func (x *tx) Counter(name string) (v uint64, err error) {
	err = x.one(`SELECT value FROM counter WHERE name = ?`, []any{name}, &v)
	if errors.Is(err, people.ErrNotFound) {
		return 0, nil
	}
	return v, err
}

// SetCounter implements access.Store.
func (x *tx) SetCounter(name string, v uint64) error {
	_, err := x.exec(`INSERT INTO counter (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, v)
	return err
}

// Values implements access.Store. A transaction reads them once.
func (x *tx) Values() (map[string]string, error) {
	if x.values != nil {
		return x.values, nil
	}
	values := make(map[string]string)
	err := x.all(`SELECT name, value FROM setting`, nil, func(scan scan) error {
		var name, value string
		err := scan(&name, &value)
		values[name] = value
		return err
	})
	if err != nil {
		return nil, err
	}
	x.values = values
	return values, nil
}

// PutSetting implements access.Store.
func (x *tx) PutSetting(name, value string) error {
	_, err := x.exec(`INSERT INTO setting (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	x.values = nil
	x.changes.Settings = true
	x.topics[MailsWait] = true // how they go out may have changed
	return err
}
