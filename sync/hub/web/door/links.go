package door

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/hub/web/page"
)

// linkLife is how long a browser keeps the token of a link that somebody follows.
const linkLife = time.Hour

// takeLink moves the token of a mailed link out of the address into a cookie. It changes
// nothing: programs open links too.
func takeLink(r *page.Request) (page.Reply, error) {
	token := r.Path("token")
	if _, ok := people.ParseToken(token); !ok {
		token = "-" // no link of any site
	}
	return page.Go("/lien").Cookie(keep(linkCookie, token, linkLife)), nil
}

// followed is the link that a browser follows.
type followed struct {
	people.Link
	token people.Token
	State people.LinkState
	Own   string              // PHC string of the password that this browser chose before; empty: none
	Other people.Account      // of a merge: whose account the address was typed in
	Asked people.MergeRequest // of a merge
	Card  access.Card         // to be taken back
}

// purposes are those of the links that the door follows.
var purposes = []people.Purpose{people.Activate, people.Reset, people.SetUp, people.Confirm, people.ChangeMail, people.JoinOwn, people.UndoCard}

// findLink reads the link of this browser.
func findLink(tx fleet.Tx, r *page.Request) (f followed, err error) {
	token, ok := people.ParseToken(cookie(r, linkCookie))
	if !ok {
		f.State = people.LinkUnknown
		return f, nil
	}
	f.token = token
	f.Link, f.State, err = people.LookUpLink(tx.Tx.Tx.Tx, token)
	if err != nil {
		return f, err
	}
	if !slices.Contains(purposes, f.Purpose) && f.Purpose != "" {
		f.State = people.LinkUnknown
	}
	f.Own = openOwn(r, f.Link)
	switch {
	case f.State != people.LinkUsable:
	case f.Purpose == people.JoinOwn:
		err = f.findOther(tx)
	case f.Purpose == people.UndoCard:
		f.Card, f.State, err = access.LinkedCard(tx.Tx.Tx, token)
	}
	return f, err
}

// findOther reads what a merge is about; one that is off ends the link.
func (f *followed) findOther(tx fleet.Tx) error {
	asked, err := tx.MergeRequests(f.Account)
	if err != nil {
		return err
	}
	for _, a := range asked {
		if a.Account == f.About {
			f.Asked = a
			f.Other, err = tx.Account(f.About)
			return err
		}
	}
	f.State = people.LinkEnded
	return nil
}

// openOwn gives the password that this browser chose when it asked for a link.
func openOwn(r *page.Request, l people.Link) string {
	token, ok := people.ParseSessionToken(cookie(r, ownCookie))
	if !ok || l.Sealed == nil {
		return ""
	}
	phc, _ := people.Unseal(token, ownPassword, l.Sealed)
	return string(phc)
}

// Choose reports whether a password is chosen with the link.
func (f followed) Choose() bool {
	switch f.Purpose {
	case people.Activate, people.Reset, people.SetUp, people.Confirm:
		return f.Own == ""
	}
	return false
}

// Masked is the address that a link is for, of which others learn nothing.
func (f followed) Masked() string {
	local, domain, ok := strings.Cut(f.Address, "@")
	if !ok {
		return ""
	}
	_, n := utf8.DecodeRuneInString(local)
	return local[:n] + "•••@" + domain
}

// CardName is how a card to be taken back is called.
func (f followed) CardName() string { return access.ShortCard(f.Card.ID) }

// Again is where to ask for another link.
func (f followed) Again() string {
	switch f.Purpose {
	case people.Activate:
		return "/creer"
	case people.Reset, people.Confirm:
		return "/oublie"
	}
	return ""
}

func showLink(r *page.Request) (page.Reply, error) {
	var f followed
	err := r.Read(func(tx fleet.Tx) (err error) {
		f, err = findLink(tx, r)
		return err
	})
	if err != nil {
		return page.Reply{}, err
	}
	return linkPage(r, f), nil
}

// linkPage says what a link is for, or why it is for nothing any more.
func linkPage(r *page.Request, f followed) page.Reply {
	if f.State == people.LinkUsable {
		return page.Show("door/link", r.T("door.link."+string(f.Purpose)+".title"), f)
	}
	return page.Show("door/link-over", r.T("door.over."+string(f.State)+".title"), f).Status(http.StatusGone)
}

// useLink does what the button of a link says.
func useLink(r *page.Request) (page.Reply, error) {
	var f followed
	agreed := r.Form().Value("answer") != "no"
	err := r.WriteAs(visitor, func(tx fleet.Tx) (err error) {
		if f, err = findLink(tx, r); err != nil || f.State != people.LinkUsable || f.Choose() {
			return err
		}
		return f.use(tx, agreed)
	})
	var e *refusal.Error
	switch {
	case errors.As(err, &e):
		return r.FailRefused(e), nil
	case err != nil:
		return page.Reply{}, err
	case f.State != people.LinkUsable:
		return linkPage(r, f), nil
	case f.Choose():
		return page.Go("/mot-de-passe"), nil
	case !agreed:
		return page.Go("/").Flash("door.link.refused"), nil
	}
	return page.Go("/").Cookie(drop(ownCookie)).Flash("door.done." + string(f.Purpose)), nil
}

// use does what a link without a password is for.
func (f followed) use(tx fleet.Tx, agreed bool) (err error) {
	domain := tx.Tx.Tx.Tx
	switch f.Purpose {
	case people.ChangeMail:
		_, err = people.ConfirmEmail(domain, f.token)
	case people.JoinOwn:
		err = access.AnswerMerge(tx.Tx.Tx, f.token, agreed)
	case people.UndoCard:
		_, err = access.UndoByLink(tx.Tx.Tx, f.token)
	default:
		err = access.ChoosePassword(tx.Tx.Tx, f.token, f.Own)
	}
	return err
}
