package doors

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
	"badged/sync/wire"
)

func (p pages) reportRoutes() []page.Route {
	return []page.Route{
		{Method: "GET", Path: "/g/rapports", Right: page.Events, Handle: showReports},
		{Method: "GET", Path: "/g/rapports/acces", Right: page.Doors, Handle: p.exportAccess},
		{Method: "GET", Path: "/g/rapports/inutilisees", Right: page.Cards, Handle: listUnused},
		{Method: "GET", Path: "/g/rapports/inutilisees/export", Right: page.Cards, Handle: exportUnused},
		{Method: "GET", Path: "/g/rapports/presence", Right: page.Events, Handle: showPresence},
		{Method: "GET", Path: "/g/rapports/presence/export", Right: page.Events, Handle: exportPresence},
	}
}

// reportPage is the choice of reports.
type reportPage struct {
	Today, MonthAgo string
	Form            *page.Form
}

func showReports(r *page.Request) (page.Reply, error) {
	here := r.Now.In(r.Zone())
	today := here.Format(time.DateOnly)
	d := reportPage{Today: today, MonthAgo: here.AddDate(0, -1, 0).Format(time.DateOnly), Form: r.Fill(map[string]string{"jour": today})}
	return page.Show("doors/reports", r.T("doors.reports.title"), d), nil
}

// exportAccess gives who has a right to which door.
func (p pages) exportAccess(r *page.Request) (page.Reply, error) {
	var doors []access.Door
	err := r.Read(func(tx fleet.Tx) (err error) {
		doors, err = access.AllDoors(tx.Tx.Tx)
		return err
	})
	return r.Sheet(r.T("doors.report.access.file"), func(row page.Row) error {
		if err := p.whoHead(r, row); err != nil {
			return err
		}
		for _, d := range doors {
			if err := p.writeWho(r, row, d.Name); err != nil {
				return err
			}
		}
		return nil
	}), err
}

// unusedFor is after how many days a card that nobody shows is unused.
const unusedFor = 90

// unusedPage lists active cards that no terminal saw for long.
type unusedPage struct {
	Tabs  []page.Link
	List  *page.List
	Days  int
	Lines []cardLine
}

// usedCards are the cards that terminals saw since a time.
func usedCards(r *page.Request, since time.Time) (map[access.ID]bool, error) {
	used := make(map[access.ID]bool)
	return used, eachEvent(r, fleet.EventQuery{Since: since, Kind: wire.EventPresentation}, func(e fleet.Event) error {
		if len(e.Card) == len(access.ID{}) {
			used[access.ID(e.Card)] = true
		}
		return nil
	})
}

// isUnused reports whether an active card was shown to no terminal since a time.
func isUnused(c access.Card, used map[access.ID]bool, since time.Time) bool {
	return c.State == access.CardActive && c.Since.Before(since) && !used[c.ID]
}

// unusedCards gives a page of them. It looks at a bounded number of cards.
func unusedCards(r *page.Request, after string, most int) (found []access.Card, next string, err error) {
	since := r.Now.AddDate(0, 0, -unusedFor)
	used, err := usedCards(r, since)
	if err != nil {
		return nil, "", err
	}
	for next = after; len(found) < most; {
		var cards []access.Card
		err := r.Read(func(tx fleet.Tx) (err error) {
			cards, next, err = access.ListCards(tx.Tx.Tx, access.CardQuery{State: access.CardActive, After: next, Limit: most - len(found)})
			return err
		})
		for _, c := range cards {
			if isUnused(c, used, since) {
				found = append(found, c)
			}
		}
		if err != nil || next == "" {
			return found, "", err
		}
	}
	return found, next, nil
}

func listUnused(r *page.Request) (page.Reply, error) {
	d := unusedPage{Tabs: cardTabs(r, "/g/rapports/inutilisees"), List: r.List(""), Days: unusedFor}
	cards, next, err := unusedCards(r, d.List.After(), page.PerPage)
	if err != nil {
		return page.Reply{}, err
	}
	d.List.Next = next
	err = r.Read(func(tx fleet.Tx) error {
		d.Lines = nil
		for _, c := range cards {
			l, err := lineOf(r, tx, c)
			if err != nil {
				return err
			}
			d.Lines = append(d.Lines, l)
		}
		return nil
	})
	return page.Show("doors/unused", r.T("doors.unused.title"), d), err
}

