package access

import (
	"errors"
	"slices"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// claimRowLife is how long the row of a claim stays after its end, so that terminals learn
// how it ended.
const claimRowLife = 24 * time.Hour

// Report is what a terminal tells about a card.
type Report struct {
	Terminal  string
	Doors     []string  // that it serves
	At        time.Time // when it happened; of a terminal that does not know the time, now
	Card      ID
	Account   ID
	Claim     ID // zero: none
	Assurance Assurance
}

// endClaim moves a live claim to used or void.
func endClaim(tx Tx, c Claim, state ClaimState, why string) error {
	c.State, c.Over = state, tx.Now
	if err := tx.PutClaim(c); err != nil {
		return err
	}
	return tx.Record(audit.Change{
		Action: "claim.end", Object: people.HexID(c.ID), Subject: c.Account,
		Before: claimLine{State: ClaimLive}, After: claimLine{State: state, Why: why},
	})
}

// claimLine is what an audit line tells about a claim.
type claimLine struct {
	Account string     `json:"account,omitempty"`
	Doors   []string   `json:"doors,omitempty"`
	Ends    *time.Time `json:"ends,omitempty"`
	State   ClaimState `json:"state"`
	Why     string     `json:"why,omitempty"`
}

// LiveClaims are those that can be used now.
func LiveClaims(tx Tx) ([]Claim, error) { return tx.LiveClaimsOf(ID{}, tx.Now) }

// VoidClaims ends the live claims of an account, and tells whether there was any.
func VoidClaims(tx Tx, account ID, why string) (voided bool, err error) {
	if account == (ID{}) {
		return false, nil
	}
	live, err := tx.LiveClaimsOf(account, tx.Now)
	if err != nil {
		return false, err
	}
	for _, c := range live {
		if err := endClaim(tx, c, ClaimVoid, why); err != nil {
			return false, err
		}
	}
	return len(live) > 0, nil
}

// EndClaim voids a live claim, as an operator asks.
func EndClaim(tx Tx, id ID) (Claim, error) {
	c, err := tx.Claim(id)
	if err != nil {
		return c, orMissing(err, CodeClaimNotFound, "claim", people.HexID(id))
	}
	if s := c.stateAt(tx.Now); s != ClaimLive {
		return c, refuse(refusal.Conflict, CodeClaimOver, refusal.Fields{"claim": people.HexID(id), "state": s})
	}
	return c, endClaim(tx, c, ClaimVoid, "operator")
}

// stateAt is the state of a claim at t: one that was never used is void after its end.
func (c Claim) stateAt(t time.Time) ClaimState {
	if c.State == ClaimLive && !c.Ends.After(t) {
		return ClaimVoid
	}
	return c.State
}

// HideClaims ends the rows of claims that ended a day ago.
func HideClaims(tx Tx) error {
	return tx.EachShown(tx.Now.Add(-claimRowLife), func(c Claim) error {
		c.Shown = false
		return tx.PutClaim(c)
	})
}

// UseClaim uses up the claim that a terminal reports and binds its card. A claim serves one
// card: what a second terminal bound with it while offline is contested, and so is what was
// bound with a claim that had ended. Without a claim of that account at that terminal's
// doors nothing happens to the card: a terminal cannot make a claim up.
func UseClaim(tx Tx, r Report) error {
	c, err := tx.Claim(r.Claim)
	switch {
	case errors.Is(err, people.ErrNotFound), err == nil && c.Account != r.Account:
		return recordConflict(tx, r, ConflictNoClaim)
	case err != nil:
		return err
	case !c.servesAny(r.Doors):
		return recordConflict(tx, r, ConflictScope)
	}
	if c.State == ClaimUsed && c.Card == r.Card { // told again: the card may have been freed since
		card, _, err := cardOrNone(tx, r.Card)
		if err != nil || card.Account == r.Account {
			return err
		}
		return recordConflict(tx, r, ConflictClaimUsed)
	}
	why, err := spendClaim(tx, c, r)
	if err != nil {
		return err
	}
	if why != "" {
		return contest(tx, r, why)
	}
	state, err := firstState(tx, r.Account)
	if err != nil {
		return err
	}
	if err := bind(tx, r, state); err != nil {
		return err
	}
	return finishOwn(tx, r)
}

// finishOwn ends a registration whose code bound a card that the account had already.
func finishOwn(tx Tx, r Report) error {
	e, err := tx.OpenEnrolment(r.Account)
	if errors.Is(err, people.ErrNotFound) || err == nil && e.Claim != r.Claim {
		return nil
	}
	if err != nil {
		return err
	}
	c, _, err := cardOrNone(tx, r.Card)
	if err != nil || c.Account != r.Account || !c.inUse() {
		return err
	}
	return finishEnrolment(tx, c)
}

// firstState is the state of a card that was just bound to an account: where somebody must
// confirm it, it waits, unless it was this somebody who bound it.
func firstState(tx Tx, account ID) (CardState, error) {
	s, err := Settings(tx)
	if err != nil {
		return "", err
	}
	byOwner := tx.By.Kind == audit.Account && tx.By.ID == people.HexID(account)
	switch {
	case s.Confirm == ConfirmNone, s.Confirm == ConfirmOwner && byOwner,
		s.Confirm == ConfirmAdmin && tx.By.Kind == audit.Account && !byOwner:
		return CardActive, nil
	}
	return CardPending, nil
}

// servesAny reports whether a claim can be used at a terminal with these doors.
func (c Claim) servesAny(doors []string) bool {
	return len(c.Doors) == 0 || slices.ContainsFunc(doors, func(d string) bool { return slices.Contains(c.Doors, d) })
}

// spendClaim moves a live claim to used, or says why the card cannot be had with it.
func spendClaim(tx Tx, c Claim, r Report) (why string, err error) {
	switch {
	case c.State == ClaimUsed && c.Card != r.Card:
		return ConflictClaimUsed, nil
	case c.State == ClaimVoid, c.State == ClaimLive && !c.Ends.After(usedAt(tx, c, r)):
		return ConflictClaimOver, nil
	case c.State == ClaimLive:
		c.Card = r.Card
		if err := endClaim(tx, c, ClaimUsed, ""); err != nil {
			return "", err
		}
	}
	a, err := accountOrNone(tx, r.Account)
	if err == nil && !a.MayOwn() {
		why = ConflictAccount
	}
	return why, err
}

// usedAt is when a claim was used. A terminal that was away reports late, so its own time
// counts; but nobody used a claim before it was issued, so a clock that says so was set
// back, and what counts is when the hub heard of it.
func usedAt(tx Tx, c Claim, r Report) time.Time {
	if r.At.Before(c.Issued) {
		return tx.Now
	}
	return r.At
}

// accountOrNone gives the zero account if there is none.
func accountOrNone(tx Tx, id ID) (people.Account, error) {
	a, err := tx.Account(id)
	if errors.Is(err, people.ErrNotFound) {
		return people.Account{}, nil
	}
	return a, err
}

// RefuseCard tells the operator of a card that a terminal refused to bind, because it is
// somebody else's. The claim that it was refused to has ended with that.
func RefuseCard(tx Tx, r Report) error {
	c, err := tx.Claim(r.Claim)
	switch {
	case errors.Is(err, people.ErrNotFound):
	case err != nil:
		return err
	case c.Account == r.Account && c.State == ClaimLive && c.servesAny(r.Doors):
		if err := endClaim(tx, c, ClaimVoid, ConflictTaken); err != nil {
			return err
		}
	}
	return recordConflict(tx, r, ConflictTaken)
}

// ListClaims gives a page of claims, newest first.
func ListClaims(tx Tx, q ClaimQuery) (page []Claim, next string, err error) {
	q.Limit = pageOf(q.Limit)
	page, next, err = tx.ListClaims(q)
	return page, next, orCursor(err)
}
