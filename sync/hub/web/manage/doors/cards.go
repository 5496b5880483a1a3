package doors

import (
	"cmp"
	"errors"
	"strings"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

func cardRoutes() []page.Route {
	const of = "/g/cartes/{card}"
	return []page.Route{
		{Method: "GET", Path: "/g/cartes", Right: page.Cards, Handle: listCards},
		{Method: "GET", Path: "/g/cartes/inconnues", Right: page.Cards, Handle: listUnknown},
		{Method: "GET", Path: of + "/attribuer", Right: page.Cards, Handle: showGift},
		{Method: "POST", Path: of + "/attribuer", Right: page.Cards, Handle: giveCard},
		{Method: "GET", Path: "/g/cartes/contestees", Right: page.Cards, Handle: listContested},
		{Method: "GET", Path: of, Right: page.Cards, Handle: showCard},
		{Method: "POST", Path: of + "/perdue", Right: page.Cards, Handle: setLost},
		{Method: "POST", Path: of + "/active", Right: page.Cards, Handle: setActive},
		{Method: "GET", Path: of + "/revoquer", Right: page.Cards, Handle: confirmRevoke},
		{Method: "POST", Path: of + "/revoquer", Right: page.Cards, Handle: revoke},
		{Method: "GET", Path: of + "/liberer", Right: page.Cards, Handle: confirmFree},
		{Method: "POST", Path: of + "/liberer", Right: page.Cards, Handle: free},
		{Method: "GET", Path: of + "/resoudre", Right: page.Cards, Handle: showConflict},
		{Method: "POST", Path: of + "/resoudre", Right: page.Cards, Handle: resolve},
	}
}

// cardTabs are the pages about cards.
func cardTabs(r *page.Request, current string) []page.Link {
	return tabs(r, current, "/g/cartes", "doors.cards.all", "/g/cartes/inconnues", "doors.cards.unknown", "/g/cartes/contestees", "doors.cards.contested", "/g/rapports/inutilisees", "doors.cards.unused")
}

// cardLine is a card in a list.
type cardLine struct {
	Ref       string // the beginning of its id
	Owner     string
	OwnerID   string
	State     page.Tag
	Since     time.Time
	Ends      time.Time
	Over      bool // its end has passed
	Contested bool
	Assurance string
}

var cardTones = map[access.CardState]string{
	access.CardActive: "good", access.CardPending: "info", access.CardContested: "warn",
	access.CardLost: "bad", access.CardReplaced: "bad", access.CardRevoked: "bad",
}

func lineOf(r *page.Request, tx fleet.Tx, c access.Card) (l cardLine, err error) {
	l = cardLine{
		Ref: access.ShortCard(c.ID), OwnerID: people.HexID(c.Account), State: page.Tag{Text: r.T("doors.card." + string(c.State)), Tone: cardTones[c.State]},
		Since: c.Since, Ends: c.Expires, Over: !c.Expires.IsZero() && !c.Expires.After(r.Now), Assurance: r.T("doors.assurance." + string(c.Assurance)),
	}
	if l.Owner, err = nameOf(tx, c.Account); err != nil {
		return l, err
	}
	open, err := tx.OpenConflicts(c.ID)
	l.Contested = len(open) > 0
	return l, err
}

// cardList is the inventory.
type cardList struct {
	Tabs  []page.Link
	List  *page.List
	Lines []cardLine
	More  bool // owners that the search leaves out
}

// The cards that can be chosen beside those in a state.
const temporary = "temporary"

func listCards(r *page.Request) (page.Reply, error) {
	l := r.List(r.T("doors.cards.search"), page.Filter{Name: "etat", Label: r.T("doors.state"), Options: cardStates(r)})
	d := cardList{Tabs: cardTabs(r, "/g/cartes"), List: l}
	err := r.Read(func(tx fleet.Tx) error {
		cards, next, err := d.read(tx)
		l.Next, d.Lines = next, nil
		for _, c := range cards {
			line, err := lineOf(r, tx, c)
			if err != nil {
				return err
			}
			d.Lines = append(d.Lines, line)
		}
		return err
	})
	return page.Show("doors/cards", r.T("doors.cards.title"), d), err
}

func cardStates(r *page.Request) (out []page.Option) {
	for _, s := range []access.CardState{access.CardActive, access.CardPending, access.CardLost, access.CardReplaced, access.CardRevoked} {
		out = append(out, page.Option{Value: string(s), Text: r.T("doors.card." + string(s))})
	}
	return append(out, page.Option{Value: temporary, Text: r.T("doors.card.temporary")})
}

// read gives a page of cards: of a search, those of the people found and those whose id
// begins so.
func (d *cardList) read(tx fleet.Tx) ([]access.Card, string, error) {
	q := access.CardQuery{After: d.List.After(), Limit: page.PerPage}
	if state := d.List.Value("etat"); state == temporary {
		q.Temporary = true
	} else {
		q.State = access.CardState(state)
	}
	if d.List.Search == "" {
		return access.ListCards(tx.Tx.Tx, q)
	}
	cards, err := d.search(tx, q)
	return cards, "", err
}

func (d *cardList) search(tx fleet.Tx, q access.CardQuery) (found []access.Card, err error) {
	if c, err := access.FindCard(tx.Tx.Tx, d.List.Search); err == nil {
		return []access.Card{c}, nil
	}
	owners, next, err := people.List(tx.Tx.Tx.Tx, people.Query{Search: d.List.Search, Limit: page.PerPage})
	d.More = next != ""
	for _, a := range owners {
		if err != nil {
			return nil, err
		}
		var page []access.Card
		q.Account = a.ID
		page, _, err = access.ListCards(tx.Tx.Tx, q)
		found = append(found, page...)
	}
	return found, err
}

// cardPage is all about one card.
type cardPage struct {
	Card   cardLine
	Path   string
	Final  bool // replaced or revoked: dead for good
	Active bool
	Spread page.Spread // of a card that works no more
	Events []eventLine
}

// readSpread tells where a card works no more: until a terminal has heard of it, its doors
// open.
func (d *cardPage) readSpread(r *page.Request, tx fleet.Tx, c access.Card) error {
	if !c.State.Dead() {
		return nil
	}
	s, err := fleet.CardSpread(tx, c.ID)
	if err != nil || s.OfTerminals == 0 {
		return orNothing(err)
	}
	at, err := fleet.CardChanged(tx, c.ID)
	what := r.T("doors.spread." + string(c.State))
	if !at.IsZero() {
		what = r.T("doors.spread.since", what, r.ToTheSecond(at))
	}
	d.Spread = r.Spread("doors.spread.", what, s)
	return err
}

// orNothing takes what is not there for no error.
func orNothing(err error) error {
	if errors.Is(err, people.ErrNotFound) {
		return nil
	}
	return err
}

// findCard is the card that the address names.
func findCard(r *page.Request, tx fleet.Tx) (access.Card, error) {
	c, err := access.FindCard(tx.Tx.Tx, r.Path("card"))
	if err != nil {
		return c, page.ErrNotFound
	}
	return c, nil
}

// showCard shows a card that is somebody's. One that nobody has can be given.
func showCard(r *page.Request) (page.Reply, error) {
	var d cardPage
	unknown := ""
	err := r.Read(func(tx fleet.Tx) error {
		c, err := findCard(r, tx)
		if err != nil {
			u, missing := fleet.FindUnknownCard(tx, lower(r.Path("card")))
			if missing == nil {
				unknown = "/g/cartes/" + access.ShortCard(u.Card) + "/attribuer"
				return nil
			}
			return err
		}
		d = cardPage{
			Path: "/g/cartes/" + access.ShortCard(c.ID), Final: c.State == access.CardReplaced || c.State == access.CardRevoked,
			Active: c.State == access.CardActive,
		}
		if err := d.readSpread(r, tx, c); err != nil {
			return err
		}
		if d.Card, err = lineOf(r, tx, c); err != nil || !r.May(page.Events) {
			return err
		}
		recent, _, err := fleet.ListEvents(tx, fleet.EventQuery{Card: c.ID, Limit: 10, Since: r.Now.AddDate(0, -1, 0)})
		for _, e := range recent {
			d.Events = append(d.Events, eventOf(r, e))
		}
		return err
	})
	if unknown != "" {
		return page.Go(unknown), nil
	}
	return page.Show("doors/card", r.T("doors.card.title", d.Card.Ref), d), err
}

// setState sets the state of the card that the address names, and shows it.
func setState(r *page.Request, state access.CardState, said string) (page.Reply, error) {
	var c access.Card
	err := r.Write(func(tx fleet.Tx) (err error) {
		if c, err = findCard(r, tx); err != nil {
			return err
		}
		c, err = access.SetCardState(tx.Tx.Tx, people.HexID(c.ID), state, "")
		return err
	})
	return page.Go("/g/cartes/" + access.ShortCard(c.ID)).Flash(said), err
}

func setLost(r *page.Request) (page.Reply, error) {
	return setState(r, access.CardLost, "doors.card.lost.done")
}

func setActive(r *page.Request) (page.Reply, error) {
	return setState(r, access.CardActive, "doors.card.active.done")
}

func revoke(r *page.Request) (page.Reply, error) {
	return setState(r, access.CardRevoked, "doors.card.revoke.done")
}

// confirmCard is the page before a step that hurts a card.
func confirmCard(r *page.Request, key, action string, points ...string) (page.Reply, error) {
	var l cardLine
	err := r.Read(func(tx fleet.Tx) error {
		c, err := findCard(r, tx)
		if err == nil {
			l, err = lineOf(r, tx, c)
		}
		return err
	})
	path := "/g/cartes/" + l.Ref
	return r.Confirm(page.Confirm{
		Title: r.T(key+".title", l.Ref), Text: r.T(key+".text", l.Owner), Points: points,
		Action: path + action, Button: r.T(key + ".button"), Cancel: path, Danger: true,
	}), err
}

func confirmRevoke(r *page.Request) (page.Reply, error) {
	return confirmCard(r, "doors.card.revoke", "/revoquer", r.T("doors.card.revoke.point1"), r.T("doors.card.revoke.point2"))
}

func confirmFree(r *page.Request) (page.Reply, error) {
	return confirmCard(r, "doors.card.free", "/liberer")
}

func free(r *page.Request) (page.Reply, error) {
	err := r.Write(func(tx fleet.Tx) error {
		c, err := findCard(r, tx)
		if err == nil {
			_, err = access.FreeCard(tx.Tx.Tx, people.HexID(c.ID))
		}
		return err
	})
	return page.Go("/g/cartes/inconnues").Flash("doors.card.free.done"), err
}

// lower is a card's reference in the form of ids.
func lower(ref string) string { return strings.ToLower(strings.TrimSpace(ref)) }

// orDash is a text, or a dash for none.
func orDash(s string) string { return cmp.Or(s, "–") }
