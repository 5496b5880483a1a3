package hub

import (
	"context"
	"errors"
	"time"

	"badged/sync/wire"
)

// claimRowLife is how long the row of a claim stays after its end, so that terminals
// learn how it ended.
const claimRowLife = 24 * time.Hour

// putClaim keeps a claim for good and shows terminals its state.
func putClaim(tx Tx, c ClaimRecord) error {
	if err := tx.PutClaim(c); err != nil {
		return err
	}
	return put(tx, wire.Claims, c.ID[:], wire.Claim{
		Account: c.Account, MAC: c.MAC, Ends: millis(c.Ends), Doors: c.Doors, State: c.State,
	})
}

// endClaim moves a live claim to used or void.
func endClaim(tx Tx, c ClaimRecord, state wire.ClaimState, now time.Time) error {
	c.State, c.Over = state, now
	return putClaim(tx, c)
}

var errStop = errors.New("stop") // ends a walk early

// liveClaims are those that can be used now.
func liveClaims(tx Tx, now time.Time) ([]ClaimRecord, error) {
	var live []ClaimRecord
	err := tx.EachClaim(now, func(c ClaimRecord) error {
		if c.State == wire.ClaimLive && c.Ends.After(now) {
			live = append(live, c)
		}
		return nil
	})
	return live, err
}

// anyClaimAt reports whether a claim could have been used at t.
func anyClaimAt(tx Tx, t time.Time) (bool, error) {
	found := false
	err := tx.EachClaim(t, func(c ClaimRecord) error {
		if !c.Issued.After(t) && c.Ends.After(t) && (c.Over.IsZero() || c.Over.After(t)) {
			found = true
			return errStop
		}
		return nil
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return found, err
}

// voidClaims ends the live claims of an account: a newer one is coming. It reports
// whether there was any.
func voidClaims(tx Tx, account ID, now time.Time) (voided bool, err error) {
	live, err := liveClaims(tx, now)
	if err != nil {
		return false, err
	}
	for _, c := range live {
		if c.Account != account {
			continue
		}
		if err := endClaim(tx, c, wire.ClaimVoid, now); err != nil {
			return false, err
		}
		voided = true
	}
	return voided, nil
}

// EndClaim voids a live claim.
func (h *Hub) EndClaim(ctx context.Context, id ID) error {
	return h.update(ctx, func(tx Tx) error {
		c, err := tx.Claim(id)
		if err != nil {
			return orMissing(err, "there is no claim %s: `badgehub claim list` shows them", Hex(id))
		}
		if c.State != wire.ClaimLive {
			return conflict("claim %s is %s already", Hex(id), c.State.String())
		}
		return endClaim(tx, c, wire.ClaimVoid, time.Now().UTC())
	})
}

// Claims are those that ended less than a day ago or have not ended, newest first.
func (h *Hub) Claims(ctx context.Context) ([]ClaimRecord, error) {
	var out []ClaimRecord
	err := h.store.View(ctx, func(tx Tx) error {
		return tx.EachClaim(time.Now().Add(-claimRowLife), func(c ClaimRecord) error {
			out = append(out, c)
			return nil
		})
	})
	return out, err
}

// endClaims ends the rows of claims that ended long ago.
func endClaims(tx Tx, now time.Time) error {
	return removeRows(tx, wire.Claims, func(c wire.Claim) bool {
		return moment(c.Ends).Add(claimRowLife).Before(now)
	})
}

// orMissing is err, or if there is none (or nothing was found) a refusal that says
// what was not found.
func orMissing(err error, format string, args ...any) error {
	if err == nil || isMissing(err) {
		return missing(format, args...)
	}
	return err
}
