package manage

import (
	"strconv"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/web/page"
)

func journalRoutes() []page.Route {
	return []page.Route{
		{Method: "GET", Path: "/g/journal", Right: page.Audit, Handle: showJournal},
		{Method: "GET", Path: "/g/journal/export", Right: page.Audit, Handle: exportJournal},
		{Method: "GET", Path: "/g/journal/verification", Right: page.Audit, Handle: verifyJournal},
	}
}

// journal is the page of the audit log.
type journal struct {
	List  *page.List
	Lines []logLine
}

// objects are what lines are about: the beginnings of their actions.
var objects = []string{
	"account.", "card.", "claim.", "claims.", "door.", "grant.", "group.", "holiday.", "import.", "link.", "notice.", "password.", "pin.", "schedule.", "service.",
	"session.", "site.", "terminal.",
}

// journalQuery reads what the address asks of the log.
func journalQuery(r *page.Request) (*page.List, audit.Query, error) {
	var about []page.Option
	for _, o := range objects {
		about = append(about, page.Option{Value: o, Text: r.T("manage.object." + o[:len(o)-1])})
	}
	l := r.List("",
		page.Filter{Name: "objet", Label: r.T("manage.log.about"), Options: about},
		page.Filter{Name: "du", Label: r.T("manage.log.since"), Date: true},
		page.Filter{Name: "au", Label: r.T("manage.log.until"), Date: true})
	q := audit.Query{Limit: page.PerPage, Action: l.Value("objet")}
	q.Since, _ = r.Site.FirstDay(l.Value("du")) // a day, or empty
	if until, err := r.Site.LastDay(l.Value("au")); err == nil {
		q.Until = until.Add(-time.Millisecond)
	}
	var err error
	if after := l.After(); after != "" {
		if q.Below, err = strconv.ParseUint(after, 10, 63); err != nil {
			err = page.ErrNotFound
		}
	}
	return l, q, err
}

func showJournal(r *page.Request) (page.Reply, error) {
	l, q, err := journalQuery(r)
	d := journal{List: l}
	if err == nil {
		err = r.Read(func(tx fleet.Tx) error {
			d.Lines = nil
			return eachLine(r, tx, q, func(line logLine) { d.Lines = append(d.Lines, line) })
		})
	}
	if len(d.Lines) == page.PerPage {
		d.List.Next = strconv.FormatUint(d.Lines[page.PerPage-1].Seq, 10)
	}
	return page.Show("manage/journal", r.T("manage.log.title"), d), err
}

// exportPart is how many lines an export reads at a time.
const exportPart = 500

// exportJournal gives the lines that are listed, as a file.
func exportJournal(r *page.Request) (page.Reply, error) {
	_, q, err := journalQuery(r)
	q.Limit = exportPart
	return r.Sheet("journal", func(row page.Row) error {
		if err := row("n°", r.T("manage.log.at"), r.T("manage.log.who"), r.T("manage.log.via"), r.T("manage.log.what"), r.T("manage.log.about"), r.T("manage.log.change")); err != nil {
			return err
		}
		for {
			var lines []logLine
			err := r.Read(func(tx fleet.Tx) error {
				lines = nil
				return eachLine(r, tx, q, func(l logLine) { lines = append(lines, l) })
			})
			if err != nil {
				return err
			}
			for _, l := range lines {
				if err := row(l.cells(r)...); err != nil {
					return err
				}
			}
			if len(lines) < exportPart {
				return nil
			}
			q.Below = lines[len(lines)-1].Seq
		}
	}), err
}

func (l logLine) cells(r *page.Request) []string {
	changes := ""
	for i, c := range l.Changes {
		if i > 0 {
			changes += "; "
		}
		changes += c.Field + ": " + c.Before + " → " + c.After
	}
	return []string{strconv.FormatUint(l.Seq, 10), l.At.In(r.Zone()).Format("2006-01-02 15:04:05"), l.Who, l.Via, l.Action, l.Object, changes}
}

// proof is the page that says whether the log is whole.
type proof struct {
	audit.Verification
	Head string
}

// verifyJournal checks the whole chain, page by page.
func verifyJournal(r *page.Request) (page.Reply, error) {
	var d proof
	var err error
	for more := true; more && err == nil && r.Context().Err() == nil; {
		err = r.Read(func(tx fleet.Tx) (err error) {
			more, err = d.Next(tx.Tx.Tx.Tx.Tx.Tx)
			return err
		})
	}
	d.Head = hexText(d.Verification.Head[:8])
	return page.Show("manage/proof", r.T("manage.proof.title"), d), err
}
