package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"badged/sync/hub"
)

// AssignNumber implements hub.Numbers.
func (x *tx) AssignNumber(n uint64, account hub.ID) (owner hub.ID, err error) {
	if _, err := x.exec(`INSERT INTO number VALUES (?, ?) ON CONFLICT DO NOTHING`, n, account[:]); err != nil {
		return owner, err
	}
	return owner, x.one(`SELECT account FROM number WHERE n = ?`, []any{n}, idInto{&owner})
}

// LastNumber implements hub.Numbers. It reads the whole table, once for a person who is
// brought back.
func (x *tx) LastNumber(account hub.ID) (n uint64, err error) {
	return n, x.one(`SELECT coalesce(max(n), 0) FROM number WHERE account = ?`, []any{account[:]}, &n)
}

const blockColumns = `SELECT first, last, scope, used, granted, spent FROM block `

func readBlock(scan func(...any) error) (b hub.Block, err error) {
	return b, scan(&b.First, &b.Last, &b.Scope, &b.Used, timeInto{&b.Granted}, &b.Spent)
}

// Blocks implements hub.Numbers.
func (x *tx) Blocks(scope string) (blocks []hub.Block, err error) {
	err = collect(x, blockColumns+`WHERE scope = ?1 AND (spent = 0 OR first =
			(SELECT max(first) FROM block WHERE scope = ?1 AND spent = 1)) ORDER BY first`,
		[]any{scope}, readBlock, func(b hub.Block) error {
			blocks = append(blocks, b)
			return nil
		})
	return blocks, err
}

// BlockOf implements hub.Numbers.
func (x *tx) BlockOf(n uint64) (b hub.Block, err error) {
	err = collect(x, blockColumns+`WHERE first <= ? ORDER BY first DESC LIMIT 1`, []any{n}, readBlock,
		func(v hub.Block) error {
			b = v
			return nil
		})
	if err == nil && (b.Last == 0 || n > b.Last) {
		err = hub.ErrNotFound
	}
	return b, err
}

// PutBlock implements hub.Numbers.
func (x *tx) PutBlock(b hub.Block) error {
	_, err := x.exec(`INSERT INTO block VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET used = excluded.used, spent = excluded.spent`,
		b.First, b.Last, b.Scope, b.Used, millis(b.Granted), b.Spent)
	return err
}

// Counter implements hub.Ledger.
func (x *tx) Counter(name string) (v uint64, err error) {
	err = x.one(`SELECT value FROM counter WHERE name = ?`, []any{name}, &v)
	if errors.Is(err, hub.ErrNotFound) {
		return 0, nil
	}
	return v, err
}

// SetCounter implements hub.Ledger.
func (x *tx) SetCounter(name string, v uint64) error {
	_, err := x.exec(`INSERT INTO counter VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value`, name, v)
	return err
}

const claimColumns = `SELECT id, account, mac, doors, issued, ends, state, over, card FROM claim `

func readClaim(scan func(...any) error) (c hub.ClaimRecord, err error) {
	var doors string
	err = scan(idInto{&c.ID}, idInto{&c.Account}, idInto{&c.MAC}, &doors, timeInto{&c.Issued},
		timeInto{&c.Ends}, &c.State, timeInto{&c.Over}, idInto{&c.Card})
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal([]byte(doors), &c.Doors)
}

// Claim implements hub.Ledger.
func (x *tx) Claim(id hub.ID) (c hub.ClaimRecord, err error) {
	found := false
	err = collect(x, claimColumns+`WHERE id = ?`, []any{id[:]}, readClaim, func(v hub.ClaimRecord) error {
		c, found = v, true
		return nil
	})
	if err == nil && !found {
		err = hub.ErrNotFound
	}
	return c, err
}

// PutClaim implements hub.Ledger.
func (x *tx) PutClaim(c hub.ClaimRecord) error {
	doors, err := json.Marshal(c.Doors)
	if err != nil {
		return fmt.Errorf("write a claim: %w", err)
	}
	_, err = x.exec(`INSERT INTO claim VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET state = excluded.state, over = excluded.over, card = excluded.card`,
		c.ID[:], c.Account[:], c.MAC[:], string(doors), millis(c.Issued), millis(c.Ends), c.State, millis(c.Over), c.Card[:])
	return err
}

// EachClaim implements hub.Ledger.
func (x *tx) EachClaim(t time.Time, fn func(hub.ClaimRecord) error) error {
	return collect(x, claimColumns+`WHERE ends >= ? ORDER BY issued DESC, id`, []any{millis(t)}, readClaim, fn)
}
