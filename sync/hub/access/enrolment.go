package access

import (
	"errors"
	"fmt"
	"time"

	"badged/internal/secret"
	"badged/internal/sitekey"
	"badged/sync/hub/audit"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// NewEnrolment is what starts the registration of a card.
type NewEnrolment struct {
	Account ID
	// Replaces is a card of the account, which ends for good once the new one works. Empty:
	// none; nil: as it was.
	Replaces *string
}

// StartEnrolment starts the registration of a card for an account, or takes up the one that
// is not done. It issues nothing.
func StartEnrolment(tx Tx, n NewEnrolment) (Enrolment, error) {
	a, err := cardOwner(tx, n.Account)
	if err != nil {
		return Enrolment{}, err
	}
	e, err := tx.OpenEnrolment(a.ID)
	open, err := isFound(err)
	if err != nil {
		return e, err
	}
	before := e
	if !open {
		e = Enrolment{ID: randomID(), Account: a.ID, Actor: tx.By, Step: StepHeld, Started: tx.Now}
	}
	if n.Replaces != nil {
		if e.Replaces, err = workingCard(tx, a.ID, *n.Replaces); err != nil {
			return e, err
		}
	}
	e.Closed = time.Time{}
	return e, keepEnrolment(tx, "enrolment.start", before, e)
}

// cardOwner is the person whose card is to be registered.
func cardOwner(tx Tx, id ID) (people.Account, error) {
	a, err := tx.Account(id)
	if err != nil {
		return a, orMissing(err, people.CodeNotFound, "ref", people.HexID(id))
	}
	if a.Kind != people.Person || !a.MayOwn() {
		err = refuse(refusal.Conflict, CodeCardOwner, refusal.Fields{"account": people.HexID(id), "state": a.State})
	}
	return a, err
}

// workingCard is a card of the account that works, or will; none for an empty ref.
func workingCard(tx Tx, account ID, ref string) (ID, error) {
	if ref == "" {
		return ID{}, nil
	}
	c, err := OwnCard(tx, account, ref)
	if err == nil && !c.inUse() {
		err = c.unfit()
	}
	return c.ID, err
}

// FindEnrolment gives an enrolment of an account; another account's is missing.
func FindEnrolment(tx Tx, account, id ID) (Enrolment, error) {
	e, err := tx.Enrolment(id)
	if err == nil && e.Account != account {
		err = people.ErrNotFound
	}
	return e, orMissing(err, CodeEnrolmentNotFound, "enrolment", people.HexID(id))
}

// openEnrolment is an enrolment of an account that is not done, taken up by whoever acts.
func openEnrolment(tx Tx, account, id ID) (Enrolment, error) {
	e, err := FindEnrolment(tx, account, id)
	if err == nil && e.Step == StepDone {
		err = refuse(refusal.Conflict, CodeEnrolmentDone, nil)
	}
	return e, err
}

// ConfirmHeld records that the card is at hand. Only then anything is issued (S2.02).
func ConfirmHeld(tx Tx, account, id ID) (Enrolment, error) {
	e, err := openEnrolment(tx, account, id)
	if err != nil || e.Step != StepHeld {
		return e, err
	}
	before := e
	e.Step, e.Closed = StepChoose, time.Time{}
	return e, keepEnrolment(tx, "enrolment.confirm", before, e)
}

// NewCode asks for a code of an enrolment.
type NewCode struct {
	Account, Enrolment ID
	Session            people.SessionToken // that shows the code
	Away               []string            // doors whose terminals the hub does not hear now
	Doors              []string            // where it can be typed; empty: every door of the site
}

// IssueCode issues the code that binds the card of an enrolment, in place of a former one.
// What is kept of it shows it to the session that asked, and to nobody else.
func IssueCode(tx Tx, key sitekey.Key, n NewCode) (Enrolment, IssuedClaim, error) {
	e, err := openEnrolment(tx, n.Account, n.Enrolment)
	if err != nil {
		return e, IssuedClaim{}, err
	}
	if e.Step == StepHeld {
		return e, IssuedClaim{}, refuse(refusal.Conflict, CodeEnrolmentHeld, nil)
	}
	c, err := IssueClaim(tx, key, NewClaim{Account: people.HexID(e.Account), Doors: n.Doors, Away: n.Away})
	if err != nil {
		return e, c, err
	}
	before := e
	e.Step, e.Claim, e.Closed = StepCode, c.ID, time.Time{}
	if e.Sealed, err = people.Seal(n.Session, e.sealedFor(c.ID), []byte(c.Code.Reveal())); err != nil {
		return e, c, err
	}
	return e, c, keepEnrolment(tx, "enrolment.code", before, e)
}

// sealedFor binds sealed bytes to one claim of one enrolment.
func (e Enrolment) sealedFor(claim ID) string {
	return "code " + people.HexID(e.ID) + " " + people.HexID(claim)
}

// CodeStatus is what a page can say of the code of an enrolment.
type CodeStatus string

// The statuses.
const (
	ShowCode    CodeStatus = "shown"   // it can be typed now
	HideCode    CodeStatus = "hidden"  // it can be typed, but another session asked for it
	ExpiredCode CodeStatus = "expired" // its time is over
	EndedCode   CodeStatus = "ended"   // it was used without success, or ended by an operator or a newer one
)

// ShownCode is the code of an enrolment as a session may see it.
type ShownCode struct {
	Claim
	Status CodeStatus
	Code   secret.Text // only with ShowCode
}

// ReadCode gives the code of an enrolment to the session that asked for it.
func ReadCode(tx Tx, e Enrolment, session people.SessionToken) (ShownCode, error) {
	c, err := tx.Claim(e.Claim)
	if err != nil {
		return ShownCode{}, orMissing(err, CodeClaimNotFound, "claim", people.HexID(e.Claim))
	}
	out := ShownCode{Claim: c}
	switch {
	case c.State != ClaimLive:
		out.Status = EndedCode
	case c.stateAt(tx.Now) != ClaimLive:
		out.Status = ExpiredCode
	default:
		out.Status = HideCode
		if text, ok := people.Unseal(session, e.sealedFor(c.ID), e.Sealed); ok {
			out.Status, out.Code = ShowCode, secret.New(string(text))
		}
	}
	return out, nil
}

// CloseEnrolment interrupts an enrolment. Before a code was issued its owner gets one mail
// that tells how to go on, once for each interruption (S2.15).
func CloseEnrolment(tx Tx, account, id ID) (Enrolment, error) {
	e, err := openEnrolment(tx, account, id)
	if err != nil || !e.Closed.IsZero() {
		return e, err
	}
	before := e
	e.Closed = tx.Now
	if e.Step != StepCode && e.Mails < mostReminders {
		e.Mails++
		err = notify(tx, e.Account, mail.New{
			Purpose: mail.CardStopped, Fields: mail.Fields{"link": tx.Home + RegisterPath},
			Dedup: fmt.Sprintf("enrolment/%s/%d", people.HexID(e.ID), e.Mails),
		})
		if err != nil {
			return e, err
		}
	}
	return e, keepEnrolment(tx, "enrolment.close", before, e)
}

// mostReminders bounds the mails about one registration.
const mostReminders = 10

// finishEnrolment ends the registration that waits for a card of this owner, with its code:
// a card was bound, in whatever way.
func finishEnrolment(tx Tx, c Card) error {
	e, err := tx.OpenEnrolment(c.Account)
	if errors.Is(err, people.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	claim, err := tx.Claim(e.Claim)
	if found, err := isFound(err); err != nil {
		return err
	} else if found && claim.State == ClaimLive {
		if err := endClaim(tx, claim, ClaimVoid, "bound"); err != nil {
			return err
		}
	}
	before := e
	e.Step, e.Done, e.Card, e.Sealed, e.Closed = StepDone, tx.Now, c.ID, nil, time.Time{}
	return keepEnrolment(tx, "enrolment.done", before, e)
}

func keepEnrolment(tx Tx, action string, before, after Enrolment) error {
	if err := tx.PutEnrolment(after); err != nil {
		return err
	}
	line := audit.Change{Action: action, Object: people.HexID(after.ID), Subject: after.Account, After: enrolmentLine(after)}
	if before.ID != (ID{}) {
		line.Before = enrolmentLine(before)
	}
	return tx.Record(line)
}

// enrolmentLine is what an audit line tells about an enrolment.
func enrolmentLine(e Enrolment) any {
	line := struct {
		Account  string `json:"account"`
		Step     Step   `json:"step"`
		Replaces string `json:"replaces,omitempty"`
		Card     string `json:"card,omitempty"`
	}{Account: people.HexID(e.Account), Step: e.Step}
	if e.Replaces != (ID{}) {
		line.Replaces = ShortCard(e.Replaces)
	}
	if e.Card != (ID{}) {
		line.Card = ShortCard(e.Card)
	}
	return line
}
