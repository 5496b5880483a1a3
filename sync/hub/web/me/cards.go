package me

import (
	"slices"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

func cardRoutes() []page.Route {
	route := func(method, path string, handle page.Handler) page.Route {
		return page.Route{Method: method, Path: "/moi/cartes" + path, Right: page.SignedIn, Handle: handle}
	}
	return []page.Route{
		route("GET", "", showCards),
		route("GET", "/{card}/perdue", askLost),
		route("POST", "/{card}/perdue", act(access.ReportLost, "me.cards.lost.done")),
		route("GET", "/{card}/pas-moi", askUndo),
		route("POST", "/{card}/pas-moi", act(access.UndoCard, "me.cards.undo.done")),
		route("POST", "/{card}/confirmer", act(access.ConfirmCard, "me.cards.confirm.done")),
		route("GET", "/changer", askChange),
		route("GET", "/{card}/changer", askChangeOf),
	}
}

// card is a card as its owner sees it.
type card struct {
	access.Card
	Short   string
	Tone    string // of its state
	InUse   bool
	Confirm bool // waits for the owner's word
}

// tones are the colours of states.
var tones = map[access.CardState]string{access.CardActive: "good", access.CardPending: "warn", access.CardContested: "bad"}

// cardsOf gives the cards of an account, those that work first and the newest first.
func cardsOf(r *page.Request, tx fleet.Tx, id people.ID) (cards []card, err error) {
	all, err := access.CardsOf(tx.Tx.Tx, id)
	for _, c := range all {
		cards = append(cards, card{
			Card: c, Short: access.ShortCard(c.ID), Tone: tones[c.State],
			InUse:   c.State == access.CardActive || c.State == access.CardPending,
			Confirm: c.State == access.CardPending && r.Site.Confirm == access.ConfirmOwner,
		})
	}
	slices.SortStableFunc(cards, func(a, b card) int { return a.rank() - b.rank() })
	return cards, err
}

func (c card) rank() int {
	if c.InUse {
		return 0
	}
	return 1
}

func readCards(r *page.Request) (cards []card, err error) {
	err = r.Read(func(tx fleet.Tx) (err error) {
		cards, err = cardsOf(r, tx, r.Account().ID)
		return err
	})
	return cards, err
}

func showCards(r *page.Request) (page.Reply, error) {
	cards, err := readCards(r)
	return page.Show("me/cards", r.T("me.cards.title"), cards), err
}

// act does what the owner says about a card.
func act(do func(access.Tx, people.ID, string) (access.Card, error), done string) page.Handler {
	return func(r *page.Request) (page.Reply, error) {
		err := r.Write(func(tx fleet.Tx) error {
			_, err := do(tx.Tx.Tx, r.Account().ID, r.Path("card"))
			return err
		})
		return page.Go("/moi/cartes").Flash(done), err
	}
}

// ownCard reads the card that the address names.
func ownCard(r *page.Request) (c access.Card, err error) {
	err = r.Read(func(tx fleet.Tx) (err error) {
		c, err = access.OwnCard(tx.Tx.Tx, r.Account().ID, r.Path("card"))
		return err
	})
	return c, err
}

func askLost(r *page.Request) (page.Reply, error) {
	c, err := ownCard(r)
	if err != nil {
		return page.Reply{}, err
	}
	return r.Confirm(page.Confirm{
		Title: r.T("me.cards.lost.title", access.ShortCard(c.ID)), Text: r.T("me.cards.lost.text"),
		Points: []string{r.T("me.cards.lost.now"), r.T("me.cards.lost.found")},
		Action: cardPath(c, "perdue"), Button: r.T("me.cards.lost.button"), Cancel: "/moi/cartes", Danger: true,
	}), nil
}

func askUndo(r *page.Request) (page.Reply, error) {
	c, err := ownCard(r)
	if err != nil {
		return page.Reply{}, err
	}
	return r.Confirm(page.Confirm{
		Title: r.T("me.cards.undo.title", access.ShortCard(c.ID)), Text: r.T("me.cards.undo.text"),
		Points: []string{r.T("me.cards.undo.now"), r.T("me.cards.undo.former")},
		Action: cardPath(c, "pas-moi"), Button: r.T("me.cards.undo.button"), Cancel: "/moi/cartes", Danger: true,
	}), nil
}

func cardPath(c access.Card, deed string) string {
	return "/moi/cartes/" + access.ShortCard(c.ID) + "/" + deed
}

// askChange begins to change the card of somebody who has one; who has several chooses.
func askChange(r *page.Request) (page.Reply, error) {
	cards, err := readCards(r)
	if err != nil {
		return page.Reply{}, err
	}
	inUse := slices.DeleteFunc(cards, func(c card) bool { return !c.InUse })
	switch len(inUse) {
	case 0:
		return page.Go(access.RegisterPath), nil
	case 1:
		return page.Go(cardPath(inUse[0].Card, "changer")), nil
	}
	return page.Go("/moi/cartes").Flash("me.cards.change.which"), nil
}

// askChangeOf warns before anything happens (S2.20).
func askChangeOf(r *page.Request) (page.Reply, error) {
	c, err := ownCard(r)
	if err != nil {
		return page.Reply{}, err
	}
	short := access.ShortCard(c.ID)
	return r.Confirm(page.Confirm{
		Title: r.T("me.cards.change.title"), Text: r.T("me.cards.change.text", short),
		Points: []string{r.T("me.cards.change.until"), r.T("me.cards.change.then"), r.T("me.cards.change.lost")},
		Action: access.RegisterPath + "/confirmer", Button: r.T("me.step.held"), Cancel: "/moi/cartes", Danger: true,
		Hidden: []page.Option{{Value: "replaces", Text: short}},
	}), nil
}
