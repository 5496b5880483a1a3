package me

import (
	"errors"
	"net/http"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

func labelRoutes() []page.Route {
	return []page.Route{
		{Method: "GET", Path: "/c/{token}", Right: page.SignedIn, Handle: showLabel},
		{Method: "POST", Path: "/c/{token}", Right: page.SignedIn, Handle: bindLabel},
	}
}

// label is the page behind the QR code of a card.
type label struct {
	Form   *page.Form
	Path   string
	Status access.LabelStatus
	Short  string
	ForOne bool // the person may register it for somebody else
}

// Is reports what the QR code is good for.
func (l label) Is(status string) bool { return string(l.Status) == status }

// showLabel asks before anything happens: to look at a QR code changes nothing.
func showLabel(r *page.Request) (page.Reply, error) {
	return labelPage(r, r.Fill(nil))
}

func labelPage(r *page.Request, f *page.Form) (page.Reply, error) {
	l := label{Form: f, Path: "/c/" + r.Path("token"), Status: access.LabelUnknown, ForOne: r.May(page.Cards)}
	token, _ := people.ParseToken(r.Path("token"))
	err := r.Read(func(tx fleet.Tx) error {
		c, status, err := access.ReadLabel(tx.Tx.Tx, token, r.Account().ID)
		l.Status, l.Short = status, access.ShortCard(c.ID)
		return err
	})
	reply := page.Show("me/label", r.T("me.label.title"), l)
	switch {
	case !f.OK():
		reply = reply.Refused()
	case l.Status == access.LabelUnknown:
		reply = reply.Status(http.StatusNotFound)
	}
	return reply, err
}

// bindLabel registers the card, for the person or, as somebody who manages cards, for
// another one.
func bindLabel(r *page.Request) (page.Reply, error) {
	f := r.Form()
	token, _ := people.ParseToken(r.Path("token"))
	owner := r.Account()
	var refused error
	var e access.Enrolment
	err := r.Write(func(tx fleet.Tx) (err error) {
		owner = r.Account()
		if ref := f.Value("owner"); ref != "" && r.May(page.Cards) {
			if owner, err = people.Find(tx.Tx.Tx.Tx, ref); err != nil {
				return err
			}
		}
		if _, refused, err = access.BindLabel(tx.Tx.Tx, token, owner.ID); err != nil || refused != nil {
			return err
		}
		e, err = tx.LatestEnrolment(owner.ID)
		if errors.Is(err, people.ErrNotFound) {
			e, err = access.Enrolment{}, nil
		}
		return err
	})
	if err == nil {
		err = refused
	}
	if err = f.Explain(err, page.Fields{people.CodeNotFound: "owner", people.CodeAmbiguous: "owner", access.CodeCardOwner: "owner"}); err != nil {
		return page.Reply{}, err
	}
	if !f.OK() {
		return labelPage(r, f)
	}
	if owner.ID != r.Account().ID {
		return page.Go("/c/"+r.Path("token")).Flash("me.label.done.for", owner.DisplayName()), nil
	}
	if e.Step == access.StepDone {
		return page.Go(access.RegisterPath + "/" + people.HexID(e.ID)), nil
	}
	return page.Go("/moi/cartes").Flash("me.label.done"), nil
}
