package manage

import (
	"encoding/hex"
	"strconv"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/web/page"
	"badged/sync/identity"
)

func hexText(b []byte) string { return hex.EncodeToString(b) }

func (m *manage) terminalRoutes() []page.Route {
	return []page.Route{
		{Method: "GET", Path: "/g/terminaux", Right: page.Terminals, Handle: m.showTerminals},
		{Method: "GET", Path: "/g/terminaux/nouveau", Right: page.Terminals, Fresh: true, Handle: newTerminal},
		{Method: "POST", Path: "/g/terminaux/nouveau", Right: page.Terminals, Fresh: true, Handle: m.addTerminal},
		{Method: "GET", Path: "/g/terminaux/{name}/retirer", Right: page.Terminals, Handle: confirmRemoval},
		{Method: "POST", Path: "/g/terminaux/{name}/retirer", Right: page.Terminals, Handle: m.removeTerminal},
		{Method: "POST", Path: "/g/terminaux/rouvrir", Right: page.Terminals, Handle: reopenClaiming},
		{Method: "POST", Path: "/g/alarmes/{alarm}", Right: page.Terminals, Handle: m.endAlarm},
	}
}

// terminalLine is a terminal of the list.
type terminalLine struct {
	Name   string
	State  page.Tag
	Since  time.Time
	Agent  string
	Doors  []string
	Closed bool // refuses every code
	Gone   bool // removed
}

// terminalList is the page of the terminals.
type terminalList struct {
	List   *page.List
	Lines  []terminalLine
	Closed bool // claiming is closed at the site
}

func (m *manage) showTerminals(r *page.Request) (page.Reply, error) {
	d := terminalList{List: r.NameList()}
	err := r.Read(func(tx fleet.Tx) error {
		all, next, err := m.Hub.ListTerminals(tx, d.List.Listing())
		if err != nil {
			return err
		}
		d.List.Next, d.Lines = next, nil
		for _, t := range all {
			d.Lines = append(d.Lines, terminalLineOf(r, t))
		}
		c, err := access.ReadClaiming(tx.Tx.Tx)
		d.Closed = c.Closed
		return err
	})
	return page.Show("manage/terminals", r.T("manage.terminals.title"), d), err
}

func terminalLineOf(r *page.Request, t fleet.TerminalState) terminalLine {
	l := terminalLine{Name: t.Name, Since: t.LastSeen, Agent: t.Agent, Doors: t.Doors, Closed: t.ClaimsClosed, Gone: t.Removed()}
	state, tone := "away", "bad"
	switch {
	case t.Removed():
		state, tone = "removed", ""
	case t.Cert == nil && r.Now.Before(t.TokenEnds):
		state, tone, l.Since = "waiting", "info", t.Added
	case t.Cert == nil:
		state, tone, l.Since = "ended", "warn", t.TokenEnds
	case !t.Connected.IsZero():
		state, tone, l.Since = "connected", "good", t.Connected
	}
	l.State = page.Tag{Text: r.T("manage.terminal." + state), Tone: tone}
	return l
}

// terminalForm is the page of a new terminal.
type terminalForm struct{ Form *page.Form }

func newTerminal(r *page.Request) (page.Reply, error) {
	return page.Show("manage/new-terminal", r.T("manage.terminals.add"), terminalForm{r.Form()}), nil
}

// joinPage is what a person types at the new terminal. It is shown once.
type joinPage struct {
	Name    string
	Command string
	QR      page.QR
	Ends    time.Time
}

// joinLife is how long the hub takes a token of a new terminal.
const joinLife = 24 * time.Hour

func (m *manage) addTerminal(r *page.Request) (page.Reply, error) {
	f := r.Form()
	fields := page.Fields{fleet.CodeTerminalName: "name", fleet.CodeTerminalJoined: "name"}
	name := f.Value("name")
	err := fleet.CheckTerminal(name)
	var token identity.Token
	if err == nil {
		if token, err = identity.NewToken(m.Hub.SiteID(), name, m.Join, m.CA); err != nil {
			return page.Reply{}, err
		}
		err = r.Write(func(tx fleet.Tx) error { return fleet.AddTerminal(tx, name, token.Secret, f.Ticked("replace")) })
	}
	if err = f.Explain(err, fields); err != nil {
		return page.Reply{}, err
	}
	if !f.OK() {
		reply, err := newTerminal(r)
		return reply.Refused(), err
	}
	text := token.Reveal()
	d := joinPage{Name: name, Command: "sudo badged join " + text, Ends: r.Now.Add(joinLife)}
	d.QR, err = page.NewQR(d.Command)
	return page.Show("manage/join", r.T("manage.join.title", name), d), err
}

// removal is the page before a terminal is removed.
func removal(r *page.Request, name string) page.Confirm {
	return page.Confirm{
		Title: r.T("manage.terminal.remove.title", name), Text: r.T("manage.terminal.remove.text"),
		Points: []string{r.T("manage.terminal.remove.point1"), r.T("manage.terminal.remove.point2")},
		Action: "/g/terminaux/" + name + "/retirer", Button: r.T("manage.terminal.remove"), Cancel: "/g/terminaux", Danger: true,
	}
}

func confirmRemoval(r *page.Request) (page.Reply, error) {
	name := r.Path("name")
	if err := fleet.CheckTerminal(name); err != nil {
		return page.Reply{}, page.ErrNotFound
	}
	err := r.Read(func(tx fleet.Tx) error {
		_, err := tx.Terminal(name)
		return page.OrNotFound(err)
	})
	return r.Confirm(removal(r, name)), err
}

func (m *manage) removeTerminal(r *page.Request) (page.Reply, error) {
	err := m.Hub.RemoveTerminal(r.Context(), r.Actor(), r.Path("name"))
	return page.Go("/g/terminaux").Flash("manage.terminal.removedflash", r.Path("name")), err
}

// endAlarm acknowledges an alarm, once what it asks for is done.
func (m *manage) endAlarm(r *page.Request) (page.Reply, error) {
	id, err := strconv.ParseUint(r.Path("alarm"), 10, 62)
	if err != nil {
		return page.Reply{}, page.ErrNotFound
	}
	_, err = m.Hub.Acknowledge(r.Context(), r.Actor(), id)
	return page.Go("/g").Flash("manage.alarm.ended"), page.OrNotFound(err)
}

// reopenClaiming acknowledges too many wrong codes.
func reopenClaiming(r *page.Request) (page.Reply, error) {
	err := r.Write(func(tx fleet.Tx) error {
		_, err := access.Reopen(tx.Tx.Tx)
		return err
	})
	return page.Go("/g/terminaux").Flash("manage.claims.reopened"), err
}
