package manage

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
	"badged/sync/hub/words"
)

// board is the page of what somebody must do now.
type board struct {
	Tasks     []task
	Connected int // terminals
	Terminals int
}

// task is one thing to do.
type task struct {
	Text, Todo string
	Tone       string
	Path, Link string // of the page where it is done; empty: there is none
	Post, Do   string // path that the button posts to; empty: there is none
}

// boardLooks bounds how many accounts are looked at for an invitation that ended.
const boardLooks = 200

func (m *manage) boardRoutes() []page.Route {
	return []page.Route{{Method: "GET", Path: "/g", Right: page.Manager, Handle: m.showBoard}}
}

func (m *manage) showBoard(r *page.Request) (page.Reply, error) {
	var d board
	err := r.Read(func(tx fleet.Tx) error {
		d = board{}
		for _, look := range []struct {
			at func(*page.Request, fleet.Tx, *board) error
			of []page.Right // any of which lets somebody see it
		}{
			{lookAtAlarms, []page.Right{page.Terminals}}, {lookAtClaiming, []page.Right{page.Terminals, page.Cards}}, {lookAtConflicts, []page.Right{page.Cards}},
			{lookAtUnknown, []page.Right{page.Cards}}, {lookAtMerges, []page.Right{page.Members}},
			{m.lookAtTerminals, []page.Right{page.Terminals}}, {lookAtMails, []page.Right{page.Mail}},
			{lookAtInvitations, []page.Right{page.Members}},
			{lookAtErasures, []page.Right{page.Members}}, {m.lookAtBackup, []page.Right{page.Settings}},
		} {
			if !slices.ContainsFunc(look.of, r.May) {
				continue
			}
			if err := look.at(r, tx, &d); err != nil {
				return err
			}
		}
		return nil
	})
	return page.Show("manage/board", r.T("manage.board.title"), d), err
}

// add adds a task with the texts of a key: its text, what to do, and the name of the page.
func (d *board) add(r *page.Request, key, tone, text, path string) {
	t := task{Text: text, Todo: r.T("manage.board." + key + ".todo"), Tone: tone}
	if path != "" && r.MayUse("GET", path) {
		t.Path, t.Link = path, r.T("manage.board."+key+".link")
	}
	d.Tasks = append(d.Tasks, t)
}

func lookAtClaiming(r *page.Request, tx fleet.Tx, d *board) error {
	const path = "/g/terminaux/rouvrir"
	c, err := access.ReadClaiming(tx.Tx.Tx)
	if err != nil || !c.Closed {
		return err
	}
	t := task{Text: r.T("manage.claims.closed"), Tone: "bad"}
	if r.MayUse("POST", path) {
		t.Post, t.Do = path, r.T("manage.claims.reopen")
	} else {
		t.Todo = r.T("manage.claims.ask")
	}
	d.Tasks = append(d.Tasks, t)
	return nil
}

// boardAlarms bounds how many alarms the page shows.
const boardAlarms = 20

// lookAtAlarms shows what only a person can judge: a terminal that runs twice, a hub that was
// put back to a backup.
func lookAtAlarms(r *page.Request, tx fleet.Tx, d *board) error {
	return tx.EachAlarm(fleet.AlarmQuery{Open: true, Limit: boardAlarms}, func(a fleet.Alarm) error {
		t := task{Tone: "bad"}
		t.Text, t.Todo = words.Alarm(r.Lang, string(a.Kind), a.Object)
		t.Post, t.Do = "/g/alarmes/"+strconv.FormatUint(a.ID, 10), r.T("manage.alarm.done")
		if a.Kind == fleet.ReleaseStopped {
			t.Path, t.Link = "/g/versions/"+url.PathEscape(a.Object), r.T("manage.alarm.release", a.Object)
			t.Todo = r.T("manage.alarm.release.todo")
		}
		d.Tasks = append(d.Tasks, t)
		return nil
	})
}

