package enroll

import (
	"context"
	"errors"
)

// The errors about the privacy notice.
var (
	ErrNoticeFirst = errors.New("the privacy notice must be agreed to first")
	ErrNoticeOld   = errors.New("a newer version of the privacy notice is in force")
)

// Answer records the answer of somebody who logged in with a card (zero: without one) to a
// version of the notice, and returns the changed account. Errors: ErrNoticeOld,
// ErrNotAllowed, or the store's.
func (e *Engine) Answer(ctx context.Context, p Point, id AccountID, card CardID, version uint64, agrees bool) (a Account, err error) {
	if version != e.index.Notice().Version {
		return a, ErrNoticeOld
	}
	ev := e.newEvent(p, EventNotice, Refused, NoticeRefused)
	if agrees {
		ev.Outcome, ev.Reason = Granted, NoticeAccepted
	}
	ev.Account, ev.Card, ev.Count = id, card, version
	err = e.store.Update(ctx, func(tx Tx) (err error) {
		if a, err = tx.Account(id); err != nil {
			return err
		}
		if !a.mayUse() {
			return ErrNotAllowed
		}
		if agrees {
			a.Offered.Agreed = version
		}
		return tx.Append(ev)
	})
	return a, err
}
