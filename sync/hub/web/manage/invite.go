package manage

import (
	"net/http"
	"net/mail"
	"strings"
	"time"

	"badged/internal/profile"
	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	hubmail "badged/sync/hub/mail"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// mostInvited bounds one invitation.
const mostInvited = 500

// invitedCode is how long the code of an invitation can be used: the shorter, the fewer codes
// are there to be guessed.
const invitedCode = 24 * time.Hour

func (m *manage) inviteRoutes() []page.Route {
	return []page.Route{
		{Method: "GET", Path: "/g/membres/inviter", Right: page.Members, Fresh: true, Handle: showInvite},
		{Method: "POST", Path: "/g/membres/inviter", Right: page.Members, Fresh: true, Handle: m.invite},
		{Method: "GET", Path: "/g/membres/inscription", Right: page.Members, Fresh: true, Handle: showRegistration},
		{Method: "POST", Path: "/g/membres/inscription", Right: page.Members, Fresh: true, Handle: m.sendRegistration},
	}
}

// inviteForm is the page «Inviter membre».
type inviteForm struct {
	Form   *page.Form
	Groups []page.Option
	Doors  []page.Option
	Days   []page.Option
	Mails  bool
	Codes  bool // there may be codes
}

func showInvite(r *page.Request) (page.Reply, error) { return inviteReply(r, r.Fill(nil)) }

func inviteReply(r *page.Request, f *page.Form) (page.Reply, error) {
	d := inviteForm{Form: f, Codes: r.May(page.Cards)}
	for _, day := range accessDays {
		d.Days = append(d.Days, page.Option{Value: day.name, Text: r.T("manage.invite.day." + day.name)})
	}
	err := r.Read(func(tx fleet.Tx) (err error) {
		if d.Groups, err = groupOptions(r, tx); err != nil {
			return err
		}
		if r.May(page.Doors) {
			if d.Doors, err = doorOptions(tx); err != nil {
				return err
			}
		}
		d.Mails, err = hubmail.Configured(tx.Tx.Tx.Tx.Tx)
		return err
	})
	return page.Show("manage/invite", r.T("manage.invite"), d), err
}

func doorOptions(tx fleet.Tx) (out []page.Option, err error) {
	doors, err := access.AllDoors(tx.Tx.Tx)
	for _, door := range doors {
		out = append(out, page.Option{Value: door.Name, Text: door.Name})
	}
	return out, err
}

// invitee is a person to invite, as a line names them.
type invitee struct{ First, Last, Email string }

// readInvitees reads a pasted list: addresses, or names with an address, on lines or with
// commas or semicolons between.
func readInvitees(r *page.Request, f *page.Form) (all []invitee) {
	lines := strings.FieldsFunc(f.Raw("people"), func(c rune) bool { return c == '\n' || c == '\r' || c == ';' || c == ',' })
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		who, ok := parseInvitee(line)
		if !ok {
			f.Refuse("people", r.T("manage.invite.wrong", shorten(line)))
			return nil
		}
		all = append(all, who)
	}
	switch {
	case len(all) == 0:
		f.Refuse("people", r.T("manage.invite.nobody"))
	case len(all) > mostInvited:
		f.Refuse("people", r.T("manage.invite.many", mostInvited))
	}
	return all
}

func parseInvitee(line string) (invitee, bool) {
	a, err := mail.ParseAddress(line)
	if err != nil {
		name, address, found := strings.Cut(line, "<")
		if !found {
			name, address = "", line
		}
		a = &mail.Address{Name: strings.Trim(name, ` "`), Address: strings.Trim(address, " <>")}
	}
	first, last := profile.SplitName(a.Name)
	return invitee{first, last, a.Address}, profile.CheckEmail(profile.CleanEmail(a.Address)) == "" && a.Address != ""
}

// shorten is a text from outside as a message repeats it.
func shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// invited is what became of one invitation.
type invited struct {
	Path, Name string
	Mail       string // address that the mail is on its way to; empty: no mail goes out
	Link       handedLink
	Code       string
	Warnings   []string
}

// invitedPage shows links and codes, once.
type invitedPage struct {
	All     []invited
	Codes   bool
	Links   bool
	CodeEnd time.Time
}

// invite makes the accounts of a list with their groups, rights and codes, all or none, and
// sends each their link.
func (m *manage) invite(r *page.Request) (page.Reply, error) {
	f := r.Form()
	all := readInvitees(r, f)
	period, rights := readPeriod(r, f), readRights(r, f)
	if len(rights.doors) > 0 && !r.May(page.Doors) || f.Ticked("code") && !r.May(page.Cards) {
		return r.Fail(http.StatusForbidden), nil
	}
	if f.OK() && len(rights.doors) > 0 {
		for _, who := range all {
			if who.First == "" || who.Last == "" {
				f.Refuse("people", r.T("manage.invite.unnamed", who.Email))
			}
		}
	}
	d := invitedPage{Codes: f.Ticked("code"), CodeEnd: r.Now.Add(invitedCode)}
	if f.OK() {
		err := r.Write(func(tx fleet.Tx) error {
			d.All, d.Links = nil, false
			for _, who := range all {
				if err := m.inviteOne(r, tx, who, period, rights, &d); err != nil {
					f.Refuse("people", r.T("manage.invite.refused", shorten(who.Email), r.Words(err)))
					return err
				}
			}
			return nil
		})
		if err != nil && !isRefusal(err) {
			return page.Reply{}, err
		}
	}
	if !f.OK() {
		reply, err := inviteReply(r, f)
		return reply.Refused(), err
	}
	return page.Show("manage/invited", r.N("manage.invited", len(d.All)), d), nil
}

func (m *manage) inviteOne(r *page.Request, tx fleet.Tx, who invitee, p period, rights newRights, d *invitedPage) error {
	a, err := people.Add(tx.Tx.Tx.Tx, people.New{First: who.First, Last: who.Last, NoName: true, Email: who.Email, Expires: p.to})
	if err != nil {
		return err
	}
	if err := setGroups(tx, a.ID, rights.groups); err != nil {
		return err
	}
	if err := rights.grant(r, tx, a, p); err != nil {
		return err
	}
	out := invited{Path: "/g/membres/" + people.HexID(a.ID), Name: a.DisplayName()}
	token, a, err := people.IssueActivationLink(tx.Tx.Tx.Tx, a.ID)
	if err != nil {
		return err
	}
	if out.Link, err = m.send(r, tx, a, hubmail.Invite, people.Activate, token); err != nil {
		return err
	}
	if out.Link.URL == "" {
		out.Mail = a.Email
	}
	d.Links = d.Links || out.Link.URL != ""
	if d.Codes {
		if err := m.addCode(r, tx, a, &out); err != nil {
			return err
		}
	}
	d.All = append(d.All, out)
	return nil
}

// addCode gives an invited person a code with which they register a card at a door.
func (m *manage) addCode(r *page.Request, tx fleet.Tx, a people.Account, out *invited) error {
	c, err := access.IssueClaim(tx.Tx.Tx, m.Hub.SiteKey(), access.NewClaim{Account: people.HexID(a.ID), Life: invitedCode})
	if err != nil {
		return err
	}
	out.Code = "*" + c.Code.Reveal()
	for _, w := range c.Warnings {
		out.Warnings = append(out.Warnings, r.WordsAbout(a, w))
	}
	return nil
}
