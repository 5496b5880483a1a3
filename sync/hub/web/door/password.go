package door

import (
	"badged/internal/password"
	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// visitor is who a change is made by as long as nobody is known.
var visitor = audit.Actor{Kind: audit.System, ID: "web", Via: "web"}

// choice is the page where a password is chosen.
type choice struct {
	Form     *page.Form
	Link     followed
	Proposed bool // the form has a password that was proposed, and shows it
}

// First reports whether the first administrator of a site is set up.
func (c choice) First() bool { return c.Link.Account == people.ID{} }

func showPassword(r *page.Request) (page.Reply, error) {
	var f followed
	err := r.Read(func(tx fleet.Tx) (err error) {
		f, err = findLink(tx, r)
		return err
	})
	switch {
	case err != nil:
		return page.Reply{}, err
	case f.State != people.LinkUsable:
		return linkPage(r, f), nil
	case !f.Choose():
		return page.Go("/lien"), nil
	}
	return passwordPage(r, choice{Form: r.Fill(nil), Link: f}), nil
}

func passwordPage(r *page.Request, c choice) page.Reply {
	reply := page.Show("door/password", r.T("door.password.title"), c)
	if !c.Form.OK() {
		reply = reply.Refused()
	}
	return reply
}

// setPassword sets the password that somebody chose who follows a link, or proposes one.
func setPassword(r *page.Request) (page.Reply, error) {
	form := r.Form()
	var f followed
	var personal []string
	err := r.Read(func(tx fleet.Tx) (err error) {
		if f, err = findLink(tx, r); err == nil {
			personal, err = personalWords(tx, f.Account, form)
		}
		return err
	})
	switch {
	case err != nil:
		return page.Reply{}, err
	case f.State != people.LinkUsable:
		return linkPage(r, f), nil
	}
	c := choice{Form: form, Link: f, Proposed: form.Value("proposed") != ""}
	if form.Value("propose") != "" {
		c.Proposed = true
		form.Set("password", password.Propose().Reveal())
		return passwordPage(r, c), nil
	}
	if !form.CheckNewPassword("password", personal...) {
		return passwordPage(r, c), nil
	}
	phc, err := form.HashPassword("password")
	if err != nil {
		return page.Reply{}, err
	}
	return keepPassword(r, c, phc)
}

// personalWords are names and addresses of whoever chooses a password: what the form has of
// them, and what the account has.
func personalWords(tx fleet.Tx, id people.ID, f *page.Form) ([]string, error) {
	words := []string{f.Value("email"), f.Value("first"), f.Value("last")}
	if id == (people.ID{}) {
		return words, nil
	}
	a, err := tx.Account(id)
	return append(words, a.First, a.Last, a.Email), err
}

// keepPassword uses the link up.
func keepPassword(r *page.Request, c choice, phc string) (page.Reply, error) {
	err := r.WriteAs(visitor, func(tx fleet.Tx) (err error) {
		if c.First() {
			_, err = people.SetUpAdministrator(tx.Tx.Tx.Tx, c.Link.token, people.New{
				First: c.Form.Value("first"), Last: c.Form.Value("last"), Email: c.Form.Value("email"), Lang: r.Lang,
			}, phc)
			return err
		}
		return access.ChoosePassword(tx.Tx.Tx, c.Link.token, phc)
	})
	if err = c.Form.Explain(err, page.Fields{
		people.CodeNameMissing: "first", people.CodeNameReserved: "first", people.CodeNameEmpty: "first", people.CodeNameText: "first",
		people.CodeNameLong: "first", people.CodeEmailBad: "email", people.CodeEmailLong: "email", people.CodeAdminEmail: "email", people.CodeEmailTaken: "email",
	}); err != nil {
		return page.Reply{}, err
	}
	if !c.Form.OK() {
		return passwordPage(r, c), nil
	}
	return page.Go("/").Flash("door.password.done"), nil
}
