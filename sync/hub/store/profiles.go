package store

import (
	"encoding/json"
	"errors"
	"fmt"

	"badged/sync/hub/people"
)

// mostEdits is how many versions of a profile are kept.
const mostEdits = 100

// AddEdit implements people.Profiles. Of too many versions the oldest are forgotten.
func (x *tx) AddEdit(e people.Edit) error {
	before, err1 := json.Marshal(e.Before)
	after, err2 := json.Marshal(e.After)
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("write an edit: %w", err)
	}
	_, err := x.exec(`INSERT INTO edit (account, terminal, ord, at, before, after, waits) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		e.Account[:], e.Terminal, int64(e.Order), millis(e.At), string(before), string(after), flag(e.Waits))
	if err != nil {
		return err
	}
	_, err = x.exec(`DELETE FROM edit WHERE account = ? AND id <=
		(SELECT id FROM edit WHERE account = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`, e.Account[:], e.Account[:], mostEdits)
	return err
}

// Edits implements people.Profiles.
func (x *tx) Edits(account people.ID) ([]people.Edit, error) {
	query := `SELECT terminal, ord, at, before, after, waits FROM edit WHERE account = ? ORDER BY id`
	return list(x, query, []any{account[:]}, func(scan scan) (e people.Edit, err error) {
		var before, after string
		e.Account = account
		if err := scan(&e.Terminal, orderInto{&e.Order}, timeInto{&e.At}, &before, &after, flagInto{&e.Waits}); err != nil {
			return e, err
		}
		return e, errors.Join(json.Unmarshal([]byte(before), &e.Before), json.Unmarshal([]byte(after), &e.After))
	})
}

// SettleEdits implements people.Profiles.
func (x *tx) SettleEdits(account people.ID) error {
	_, err := x.exec(`UPDATE edit SET waits = 0 WHERE account = ? AND waits = 1`, account[:])
	return err
}

// DropEdits implements people.Profiles.
func (x *tx) DropEdits(account people.ID) error {
	_, err := x.exec(`DELETE FROM edit WHERE account = ?`, account[:])
	return err
}

// PutMergeRequest implements people.Profiles.
func (x *tx) PutMergeRequest(r people.MergeRequest) error {
	_, err := x.exec(`INSERT INTO merge_request (account, into_id, terminal, at) VALUES (?, ?, ?, ?)
		ON CONFLICT (account, into_id) DO UPDATE SET terminal = excluded.terminal, at = excluded.at`,
		r.Account[:], r.Into[:], r.Terminal, millis(r.At))
	return err
}

// MergeRequests implements people.Profiles.
func (x *tx) MergeRequests(into people.ID) ([]people.MergeRequest, error) {
	query, args := `SELECT account, into_id, terminal, at FROM merge_request ORDER BY at, account, into_id LIMIT 1000`, []any(nil)
	if into != (people.ID{}) {
		query = `SELECT account, into_id, terminal, at FROM merge_request WHERE into_id = ? ORDER BY at, account LIMIT 1000`
		args = []any{into[:]}
	}
	return list(x, query, args, func(scan scan) (r people.MergeRequest, err error) {
		return r, scan(idInto{&r.Account}, idInto{&r.Into}, &r.Terminal, timeInto{&r.At})
	})
}

// DropMergeRequests implements people.Profiles.
func (x *tx) DropMergeRequests(account people.ID) error {
	_, err := x.exec(`DELETE FROM merge_request WHERE account = ?`, account[:])
	return err
}
