package people

import (
	"cmp"
	"crypto/rand"
	"slices"
	"time"

	"badged/internal/profile"
	"badged/sync/hub/audit"
	"badged/sync/hub/refusal"
)

// New is a person's account to make.
type New struct {
	First, Last string
	NoName      bool   // the names may be empty: whoever is invited by address alone
	Email       string // may be empty
	Lang        string // empty: the site's
	State       State  // Created, Invited or Active; empty: Created
	Role        Role   // empty: User
	Source      Source // empty: ByOperator
	External    string
	Expires     time.Time // zero: never
}

// Add makes a person's account with a name that the actor attests.
func Add(tx Tx, n New) (Account, error) {
	a := Account{
		ID: randomID(), Kind: Person, State: cmp.Or(n.State, Created), NameAttested: true, Lang: n.Lang,
		Role: cmp.Or(n.Role, User), Source: cmp.Or(n.Source, ByOperator), External: n.External,
		Expires: n.Expires, Created: tx.Now,
	}
	if err := a.setNameOf(n); err != nil {
		return Account{}, err
	}
	if err := a.setEmail(n.Email); err != nil {
		return Account{}, err
	}
	if !slices.Contains([]State{Created, Invited, Active}, a.State) {
		return Account{}, refuse(refusal.Invalid, CodeStateUnknown, refusal.Fields{"state": a.State})
	}
	if err := a.check(tx.Now); err != nil {
		return Account{}, err
	}
	if a.Role == Admin {
		if err := NeedAdministrator(tx); err != nil {
			return Account{}, err
		}
	}
	if err := put(tx, a); err != nil {
		return Account{}, err
	}
	return a, tx.Record(audit.Change{Action: "account.add", Object: HexID(a.ID), Subject: a.ID, After: a.facts()})
}

// setNameOf names a new account. One that is invited by address alone has no name yet, and so
// no right to a door.
func (a *Account) setNameOf(n New) error {
	if n.NoName && n.Email != "" && CleanName(n.First) == "" && CleanName(n.Last) == "" {
		a.NameAttested = false
		return nil
	}
	return a.setName(n.First, n.Last)
}

// setName puts a cleaned name in an account that an operator or an import gives.
func (a *Account) setName(first, last string) error {
	first, last = CleanName(first), CleanName(last)
	if first == "" && last == "" {
		return refuse(refusal.Invalid, CodeNameMissing, nil)
	}
	if err := refuseName(profile.JoinName(first, last)); err != nil {
		return err
	}
	a.First, a.Last = first, last
	return nil
}

func (a *Account) setEmail(email string) (err error) {
	a.Email, a.EmailKey, err = canonicalEmail(email)
	return err
}

// maxExternal bounds the id of an account in a directory, in bytes.
const maxExternal = 200

// check refuses what does not fit together in an account that is put at now.
func (a Account) check(now time.Time) error {
	switch {
	case a.Lang != "" && !profile.IsLang(a.Lang):
		return refuse(refusal.Invalid, CodeLangUnknown, nil)
	case len(a.External) > maxExternal || !profile.IsText(a.External):
		return refuse(refusal.Invalid, CodeExternalBad, refusal.Fields{"most": maxExternal})
	case a.Role != User && a.Role != Admin:
		return refuse(refusal.Invalid, CodeRoleUnknown, refusal.Fields{"role": a.Role})
	case a.Role == Admin && a.Kind != Person:
		return refuse(refusal.Invalid, CodeAdminKind, refusal.Fields{"account": HexID(a.ID), "kind": a.Kind})
	case a.Role == Admin && a.EmailKey == "":
		return refuse(refusal.Invalid, CodeAdminEmail, refusal.Fields{"account": HexID(a.ID)})
	case len(a.Rights) > 0 && a.Kind != Person:
		return refuse(refusal.Invalid, CodeRightKind, refusal.Fields{"account": HexID(a.ID), "kind": a.Kind})
	case len(a.Rights) > 0 && a.EmailKey == "":
		return refuse(refusal.Invalid, CodeRightEmail, refusal.Fields{"account": HexID(a.ID)})
	}
	return nil
}

// facts are what the audit log keeps of an account.
func (a Account) facts() map[string]any {
	f := map[string]any{"kind": a.Kind, "state": a.State}
	for name, v := range map[string]string{
		"first": a.First, "last": a.Last, "email": a.Email, "typed_email": a.TypedEmail, "lang": a.Lang, "role": string(a.Role),
		"rights": joinRights(a.Rights), "external": a.External, "source": string(a.Source),
	} {
		if v != "" {
			f[name] = v
		}
	}
	if a.Number > 0 {
		f["number"] = a.Number
	}
	if !a.Expires.IsZero() {
		f["expires"] = a.Expires
	}
	if a.State == Merged {
		f["merged_to"] = HexID(a.MergedTo)
	}
	return f
}

// changed are the facts that differ between two versions of an account, as they were and
// as they are; nil for none.
func changed(was, is Account) (before, after map[string]any) {
	before, after = was.facts(), is.facts()
	for name, v := range before {
		if w, both := after[name]; both && w == v {
			delete(before, name)
			delete(after, name)
		}
	}
	return before, after
}

// replace puts an account that a command changed and leaves its line, if anything changed.
func replace(tx Tx, action string, was, is Account) error {
	before, after := changed(was, is)
	if len(before) == 0 && len(after) == 0 && was.NameAttested == is.NameAttested {
		return nil
	}
	if err := put(tx, is); err != nil {
		return err
	}
	if err := endFormer(tx, was, is); err != nil {
		return err
	}
	return record(tx, action, was, is)
}

// endFormer ends what a changed account must not keep: its sessions once it is suspended or
// has another role, its links then too or once it has another address.
func endFormer(tx Tx, was, is Account) error {
	suspended := is.State == Suspended && was.State != Suspended
	if suspended || is.Role != was.Role {
		if _, err := EndSessions(tx, is.ID, [32]byte{}); err != nil {
			return err
		}
	}
	if suspended || is.Email != was.Email {
		return endLinks(tx, is.ID)
	}
	return nil
}

// record leaves the line of a change from one version of an account to another.
func record(tx Tx, action string, was, is Account) error {
	before, after := changed(was, is)
	return tx.Record(audit.Change{Action: action, Object: HexID(is.ID), Subject: is.ID, Before: before, After: after})
}

func randomID() (id ID) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}
