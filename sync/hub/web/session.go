package web

import (
	"net/http"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/hub/web/page"
)

// findPerson finds who a request comes from; nil: nobody who is logged in.
func findPerson(tx fleet.Tx, r *http.Request) (*page.Person, error) {
	c, err := r.Cookie(page.SessionCookie)
	if err != nil {
		return nil, nil
	}
	token, ok := people.ParseSessionToken(c.Value)
	if !ok {
		return nil, nil
	}
	session, account, err := people.FindSession(tx.Tx.Tx.Tx, token)
	if refusal.IsKind(err, refusal.Forbidden) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	_, unread, err := people.DueNotice(tx.Tx.Tx.Tx, account)
	return &page.Person{Account: account, Session: session, Token: token, Areas: areasOf(account), Unread: unread}, err
}

// areasOf are the areas that an account may manage, as the domain decides.
func areasOf(a people.Account) (areas []page.Right) {
	for _, area := range page.Areas {
		if people.Allows(a, people.Right(area)) {
			areas = append(areas, area)
		}
	}
	return areas
}

// touch notes that a session is in use. A page that follows the hub by itself does not
// prolong it: nobody may be sitting there.
func (s *server) touch(r *http.Request, a page.Asked) error {
	if !a.Person.Session.NeedsTouch(a.Now) || page.IsLive(r) {
		return nil
	}
	by := audit.Actor{Kind: audit.Account, ID: people.HexID(a.Person.Account.ID), Via: "web"}
	err := s.Store.Write(r.Context(), by, func(tx fleet.Tx) error { return people.TouchSession(tx.Tx.Tx.Tx, a.Person.Token) })
	if refusal.IsKind(err, refusal.Forbidden) {
		return nil // it ended a moment ago; this request still came in time
	}
	return err
}

// signOut ends the session of this browser.
func signOut(r *page.Request) (page.Reply, error) {
	err := r.Write(func(tx fleet.Tx) error { return people.EndSession(tx.Tx.Tx.Tx, r.Person.Session.Hash) })
	return page.Go("/").SignOut().Flash("web.signedout"), err
}