// lookAtErasures counts erasures that a terminal has not acknowledged.
func lookAtErasures(r *page.Request, tx fleet.Tx, d *board) error {
	n, err := fleet.PendingErasures(tx, boardLooks)
	if n > 0 {
		d.add(r, "erasures", "warn", r.N("manage.board.erasures", n), "/g/membres")
		d.Tasks[len(d.Tasks)-1].Path += "?etat=erased"
	}
	return err
}

func lookAtConflicts(r *page.Request, tx fleet.Tx, d *board) error {
	all, err := tx.OpenConflicts(access.ID{})
	if len(all) > 0 {
		d.add(r, "contested", "bad", r.N("manage.board.contested", len(all)), "/g/cartes/contestees")
	}
	return err
}

func lookAtUnknown(r *page.Request, tx fleet.Tx, d *board) error {
	cards, err := fleet.UnknownCards(tx, r.Now.Add(-24*time.Hour))
	if len(cards) > 0 {
		d.add(r, "unknown", "info", r.N("manage.board.unknown", len(cards)), "/g/cartes/inconnues")
	}
	return err
}

func lookAtMerges(r *page.Request, tx fleet.Tx, d *board) error {
	all, err := tx.MergeRequests(people.ID{})
	if len(all) > 0 {
		d.add(r, "merges", "info", r.N("manage.board.merges", len(all)), "/g/membres/fusions")
	}
	return err
}

func (m *manage) lookAtTerminals(r *page.Request, tx fleet.Tx, d *board) error {
	all, err := m.Hub.Terminals(tx)
	away, ended := 0, 0
	for _, t := range all {
		switch {
		case t.Removed():
			continue
		case t.Cert == nil && !r.Now.Before(t.TokenEnds):
			ended++
		case t.Cert != nil && t.Connected.IsZero():
			away++
		case t.Cert != nil:
			d.Connected++
		}
		d.Terminals++
	}
	if away > 0 {
		d.add(r, "away", "bad", r.N("manage.board.away", away), "/g/terminaux")
	}
	if ended > 0 {
		d.add(r, "ended", "warn", r.N("manage.board.ended", ended), "/g/terminaux")
	}
	if d.Terminals == 0 {
		d.add(r, "first", "info", r.T("manage.terminals.none"), "/g/terminaux/nouveau")
	}
	return err
}

func lookAtMails(r *page.Request, tx fleet.Tx, d *board) error {
	counts, err := tx.CountMails()
	if err != nil {
		return err
	}
	if n := counts[mail.Failed]; n > 0 {
		d.add(r, "mails", "bad", r.N("manage.board.mails", n), "/g/courriels")
	}
	goes, err := mail.Configured(tx.Tx.Tx.Tx.Tx)
	if err == nil && !goes {
		d.add(r, "nomail", "warn", r.T("manage.board.nomail"), "/g/reglages")
	}
	return err
}

// lookAtInvitations counts accounts that were invited and whose link has ended.
func lookAtInvitations(r *page.Request, tx fleet.Tx, d *board) error {
	invited, _, err := people.List(tx.Tx.Tx.Tx, people.Query{State: people.Invited, People: true, Limit: boardLooks, Order: people.ByCreated})
	ended := 0
	for _, a := range invited {
		if err != nil {
			return err
		}
		var usable bool
		usable, err = hasOpenLink(tx, a.ID, r.Now)
		if !usable {
			ended++
		}
	}
	if ended > 0 && err == nil {
		d.add(r, "invitations", "warn", r.N("manage.board.invitations", ended), "/g/membres")
		d.Tasks[len(d.Tasks)-1].Path += "?etat=invited"
	}
	return err
}

func hasOpenLink(tx fleet.Tx, id people.ID, now time.Time) (bool, error) {
	links, err := tx.OpenLinks(id)
	for _, l := range links {
		if l.Purpose == people.Activate && l.Ends.After(now) {
			return true, err
		}
	}
	return false, err
}
