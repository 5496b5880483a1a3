package me

import (
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// emailPage is where somebody asks for another address to log in with.
type emailPage struct{ Form *page.Form }

func showEmail(r *page.Request) (page.Reply, error) {
	return page.Show("me/email", r.T("me.email.title"), emailPage{r.Fill(nil)}), nil
}

// requestEmail mails a link to a new address, which is in force once the link was used. It
// says the same whether or not the address is another's.
func requestEmail(r *page.Request) (page.Reply, error) {
	f := r.Form()
	err := r.Write(func(tx fleet.Tx) error { return people.RequestEmail(tx.Tx.Tx.Tx, r.Account().ID, f.Value("email")) })
	err = f.Explain(err, page.Fields{people.CodeEmailBad: "email", people.CodeEmailLong: "email"})
	if err != nil {
		return page.Reply{}, err
	}
	if !f.OK() {
		return page.Show("me/email", r.T("me.email.title"), emailPage{f}).Refused(), nil
	}
	return page.Go("/moi/profil").Flash("me.email.sent"), nil
}
