package api

import (
	"net/http"
	"time"

	"badged/sync/hub/fleet"
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
