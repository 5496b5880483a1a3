package store

import (
	"database/sql"
	"errors"
	"math"

	"badged/enroll"
	"badged/sync/wire"
)

const (
	sqlAgreed = `SELECT version FROM agreed WHERE account = ?`
	sqlAgree  = `INSERT INTO agreed (account, version) VALUES (?, ?) ON CONFLICT DO UPDATE SET version = max(version, excluded.version)`
	sqlForget = `DELETE FROM agreed WHERE account = ? AND version <= ?`
)

// offered is what panels offer an account: the hub's row, and what was agreed to here since.
func (f find) offered(id enroll.AccountID) (o enroll.Offered, err error) {
	row, err := f.hubRow(wire.Offers, id[:])
	if err != nil {
		return o, err
	}
	if row != nil {
		w, understood, err := decode[wire.Offer](wire.Offers, id[:], row)
		if err != nil {
			return o, err
		}
		if understood {
			o = enroll.Offered(w)
		}
	}
	var here uint64
	err = f(sqlAgreed, id[:]).Scan(&here)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	o.Agreed = max(o.Agreed, here)
	return o, err
}

// keepAgreement stores that somebody agreed to a notice, until a row of the hub says so too.
func (t *txn) keepAgreement(e enroll.Event) error {
	if e.Reason != enroll.NoticeAccepted {
		return nil
	}
	return t.exec(sqlAgree, e.Account[:], e.Count)
}

// forgetAgreed ends what the hub's row has made superfluous: one that tells of the agreement,
// or one of an account that is no more.
func (t *txn) forgetAgreed(c wire.Collection, key, hub []byte) error {
	switch {
	case c == wire.Offers && hub != nil:
		w, _, err := decode[wire.Offer](c, key, hub)
		if err != nil {
			return err
		}
		return t.exec(sqlForget, key, w.Agreed)
	case c == wire.Accounts && hub == nil:
		return t.exec(sqlForget, key, int64(math.MaxInt64))
	case c == wire.Accounts:
		w, _, err := decode[wire.Account](c, key, hub)
		if err == nil && w.State >= wire.AccountMerged {
			err = t.exec(sqlForget, key, int64(math.MaxInt64))
		}
		return err
	default:
		return nil
	}
}
