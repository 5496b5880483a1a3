package doors

import (
	"cmp"
	"encoding/hex"
	"net/url"
	"strconv"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
	"badged/sync/hub/words"
	"badged/sync/wire"
)

func eventRoutes() []page.Route {
	return []page.Route{
		{Method: "GET", Path: "/g/evenements", Right: page.Events, Handle: listEvents},
		{Method: "GET", Path: "/g/evenements/export", Right: page.Events, Handle: exportEvents},
	}
}

// eventLine is an event as people read it.
type eventLine struct {
	At       time.Time
	Terminal string
	Where    string
	Kind     string
	Outcome  page.Tag // zero: it has none
	Who      string
	WhoID    string
	Card     string
	Why      string
	Todo     string // what to do about a refusal; empty: nothing
	If       string // where «what if?» is asked about it; empty: it is not about a person at a door
	More     string // beside why
}

var outcomeTones = map[wire.Outcome]string{wire.OutcomeGranted: "good", wire.OutcomeRefused: "bad", wire.OutcomeWaiting: "info", wire.OutcomeFaulty: "warn"}

func eventOf(r *page.Request, e fleet.Event) eventLine {
	l := eventLine{At: e.When(), Terminal: e.Terminal, Where: cmp.Or(e.Door, e.Point, e.Device), Who: e.AccountName, More: e.Why}
	if !e.Readable {
		l.Why = r.T("doors.event.unreadable")
		return l
	}
	l.Kind = r.T("doors.kind." + e.Kind.String())
	if tone, ok := outcomeTones[e.Outcome]; ok {
		l.Outcome = page.Tag{Text: r.T("doors.outcome." + e.Outcome.String()), Tone: tone}
	}
	l.Why, l.Todo = words.Reason(r.Lang, e.Reason.String())
	if e.Outcome == wire.OutcomeGranted {
		l.Todo = ""
	}
	if len(e.Account) == len(people.ID{}) {
		l.WhoID = hex.EncodeToString(e.Account)
	}
	if len(e.Card) == len(access.ID{}) {
		l.Card = access.ShortCard(access.ID(e.Card))
	}
	if l.WhoID != "" && e.Door != "" && e.Outcome == wire.OutcomeRefused && r.May(page.Doors) {
		l.If = ifPath(r, e.Door, l.WhoID, l.At)
	}
	return l
}

// eventFilter is what the address asks of the list of events.
type eventFilter struct {
	chooser
	Doors, Terminals, Kinds, Outcomes []page.Option
	Live                              bool // the newest, as they come
	Next                              string
	values                            url.Values
	query                             fleet.EventQuery
}

// eventFields are the fields of the filter.
var eventFields = []string{personField, idField, offerField, "porte", "terminal", "genre", "issue", "du", "au"}

func (f *eventFilter) read(r *page.Request, tx fleet.Tx) error {
	f.values = r.HTTP.URL.Query()
	filled := map[string]string{}
	for _, name := range eventFields {
		filled[name] = f.values.Get(name)
	}
	f.Form, f.query = r.Fill(filled), fleet.EventQuery{Limit: page.PerPage}
	if err := f.addOptions(r, tx); err != nil {
		return err
	}
	f.query.Point, f.query.Terminal = filled["porte"], filled["terminal"]
	f.query.Kind, _ = wire.Parse[wire.EventKind](filled["genre"])
	f.query.Outcome, _ = wire.Parse[wire.Outcome](filled["issue"])
	f.query.Below, _ = strconv.ParseUint(f.values.Get("after"), 10, 63)
	f.query.Since, f.query.Until = f.Form.FirstDay("du"), f.Form.LastDay("au")
	if filled[personField] != "" || filled[idField] != "" {
		a, ok, err := f.find(r, tx)
		if err != nil {
			return err
		}
		if ok {
			f.query.Account = a.ID
		}
	}
	f.Live = f.query.Below == 0 && f.query.Until.IsZero()
	return nil
}

