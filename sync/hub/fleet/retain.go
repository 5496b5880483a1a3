package fleet

import (
	"context"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/people"
)

// retainBatch is how many rows are forgotten in one transaction: a terminal that waits for
// its turn to write waits no longer than for these.
const retainBatch = 5000

// Retain forgets events, lines of the audit log and mails that are older than the site keeps them,
// and sessions and links that are over.
// Call it now and then.
func (h *Hub) Retain(ctx context.Context) error {
	for _, forget := range []func(Tx, access.Site) (int, error){forgetEvents, forgetAudit, forgetEnded, forgetMails, forgetApplied} {
		for n := retainBatch; n == retainBatch; {
			err := h.store.Write(ctx, audit.Actor{Kind: audit.System, Via: "clock"}, func(tx Tx) error {
				site, err := access.Settings(tx.Tx.Tx)
				if err == nil {
					n, err = forget(tx, site)
				}
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func forgetEvents(tx Tx, site access.Site) (int, error) {
	first, err := tx.FirstEventAt(tx.Now.AddDate(0, -int(site.KeepEvents), 0))
	if err != nil {
		return 0, err
	}
	if first == 0 { // all are older
		err = tx.EventsBelow(0, 1, func(r Record) error {
			first = r.ID + 1
			return nil
		})
	}
	if err != nil || first == 0 {
		return 0, err
	}
	return tx.DropEvents(first, retainBatch)
}

func forgetAudit(tx Tx, site access.Site) (int, error) {
	return tx.Expire(tx.Now.AddDate(0, -int(site.KeepAudit), 0), retainBatch)
}

func forgetEnded(tx Tx, _ access.Site) (int, error) {
	return people.ForgetEnded(tx.Tx.Tx.Tx, retainBatch)
}

func forgetApplied(tx Tx, _ access.Site) (int, error) {
	return tx.DropApplied(tx.Now.Add(-keepApplied), retainBatch)
}

func forgetMails(tx Tx, site access.Site) (int, error) {
	return tx.DropMails(tx.Now.AddDate(0, 0, -int(site.KeepMails)), retainBatch)
}
