package store

import (
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
)

const blockColumns = `SELECT first, last, scope, used, granted, spent FROM block `

func readBlock(scan scan) (b fleet.Block, err error) {
	return b, scan(&b.First, &b.Last, &b.Scope, &b.Used, timeInto{&b.Granted}, flagInto{&b.Spent})
}

// Blocks implements fleet.Leases.
func (x *tx) Blocks(scope string) (blocks []fleet.Block, err error) {
	return list(x, blockColumns+`WHERE scope = ? AND (spent = 0 OR first =
			(SELECT max(first) FROM block WHERE scope = ? AND spent = 1)) ORDER BY first`,
		[]any{scope, scope}, readBlock)
}

// BlockOf implements fleet.Leases.
func (x *tx) BlockOf(n uint64) (b fleet.Block, err error) {
	b, err = first(x, blockColumns+`WHERE first <= ? ORDER BY first DESC LIMIT 1`, []any{n}, readBlock)
	if err == nil && n > b.Last {
		err = people.ErrNotFound
	}
	return b, err
}

// PutBlock implements fleet.Leases.
func (x *tx) PutBlock(b fleet.Block) error {
	_, err := x.exec(`INSERT INTO block VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (first) DO UPDATE SET used = excluded.used, spent = excluded.spent`,
		b.First, b.Last, b.Scope, b.Used, millis(b.Granted), flag(b.Spent))
	return err
}
