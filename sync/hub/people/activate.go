package people

import (
	"slices"
	"time"

	"badged/internal/profile"
	"badged/sync/hub/audit"
	"badged/sync/hub/refusal"
)

// maxReason bounds why an administrator did something, in bytes.
const maxReason = 200

// ActivateByHand makes an account active without its owner's link, for a reason that stays in
// the audit log. It is the way out where no mail arrives.
func ActivateByHand(tx Tx, id ID, reason string) (Account, error) {
	reason = profile.CleanName(reason)
	if reason == "" || len(reason) > maxReason || !profile.IsText(reason) {
		return Account{}, refuse(refusal.Invalid, CodeReasonMissing, refusal.Fields{"most": maxReason})
	}
	was, err := getLive(tx, id)
	if err != nil {
		return was, err
	}
	if !slices.Contains([]State{Created, Invited}, was.State) {
		return was, refuse(refusal.Conflict, CodeActivated, refusal.Fields{"account": HexID(id)})
	}
	if err := NeedRank(tx, was); err != nil {
		return was, err
	}
	a := was
	a.State = Active
	if err := put(tx, a); err != nil {
		return was, err
	}
	return a, tx.Record(audit.Change{Action: "account.activate", Object: HexID(id), Subject: id,
		Before: map[string]any{"state": was.State}, After: map[string]any{"state": a.State, "reason": reason}})
}

// IssueResetLink makes a link to choose another password. Only an account that is active, so
// was activated before, has one to reset.
func IssueResetLink(tx Tx, id ID) (Token, Account, error) {
	a, err := getLive(tx, id)
	switch {
	case err != nil:
		return Token{}, a, err
	case a.State != Active:
		return Token{}, a, refuse(refusal.Conflict, CodeNotActivated, refusal.Fields{"account": HexID(id), "state": a.State})
	case a.Email == "":
		return Token{}, a, refuse(refusal.Conflict, CodeNoAddress, refusal.Fields{"account": HexID(id)})
	}
	if err := NeedRank(tx, a); err != nil {
		return Token{}, a, err
	}
	t, err := IssueLink(tx, Reset, id, "")
	return t, a, err
}

// IssueActivationLink makes a link with which the owner of an account activates it, and marks
// the account as invited.
func IssueActivationLink(tx Tx, id ID) (Token, Account, error) {
	a, err := getLive(tx, id)
	switch {
	case err != nil:
		return Token{}, a, err
	case !slices.Contains([]State{Created, Invited}, a.State):
		return Token{}, a, refuse(refusal.Conflict, CodeActivated, refusal.Fields{"account": HexID(id)})
	case a.Email == "":
		return Token{}, a, refuse(refusal.Conflict, CodeNoAddress, refusal.Fields{"account": HexID(id)})
	}
	if err := NeedRank(tx, a); err != nil {
		return Token{}, a, err
	}
	if a, err = SetState(tx, id, Invited, ByAdministrator); err != nil {
		return Token{}, a, err
	}
	t, err := IssueLink(tx, Activate, id, "")
	return t, a, err
}

// Life is how long a link of a purpose can be used.
func (p Purpose) Life() time.Duration { return lives[p] }
