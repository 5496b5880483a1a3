package doors

import (
	"strconv"
	"strings"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

func grantRoutes() []page.Route {
	return []page.Route{
		{Method: "GET", Path: "/g/droits", Right: page.Doors, Handle: listGrants},
		{Method: "GET", Path: "/g/droits/nouveau", Right: page.Doors, Handle: newGrant},
		{Method: "POST", Path: "/g/droits/nouveau", Right: page.Doors, Handle: addGrant},
		{Method: "GET", Path: "/g/droits/{grant}/retirer", Right: page.Doors, Handle: confirmGrantRemoval},
		{Method: "POST", Path: "/g/droits/{grant}/retirer", Right: page.Doors, Handle: removeGrant},
	}
}

// grantLine is a grant in a list.
type grantLine struct {
	ID, Who, Where, When, Period string
	IsGroup, Deny, Over, Rests   bool
}

func grantOf(r *page.Request, tx fleet.Tx, g access.Grant) (l grantLine, err error) {
	l = grantLine{
		ID: people.HexID(g.ID), Where: g.Door, When: r.T("doors.anytime"), Period: period(r, g.From, g.To), IsGroup: g.Group != 0, Deny: g.Deny,
		Over: !g.To.IsZero() && !g.To.After(r.Now),
	}
	if g.DoorGroup != "" {
		l.Where = r.T("doors.grant.doors", g.DoorGroup)
	}
	if g.Schedule != 0 {
		s, err := tx.Schedule(g.Schedule)
		if err != nil {
			return l, err
		}
		l.When = s.Name
	}
	if l.IsGroup {
		group, err := tx.Group(g.Group)
		l.Who = r.T("doors.grant.group", group.Name)
		return l, err
	}
	a, err := tx.Account(g.Account)
	l.Who, l.Rests = a.DisplayName(), !g.Deny && !a.IsNamed()
	return l, err
}

// period says from when to when, by days: the last day is included.
func period(r *page.Request, from, to time.Time) string {
	last := to.Add(-time.Second)
	switch {
	case from.IsZero() && to.IsZero():
		return r.T("doors.always")
	case to.IsZero():
		return r.T("doors.from", r.Date(from))
	case from.IsZero():
		return r.T("doors.until", r.Date(last))
	default:
		return r.T("doors.between", r.Date(from), r.Date(last))
	}
}

// describeGrant is a grant in one line.
func describeGrant(r *page.Request, tx fleet.Tx, g access.Grant) (string, error) {
	l, err := grantOf(r, tx, g)
	parts := []string{l.Who, l.Where, l.When, l.Period}
	if l.Deny {
		parts = append(parts, r.T("doors.grant.denies"))
	}
	return strings.Join(parts, " · "), err
}

type grantList struct {
	List  *page.List
	Lines []grantLine
}

func listGrants(r *page.Request) (page.Reply, error) {
	var d grantList
	err := r.Read(func(tx fleet.Tx) error {
		doors, groups, err := doorOptions(tx)
		if err != nil {
			return err
		}
		members, err := page.GroupOptions(tx)
		if err != nil {
			return err
		}
		d.List = r.List("",
			page.Filter{Name: "porte", Label: r.T("doors.door"), Options: append(doors, groups...)},
			page.Filter{Name: "groupe", Label: r.T("doors.group"), Options: members})
		return d.read(r, tx)
	})
	return page.Show("doors/grants", r.T("doors.grants.title"), d), err
}

func (d *grantList) read(r *page.Request, tx fleet.Tx) error {
	q := access.GrantQuery{After: d.List.After(), Limit: page.PerPage}
	q.Group, _ = strconv.ParseUint(d.List.Value("groupe"), 10, 63) // one of the options, or empty
	kind, name, _ := strings.Cut(d.List.Value("porte"), ":")
	switch kind {
	case ofDoor:
		q.Door = name
	case ofDoors:
		q.DoorGroup = name
	}
	page, next, err := access.ListGrants(tx.Tx.Tx, q)
	d.List.Next, d.Lines = next, nil
	for _, g := range page {
		if err == nil {
			var l grantLine
			l, err = grantOf(r, tx, g)
			d.Lines = append(d.Lines, l)
		}
	}
	return err
}

// A door and a group of doors are told apart in one field by these.
const (
	ofDoor  = "d"
	ofDoors = "g"
)

// doorOptions are the doors, and the groups that they are in.
func doorOptions(tx fleet.Tx) (doors, groups []page.Option, err error) {
	all, err := access.AllDoors(tx.Tx.Tx)
	seen := map[string]bool{}
	for _, d := range all {
		doors = append(doors, page.Option{Value: ofDoor + ":" + d.Name, Text: d.Name})
		if d.Group != "" && !seen[d.Group] {
			seen[d.Group] = true
			groups = append(groups, page.Option{Value: ofDoors + ":" + d.Group, Text: d.Group + " (*)"})
		}
	}
	return doors, groups, err
}

// grantPage makes a grant.
type grantPage struct {
	chooser
	Groups    []page.Option
	Doors     []page.Option
	Schedules []page.Option
	Ready     bool // there is a door to give a right to
}

func (d *grantPage) complete(r *page.Request, tx fleet.Tx) error {
	groups, err := page.GroupOptions(tx)
	if err != nil {
		return err
	}
	doors, of, err := doorOptions(tx)
	if err != nil {
		return err
	}
	d.Ready = len(doors) > 0
	d.Groups = append([]page.Option{{Text: r.T("doors.grant.nogroup")}}, groups...)
	d.Doors = append(doors, of...)
	d.Schedules = []page.Option{{Text: r.T("doors.anytime")}}
	return tx.EachSchedule(func(s access.Schedule) error {
		d.Schedules = append(d.Schedules, page.Option{Value: strconv.FormatUint(s.ID, 10), Text: s.Name})
		return nil
	})
}

func (d grantPage) show(r *page.Request) page.Reply {
	return page.Show("doors/new-grant", r.T("doors.grant.new"), d)
}

func newGrant(r *page.Request) (page.Reply, error) {
	d := grantPage{chooser: chooser{Form: r.Fill(map[string]string{
		"porte": r.Query("porte"), "groupe": r.Query("groupe"), idField: r.Query(idField),
	})}}
	err := r.Read(func(tx fleet.Tx) error {
		if err := d.complete(r, tx); err != nil || r.Query(idField) == "" {
			return err
		}
		_, _, err := d.find(r, tx)
		return err
	})
	return d.show(r), err
}

// grantFields are where refusals about a grant belong.
var grantFields = page.Fields{
	access.CodeGrantName: personField, access.CodeGrantService: personField, access.CodeGrantOver: personField, access.CodeGrantWho: personField,
	access.CodeGrantWhere: "porte", access.CodeDoorNotFound: "porte", access.CodeNoDoorGroup: "porte", access.CodeDay: "au", access.CodeGrantTimes: "au",
	access.CodeTime: "au", access.CodeScheduleNotFound: "horaire",
}

func addGrant(r *page.Request) (page.Reply, error) {
	d := grantPage{chooser: chooser{Form: r.Form()}}
	made := false
	err := r.Write(func(tx fleet.Tx) error {
		if err := d.complete(r, tx); err != nil {
			return err
		}
		n, err := d.read(r, tx)
		if err != nil || !d.Form.OK() {
			return err
		}
		_, made, err = access.AddGrant(tx.Tx.Tx, n)
		return err
	})
	if err = d.Form.Explain(err, grantFields); err != nil {
		return page.Reply{}, err
	}
	if !d.Form.OK() {
		return d.show(r).Refused(), nil
	}
	said := "doors.grant.added"
	if !made {
		said = "doors.grant.existed"
	}
	return page.Go("/g/droits").Flash(said), nil
}

// read reads what is asked for. A day as the end is the last day.
func (d *grantPage) read(r *page.Request, tx fleet.Tx) (n access.NewGrant, err error) {
	f := d.Form
	n = access.NewGrant{Schedule: f.Value("horaire"), Deny: f.Ticked("refuse")}
	if group, isNumber := strconv.ParseUint(f.Value("groupe"), 10, 63); isNumber == nil {
		g, err := tx.Group(group)
		if err != nil {
			return n, page.OrNotFound(err)
		}
		n.Group = g.Name
	} else {
		a, ok, err := d.find(r, tx)
		if err != nil || !ok {
			return n, err
		}
		n.Account = people.HexID(a.ID)
	}
	kind, name, _ := strings.Cut(f.Value("porte"), ":")
	switch kind {
	case ofDoor:
		n.Door = name
	case ofDoors:
		n.DoorGroup = name
	}
	if day := f.Value("du"); day != "" {
		if n.From, err = r.Site.FirstDay(day); err != nil {
			return n, err
		}
	}
	if day := f.Value("au"); day != "" {
		n.To, err = r.Site.LastDay(day)
	}
	return n, err
}

func confirmGrantRemoval(r *page.Request) (page.Reply, error) {
	id, err := r.ID("grant")
	if err != nil {
		return page.Reply{}, err
	}
	var text string
	err = r.Read(func(tx fleet.Tx) error {
		g, err := access.FindGrant(tx.Tx.Tx, id)
		if err != nil {
			return page.OrNotFound(err)
		}
		text, err = describeGrant(r, tx, g)
		return err
	})
	return r.Confirm(page.Confirm{
		Title: r.T("doors.grant.remove.title"), Text: text, Points: []string{r.T("doors.grant.remove.point")},
		Action: "/g/droits/" + people.HexID(id) + "/retirer", Button: r.T("doors.grant.remove.button"), Cancel: "/g/droits", Danger: true,
	}), err
}

func removeGrant(r *page.Request) (page.Reply, error) {
	id, err := r.ID("grant")
	if err != nil {
		return page.Reply{}, err
	}
	err = r.Write(func(tx fleet.Tx) error {
		_, err := access.RemoveGrant(tx.Tx.Tx, id)
		return page.OrNotFound(err)
	})
	return page.Go("/g/droits").Flash("doors.grant.removed"), err
}
