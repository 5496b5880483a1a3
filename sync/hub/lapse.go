package hub

import (
	"context"
	"time"

	"badged/sync/wire"
)

// purgeLag is how long a lapsed account is kept: a session that began before its end may
// still make it somebody's own.
const purgeLag = time.Hour

// lapsed reports whether an anonymous account had ended at t that nobody made their own.
// One that an operator suspended stays: its card must not be unknown again.
func lapsed(a wire.Account, t time.Time) bool {
	return a.Kind == wire.KindAnonymous && a.State == wire.AccountActive && a.Expires > 0 && !moment(a.Expires).After(t)
}

// purgeLapsed removes the anonymous accounts that lapsed.
func (h *Hub) purgeLapsed(ctx context.Context, now time.Time) error {
	over := make(map[ID]bool)
	err := h.store.View(ctx, func(tx Tx) error { return eachLapsed(tx, now, over) })
	if err != nil || len(over) == 0 {
		return err
	}
	err = h.update(ctx, func(tx Tx) error {
		for id := range over { // somebody may have become its owner since
			a, found, err := get[wire.Account](tx, wire.Accounts, id[:])
			if err != nil {
				return err
			}
			if !found || !lapsed(a, now.Add(-purgeLag)) {
				delete(over, id)
			}
		}
		return purge(tx, over, now)
	})
	if err == nil {
		h.log.Info("anonymous accounts that nobody made their own have ended", "accounts", len(over))
	}
	return err
}

func eachLapsed(tx Tx, now time.Time, over map[ID]bool) error {
	return each(tx, wire.Accounts, func(key []byte, a wire.Account) error {
		if lapsed(a, now.Add(-purgeLag)) {
			over[ID(key)] = true
		}
		return nil
	})
}

// purge removes accounts with all that is theirs: cards, grants, codes and what they typed
// about themselves. Their numbers keep their owner for ever, so that nobody gets them
// again. A card that was lost, replaced, revoked or contested stays what it is.
func purge(tx Tx, accounts map[ID]bool, now time.Time) error {
	if len(accounts) == 0 {
		return nil
	}
	if err := purgeCards(tx, accounts); err != nil {
		return err
	}
	if err := purgeGrants(tx, accounts); err != nil {
		return err
	}
	for id := range accounts {
		if _, err := voidClaims(tx, id, now); err != nil {
			return err
		}
		if err := tx.DropEdits(id); err != nil {
			return err
		}
		if err := tx.PutRow(wire.Accounts, "", id[:], nil); err != nil {
			return err
		}
	}
	return nil
}

func purgeCards(tx Tx, accounts map[ID]bool) error {
	return removeRows(tx, wire.Cards, func(c wire.Binding) bool { return accounts[c.Account] && c.State < wire.BindingContested })
}

func purgeGrants(tx Tx, accounts map[ID]bool) error {
	return removeRows(tx, wire.Grants, func(g wire.Grant) bool { return accounts[g.Account] })
}

// removeRows ends the rows of a collection that are over.
func removeRows[T body](tx Tx, c wire.Collection, over func(T) bool) error {
	var keys [][]byte
	err := each(tx, c, func(key []byte, v T) error {
		if over(v) {
			keys = append(keys, key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := tx.PutRow(c, "", key, nil); err != nil {
			return err
		}
	}
	return nil
}

// bringBack makes an account again that was purged before the hub heard that somebody had
// made it their own, at a terminal that was away. The card says whose it is.
func (h *Hub) bringBack(e happening, id ID) (a wire.Account, found bool, err error) {
	card, ok := idOf(e.ev.Card)
	if !ok || id != h.siteKey.Anonymous(card) || e.ev.Edit.Email == "" || !sane(*e.ev.Edit) {
		return a, false, nil
	}
	number, err := e.tx.LastNumber(id)
	if err != nil {
		return a, false, err
	}
	if err := addAnonymous(e, id, number); err != nil {
		return a, false, err
	}
	if err := bind(e, card, id, wire.BindingActive); err != nil {
		return a, false, err
	}
	return get[wire.Account](e.tx, wire.Accounts, id[:])
}
