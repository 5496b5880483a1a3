package enroll

import (
	"context"
	"errors"
	"time"

	"badged/internal/profile"
)

// The errors of an edit that are not about a field.
var (
	ErrNotAllowed = errors.New("this account cannot be edited here")
	ErrNoSession  = errors.New("the session has ended")
)

// FieldError says which field of an edit is wrong.
type FieldError struct {
	Field   string // "name", "email", "lang"
	Problem profile.Problem
}

// Error names field and problem, not the value.
func (e *FieldError) Error() string { return e.Field + ": " + string(e.Problem) }

// Edit changes a profile as the person who logged in with a card (zero: without one) wants
// it, and returns the account as saved. With profile editing off only the language changes. Errors: a
// *FieldError, ErrNotAllowed, or the store's.
func (e *Engine) Edit(ctx context.Context, p Point, id AccountID, card CardID, ed Edit) (Account, error) {
	ed, err := ed.cleaned()
	if err != nil {
		return Account{}, err
	}
	site := e.index.Site()
	var saved Account
	err = e.store.Update(ctx, func(tx Tx) error {
		a, err := tx.Account(id)
		if err != nil {
			return err
		}
		if !a.mayUse() {
			return ErrNotAllowed
		}
		if !site.EditProfile {
			ed.Name, ed.Email = a.Name, ""
		}
		saved = a.withEdit(ed)
		if err := tx.PutAccount(saved); err != nil {
			return err
		}
		ev := e.newEvent(p, EventEdit, Granted, ProfileEdited)
		ev.Account, ev.Card, ev.Edit = id, card, &ed
		return tx.Append(ev)
	})
	return saved, err
}

// withEdit returns the account with a new profile. Contact data makes an anonymous account
// somebody's own: it no longer expires. An edit does not change the end of a person's account,
// which the hub sets.
func (a Account) withEdit(ed Edit) Account {
	a.Name, a.Lang = ed.Name, ed.Lang
	if ed.Email != "" {
		a.EmailState = EmailToConfirm
	}
	if a.Kind == Anonymous && a.EmailState != EmailNone {
		a.Expires = time.Time{}
	}
	return a
}

func (ed Edit) cleaned() (Edit, error) {
	ed.Name, ed.Email = profile.CleanName(ed.Name), profile.CleanEmail(ed.Email)
	if p := profile.CheckName(ed.Name); p != "" {
		return ed, &FieldError{"name", p}
	}
	if p := profile.CheckEmail(ed.Email); p != "" {
		return ed, &FieldError{"email", p}
	}
	if !profile.IsLang(ed.Lang) {
		return ed, &FieldError{"lang", profile.BadLang}
	}
	return ed, nil
}
