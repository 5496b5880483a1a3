package enroll_test

import (
	"context"

	"badged/enroll/store"
	"badged/sync/wire"
)

// applyLease sends the terminal a block of numbers, as the hub does.
func applyLease(ctx context.Context, s *store.Store, first, last uint64) error {
	key := []byte("lease")
	body, err := wire.Marshal(wire.Lease{First: first, Last: last})
	if err != nil {
		return err
	}
	return s.Apply(ctx, []wire.Page{{
		Collection: wire.Leases, Snapshot: true, To: 1, Parts: 1,
		Hash:    wire.RowHash(wire.Leases, key, body),
		Changes: []wire.Change{{Key: key, Rev: 1, Body: body}},
	}})
}
