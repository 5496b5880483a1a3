package people

import (
	"errors"
	"slices"
	"strings"

	"badged/sync/hub/audit"
	"badged/sync/hub/refusal"
)

// Right is an area that somebody who is no administrator may manage.
type Right string

// The rights. An administrator has all of them.
const (
	ManageMembers   Right = "members"
	ManageCards     Right = "cards"
	ManageDoors     Right = "doors"
	ManageEvents    Right = "events"
	ManageTerminals Right = "terminals"
	ManageMail      Right = "mail"
	ManageServices  Right = "services"
	ManageAudit     Right = "audit"
	ManageSettings  Right = "settings"
)

// AllRights are the rights in the order in which they are shown.
var AllRights = []Right{
	ManageMembers, ManageCards, ManageDoors, ManageEvents, ManageTerminals, ManageMail, ManageServices, ManageAudit, ManageSettings,
}

// Permissions finds who may manage something.
type Permissions interface {
	// Managers gives the accounts that have the role admin or a right, and are not final.
	Managers(limit int) ([]Account, error)
}

// Allows reports whether an account may manage an area: it can log in, and is an
// administrator or has the right.
func Allows(a Account, right Right) bool {
	if a.Kind != Person || a.State != Active || a.EmailKey == "" {
		return false
	}
	return a.Role == Admin || slices.Contains(a.Rights, right)
}

// SetRight gives an account a right, or takes it away.
func SetRight(tx Tx, id ID, right Right, allowed bool) (Account, error) {
	if !slices.Contains(AllRights, right) {
		return Account{}, refuse(refusal.Invalid, CodeRightUnknown, refusal.Fields{"right": right, "choices": AllRights})
	}
	was, err := getLive(tx, id)
	if err != nil || slices.Contains(was.Rights, right) == allowed {
		return was, err
	}
	if err := NeedAdministrator(tx); err != nil {
		return was, err
	}
	a := was
	a.Rights = nil
	for _, r := range AllRights {
		if r == right && allowed || r != right && slices.Contains(was.Rights, r) {
			a.Rights = append(a.Rights, r)
		}
	}
	if err := a.check(tx.Now); err != nil {
		return was, err
	}
	return a, replace(tx, "account.rights", was, a)
}

// joinRights is how rights stand in the audit log.
func joinRights(rights []Right) string {
	var names []string
	for _, r := range rights {
		names = append(names, string(r))
	}
	return strings.Join(names, " ")
}

// NeedAdministrator refuses an account that is no administrator: it would appoint somebody, or
// set what lets it climb. Operators at the socket and the hub itself pass.
func NeedAdministrator(tx Tx) error {
	actor, ok, err := accountOfActor(tx)
	if err != nil || !ok || actor.Role == Admin && Allows(actor, ManageMembers) {
		return err
	}
	return refuse(refusal.Forbidden, CodeAdminOnly, nil)
}

// NeedRight refuses an account that may not manage an area.
func NeedRight(tx Tx, right Right) error {
	actor, ok, err := accountOfActor(tx)
	if err != nil || !ok || Allows(actor, right) {
		return err
	}
	return refuse(refusal.Forbidden, CodeRightNeeded, nil)
}

// NeedRank refuses a change of somebody who may manage what the actor may not: with the
// right to members alone one could give an administrator another e-mail, and log in as them.
func NeedRank(tx Tx, of Account) error {
	actor, ok, err := accountOfActor(tx)
	if err != nil || !ok || actor.ID == of.ID || actor.outranks(of) {
		return err
	}
	return refuse(refusal.Forbidden, CodeAdminOnly, nil)
}

// outranks reports whether an account may manage all that another may.
func (a Account) outranks(b Account) bool {
	if a.Role == Admin || b.Role == User && len(b.Rights) == 0 {
		return true
	}
	return b.Role == User && !slices.ContainsFunc(b.Rights, func(r Right) bool { return !slices.Contains(a.Rights, r) })
}

// accountOfActor is the account that makes the changes of a transaction; not ok: they are
// made by an operator, a terminal or the hub itself.
func accountOfActor(tx Tx) (_ Account, ok bool, err error) {
	if tx.By.Kind != audit.Account {
		return Account{}, false, nil
	}
	id, ok := ParseID(tx.By.ID)
	if !ok {
		return Account{}, true, nil // nobody's: it may do nothing
	}
	a, err := tx.Account(id)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return a, true, err
}
