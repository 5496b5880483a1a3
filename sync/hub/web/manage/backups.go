package manage

import (
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/web/page"
)

// backupOld is how old the last backup may be: one is due each night.
const backupOld = 48 * time.Hour

// shownBackups is how many of the last backups the page lists.
const shownBackups = 10

func (m *manage) careRoutes() []page.Route {
	return []page.Route{
		{Method: "GET", Path: "/g/reglages/sauvegardes", Right: page.Settings, Handle: m.showBackups},
		{Method: "GET", Path: "/g/reglages/affiche", Right: page.Settings, Handle: m.showPoster},
	}
}

// backupPage is the page of the backups.
type backupPage struct {
	Elsewhere bool // PostgreSQL has programs of its own
	Last      time.Time
	Late      bool
	Lines     []logLine
}

func (m *manage) showBackups(r *page.Request) (page.Reply, error) {
	d := backupPage{Elsewhere: m.BackupsElsewhere}
	err := r.Read(func(tx fleet.Tx) (err error) {
		d.Lines = nil
		if d.Last, d.Late, err = lastBackup(r, tx); err != nil {
			return err
		}
		return eachLine(r, tx, audit.Query{Action: backupAction, Limit: shownBackups}, func(l logLine) { d.Lines = append(d.Lines, l) })
	})
	return page.Show("manage/backups", r.T("manage.backups.title"), d), err
}

// backupAction is what the log calls a backup that was made and whose restoration was tried.
const backupAction = "site.backup"

// lastBackup tells when the last backup was made, zero for none, and whether another one is
// overdue. Before the first terminal has been there for so long there is little to lose.
func lastBackup(r *page.Request, tx fleet.Tx) (last time.Time, late bool, err error) {
	err = tx.ListAudit(audit.Query{Action: backupAction, Limit: 1}, func(e audit.Entry) error {
		last = e.At
		return nil
	})
	if err != nil || !last.IsZero() {
		return last, r.Now.Sub(last) > backupOld, err
	}
	return last, late, tx.EachTerminal(func(t fleet.Terminal) error {
		late = late || r.Now.Sub(t.Added) > backupOld
		return nil
	})
}

func (m *manage) lookAtBackup(r *page.Request, tx fleet.Tx, d *board) error {
	if m.BackupsElsewhere {
		return nil
	}
	last, late, err := lastBackup(r, tx)
	if err != nil || !late {
		return err
	}
	text := r.T("manage.board.backup.never")
	if !last.IsZero() {
		text = r.T("manage.board.backup", r.DateTime(last))
	}
	d.add(r, "backup", "bad", text, "/g/reglages/sauvegardes")
	return nil
}
