package publish

import (
	"encoding/binary"
	"fmt"

	"badged/sync/wire"
)

// PutLease shows the database of a terminal a block of numbers that it may give away.
func PutLease(tx Tx, scope string, first, last uint64) error {
	body, err := wire.Marshal(wire.Lease{First: first, Last: last})
	if err == nil {
		err = tx.PutRow(wire.Leases, scope, leaseKey(first), body)
	}
	if err != nil {
		return fmt.Errorf("lease numbers: %w", err)
	}
	return nil
}

// EndLease takes a block back that is used up.
func EndLease(tx Tx, scope string, first uint64) error {
	if err := tx.PutRow(wire.Leases, scope, leaseKey(first), nil); err != nil {
		return fmt.Errorf("end a lease: %w", err)
	}
	return nil
}

// leaseKey is the key of a block's row; keys sort as numbers do.
func leaseKey(first uint64) []byte {
	var key [16]byte
	binary.BigEndian.PutUint64(key[8:], first)
	return key[:]
}
