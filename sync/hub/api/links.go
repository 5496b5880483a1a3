package api

import (
	"net/http"
	"time"

	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
)

// NewAdminLink asks for a link by which an administrator gets in without a password. Without
// an address it is for the first administrator of a site.
type NewAdminLink struct {
	Email string `json:"email,omitempty"`
}

// AdminLink is such a link. It works once; nothing gives it again.
type AdminLink struct {
	Link    string `json:"link"`
	Ends    Time   `json:"ends"`
	Account string `json:"account,omitempty"` // id
}

func (s *server) makeAdminLink(tx fleet.Tx, _ *http.Request, in NewAdminLink) (AdminLink, error) {
	t, a, err := people.AdminLink(tx.Tx.Tx.Tx, in.Email)
	if err != nil {
		return AdminLink{}, err
	}
	out := AdminLink{Link: "https://" + s.Join + t.Path(), Ends: Time{tx.Now.Add(people.SetUp.Life()).Truncate(time.Second)}}
	if a.ID != (people.ID{}) {
		out.Account = people.HexID(a.ID)
	}
	return out, nil
}

// NewAccountLink asks for a link for the owner of an account: to activate it, or with Reset to
// choose another password.
type NewAccountLink struct {
	Reset bool `json:"reset,omitempty"`
}

// AccountLink is such a link. Mailed: its owner gets it by mail too.
type AccountLink struct {
	Link   string `json:"link"`
	Ends   Time   `json:"ends"`
	Mailed bool   `json:"mailed"`
}

func (s *server) makeAccountLink(tx fleet.Tx, r *http.Request, in NewAccountLink) (AccountLink, error) {
	a, err := account(tx, r)
	if err != nil {
		return AccountLink{}, err
	}
	issue, p, m := people.IssueActivationLink, people.Activate, mail.Activate
	if in.Reset {
		issue, p, m = people.IssueResetLink, people.Reset, mail.Reset
	}
	t, a, err := issue(tx.Tx.Tx.Tx, a.ID)
	if err != nil {
		return AccountLink{}, err
	}
	out := AccountLink{Link: "https://" + s.Join + t.Path(), Ends: Time{tx.Now.Add(p.Life()).Truncate(time.Second)}}
	if out.Mailed, err = mail.Configured(tx.Tx.Tx.Tx.Tx); err == nil && out.Mailed {
		err = people.MailLink(tx.Tx.Tx.Tx, a, t, p, m)
	}
	return out, err
}