func (f *eventFilter) addOptions(r *page.Request, tx fleet.Tx) error {
	anything := page.Option{Text: r.T("page.any")}
	f.Doors, f.Terminals, f.Kinds, f.Outcomes = []page.Option{anything}, []page.Option{anything}, []page.Option{anything}, []page.Option{anything}
	doors, err := access.AllDoors(tx.Tx.Tx)
	if err != nil {
		return err
	}
	for _, d := range doors {
		f.Doors = append(f.Doors, page.Option{Value: d.Name, Text: d.Name})
	}
	for _, kind := range []wire.EventKind{wire.EventPresentation, wire.EventEnrolment, wire.EventSession, wire.EventEdit, wire.EventDoor, wire.EventDevice} {
		f.Kinds = append(f.Kinds, page.Option{Value: kind.String(), Text: r.T("doors.kind." + kind.String())})
	}
	for _, o := range []wire.Outcome{wire.OutcomeGranted, wire.OutcomeRefused, wire.OutcomeWaiting, wire.OutcomeFaulty} {
		f.Outcomes = append(f.Outcomes, page.Option{Value: o.String(), Text: r.T("doors.outcome." + o.String())})
	}
	return tx.EachTerminal(func(t fleet.Terminal) error {
		f.Terminals = append(f.Terminals, page.Option{Value: t.Name, Text: t.Name})
		return nil
	})
}

// with is the address of the list with this filter below a path, and a parameter changed.
func (f *eventFilter) with(path, name, value string) string {
	keep := url.Values{}
	for _, field := range eventFields {
		if v := f.values.Get(field); v != "" {
			keep.Set(field, v)
		}
	}
	if value != "" {
		keep.Set(name, value)
	}
	if len(keep) == 0 {
		return path
	}
	return path + "?" + keep.Encode()
}

// NextPath, FirstPath and ExportPath are the addresses of other views of the same events.
func (f *eventFilter) NextPath() string   { return f.with("/g/evenements", "after", f.Next) }
func (f *eventFilter) FirstPath() string  { return f.with("/g/evenements", "", "") }
func (f *eventFilter) ExportPath() string { return f.with("/g/evenements/export", "", "") }

// Filtered reports whether not all events are listed.
func (f *eventFilter) Filtered() bool { return f.FirstPath() != "/g/evenements" }

type eventPage struct {
	eventFilter
	Events []eventLine
}

func listEvents(r *page.Request) (page.Reply, error) {
	var d eventPage
	err := r.Read(func(tx fleet.Tx) error {
		if err := d.read(r, tx); err != nil || !d.Form.OK() {
			return err
		}
		found, next, err := fleet.ListEvents(tx, d.query)
		if next > 0 {
			d.Next = strconv.FormatUint(next, 10)
		}
		d.Events = nil
		for _, e := range found {
			d.Events = append(d.Events, eventOf(r, e))
		}
		return err
	})
	reply := page.Show("doors/events", r.T("doors.events.title"), &d)
	if err == nil && !d.Form.OK() {
		reply = reply.Refused()
	}
	return reply, err
}

// exportEvents gives all events of the filter as a file.
func exportEvents(r *page.Request) (page.Reply, error) {
	var f eventFilter
	if err := r.Read(func(tx fleet.Tx) error { return f.read(r, tx) }); err != nil || !f.Form.OK() {
		return page.Go(f.FirstPath()), err
	}
	return r.Sheet(r.T("doors.events.file"), func(row page.Row) error {
		err := row(r.T("doors.when"), r.T("doors.terminal"), r.T("doors.where"), r.T("doors.kind"), r.T("doors.outcome"), r.T("doors.person"), r.T("doors.card"), r.T("doors.why"))
		if err != nil {
			return err
		}
		return eachEvent(r, f.query, func(e fleet.Event) error {
			l := eventOf(r, e)
			return row(l.At.In(r.Zone()).Format(time.DateTime), l.Terminal, l.Where, l.Kind, l.Outcome.Text, l.Who, l.Card, l.Why)
		})
	}), nil
}

// eachEvent passes all events of a query, newest first, page by page, each read in a
// transaction of its own.
func eachEvent(r *page.Request, q fleet.EventQuery, fn func(fleet.Event) error) error {
	for q.Limit = 1000; ; {
		var found []fleet.Event
		err := r.Read(func(tx fleet.Tx) (err error) {
			found, q.Below, err = fleet.ListEvents(tx, q)
			return err
		})
		for _, e := range found {
			if err == nil {
				err = fn(e)
			}
		}
		if err != nil || q.Below == 0 {
			return err
		}
	}
}
