package api

import (
	"cmp"
	"net/http"
	"strings"

	"badged/internal/profile"
	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
)

// account is the one that a request's path names.
func account(tx fleet.Tx, r *http.Request) (people.Account, error) {
	return people.Find(tx.Tx.Tx.Tx, r.PathValue("ref"))
}

// shown is an account with the names of its groups.
func shown(tx fleet.Tx, a people.Account, err error) (Account, error) {
	if err != nil {
		return Account{}, err
	}
	out := accountOf(a)
	ids, err := tx.GroupsOf(a.ID)
	for _, id := range ids {
		g, err := tx.Group(id)
		if err != nil {
			return out, err
		}
		out.Groups = append(out.Groups, g.Name)
	}
	return out, err
}

func accountOf(a people.Account) Account {
	out := Account{
		ID: people.HexID(a.ID), Kind: string(a.Kind), State: string(a.State), Display: a.DisplayName(),
		First: a.First, Last: a.Last, NameAttested: a.NameAttested, Email: a.Email, TypedEmail: a.TypedEmail, Lang: a.Lang,
		Number: a.Number, Aliases: a.Aliases, Role: string(a.Role), Source: string(a.Source),
		Created: Time{a.Created}, Expires: Time{a.Expires},
	}
	for _, r := range a.Rights {
		out.Rights = append(out.Rights, string(r))
	}
	if a.MergedTo != (people.ID{}) {
		out.MergedTo = people.HexID(a.MergedTo)
	}
	return out
}

func listAccounts(tx fleet.Tx, r *http.Request) (Page[Account], error) {
	q := people.Query{
		Search: r.FormValue("search"), Kind: people.Kind(r.FormValue("kind")), State: people.State(r.FormValue("state")),
		Order: people.Order(r.FormValue("order")), After: r.FormValue("after"),
	}
	var err error
	if q.Limit, err = limitOf(r); err != nil {
		return Page[Account]{}, err
	}
	if name := r.FormValue("group"); name != "" {
		g, err := people.FindGroup(tx.Tx.Tx.Tx, name)
		if err != nil {
			return Page[Account]{}, err
		}
		q.Group = g.ID
	}
	page, next, err := people.List(tx.Tx.Tx.Tx, q)
	return pageOf(page, next, err, func(a people.Account) (Account, error) { return shown(tx, a, nil) })
}

func addAccount(tx fleet.Tx, _ *http.Request, in NewAccount) (Account, error) {
	first, last := profile.SplitName(in.Name)
	a, err := people.Add(tx.Tx.Tx.Tx, people.New{
		First: cmp.Or(in.First, first), Last: cmp.Or(in.Last, last), Email: in.Email, Lang: in.Lang,
		State: people.State(in.State), Role: people.Role(in.Role),
	})
	return shown(tx, a, err)
}

func showAccount(tx fleet.Tx, r *http.Request) (Account, error) {
	a, err := account(tx, r)
	return shown(tx, a, err)
}

func changeAccount(tx fleet.Tx, r *http.Request, in AccountPatch) (Account, error) {
	a, err := account(tx, r)
	if err != nil {
		return Account{}, err
	}
	if in.Name != nil {
		first, last := profile.SplitName(*in.Name)
		in.First, in.Last = cmp.Or(in.First, &first), cmp.Or(in.Last, &last)
	}
	c := people.Changes{First: in.First, Last: in.Last, Email: in.Email, Lang: in.Lang}
	if in.Role != nil {
		c.Role = (*people.Role)(in.Role)
	}
	if in.Expires != nil {
		c.Expires = &in.Expires.Time
	}
	a, err = people.Change(tx.Tx.Tx.Tx, a.ID, c)
	return shown(tx, a, err)
}

func setAccountState(tx fleet.Tx, r *http.Request, in AccountState) (Account, error) {
	a, err := account(tx, r)
	if err == nil {
		a, err = people.SetState(tx.Tx.Tx.Tx, a.ID, people.State(in.State), people.ByAdministrator)
	}
	return shown(tx, a, err)
}

func mergeAccount(tx fleet.Tx, r *http.Request, in Merge) (Account, error) {
	from, err := account(tx, r)
	if err != nil {
		return Account{}, err
	}
	into, err := people.Find(tx.Tx.Tx.Tx, in.Into)
	if err == nil {
		into, err = access.Merge(tx.Tx.Tx, from.ID, into.ID)
	}
	return shown(tx, into, err)
}

