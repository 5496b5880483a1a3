package store

import (
	"context"
	"errors"
	"fmt"

	"badged/sync/hub/audit"
	"badged/sync/wire"
)

// ErrDamaged means that what is in a database contradicts itself.
var ErrDamaged = errors.New("the database is damaged")

// system is the actor of what is not a command.
var system = audit.Actor{Kind: audit.System}

// Check holds every collection against its revision and set hash, the number of the last
// event against the events, and verifies the audit log.
func (s *Store) Check(ctx context.Context) error {
	return s.readAll(ctx, func(x *tx) error {
		places, err := list(x, `SELECT collection, scope FROM collection ORDER BY collection, scope`, nil, readPlace)
		if err != nil {
			return err
		}
		for _, p := range places {
			if err := x.checkPlace(p); err != nil {
				return err
			}
		}
		return errors.Join(x.checkSite(), x.checkAudit())
	})
}

func readPlace(scan scan) (p place, err error) {
	var c uint64
	err = scan(&c, &p.scope)
	p.collection = wire.Collection(c)
	return p, err
}

func (x *tx) checkPlace(p place) error {
	st, err := x.loadState(p)
	if err != nil {
		return err
	}
	var hash [16]byte
	err = x.all(`SELECT key, rev, body FROM row WHERE collection = ? AND scope = ?`, []any{uint64(p.collection), p.scope}, func(scan scan) error {
		r, err := readRow(scan)
		if err == nil && r.Rev > st.Rev {
			return x.damaged("row %x of collection %v has revision %d, the collection %d", r.Key, p.collection, r.Rev, st.Rev)
		}
		if r.Body != nil {
			hash = wire.Xor(hash, wire.RowHash(p.collection, r.Key, r.Body))
		}
		return err
	})
	if err == nil && hash != st.Hash {
		return x.damaged("the rows of collection %v have set hash %x, not %x", p.collection, hash, st.Hash)
	}
	return err
}

func (x *tx) checkSite() error {
	var id string
	var seq, last uint64
	err := errors.Join(
		x.one(`SELECT id, seq FROM site`, nil, &id, &seq),
		x.one(`SELECT coalesce(max(id), 0) FROM event`, nil, &last))
	switch {
	case err != nil:
		return err
	case id == "":
		return x.damaged("there is no site in it")
	case last > seq:
		return x.damaged("there is event %d, and the last number is %d", last, seq)
	}
	return nil
}

func (x *tx) checkAudit() error {
	log := x.tx().Tx.Tx.Tx.Tx.Tx
	var v audit.Verification
	for more := true; more; {
		var err error
		if more, err = v.Next(log); err != nil {
			return err
		}
	}
	if len(v.Faults) > 0 {
		return x.damaged("line %d of the audit log: %s", v.Faults[0].Seq, v.Faults[0].Problem)
	}
	return nil
}

func (x *tx) damaged(format string, args ...any) error {
	return x.d.Explain("check", fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...))
}
