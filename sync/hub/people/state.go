package people

import (
	"slices"

	"badged/sync/hub/refusal"
)

// Cause is why an account moves to another state.
type Cause string

// The causes. A merge and an erasure have commands of their own.
const (
	ByAdministrator Cause = "administrator"
	ByLink          Cause = "link" // its owner used the link of an invitation
	FromDirectory   Cause = "directory"
)

// arrows are the moves between states, and what causes each. None leads back to Created:
// whoever was active once stays known.
var arrows = []struct {
	from, to State
	causes   []Cause
}{
	{Created, Invited, []Cause{ByAdministrator, FromDirectory}},
	{Created, Active, []Cause{ByAdministrator, FromDirectory, ByLink}},
	{Invited, Active, []Cause{ByAdministrator, FromDirectory, ByLink}},
	{Created, Suspended, []Cause{ByAdministrator, FromDirectory}},
	{Invited, Suspended, []Cause{ByAdministrator, FromDirectory}},
	{Active, Suspended, []Cause{ByAdministrator, FromDirectory}},
	{Suspended, Active, []Cause{ByAdministrator, FromDirectory}},
}

func isArrow(from, to State, cause Cause) bool {
	for _, a := range arrows {
		if a.from == from && a.to == to {
			return slices.Contains(a.causes, cause)
		}
	}
	return false
}

// SetState moves an account along an arrow. Setting the state that it has changes nothing.
// The last administrator who can log in stays active.
func SetState(tx Tx, id ID, to State, cause Cause) (Account, error) {
	was, err := getLive(tx, id)
	if err != nil || was.State == to {
		return was, err
	}
	if !slices.Contains([]State{Created, Invited, Active, Suspended}, to) {
		return was, refuse(refusal.Invalid, CodeStateUnknown, refusal.Fields{"state": to})
	}
	if !isArrow(was.State, to, cause) {
		return was, refuse(refusal.Conflict, CodeStateArrow,
			refusal.Fields{"account": HexID(id), "from": was.State, "to": to})
	}
	if err := NeedRank(tx, was); err != nil {
		return was, err
	}
	a := was
	a.State = to
	if err := keepAdministrator(tx, was, a); err != nil {
		return was, err
	}
	return a, replace(tx, "account.state", was, a)
}

func endsSooner(is, was Account) bool {
	return !is.Expires.IsZero() && (was.Expires.IsZero() || is.Expires.Before(was.Expires))
}

// maxAdministrators is how many administrators are looked at for one who stays.
const maxAdministrators = 1000

// keepAdministrator refuses a change that leaves nobody who can log in and administer.
func keepAdministrator(tx Tx, was, is Account) error {
	if is.mayAdminister(tx.Now) && !endsSooner(is, was) {
		return nil
	}
	if can, err := canAdminister(tx, was); err != nil || !can {
		return err
	}
	return needAdministrator(tx, was.ID)
}

// needAdministrator refuses if nobody but one account can log in and administer.
func needAdministrator(tx Tx, but ID) error {
	others, err := tx.Administrators(maxAdministrators)
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.ID == but {
			continue
		}
		if can, err := canAdminister(tx, o); err != nil || can {
			return err
		}
	}
	return refuse(refusal.Conflict, CodeLastAdmin, refusal.Fields{"account": HexID(but)})
}

// canAdminister reports whether an account is an administrator who has a way to log in.
func canAdminister(tx Tx, a Account) (bool, error) {
	if !a.mayAdminister(tx.Now) {
		return false, nil
	}
	return HasLogin(tx, a.ID)
}

// HasAdministrator reports whether some administrator can log in.
func HasAdministrator(tx Tx) (bool, error) {
	err := needAdministrator(tx, ID{})
	if refusal.Code(err) == CodeLastAdmin {
		return false, nil
	}
	return err == nil, err
}
