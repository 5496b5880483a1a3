package me

import (
	"cmp"
	"strconv"
	"time"

	"badged/sync/hub/fleet"
	"badged/sync/hub/web/page"
	"badged/sync/wire"
)

// passage is one event of a member, in words.
type passage struct {
	At      time.Time
	Where   string
	What    string
	Tone    string
	Outcome string
}

type passagesPage struct {
	Passages []passage
	Next     string
	First    bool
	Months   int
}

// pageOfPassages is how many lines a page has.
const pageOfPassages = 50

func showPassages(r *page.Request) (page.Reply, error) {
	below, err := strconv.ParseUint(cmp.Or(r.Query("after"), "0"), 10, 64)
	if err != nil {
		return page.Reply{}, page.ErrNotFound
	}
	d := passagesPage{First: below == 0, Months: int(r.Site.KeepEvents)}
	err = r.Read(func(tx fleet.Tx) error {
		events, next, err := fleet.ListEvents(tx, fleet.EventQuery{
			Account: r.Account().ID, Since: r.Now.AddDate(0, -d.Months, 0), Below: below, Limit: pageOfPassages,
		})
		d.Passages, d.Next = nil, ""
		for _, e := range events {
			d.Passages = append(d.Passages, passageOf(r, e))
		}
		if next > 0 {
			d.Next = "/moi/passages?after=" + strconv.FormatUint(next, 10)
		}
		return err
	})
	return page.Show("me/passages", r.T("me.passages.title"), d), err
}

func passageOf(r *page.Request, e fleet.Event) passage {
	p := passage{At: e.When(), Where: cmp.Or(e.Door, e.Point, e.Terminal), What: r.T("me.reason.other")}
	if key := "me.reason." + e.Reason.String(); french[key] != "" {
		p.What = r.T(key)
	}
	switch e.Outcome {
	case wire.OutcomeGranted:
		p.Tone, p.Outcome = "good", r.T("me.passages.granted")
	case wire.OutcomeRefused:
		p.Tone, p.Outcome = "bad", r.T("me.passages.refused")
	}
	return p
}
