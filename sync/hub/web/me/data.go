package me

import (
	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
	"time"
)

// dataPage is what the hub keeps of somebody, and what they agreed to.
type dataPage struct {
	Answers []people.Acknowledgement
	Months  int64 // that passages are kept
}

func showData(r *page.Request) (page.Reply, error) {
	d := dataPage{Months: r.Site.KeepEvents}
	err := r.Read(func(tx fleet.Tx) (err error) {
		d.Answers, err = tx.AnswersOf(r.Account().ID)
		return err
	})
	return page.Show("me/data", r.T("me.data.title"), d), err
}

// own is what a person gets about themselves as a file.
type own struct {
	people.Record
	Cards    []ownCardLine    `json:"cards"`
	Doors    []string         `json:"doors"`
	Passages []ownPassageLine `json:"passages"`
}

type ownCardLine struct {
	Card  string           `json:"card"`
	State access.CardState `json:"state"`
	Since string           `json:"since"`
}

type ownPassageLine struct {
	At, Where, What string
}

// mostExported is how many passages the file holds.
const mostExported = 1000

// exportData gives a person what the hub keeps about them as a file (S5.10).
func exportData(r *page.Request) (page.Reply, error) {
	var o own
	err := r.Write(func(tx fleet.Tx) (err error) {
		if o.Record, err = people.Export(tx.Tx.Tx.Tx, r.Account().ID); err != nil {
			return err
		}
		if err := o.addCards(r, tx); err != nil {
			return err
		}
		return o.addPassages(r, tx)
	})
	if err != nil {
		return page.Reply{}, err
	}
	return page.DownloadJSON("badged-"+people.ShortID(r.Account().ID), o), nil
}

func (o *own) addCards(r *page.Request, tx fleet.Tx) error {
	cards, err := access.CardsOf(tx.Tx.Tx, r.Account().ID)
	o.Cards, o.Doors = nil, nil
	for _, c := range cards {
		o.Cards = append(o.Cards, ownCardLine{access.ShortCard(c.ID), c.State, c.Since.Format(time.RFC3339)})
	}
	if err != nil {
		return err
	}
	doors, _, err := access.DoorsOf(tx.Tx.Tx, r.Account())
	for _, d := range doors {
		o.Doors = append(o.Doors, d.Door)
	}
	return err
}

func (o *own) addPassages(r *page.Request, tx fleet.Tx) error {
	events, _, err := fleet.ListEvents(tx, fleet.EventQuery{Account: r.Account().ID, Limit: mostExported})
	o.Passages = nil
	for _, e := range events {
		p := passageOf(r, e)
		o.Passages = append(o.Passages, ownPassageLine{p.At.Format(time.RFC3339), p.Where, p.What})
	}
	return err
}

func askErase(r *page.Request) (page.Reply, error) {
	return r.Confirm(page.Confirm{
		Title: r.T("me.erase.title"), Text: r.T("me.erase.text"),
		Points: []string{r.T("me.erase.cards"), r.T("me.erase.name"), r.T("me.erase.audit"), r.T("me.erase.back")},
		Action: "/moi/donnees/effacer", Button: r.T("me.erase.button"), Cancel: "/moi/donnees", Danger: true,
	}), nil
}

// erase forgets the person who asks, everywhere. It is final.
func erase(r *page.Request) (page.Reply, error) {
	err := r.Write(func(tx fleet.Tx) error { return access.Erase(tx.Tx.Tx, r.Account().ID) })
	if err != nil {
		return page.Reply{}, err
	}
	return page.Go("/").SignOut().Flash("me.erase.done"), nil
}
