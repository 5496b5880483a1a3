package me

import (
	"slices"
	"strings"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// Whose says for whom the steps register a card, and where they are.
type Whose struct {
	Base  string // pattern of the first page; what stands in braces is kept
	Home  string // where «Fermer» leads
	Right page.Right
	Owner func(r *page.Request, tx fleet.Tx) (people.Account, error)
}

// Own is a member who registers a card of their own.
var Own = Whose{
	Base: access.RegisterPath, Home: "/moi", Right: page.SignedIn,
	Owner: func(r *page.Request, _ fleet.Tx) (people.Account, error) { return r.Account(), nil },
}

// OfMember is somebody who manages cards and registers one for a member (S2.18).
var OfMember = Whose{
	Base: "/g/membres/{id}/carte", Home: "/g/membres/{id}", Right: page.Cards,
	Owner: func(r *page.Request, tx fleet.Tx) (people.Account, error) {
		id, err := r.ID("id")
		if err != nil {
			return people.Account{}, err
		}
		a, err := tx.Account(id)
		if err == nil && a.Kind != people.Person {
			err = people.ErrNotFound
		}
		return a, page.OrNotFound(err)
	},
}

// steps are the pages on which a card is registered.
type steps struct {
	Options
	Whose
}

// StepRoutes are the routes of the steps.
func StepRoutes(o Options, w Whose) []page.Route {
	s := &steps{o, w}
	route := func(method, path string, handle page.Handler) page.Route {
		return page.Route{Method: method, Path: w.Base + path, Right: w.Right, Handle: handle}
	}
	return []page.Route{
		route("GET", "", s.showStart),
		route("POST", "/confirmer", s.confirmHeld),
		route("POST", "/presentee", s.takeTap),
		route("POST", "/fermer", s.closeStart),
		route("GET", "/{enrolment}", s.showStep),
		route("POST", "/{enrolment}/code", s.issueCode),
		route("POST", "/{enrolment}/fermer", s.closeStep),
	}
}

// at fills the member's id into a path.
func at(r *page.Request, pattern string) string {
	return strings.ReplaceAll(pattern, "{id}", r.Path("id"))
}

func (s *steps) path(r *page.Request, e access.Enrolment) string {
	return at(r, s.Base) + "/" + people.HexID(e.ID)
}

// step is a page of the steps.
type step struct {
	Base, Path, Home string // of the first page, of this one, and where «Fermer» leads
	Own              bool
	Owner            people.Account
	access.Enrolment
	Replaces string // short id of the card that ends; empty: none
	Code     *code  // nil: none
	Card     *access.Card
	Doors    []door // of the owner
	Rests    bool   // rights wait for a first and a last name
	Confirm  access.Confirm
	Form     *page.Form
	Taps     []fleet.Tap
	Cards    []page.Option // in use, of which the new one may replace one; none beside "another card"
}

// Kept is the card's short id.
func (d step) Kept() string { return access.ShortCard(d.Card.ID) }

// Is reports whether the page is at a step.
func (d step) Is(name string) bool { return string(d.Step) == name }

func (s *steps) title(r *page.Request, d step) string {
	switch {
	case d.Own && d.Replaces != "":
		return r.T("me.step.title.change")
	case d.Own:
		return r.T("me.step.title")
	default:
		return r.T("me.step.title.for", d.Owner.DisplayName())
	}
}

// read reads what every step shows.
func (s *steps) read(r *page.Request, tx fleet.Tx, e access.Enrolment) (d step, err error) {
	d = step{Base: at(r, s.Base), Home: at(r, s.Home), Enrolment: e}
	if d.Owner, err = s.Owner(r, tx); err != nil {
		return d, err
	}
	d.Own, d.Confirm = d.Owner.ID == r.Account().ID, r.Site.Confirm
	d.Path = s.path(r, e)
	if e.Replaces != (access.ID{}) {
		d.Replaces = access.ShortCard(e.Replaces)
	}
	if err := d.readTaps(r, tx); err != nil {
		return d, err
	}
	if d.Doors, d.Rests, err = doorsOf(r, tx, d.Owner); err != nil || e.Step != access.StepHeld {
		return d, err
	}
	return d, d.readCards(r, tx)
}

// readCards reads what the new card may replace.
func (d *step) readCards(r *page.Request, tx fleet.Tx) error {
	d.Form = r.Fill(map[string]string{"replaces": d.Replaces})
	cards, err := cardsOf(r, tx, d.Owner.ID)
	for _, c := range cards {
		if c.InUse {
			d.Cards = append(d.Cards, page.Option{Value: c.Short, Text: r.T("me.step.which.card", c.Short), Hint: r.T("me.step.which.dead")})
		}
	}
	if len(d.Cards) > 0 {
		d.Cards = append([]page.Option{{Text: r.T("me.step.which.more")}}, d.Cards...)
	}
	return err
}

// showStart is the first step, or the one where somebody was.
func (s *steps) showStart(r *page.Request) (page.Reply, error) {
	var d step
	err := r.Read(func(tx fleet.Tx) error {
		a, err := s.Owner(r, tx)
		if err != nil {
			return err
		}
		e, err := tx.OpenEnrolment(a.ID)
		if err == people.ErrNotFound { //nolint:errorlint // the store gives it as it is
			e, err = access.Enrolment{Account: a.ID, Step: access.StepHeld}, nil
		}
		if err != nil {
			return err
		}
		d, err = s.read(r, tx, e)
		return err
	})
	if err != nil {
		return page.Reply{}, err
	}
	if d.Step != access.StepHeld {
		return page.Go(d.Path), nil
	}
	return page.Show("me/step", s.title(r, d), d), nil
}

// begin starts the registration, or takes it up.
func (s *steps) begin(r *page.Request, tx fleet.Tx) (access.Enrolment, error) {
	a, err := s.Owner(r, tx)
	if err != nil {
		return access.Enrolment{}, err
	}
	n := access.NewEnrolment{Account: a.ID}
	if chosen := r.Form().Values("replaces"); len(chosen) > 0 {
		n.Replaces = &chosen[0]
	}
	return access.StartEnrolment(tx.Tx.Tx, n)
}

// confirmHeld takes «Je confirme avoir une carte en ma possession».
func (s *steps) confirmHeld(r *page.Request) (page.Reply, error) {
	var e access.Enrolment
	err := r.Write(func(tx fleet.Tx) (err error) {
		if e, err = s.begin(r, tx); err == nil {
			e, err = access.ConfirmHeld(tx.Tx.Tx, e.Account, e.ID)
		}
		return err
	})
	return page.Go(s.path(r, e)), err
}

// closeStart takes «Fermer» at the first step.
func (s *steps) closeStart(r *page.Request) (page.Reply, error) {
	err := r.Write(func(tx fleet.Tx) error {
		a, err := s.Owner(r, tx)
		if err != nil {
			return err
		}
		e, err := tx.OpenEnrolment(a.ID)
		if err == people.ErrNotFound { //nolint:errorlint // the store gives it as it is
			e, err = s.begin(r, tx)
		}
		if err == nil {
			_, err = access.CloseEnrolment(tx.Tx.Tx, e.Account, e.ID)
		}
		return err
	})
	return page.Go(at(r, s.Home)).Flash("me.step.closed"), err
}

// closeStep takes «Fermer» at a later step.
func (s *steps) closeStep(r *page.Request) (page.Reply, error) {
	var e access.Enrolment
	err := r.Write(func(tx fleet.Tx) (err error) {
		if e, err = s.find(r, tx); err == nil && e.Step != access.StepDone {
			e, err = access.CloseEnrolment(tx.Tx.Tx, e.Account, e.ID)
		}
		return err
	})
	reply := page.Go(at(r, s.Home))
	if e.Step == access.StepChoose {
		reply = reply.Flash("me.step.closed")
	}
	return reply, err
}

// find is the registration that the address names.
func (s *steps) find(r *page.Request, tx fleet.Tx) (access.Enrolment, error) {
	a, err := s.Owner(r, tx)
	if err != nil {
		return access.Enrolment{}, err
	}
	id, err := r.ID("enrolment")
	if err != nil {
		return access.Enrolment{}, err
	}
	return access.FindEnrolment(tx.Tx.Tx, a.ID, id)
}

// showStep is the second step, the third, or the end.
func (s *steps) showStep(r *page.Request) (page.Reply, error) {
	var d step
	err := r.Read(func(tx fleet.Tx) error {
		e, err := s.find(r, tx)
		if err != nil {
			return err
		}
		if d, err = s.read(r, tx, e); err != nil {
			return err
		}
		return d.readEnd(r, tx)
	})
	if err != nil {
		return page.Reply{}, err
	}
	if d.Step == access.StepHeld {
		return page.Go(d.Base), nil
	}
	return page.Show("me/step", s.title(r, d), d), nil
}

// readEnd reads the code of the third step, or the card of the last.
func (d *step) readEnd(r *page.Request, tx fleet.Tx) error {
	switch d.Step {
	case access.StepCode:
		shown, err := access.ReadCode(tx.Tx.Tx, d.Enrolment, r.Person.Token)
		if err != nil {
			return err
		}
		d.Code = &code{ShownCode: shown, Minutes: int((shown.Ends.Sub(r.Now) + time.Minute - 1) / time.Minute)}
		return d.Code.readDoors(tx)
	case access.StepDone:
		c, err := tx.Card(d.Enrolment.Card)
		if err == people.ErrNotFound || err == nil && c.Account != d.Owner.ID { //nolint:errorlint // the store gives it as it is
			return nil // taken back since
		}
		d.Card = &c
		return err
	}
	return nil
}

// code is the code of the third step.
type code struct {
	access.ShownCode
	Minutes int
	At      []string // doors at which it can be typed
}

// Is reports whether the code has a status.
func (c code) Is(status string) bool { return string(c.Status) == status }

// Typed is what is typed at the door: *7365. Only the page that shows it calls it.
func (c code) Typed() string { return "*" + c.Code.Reveal() }

// Digits are the digits one by one, as a screen reader says them.
func (c code) Digits() string { return strings.Join(strings.Split(c.Code.Reveal(), ""), " ") }

// Serves reports whether the code can be typed at a door.
func (c code) Serves(door string) bool { return slices.Contains(c.At, door) }

func (c *code) readDoors(tx fleet.Tx) error {
	c.At = c.Claim.Doors
	if len(c.At) > 0 {
		return nil
	}
	doors, err := access.AllDoors(tx.Tx.Tx)
	for _, d := range doors {
		c.At = append(c.At, d.Name)
	}
	return err
}

// issueCode takes «Ma carte n'a pas de code QR», and asks for another code later.
func (s *steps) issueCode(r *page.Request) (page.Reply, error) {
	var e access.Enrolment
	err := r.Write(func(tx fleet.Tx) (err error) {
		if e, err = s.find(r, tx); err == nil {
			e, err = s.askCode(r, tx, e)
		}
		return err
	})
	return page.Go(s.path(r, e)), err
}

// askCode issues a code for some doors, or without one for all of the site.
func (s *steps) askCode(r *page.Request, tx fleet.Tx, e access.Enrolment, doors ...string) (access.Enrolment, error) {
	away, err := s.Hub.Away(tx)
	if err != nil {
		return e, err
	}
	e, _, err = access.IssueCode(tx.Tx.Tx, s.Hub.SiteKey(), access.NewCode{
		Account: e.Account, Enrolment: e.ID, Session: r.Person.Token, Away: away, Doors: doors,
	})
	return e, err
}
