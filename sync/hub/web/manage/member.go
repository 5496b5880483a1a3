package manage

import (
	"time"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// member is the account of a page, with what the head of all its pages shows.
type member struct {
	people.Account
	Path   string // of its first page
	Status page.Tag
	Tabs   []page.Link
	Final  bool // merged or erased: nothing changes any more
	Login  bool // has a way to log in
}

// tabs are the pages of a member, with the right that each needs beside that to members.
var tabs = []page.Item{
	{Path: "", Text: "manage.tab.identity", Right: page.Members},
	{Path: "/roles", Text: "manage.tab.roles", Right: page.Members},
	{Path: "/acces", Text: "manage.tab.access", Right: page.Members},
	{Path: "/connexions", Text: "manage.tab.sessions", Right: page.Members},
	{Path: "/cartes", Text: "manage.tab.cards", Right: page.Cards},
	{Path: "/portes", Text: "manage.tab.doors", Right: page.Doors},
	{Path: "/historique", Text: "manage.tab.history", Right: page.Members},
	{Path: "/donnees", Text: "manage.tab.data", Right: page.Members},
}

// memberOf reads the member that the address names.
func memberOf(r *page.Request, tx fleet.Tx) (m member, err error) {
	id, err := r.ID("id")
	if err != nil {
		return m, err
	}
	a, err := tx.Account(id)
	if err != nil {
		return m, page.OrNotFound(err)
	}
	if a.Kind == people.Service {
		return m, page.ErrNotFound
	}
	m = member{Account: a, Path: "/g/membres/" + people.HexID(id), Status: stateOf(r, a.State), Final: a.State.Final()}
	for _, t := range tabs {
		if r.May(t.Right) {
			m.Tabs = append(m.Tabs, page.Link{Path: m.Path + t.Path, Text: r.T(t.Text), Current: r.HTTP.URL.Path == m.Path+t.Path})
		}
	}
	if r.May(page.Events) {
		m.Tabs = append(m.Tabs, page.Link{Path: "/g/evenements?compte=" + people.HexID(id), Text: r.T("manage.tab.events")})
	}
	m.Login, err = people.HasLogin(tx.Tx.Tx.Tx, id)
	return m, err
}

// Ref is the id by which other pages name the member.
func (m member) Ref() string { return people.HexID(m.ID) }

// Activatable reports whether the account waits for its activation.
func (m member) Activatable() bool {
	return m.Kind == people.Person && (m.State == people.Created || m.State == people.Invited)
}

// readMember reads the member of a page, and what else the page shows.
func readMember(r *page.Request, more func(fleet.Tx, member) error) (m member, err error) {
	err = r.Read(func(tx fleet.Tx) (err error) {
		if m, err = memberOf(r, tx); err != nil || more == nil {
			return err
		}
		return more(tx, m)
	})
	return m, err
}

// identityPage is the first page of a member.
type identityPage struct {
	Member member
	Form   *page.Form
	Groups []page.Option
	Langs  []page.Option
}

func langOptions(r *page.Request) []page.Option {
	return []page.Option{{Value: "", Text: r.T("manage.lang.site")}, {Value: "fr", Text: "Français"}, {Value: "en", Text: "English"}}
}

func showIdentity(r *page.Request) (page.Reply, error) {
	d := identityPage{Langs: langOptions(r)}
	m, err := readMember(r, func(tx fleet.Tx, m member) (err error) {
		d.Groups, err = groupOptions(r, tx)
		if err != nil {
			return err
		}
		d.Form, err = fillIdentity(r, tx, m)
		return err
	})
	d.Member = m
	return page.Show("manage/member", m.DisplayName(), d), err
}

func fillIdentity(r *page.Request, tx fleet.Tx, m member) (*page.Form, error) {
	f := r.Fill(map[string]string{"first": m.First, "last": m.Last, "email": m.Email, "lang": m.Lang, "until": dayOf(m.Expires, r)})
	groups, err := tx.GroupsOf(m.ID)
	f.Set("group", groupValues(groups)...)
	return f, err
}

// dayOf is a moment as the field of a date has it, the last day that counts.
func dayOf(t time.Time, r *page.Request) string {
	if t.IsZero() {
		return ""
	}
	return t.Add(-time.Millisecond).In(r.Zone()).Format(time.DateOnly)
}

// changeIdentity changes who a member is, and the groups.
func changeIdentity(r *page.Request) (page.Reply, error) {
	f := r.Form()
	var m member
	until := f.LastDay("until")
	err := r.Write(func(tx fleet.Tx) (err error) {
		if m, err = memberOf(r, tx); err != nil || !f.OK() {
			return err
		}
		first, last, email, lang := f.Value("first"), f.Value("last"), f.Value("email"), f.Value("lang")
		c := people.Changes{First: &first, Last: &last, Email: &email, Lang: &lang, Expires: &until}
		if _, err := people.Change(tx.Tx.Tx.Tx, m.ID, c); err != nil {
			return err
		}
		return setGroups(tx, m.ID, f.Values("group"))
	})
	if err = f.Explain(err, identityFields); err != nil {
		return page.Reply{}, err
	}
	if f.OK() {
		return page.Go(m.Path).Flash("manage.saved"), nil
	}
	d := identityPage{Member: m, Form: f, Langs: langOptions(r)}
	d.Member, err = readMember(r, func(tx fleet.Tx, _ member) (err error) {
		d.Groups, err = groupOptions(r, tx)
		return err
	})
	return page.Show("manage/member", d.Member.DisplayName(), d).Refused(), err
}

// identityFields tells where refusals about who somebody is belong.
var identityFields = page.Fields{
	people.CodeNameMissing: "first", people.CodeNameReserved: "first", people.CodeNameEmpty: "first", people.CodeNameText: "first", people.CodeNameLong: "first",
	people.CodeEmailBad: "email", people.CodeEmailLong: "email", people.CodeEmailTaken: "email", people.CodeAdminEmail: "email", people.CodeRightEmail: "email",
	people.CodeLangUnknown: "lang", people.CodeRoleUnknown: "role",
}
