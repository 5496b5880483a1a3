package doors

import (
	"errors"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/hub/web/page"
)

// manyCandidates bounds how many people a form offers.
const manyCandidates = 10

// chooser lets somebody name a person: by what is typed, or as one of those who may be meant.
// None of several is suggested.
type chooser struct {
	Form       *page.Form
	Candidates []page.Option
}

// The fields of a chooser.
const (
	personField = "personne" // what is typed
	idField     = "compte"   // who was chosen of several
	offerField  = "pour"     // what was typed when they were offered: a choice is of no other name
)

// find finds the person that a form names. When it is not certain who that is, it refuses the
// field and offers whom it may be.
func (c *chooser) find(r *page.Request, tx fleet.Tx) (a people.Account, ok bool, err error) {
	typed := c.Form.Value(personField)
	ref := typed
	if chosen := c.Form.Value(idField); chosen != "" && (typed == "" || typed == c.Form.Value(offerField)) {
		ref = chosen
	}
	if ref == "" {
		c.Form.Refuse(personField, r.T("doors.person.missing"))
		return a, false, nil
	}
	a, err = people.Find(tx.Tx.Tx.Tx, ref)
	if err == nil {
		c.keep(r, a)
		return a, true, nil
	}
	var refused *refusal.Error
	if !errors.As(err, &refused) {
		return a, false, err
	}
	if err := c.offer(r, tx, ref); err != nil {
		return a, false, err
	}
	key := "doors.person.none"
	if len(c.Candidates) > 0 {
		key = "doors.person.several"
	}
	c.Form.Refuse(personField, r.T(key))
	return a, false, nil
}

// keep shows the person who was found as the one who is chosen.
func (c *chooser) keep(r *page.Request, a people.Account) {
	c.Form.Set(personField, a.DisplayName())
	c.Form.Set(offerField, a.DisplayName())
	c.Form.Set(idField, people.HexID(a.ID))
	c.Candidates = []page.Option{optionOf(r, a)}
}

func optionOf(r *page.Request, a people.Account) page.Option {
	hint := a.Email
	if hint == "" {
		hint = r.T("doors.person.since", r.Date(a.Created))
	}
	return page.Option{Value: people.HexID(a.ID), Text: a.DisplayName(), Hint: hint + " · " + r.T("doors.state."+string(a.State))}
}

// offer lists the people whose name or address begins as what was typed.
func (c *chooser) offer(r *page.Request, tx fleet.Tx, typed string) error {
	found, _, err := people.List(tx.Tx.Tx.Tx, people.Query{Search: typed, People: true, Limit: manyCandidates})
	c.Candidates = nil
	for _, a := range found {
		c.Candidates = append(c.Candidates, optionOf(r, a))
	}
	c.Form.Set(offerField, typed)
	c.Form.Set(idField)
	return err
}

// nameOf is how an account is shown; a dash for one that is gone.
func nameOf(tx fleet.Tx, id people.ID) (string, error) {
	a, err := tx.Account(id)
	if errors.Is(err, people.ErrNotFound) {
		return "–", nil
	}
	return a.DisplayName(), err
}
