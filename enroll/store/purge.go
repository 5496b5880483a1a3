package store

import (
	"context"
	"errors"

	"badged/enroll"
	"badged/internal/clock"
	"badged/sync/wire"
)

// purgeBatch is how many accounts one transaction purges: people who present a badge
// meanwhile wait for no more than that.
const purgeBatch = 64

// PurgeLapsed removes the lapsed anonymous accounts of which the hub has no row, with
// their cards, and gives how many there were. Those that the hub has are the hub's to
// remove. The events that made them stay: a hub that hears of them later removes the
// account itself.
func (s *Store) PurgeLapsed(ctx context.Context, at clock.Stamp) (purged int, err error) {
	for ids := s.index.Lapsed(at); len(ids) > 0 && err == nil; {
		batch := ids[:min(purgeBatch, len(ids))]
		ids = ids[len(batch):]
		var n int
		err = s.runJob(ctx, func(t *txn) error {
			n, err = t.purgeAccounts(batch)
			return err
		})
		purged += n
	}
	return purged, err
}

// purgeAccounts ends the local rows of accounts and of their cards, unless the hub has the
// account.
func (t *txn) purgeAccounts(ids []enroll.AccountID) (n int, err error) {
	gone := make(map[enroll.AccountID]bool, len(ids))
	for _, id := range ids {
		k := rowKey{wire.Accounts, id}
		hub, l, err := find(t.find).bothRows(k)
		if err != nil {
			return 0, err
		}
		if hub == nil && l != nil {
			gone[id] = true
			if err := t.forgetRow(k); err != nil {
				return 0, err
			}
		}
	}
	if len(gone) == 0 {
		return 0, nil
	}
	return len(gone), t.purgeCards(gone)
}

func (t *txn) purgeCards(owners map[enroll.AccountID]bool) error {
	for k := range t.locals {
		if k.c != wire.Cards {
			continue
		}
		hub, l, err := find(t.find).bothRows(k)
		if err != nil {
			return err
		}
		b, ok, err := mergeBinding(k.key, hub, l)
		if err != nil {
			return err
		}
		if ok && hub == nil && owners[b.Account] {
			if err := t.forgetRow(k); err != nil {
				return err
			}
		}
	}
	return nil
}

// forgetRow ends a row that only this terminal has.
func (t *txn) forgetRow(k rowKey) error {
	if err := t.endLocal(k); err != nil {
		return err
	}
	return t.noteChange(k.c, k.key[:], nil, nil)
}

// replacesHubRow reports whether a local row replaced one of the hub's rows, so that it stays when
// that row ends: an account that started again after it lapsed, its card, or a card that moved from
// the account that had it.
func (f find) replacesHubRow(c wire.Collection, l *localRow) (bool, error) {
	switch {
	case l.base == nil:
		return false, nil
	case c == wire.Accounts:
		mine, err1 := accountOf(enroll.AccountID{}, l.body)
		base, err2 := accountOf(enroll.AccountID{}, l.base)
		return beganAnew(mine, base), errors.Join(err1, err2)
	case c != wire.Cards:
		return false, nil
	}
	mine, err1 := bindingOf(enroll.CardID{}, l.body)
	base, err2 := bindingOf(enroll.CardID{}, l.base)
	if err := errors.Join(err1, err2); err != nil || mine.Account != base.Account {
		return err == nil, err
	}
	owner, err := f.localRow(rowKey{wire.Accounts, mine.Account})
	if err != nil || owner == nil {
		return false, err
	}
	return f.replacesHubRow(wire.Accounts, owner)
}