func exportUnused(r *page.Request) (page.Reply, error) {
	const most = 100000
	cards, _, err := unusedCards(r, "", most)
	return r.Sheet(r.T("doors.unused.file"), func(row page.Row) error {
		if err := row(r.T("doors.card"), r.T("doors.person"), r.T("doors.state"), r.T("doors.since")); err != nil {
			return err
		}
		for _, c := range cards {
			var l cardLine
			err := r.Read(func(tx fleet.Tx) (err error) {
				l, err = lineOf(r, tx, c)
				return err
			})
			if err == nil {
				err = row(l.Ref, l.Owner, l.State.Text, r.Date(l.Since))
			}
			if err != nil {
				return err
			}
		}
		return nil
	}), err
}

// presenceLine is when somebody was there on a day, as far as doors know.
type presenceLine struct {
	ID, Name    string
	First, Last time.Time
	FirstAt     string // what the clocks of the site showed
	FirstDoor   string
	LastAt      string
	LastDoor    string
	Times       int
}

type presencePage struct {
	Form  *page.Form
	Day   string
	Lines []presenceLine
}

// presence is who passed a door on a day, by name.
func presence(r *page.Request, day string) ([]presenceLine, error) {
	from, err := r.Site.FirstDay(day)
	if err != nil {
		return nil, err
	}
	to, err := r.Site.LastDay(day)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]*presenceLine)
	q := fleet.EventQuery{Since: from, Until: to, Kind: wire.EventPresentation, Outcome: wire.OutcomeGranted}
	err = eachEvent(r, q, func(e fleet.Event) error {
		if e.Door != "" && len(e.Account) == len(people.ID{}) {
			notePresence(byID, e)
		}
		return nil
	})
	lines := make([]presenceLine, 0, len(byID))
	for _, l := range byID {
		l.FirstAt, l.LastAt = clockAt(r, l.First), clockAt(r, l.Last)
		lines = append(lines, *l)
	}
	slices.SortFunc(lines, func(a, b presenceLine) int {
		return cmp.Or(cmp.Compare(people.NameKey(a.Name), people.NameKey(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	return lines, err
}

// notePresence notes an event. They come newest first.
func notePresence(byID map[string]*presenceLine, e fleet.Event) {
	id := people.HexID(people.ID(bytes.Clone(e.Account)))
	l := byID[id]
	if l == nil {
		l = &presenceLine{ID: id, Name: e.AccountName, Last: e.When(), LastDoor: e.Door}
		byID[id] = l
	}
	l.First, l.FirstDoor = e.When(), e.Door
	l.Times++
}

// dayOf is the day that the address asks for: today unless it says.
func dayOf(r *page.Request) string {
	return cmp.Or(r.Query("jour"), r.Now.In(r.Zone()).Format(time.DateOnly))
}

func showPresence(r *page.Request) (page.Reply, error) {
	d := presencePage{Day: dayOf(r)}
	d.Form = r.Fill(map[string]string{"jour": d.Day})
	var err error
	d.Lines, err = presence(r, d.Day)
	if err = d.Form.Explain(err, page.Fields{access.CodeDay: "jour"}); err != nil {
		return page.Reply{}, err
	}
	reply := page.Show("doors/presence", r.T("doors.presence.title"), d)
	if !d.Form.OK() {
		reply = reply.Refused()
	}
	return reply, nil
}

func exportPresence(r *page.Request) (page.Reply, error) {
	lines, err := presence(r, dayOf(r))
	return r.Sheet(r.T("doors.presence.file"), func(row page.Row) error {
		err := row(r.T("doors.person"), r.T("doors.first"), r.T("doors.firstdoor"), r.T("doors.last"), r.T("doors.lastdoor"), r.T("doors.times"))
		for _, l := range lines {
			if err == nil {
				err = row(l.Name, l.FirstAt, l.FirstDoor, l.LastAt, l.LastDoor, page.Number(r.Lang, l.Times))
			}
		}
		return err
	}), err
}

// clockAt is what the clocks of the site show at a time.
func clockAt(r *page.Request, t time.Time) string { return t.In(r.Zone()).Format("15:04") }
