package mails

import (
	"errors"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

func outboxRoutes() []page.Route {
	const of = outboxPath + "/envoi/{mail}"
	return []page.Route{
		{Method: "GET", Path: outboxPath, Right: page.Mail, Handle: listMails},
		{Method: "GET", Path: of, Right: page.Mail, Handle: showMail},
		{Method: "POST", Path: of + "/reessayer", Right: page.Mail, Handle: retry},
		{Method: "GET", Path: outboxPath + "/essai", Right: page.Mail, Handle: showTest},
		{Method: "POST", Path: outboxPath + "/essai", Right: page.Mail, Handle: sendTest},
	}
}

// mailLine is a mail as a list shows it.
type mailLine struct {
	Ref            string // the beginning of its id
	To             string
	Purpose        string
	State, Tone    string
	Made, Next     time.Time
	Ends, Done     time.Time
	Tries          int
	Answer         string
	Owner, OwnerID string // empty: nobody's
	Todo           string // what to do about it
	CanRetry       bool
}

var tones = map[mail.State]string{mail.Queued: "info", mail.Sending: "info", mail.Sent: "good", mail.Failed: "bad", mail.GivenUp: "warn"}

func lineOf(r *page.Request, tx fleet.Tx, m mail.Mail) (l mailLine, err error) {
	l = mailLine{
		Ref: mail.ShortID(m.ID), To: m.To, Purpose: purposeText(r, m.Purpose), State: r.T("mails.state." + string(m.State)), Tone: tones[m.State],
		Made: m.Made, Next: m.Next, Ends: m.Ends, Done: m.Done, Tries: m.Tries, Answer: m.Answer, CanRetry: m.State == mail.Failed || m.State == mail.Queued,
	}
	if m.State == mail.Queued && m.Tries > 0 {
		l.Tone = "warn"
	}
	if !m.State.Final() && m.Answer != "" || m.State == mail.GivenUp {
		l.Todo = r.T("mails.todo." + string(m.State))
	}
	if m.Account == (mail.ID{}) {
		return l, nil
	}
	a, err := tx.Account(m.Account)
	if errors.Is(err, people.ErrNotFound) { // purged
		return l, nil
	}
	l.Owner, l.OwnerID = a.DisplayName(), people.HexID(m.Account)
	return l, err
}

func purposeText(r *page.Request, p mail.Purpose) string { return r.T("mails.purpose." + string(p)) }

// outbox is the list of mails.
type outbox struct {
	Tabs    []page.Link
	List    *page.List
	Lines   []mailLine
	Goes    bool // mails go out
	Waiting int  // without a server
}

func listMails(r *page.Request) (page.Reply, error) {
	l := r.List("", page.Filter{Name: "etat", Label: r.T("mails.state"), Options: states(r)})
	d := outbox{Tabs: tabs(r, outboxPath), List: l, Goes: r.Site.MailOut != access.NoMail}
	err := r.Read(func(tx fleet.Tx) error {
		found, next, err := mail.List(tx.Tx.Tx.Tx.Tx, mail.Query{State: mail.State(l.Value("etat")), After: l.After(), Limit: page.PerPage})
		l.Next, d.Lines = next, nil
		for _, m := range found {
			line, err := lineOf(r, tx, m)
			if err != nil {
				return err
			}
			d.Lines = append(d.Lines, line)
		}
		if err != nil || d.Goes {
			return err
		}
		counts, err := tx.CountMails()
		d.Waiting = counts[mail.Queued]
		return err
	})
	return page.Show("mails/outbox", r.T("mails.title"), d), err
}

func states(r *page.Request) (out []page.Option) {
	for _, s := range mail.States {
		out = append(out, page.Option{Value: string(s), Text: r.T("mails.state." + string(s))})
	}
	return out
}

// find is the mail that the address names.
func find(r *page.Request, tx fleet.Tx) (mail.Mail, error) {
	m, err := mail.Find(tx.Tx.Tx.Tx.Tx, r.Path("mail"))
	if err != nil {
		return m, page.ErrNotFound
	}
	return m, nil
}

func showMail(r *page.Request) (page.Reply, error) {
	var d mailLine
	err := r.Read(func(tx fleet.Tx) error {
		m, err := find(r, tx)
		if err == nil {
			d, err = lineOf(r, tx, m)
		}
		return err
	})
	return page.Show("mails/mail", r.T("mails.mail.title", d.To), d), err
}

func retry(r *page.Request) (page.Reply, error) {
	err := r.Write(func(tx fleet.Tx) error {
		m, err := find(r, tx)
		if err == nil {
			_, err = mail.Retry(tx.Tx.Tx.Tx.Tx, m.ID)
		}
		return err
	})
	return page.Go(outboxPath + "/envoi/" + r.Path("mail")).Flash("mails.retried"), err
}

// testPage is the form of a test.
type testPage struct {
	Form *page.Form
	Goes bool
}

func showTest(r *page.Request) (page.Reply, error) {
	return testReply(r, r.Fill(map[string]string{"to": r.Account().Email})), nil
}

func testReply(r *page.Request, f *page.Form) page.Reply {
	return page.Show("mails/test", r.T("mails.test.title"), testPage{f, r.Site.MailOut != access.NoMail})
}

func sendTest(r *page.Request) (page.Reply, error) {
	f := r.Form()
	var m mail.Mail
	err := r.Write(func(tx fleet.Tx) (err error) {
		m, err = mail.SendTest(tx.Tx.Tx.Tx.Tx, f.Value("to"), r.Lang)
		return err
	})
	if err = f.Explain(err, page.Fields{mail.CodeAddress: "to"}); err != nil {
		return page.Reply{}, err
	}
	if !f.OK() {
		return testReply(r, f).Refused(), nil
	}
	return page.Go(outboxPath + "/envoi/" + mail.ShortID(m.ID)).Flash("mails.test.sent"), nil
}
