package me

import (
	"badged/internal/password"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// session is a browser in which somebody is logged in.
type session struct {
	people.Session
	This bool
}

func showSecurity(r *page.Request) (page.Reply, error) {
	var all []session
	err := r.Read(func(tx fleet.Tx) error {
		found, err := tx.SessionsOf(r.Account().ID)
		all = nil
		for _, s := range found {
			all = append(all, session{s, s.Hash == r.Person.Session.Hash})
		}
		return err
	})
	return page.Show("me/security", r.T("me.security.title"), all), err
}

// endOtherSessions signs somebody out in every other browser.
func endOtherSessions(r *page.Request) (page.Reply, error) {
	err := r.Write(func(tx fleet.Tx) error {
		_, err := people.EndSessions(tx.Tx.Tx.Tx, r.Account().ID, r.Person.Session.Hash)
		return err
	})
	return page.Go("/moi/securite").Flash("me.security.ended"), err
}

// passwordPage is where somebody chooses another password.
type passwordPage struct {
	Form     *page.Form
	Proposed string
}

func showPassword(r *page.Request) (page.Reply, error) {
	return page.Show("me/password", r.T("me.password.title"), passwordPage{Form: r.Fill(nil)}), nil
}

// changePassword sets a password of the person's own. All their sessions end but a new one.
func changePassword(r *page.Request) (page.Reply, error) {
	f := r.Form()
	d := passwordPage{Form: f}
	if f.Has("do", "propose") {
		d.Proposed = password.Propose().Reveal()
		return page.Show("me/password", r.T("me.password.title"), d), nil
	}
	a := r.Account()
	if !f.CheckNewPassword("password", a.First, a.Last, a.Email) {
		return page.Show("me/password", r.T("me.password.title"), d).Refused(), nil
	}
	phc, err := f.HashPassword("password")
	if err != nil {
		return page.Reply{}, err
	}
	was := r.Person.Session
	var token people.SessionToken
	err = r.Write(func(tx fleet.Tx) (err error) {
		if err := people.SetPassword(tx.Tx.Tx.Tx, a.ID, phc); err != nil {
			return err
		}
		token, err = people.LogIn(tx.Tx.Tx.Tx, a.ID, phc, people.Client{IP: was.IP, Agent: was.Agent})
		return err
	})
	return page.Go("/moi/securite").SignIn(token).Flash("me.password.done"), err
}
