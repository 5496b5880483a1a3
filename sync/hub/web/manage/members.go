package manage

import (
	"strconv"
	"strings"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

func (m *manage) memberRoutes() []page.Route {
	const of = "/g/membres/{id}"
	return []page.Route{
		{Method: "GET", Path: "/g/membres", Right: page.Members, Handle: listMembers},
		{Method: "POST", Path: "/g/membres", Right: page.Members, Fresh: true, Handle: m.changeMany},
		{Method: "GET", Path: "/g/membres/export", Right: page.Members, Handle: exportMembers},
		{Method: "GET", Path: "/g/membres/nouveau", Right: page.Members, Fresh: true, Handle: newMember},
		{Method: "POST", Path: "/g/membres/nouveau", Right: page.Members, Fresh: true, Handle: addMember},
		{Method: "GET", Path: of, Right: page.Members, Fresh: true, Handle: showIdentity},
		{Method: "POST", Path: of, Right: page.Members, Fresh: true, Handle: changeIdentity},
		{Method: "GET", Path: of + "/roles", Right: page.Members, Fresh: true, Handle: showRoles},
		{Method: "POST", Path: of + "/roles", Right: page.Members, Fresh: true, Handle: changeRoles},
		{Method: "GET", Path: of + "/connexions", Right: page.Members, Handle: showSessions},
		{Method: "POST", Path: of + "/connexions", Right: page.Members, Handle: endSessions},
		{Method: "GET", Path: of + "/acces", Right: page.Members, Fresh: true, Handle: m.showAccess},
		{Method: "POST", Path: of + "/acces/courriel", Right: page.Members, Fresh: true, Handle: m.sendActivation},
		{Method: "GET", Path: of + "/acces/activer", Right: page.Members, Fresh: true, Handle: confirmActivation},
		{Method: "POST", Path: of + "/acces/activer", Right: page.Members, Fresh: true, Handle: activate},
		{Method: "POST", Path: of + "/acces/mot-de-passe", Right: page.Members, Fresh: true, Handle: m.sendReset},
		{Method: "GET", Path: of + "/suspendre", Right: page.Members, Handle: confirmSuspension},
		{Method: "POST", Path: of + "/suspendre", Right: page.Members, Handle: suspend},
		{Method: "POST", Path: of + "/retablir", Right: page.Members, Handle: resume},
		{Method: "GET", Path: of + "/historique", Right: page.Members, Handle: showHistory},
		{Method: "GET", Path: of + "/donnees", Right: page.Members, Handle: showData},
		{Method: "POST", Path: of + "/donnees/export", Right: page.Members, Handle: exportData},
		{Method: "GET", Path: of + "/effacer", Right: page.Members, Fresh: true, Handle: confirmErasure},
		{Method: "POST", Path: of + "/effacer", Right: page.Members, Fresh: true, Handle: erase},
	}
}

// memberLine is a line of the list.
type memberLine struct {
	ID, Name, Email string
	State           page.Tag
	Admin           bool
	Created         time.Time
	Cards           int
}

// stateTones are the colours of states.
var stateTones = map[people.State]string{
	people.Created: "warn", people.Invited: "info", people.Active: "good", people.Suspended: "bad",
}

func stateOf(r *page.Request, s people.State) page.Tag {
	return page.Tag{Text: r.T("manage.state." + string(s)), Tone: stateTones[s]}
}

// memberList is what the page of the list shows.
type memberList struct {
	List  *page.List
	Lines []memberLine
	Form  *page.Form
	Bulk  []page.Option
}

// listOf reads what the address asks of the list of members.
func listOf(r *page.Request, tx fleet.Tx) (*page.List, people.Query, error) {
	groups, err := page.GroupOptions(tx)
	l := r.List(r.T("manage.members.search"),
		page.Filter{Name: "etat", Label: r.T("manage.state"), Options: stateOptions(r)},
		page.Filter{Name: "groupe", Label: r.T("manage.group"), Options: groups},
		page.Filter{Name: "genre", Label: r.T("manage.kind"), Options: []page.Option{
			{Value: string(people.Person), Text: r.T("manage.kind.person")}, {Value: string(people.Anonymous), Text: r.T("manage.kind.anonymous")},
		}})
	q := people.Query{
		Search: l.Search, State: people.State(l.Value("etat")), Kind: people.Kind(l.Value("genre")), People: true,
		After: l.After(), Limit: page.PerPage, Order: people.ByName,
	}
	q.Group, _ = strconv.ParseUint(l.Value("groupe"), 10, 64) // one of the options, or empty
	return l, q, err
}

func stateOptions(r *page.Request) (out []page.Option) {
	for _, s := range []people.State{people.Active, people.Invited, people.Created, people.Suspended, people.Merged, people.Erased} {
		out = append(out, page.Option{Value: string(s), Text: r.T("manage.state." + string(s))})
	}
	return out
}

func listMembers(r *page.Request) (page.Reply, error) {
	d := memberList{Form: r.Form(), Bulk: bulkOptions(r)}
	err := r.Read(func(tx fleet.Tx) error {
		l, q, err := listOf(r, tx)
		if err != nil {
			return err
		}
		found, next, err := people.List(tx.Tx.Tx.Tx, q)
		l.Next = next
		d.List, d.Lines = l, nil
		for _, a := range found {
			line, err := lineOf(r, tx, a)
			if err != nil {
				return err
			}
			d.Lines = append(d.Lines, line)
		}
		return err
	})
	return page.Show("manage/members", r.T("manage.members.title"), d), err
}

func lineOf(r *page.Request, tx fleet.Tx, a people.Account) (memberLine, error) {
	cards, err := tx.CardsOf(a.ID)
	n := 0
	for _, c := range cards {
		if !c.State.Dead() {
			n++
		}
	}
	return memberLine{
		ID: people.HexID(a.ID), Name: a.DisplayName(), Email: a.Email, State: stateOf(r, a.State), Admin: a.Role == people.Admin,
		Created: a.Created, Cards: n,
	}, err
}

// exportMembers gives all that the list would show, as a file, and leaves a line in the log.
func exportMembers(r *page.Request) (page.Reply, error) {
	err := r.Write(func(tx fleet.Tx) error {
		return tx.Record(audit.Change{Action: "account.list", Object: "members"})
	})
	return r.Sheet("membres", func(row page.Row) error { return exportAll(r, row) }), err
}

// exportAll writes the members page by page, each read in a transaction of its own: whoever
// loads the file may be slow.
func exportAll(r *page.Request, row page.Row) error {
	err := row(r.T("manage.first"), r.T("manage.last"), r.T("manage.email"), r.T("manage.state"), r.T("manage.role"), r.T("manage.created"), r.T("manage.groups"))
	after := ""
	for err == nil {
		var lines [][]string
		if lines, after, err = exportPage(r, after); err != nil {
			return err
		}
		for _, l := range lines {
			if err := row(l...); err != nil {
				return err
			}
		}
		if after == "" {
			return nil
		}
	}
	return err
}

func exportPage(r *page.Request, after string) (lines [][]string, next string, err error) {
	err = r.Read(func(tx fleet.Tx) error {
		_, q, err := listOf(r, tx)
		if err != nil {
			return err
		}
		q.After, q.Limit = after, 1000
		found, to, err := people.List(tx.Tx.Tx.Tx, q)
		next, lines = to, nil
		for _, a := range found {
			if err == nil {
				var l []string
				l, err = exportLine(r, tx, a)
				lines = append(lines, l)
			}
		}
		return err
	})
	return lines, next, err
}

func exportLine(r *page.Request, tx fleet.Tx, a people.Account) ([]string, error) {
	groups, err := groupNames(tx, a.ID)
	return []string{
		a.First, a.Last, a.Email, r.T("manage.state." + string(a.State)), r.T("manage.role." + string(a.Role)), r.Date(a.Created), strings.Join(groups, ", "),
	}, err
}

func groupNames(tx fleet.Tx, id people.ID) (names []string, err error) {
	ids, err := tx.GroupsOf(id)
	for _, g := range ids {
		group, err := tx.Group(g)
		if err != nil {
			return nil, err
		}
		names = append(names, group.Name)
	}
	return names, err
}
