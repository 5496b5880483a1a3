package enroll

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The errors of an edit that are not about a field.
var (
	ErrNotAllowed = errors.New("this account cannot be edited here")
	ErrNoSession  = errors.New("the session has ended")
)

// Problem is what is wrong with a field, for a page to say in its language.
type Problem string

// The problems.
const (
	ProblemTooLong  Problem = "too_long"
	ProblemBadEmail Problem = "bad_email"
	ProblemBadLang  Problem = "bad_lang"
	ProblemBadText  Problem = "bad_text" // control characters or invalid UTF-8
)

// FieldError says which field of an edit is wrong.
type FieldError struct {
	Field   string // "name", "email", "lang"
	Problem Problem
}

// Error names field and problem, not the value.
func (e *FieldError) Error() string { return e.Field + ": " + string(e.Problem) }

// The longest texts of a profile, in bytes (RFC 5321 §4.5.3.1 for the address).
const (
	maxName  = 200
	maxEmail = 254
)

// Edit changes a profile as the person who logged in with a card (zero: without one) wants
// it, and returns the account as saved. With profile editing off only the language changes. Errors: a
// *FieldError, ErrNotAllowed, or the store's.
func (e *Engine) Edit(ctx context.Context, p Point, id AccountID, card CardID, ed Edit) (Account, error) {
	ed, err := ed.clean()
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
			ed.Name, ed.Email = a.Name, a.Email
		}
		saved = a.edited(ed)
		if err := tx.PutAccount(saved); err != nil {
			return err
		}
		ev := e.event(p, EventEdit, Granted, ProfileEdited)
		ev.Account, ev.Card, ev.Edit = id, card, &ed
		return tx.Append(ev)
	})
	return saved, err
}

// edited is the account with a new profile. Contact data makes an anonymous account
// somebody's own: it no longer expires. A person's end is the hub's, whatever they type.
func (a Account) edited(ed Edit) Account {
	a.Name, a.Email, a.Lang = ed.Name, ed.Email, ed.Lang
	if a.Kind == Anonymous && a.Email != "" {
		a.Expires = time.Time{}
	}
	return a
}

func (ed Edit) clean() (Edit, error) {
	ed.Name = strings.Join(strings.Fields(ed.Name), " ")
	ed.Email = strings.ToLower(strings.TrimSpace(ed.Email))
	switch {
	case len(ed.Name) > maxName:
		return ed, &FieldError{"name", ProblemTooLong}
	case !isText(ed.Name):
		return ed, &FieldError{"name", ProblemBadText}
	case len(ed.Email) > maxEmail:
		return ed, &FieldError{"email", ProblemTooLong}
	case ed.Email != "" && !isEmail(ed.Email):
		return ed, &FieldError{"email", ProblemBadEmail}
	case !IsLang(ed.Lang):
		return ed, &FieldError{"lang", ProblemBadLang}
	}
	return ed, nil
}

// IsLang reports whether l is a language that panels speak.
func IsLang(l string) bool { return l == "fr" || l == "en" }

func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
	})
}

// isEmail takes a bare address, not "Name <address>".
func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && isText(s) && strings.Contains(s[strings.LastIndexByte(s, '@'):], ".")
}