// eraseAccount takes all rights away and forgets who the account was.
func eraseAccount(tx fleet.Tx, r *http.Request, _ none) (Account, error) {
	a, err := account(tx, r)
	if err == nil {
		err = access.Erase(tx.Tx.Tx, a.ID)
	}
	if err == nil {
		a, err = tx.Account(a.ID)
	}
	return shown(tx, a, err)
}

func listEdits(tx fleet.Tx, r *http.Request) (Page[EditVersion], error) {
	a, err := account(tx, r)
	if err != nil {
		return Page[EditVersion]{}, err
	}
	edits, err := tx.Edits(a.ID)
	return pageOf(edits, "", err, func(e people.Edit) (EditVersion, error) {
		return EditVersion{e.Terminal, e.Order, Time{e.At}, Profile(e.Before), Profile(e.After), e.Waits}, nil
	})
}

func listMergeRequests(tx fleet.Tx, _ *http.Request) (Page[MergeRequest], error) {
	all, err := tx.MergeRequests(people.ID{})
	return pageOf(all, "", err, func(m people.MergeRequest) (MergeRequest, error) {
		from, err := nameOf(tx, m.Account)
		if err != nil {
			return MergeRequest{}, err
		}
		into, err := nameOf(tx, m.Into)
		return MergeRequest{people.HexID(m.Account), from, people.HexID(m.Into), into, m.Terminal, Time{m.At}}, err
	})
}

// nameOf is how an account is shown; empty for none.
func nameOf(tx fleet.Tx, id people.ID) (string, error) {
	if id == (people.ID{}) {
		return "", nil
	}
	a, err := tx.Account(id)
	if isMissing(err) {
		return "", nil
	}
	return a.DisplayName(), err
}

func listGroups(tx fleet.Tx, r *http.Request) (Page[Group], error) {
	l, err := listingOf(r)
	if err != nil {
		return Page[Group]{}, err
	}
	page, next, err := people.ListGroups(tx.Tx.Tx.Tx, l)
	return pageOf(page, next, err, func(g people.CountedGroup) (Group, error) { return Group{g.Name, g.Members}, nil })
}

func addGroup(tx fleet.Tx, _ *http.Request, in NewGroup) (Group, error) {
	g, err := people.AddGroup(tx.Tx.Tx.Tx, in.Name)
	return Group{Name: g.Name}, err
}

func renameGroup(tx fleet.Tx, r *http.Request, in NewGroup) (Group, error) {
	g, err := people.FindGroup(tx.Tx.Tx.Tx, r.PathValue("name"))
	if err == nil {
		g, err = people.RenameGroup(tx.Tx.Tx.Tx, g, in.Name)
	}
	return Group{Name: g.Name}, err
}

func removeGroup(tx fleet.Tx, r *http.Request, _ none) (none, error) {
	return none{}, access.RemoveGroup(tx.Tx.Tx, r.PathValue("name"))
}

func addMember(tx fleet.Tx, r *http.Request, _ none) (Account, error) { return setMember(tx, r, true) }

func removeMember(tx fleet.Tx, r *http.Request, _ none) (Account, error) {
	return setMember(tx, r, false)
}

func setMember(tx fleet.Tx, r *http.Request, member bool) (Account, error) {
	g, err := people.FindGroup(tx.Tx.Tx.Tx, r.PathValue("name"))
	if err != nil {
		return Account{}, err
	}
	a, err := account(tx, r)
	if err == nil {
		_, err = people.SetMember(tx.Tx.Tx.Tx, g, a.ID, member)
	}
	return shown(tx, a, err)
}

func (s *server) issuePIN(tx fleet.Tx, r *http.Request, _ none) (PIN, error) {
	a, err := account(tx, r)
	if err != nil {
		return PIN{}, err
	}
	pin, err := access.IssuePIN(tx.Tx.Tx, s.Fleet.SiteKey(), a.ID)
	return PIN{people.HexID(a.ID), pin.Reveal()}, err
}

func revokePIN(tx fleet.Tx, r *http.Request, _ none) (none, error) {
	a, err := account(tx, r)
	if err == nil {
		err = access.RevokePIN(tx.Tx.Tx, a.ID)
	}
	return none{}, err
}

// flagOf reports whether a query's flag is given and not 0.
func flagOf(r *http.Request, name string) bool {
	v := strings.TrimSpace(r.FormValue(name))
	return v != "" && v != "0" && v != "false"
}
