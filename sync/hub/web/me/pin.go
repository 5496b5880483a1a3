package me

import (
	"errors"
	"strings"

	"badged/internal/secret"
	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// pinPage says whether somebody has a PIN; right after it was made, which one.
type pinPage struct {
	Has   bool
	Since string
	new   secret.Text
}

// New reports whether the page shows a PIN.
func (p pinPage) New() bool { return !p.new.IsZero() }

// Digits is the PIN that was just made.
func (p pinPage) Digits() string { return p.new.Reveal() }

// Spoken are its digits one by one, as a screen reader says them.
func (p pinPage) Spoken() string { return strings.Join(strings.Split(p.new.Reveal(), ""), " ") }

func showPIN(r *page.Request) (page.Reply, error) {
	var d pinPage
	err := r.Read(func(tx fleet.Tx) error {
		p, err := tx.PINOf(r.Account().ID)
		if errors.Is(err, people.ErrNotFound) {
			return nil
		}
		d = pinPage{Has: true, Since: r.Date(p.Made)}
		return err
	})
	return page.Show("me/pin", r.T("me.pin.title"), d), err
}

// issuePIN makes a new PIN and shows it in its answer, once.
func (s *space) issuePIN(r *page.Request) (page.Reply, error) {
	var d pinPage
	err := r.Write(func(tx fleet.Tx) (err error) {
		d.new, err = access.IssuePIN(tx.Tx.Tx, s.Hub.SiteKey(), r.Account().ID)
		return err
	})
	return page.Show("me/pin", r.T("me.pin.title"), d), err
}
