package doors

import (
	"errors"
	"strconv"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/hub/web/page"
	"badged/sync/hub/words"
	"badged/sync/wire"
)

func (p pages) doorRoutes() []page.Route {
	const of = "/g/portes/{door}"
	return []page.Route{
		{Method: "GET", Path: "/g/portes", Right: page.Doors, Handle: p.listDoors},
		{Method: "GET", Path: "/g/portes/nouvelle", Right: page.Doors, Handle: newDoor},
		{Method: "POST", Path: "/g/portes/nouvelle", Right: page.Doors, Handle: addDoor},
		{Method: "GET", Path: of, Right: page.Doors, Handle: p.showDoor},
		{Method: "POST", Path: of, Right: page.Doors, Handle: p.changeDoor},
		{Method: "GET", Path: of + "/supprimer", Right: page.Doors, Handle: confirmRemoval},
		{Method: "POST", Path: of + "/supprimer", Right: page.Doors, Handle: removeDoor},
		{Method: "GET", Path: of + "/qui", Right: page.Doors, Handle: p.whoCanOpen},
		{Method: "GET", Path: of + "/qui/export", Right: page.Doors, Handle: p.exportWho},
		{Method: "GET", Path: of + "/si", Right: page.Doors, Handle: p.whatIf},
	}
}

// doorLine is a door in the list.
type doorLine struct {
	Name, Group string
	Path        string
	State       page.Tag
	Terminal    string
	Last        string // what happened there last; empty: nothing of late
	LastTone    string
	At          time.Time
}

type doorList struct {
	List  *page.List
	Lines []doorLine
}

// doorNews is for how long what happened at a door is its state.
const doorNews = 24 * time.Hour

func (p pages) listDoors(r *page.Request) (page.Reply, error) {
	var d doorList
	err := r.Read(func(tx fleet.Tx) error {
		if err := d.readList(r, tx); err != nil {
			return err
		}
		doors, next, err := access.ListDoors(tx.Tx.Tx, access.DoorQuery{Listing: d.List.Listing(), Group: d.List.Value("groupe")})
		if err != nil {
			return err
		}
		d.List.Next, d.Lines = next, nil
		news, err := doorEvents(r, tx)
		for _, door := range doors {
			if err == nil {
				var l doorLine
				l, err = p.lineOf(r, tx, door)
				l.add(r, news[door.Name])
				d.Lines = append(d.Lines, l)
			}
		}
		return err
	})
	return page.Show("doors/doors", r.T("doors.doors.title"), d), err
}

// mostGroups is how many groups of doors the list can be filtered by.
const mostGroups = 500

// readList reads what the address asks of the list.
func (d *doorList) readList(r *page.Request, tx fleet.Tx) error {
	groups, err := tx.DoorGroupNames(mostGroups)
	filter := page.Filter{Name: "groupe", Label: r.T("doors.door.group")}
	for _, name := range groups {
		filter.Options = append(filter.Options, page.Option{Value: name, Text: name})
	}
	if d.List = r.NameList(filter); len(groups) == 0 {
		d.List = r.NameList()
	}
	return err
}

func (p pages) lineOf(r *page.Request, tx fleet.Tx, d access.Door) (doorLine, error) {
	k, err := p.hub.Keeper(tx, d.Name)
	l := doorLine{Name: d.Name, Group: d.Group, Path: "/g/portes/" + d.Name, Terminal: k.Terminal}
	switch {
	case k.Terminal == "":
		l.State = page.Tag{Text: r.T("doors.door.unserved"), Tone: "warn"}
	case k.Away:
		l.State = page.Tag{Text: r.T("doors.door.away", r.DateTime(k.Heard)), Tone: "bad"}
	default:
		l.State = page.Tag{Text: r.T("doors.door.connected"), Tone: "good"}
	}
	return l, err
}

// doorEvents are the latest events of doors themselves, by door.
func doorEvents(r *page.Request, tx fleet.Tx) (map[string]fleet.Event, error) {
	latest := make(map[string]fleet.Event)
	recent, _, err := fleet.ListEvents(tx, fleet.EventQuery{Kind: wire.EventDoor, Since: r.Now.Add(-doorNews), Limit: 500})
	for _, e := range recent {
		if _, known := latest[e.Door]; !known {
			latest[e.Door] = e
		}
	}
	return latest, err
}

// add tells what happened last. A door that was forced, or stands open, needs somebody.
func (l *doorLine) add(r *page.Request, e fleet.Event) {
	if !e.Readable {
		return
	}
	l.Last, _ = words.Reason(r.Lang, e.Reason.String())
	l.At = e.When()
	if e.Reason == wire.ReasonDoorForced || e.Reason == wire.ReasonDoorHeld {
		l.LastTone = "bad"
	}
}

// doorPage is a door with its settings.
type doorPage struct {
	Form  *page.Form
	Tabs  []page.Link
	Line  doorLine
	Stale []page.Option
	Time  []page.Option
}

// findDoor is the door that the address names.
func findDoor(r *page.Request, tx fleet.Tx) (access.Door, error) {
	d, err := access.FindDoor(tx.Tx.Tx, r.Path("door"))
	return d, page.OrNotFound(err)
}

func doorTabs(r *page.Request, name, current string) []page.Link {
	base := "/g/portes/" + name
	return tabs(r, base+current, base, "doors.door.settings", base+"/qui", "doors.who.title", base+"/si", "doors.if.title")
}

