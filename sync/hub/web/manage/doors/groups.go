package doors

import (
	"strconv"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

func groupRoutes() []page.Route {
	const of = "/g/groupes/{group}"
	return []page.Route{
		{Method: "GET", Path: "/g/groupes", Right: page.Doors, Handle: listGroups},
		{Method: "POST", Path: "/g/groupes", Right: page.Doors, Handle: addGroup},
		{Method: "GET", Path: of, Right: page.Doors, Handle: showGroup},
		{Method: "POST", Path: of, Right: page.Doors, Handle: renameGroup},
		{Method: "POST", Path: of + "/ajouter", Right: page.Doors, Handle: addMember},
		{Method: "POST", Path: of + "/enlever", Right: page.Doors, Handle: removeMember},
		{Method: "GET", Path: of + "/supprimer", Right: page.Doors, Handle: confirmGroupRemoval},
		{Method: "POST", Path: of + "/supprimer", Right: page.Doors, Handle: removeGroup},
	}
}

// groupLine is a group in the list.
type groupLine struct {
	Path, Name string
	Members    int
}

type groupList struct {
	Form  *page.Form
	List  *page.List
	Lines []groupLine
}

func (d *groupList) read(tx fleet.Tx) error {
	groups, next, err := people.ListGroups(tx.Tx.Tx.Tx, d.List.Listing())
	d.List.Next, d.Lines = next, nil
	for _, g := range groups {
		d.Lines = append(d.Lines, groupLine{groupPath(g.Group), g.Name, g.Members})
	}
	return err
}

func groupPath(g people.Group) string { return "/g/groupes/" + strconv.FormatUint(g.ID, 10) }

func (d groupList) show(r *page.Request) page.Reply {
	return page.Show("doors/groups", r.T("doors.groups.title"), d)
}

func listGroups(r *page.Request) (page.Reply, error) {
	d := groupList{Form: r.Fill(nil), List: r.NameList()}
	err := r.Read(d.read)
	return d.show(r), err
}

// nameFields are where refusals about a group's name belong.
var nameFields = page.Fields{people.CodeGroupName: "nom", people.CodeGroupTaken: "nom"}

func addGroup(r *page.Request) (page.Reply, error) {
	d := groupList{Form: r.Form(), List: r.NameList()}
	var g people.Group
	err := r.Write(func(tx fleet.Tx) (err error) {
		g, err = people.AddGroup(tx.Tx.Tx.Tx, d.Form.Value("nom"))
		return err
	})
	if err = d.Form.Explain(err, nameFields); err != nil {
		return page.Reply{}, err
	}
	if !d.Form.OK() {
		err := r.Read(d.read)
		return d.show(r).Refused(), err
	}
	return page.Go(groupPath(g)).Flash("doors.group.added"), nil
}

// groupPage is a group with its members and its rights.
type groupPage struct {
	chooser
	Name    *page.Form
	Group   people.Group
	Path    string
	List    *page.List
	Members []memberLine
	Grants  []grantLine
}

type memberLine struct{ ID, Name, Email string }

// findGroup is the group that the address names.
func findGroup(r *page.Request, tx fleet.Tx) (people.Group, error) {
	id, err := strconv.ParseUint(r.Path("group"), 10, 63)
	if err != nil {
		return people.Group{}, page.ErrNotFound
	}
	g, err := tx.Group(id)
	return g, page.OrNotFound(err)
}

func (d *groupPage) read(r *page.Request, tx fleet.Tx) (err error) {
	if d.Group, err = findGroup(r, tx); err != nil {
		return err
	}
	d.Path, d.List = groupPath(d.Group), r.List("")
	d.List.Path = d.Path
	if d.Name == nil {
		d.Name = r.Fill(map[string]string{"nom": d.Group.Name})
	}
	members, next, err := people.List(tx.Tx.Tx.Tx, people.Query{Group: d.Group.ID, After: d.List.After(), Limit: page.PerPage})
	d.List.Next, d.Members, d.Grants = next, nil, nil
	for _, a := range members {
		d.Members = append(d.Members, memberLine{people.HexID(a.ID), a.DisplayName(), a.Email})
	}
	if err != nil {
		return err
	}
	grants, _, err := access.ListGrants(tx.Tx.Tx, access.GrantQuery{Group: d.Group.ID, Limit: page.PerPage})
	for _, g := range grants {
		if err == nil {
			var l grantLine
			l, err = grantOf(r, tx, g)
			d.Grants = append(d.Grants, l)
		}
	}
	return err
}

func (d groupPage) show(r *page.Request) page.Reply {
	return page.Show("doors/group", r.T("doors.group.title", d.Group.Name), d)
}

func showGroup(r *page.Request) (page.Reply, error) {
	d := groupPage{chooser: chooser{Form: r.Fill(nil)}}
	err := r.Read(func(tx fleet.Tx) error { return d.read(r, tx) })
	return d.show(r), err
}

func renameGroup(r *page.Request) (page.Reply, error) {
	d := groupPage{chooser: chooser{Form: r.Fill(nil)}, Name: r.Form()}
	err := r.Write(func(tx fleet.Tx) error {
		if err := d.read(r, tx); err != nil {
			return err
		}
		_, err := people.RenameGroup(tx.Tx.Tx.Tx, d.Group, d.Name.Value("nom"))
		return err
	})
	if err = d.Name.Explain(err, nameFields); err != nil {
		return page.Reply{}, err
	}
	if !d.Name.OK() {
		return d.show(r).Refused(), nil
	}
	return page.Go(d.Path).Flash("doors.saved"), nil
}

func addMember(r *page.Request) (page.Reply, error) {
	d := groupPage{chooser: chooser{Form: r.Form()}}
	var a people.Account
	err := r.Write(func(tx fleet.Tx) error {
		if err := d.read(r, tx); err != nil {
			return err
		}
		var ok bool
		var err error
		if a, ok, err = d.find(r, tx); err != nil || !ok {
			return err
		}
		_, err = people.SetMember(tx.Tx.Tx.Tx, d.Group, a.ID, true)
		return err
	})
	if err = d.Form.Explain(err, nil); err != nil {
		return page.Reply{}, err
	}
	if !d.Form.OK() {
		return d.show(r).Refused(), nil
	}
	return page.Go(d.Path).Flash("doors.group.joined", a.DisplayName()), nil
}

func removeMember(r *page.Request) (page.Reply, error) {
	path := ""
	err := r.Write(func(tx fleet.Tx) error {
		g, err := findGroup(r, tx)
		if err != nil {
			return err
		}
		id, ok := people.ParseID(r.Form().Value(idField))
		if !ok {
			return page.ErrNotFound
		}
		path = groupPath(g)
		_, err = people.SetMember(tx.Tx.Tx.Tx, g, id, false)
		return page.OrNotFound(err)
	})
	return page.Go(path).Flash("doors.group.left"), err
}

func confirmGroupRemoval(r *page.Request) (page.Reply, error) {
	var g people.Group
	err := r.Read(func(tx fleet.Tx) (err error) {
		g, err = findGroup(r, tx)
		return err
	})
	return r.Confirm(page.Confirm{
		Title: r.T("doors.group.remove.title", g.Name), Text: r.T("doors.group.remove.text"), Points: []string{r.T("doors.group.remove.point")},
		Action: groupPath(g) + "/supprimer", Button: r.T("doors.remove"), Cancel: groupPath(g), Danger: true,
	}), err
}

func removeGroup(r *page.Request) (page.Reply, error) {
	err := r.Write(func(tx fleet.Tx) error {
		g, err := findGroup(r, tx)
		if err != nil {
			return err
		}
		return access.RemoveGroup(tx.Tx.Tx, g.Name)
	})
	return page.Go("/g/groupes").Flash("doors.group.removed"), err
}