func policies(r *page.Request) (out []page.Option) {
	for _, p := range []access.Policy{access.PolicyDeny, access.PolicyStaff, access.PolicyAllow} {
		out = append(out, page.Option{Value: string(p), Text: r.T("doors.policy." + string(p))})
	}
	return out
}

func (p pages) showDoor(r *page.Request) (page.Reply, error) {
	var d doorPage
	err := r.Read(func(tx fleet.Tx) error {
		door, err := findDoor(r, tx)
		if err != nil {
			return err
		}
		hours := ""
		if door.FreshFor > 0 {
			hours = strconv.FormatFloat(door.FreshFor.Hours(), 'f', -1, 64)
		}
		d.Form = r.Fill(map[string]string{
			"groupe": door.Group, "frais": hours, "sans": string(door.Stale), "heure": string(door.UnknownTime), "anonyme": map[bool]string{true: "1"}[door.Anonymous],
		})
		return p.complete(r, tx, door, &d)
	})
	return d.show(r), err
}

func (p pages) complete(r *page.Request, tx fleet.Tx, door access.Door, d *doorPage) (err error) {
	d.Tabs, d.Stale, d.Time = doorTabs(r, door.Name, ""), policies(r), policies(r)
	d.Line, err = p.lineOf(r, tx, door)
	return err
}

func (d doorPage) show(r *page.Request) page.Reply {
	return page.Show("doors/door", r.T("doors.door.title", d.Line.Name), d)
}

// doorFields are where refusals about a door belong.
var doorFields = page.Fields{
	access.CodeDoorName: "nom", access.CodeGroupName: "groupe", access.CodeFreshFor: "frais", access.CodePolicy: "sans",
}

func (p pages) changeDoor(r *page.Request) (page.Reply, error) {
	d := doorPage{Form: r.Form()}
	err := r.Write(func(tx fleet.Tx) error {
		door, err := findDoor(r, tx)
		if err != nil {
			return err
		}
		if err := p.complete(r, tx, door, &d); err != nil {
			return err
		}
		fresh, err := d.fresh(r)
		if err != nil || !d.Form.OK() {
			return err
		}
		_, err = access.SetDoor(tx.Tx.Tx, door.Name, func(to *access.Door) {
			to.Group, to.Anonymous, to.FreshFor = d.Form.Value("groupe"), d.Form.Ticked("anonyme"), fresh
			to.Stale, to.UnknownTime = access.Policy(d.Form.Value("sans")), access.Policy(d.Form.Value("heure"))
		})
		return err
	})
	if err = d.Form.Explain(err, doorFields); err != nil {
		return page.Reply{}, err
	}
	if !d.Form.OK() {
		return d.show(r).Refused(), nil
	}
	return page.Go(d.Line.Path).Flash("doors.saved"), nil
}

// fresh reads the hours for which a door trusts its copy; empty: the usual ones.
func (d doorPage) fresh(r *page.Request) (time.Duration, error) {
	text := d.Form.Value("frais")
	if text == "" {
		return 0, nil
	}
	hours, err := strconv.ParseFloat(text, 64)
	if err != nil || hours <= 0 || hours > 1e5 {
		d.Form.Refuse("frais", r.T("doors.door.fresh.wrong"))
		return 0, nil
	}
	return (time.Duration(hours * float64(time.Hour))).Round(time.Second), nil
}

func newDoor(r *page.Request) (page.Reply, error) {
	return page.Show("doors/new-door", r.T("doors.door.new"), r.Fill(nil)), nil
}

func addDoor(r *page.Request) (page.Reply, error) {
	f := r.Form()
	name := f.Value("nom")
	err := r.Write(func(tx fleet.Tx) error {
		_, err := access.FindDoor(tx.Tx.Tx, name)
		if err == nil {
			f.Refuse("nom", r.T("doors.door.taken"))
			return nil
		}
		if !refusal.IsKind(err, refusal.Missing) && !errors.Is(err, people.ErrNotFound) {
			return err
		}
		_, err = access.SetDoor(tx.Tx.Tx, name, func(d *access.Door) { d.Group = f.Value("groupe") })
		return err
	})
	if err = f.Explain(err, doorFields); err != nil {
		return page.Reply{}, err
	}
	if !f.OK() {
		return page.Show("doors/new-door", r.T("doors.door.new"), f).Refused(), nil
	}
	return page.Go("/g/portes/"+name).Flash("doors.door.added", name), nil
}

func confirmRemoval(r *page.Request) (page.Reply, error) {
	var d access.Door
	err := r.Read(func(tx fleet.Tx) (err error) {
		d, err = findDoor(r, tx)
		return err
	})
	return r.Confirm(page.Confirm{
		Title: r.T("doors.door.remove.title", d.Name), Text: r.T("doors.door.remove.text"),
		Points: []string{r.T("doors.door.remove.point1"), r.T("doors.door.remove.point2")},
		Action: "/g/portes/" + d.Name + "/supprimer", Button: r.T("doors.remove"), Cancel: "/g/portes/" + d.Name, Danger: true,
	}), err
}

func removeDoor(r *page.Request) (page.Reply, error) {
	err := r.Write(func(tx fleet.Tx) error {
		d, err := findDoor(r, tx)
		if err != nil {
			return err
		}
		return access.RemoveDoor(tx.Tx.Tx, d.Name)
	})
	return page.Go("/g/portes").Flash("doors.door.removed"), err
}
