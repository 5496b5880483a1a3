package manage

import (
	"errors"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

func confirmSuspension(r *page.Request) (page.Reply, error) {
	m, err := readMember(r, nil)
	return r.Confirm(suspension(r, m, nil)), err
}

func suspension(r *page.Request, m member, f *page.Form) page.Confirm {
	return page.Confirm{
		Title: r.T("manage.suspend.title", m.DisplayName()), Text: r.T("manage.suspend.text"), Action: m.Path + "/suspendre",
		Button: r.T("manage.suspend"), Cancel: m.Path, Danger: true, Form: f,
	}
}

func suspend(r *page.Request) (page.Reply, error) {
	f := r.Form()
	m, err := changeMember(r, func(tx fleet.Tx, m member) error {
		_, err := people.SetState(tx.Tx.Tx.Tx, m.ID, people.Suspended, people.ByAdministrator)
		return err
	})
	if err = f.Explain(err, nil); err != nil {
		return page.Reply{}, err
	}
	if !f.OK() {
		return r.Confirm(suspension(r, m, f)), nil
	}
	return page.Go(m.Path).Flash("manage.suspend.done"), nil
}

func resume(r *page.Request) (page.Reply, error) {
	m, err := changeMember(r, func(tx fleet.Tx, m member) error { return resumeAccount(tx, m.Account) })
	return page.Go(m.Path).Flash("manage.resume.done"), err
}

// resumeAccount makes an account active again that was suspended, and no other.
func resumeAccount(tx fleet.Tx, a people.Account) error {
	if a.State != people.Suspended {
		return page.ErrNotFound
	}
	_, err := people.SetState(tx.Tx.Tx.Tx, a.ID, people.Active, people.ByAdministrator)
	return err
}

// changeMember changes the member that the address names.
func changeMember(r *page.Request, change func(fleet.Tx, member) error) (m member, err error) {
	err = r.Write(func(tx fleet.Tx) (err error) {
		if m, err = memberOf(r, tx); err != nil {
			return err
		}
		return change(tx, m)
	})
	return m, err
}

// dataPage is the page of what is kept about a member.
type dataPage struct {
	Member member
	Spread page.Spread // of an account that was erased
}

func showData(r *page.Request) (page.Reply, error) {
	var d dataPage
	var err error
	d.Member, err = readMember(r, func(tx fleet.Tx, m member) error { return d.readSpread(r, tx, m) })
	return page.Show("manage/data", d.Member.DisplayName(), d), err
}

// readSpread tells which terminals have forgotten an account that was erased.
func (d *dataPage) readSpread(r *page.Request, tx fleet.Tx, m member) error {
	if m.State != people.Erased {
		return nil
	}
	s, err := fleet.AccountSpread(tx, m.ID)
	if errors.Is(err, people.ErrNotFound) || err == nil && s.OfTerminals == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	at, err := fleet.AccountErased(tx, m.ID)
	what := r.T("manage.erase.spread.done")
	if !at.IsZero() {
		what = r.T("manage.erase.spread.since", r.ToTheSecond(at))
	}
	d.Spread = r.Spread("manage.erase.spread.", what, s)
	return err
}

// exportData gives what the hub keeps about a member, as a file. The log keeps who asked.
func exportData(r *page.Request) (page.Reply, error) {
	var record people.Record
	m, err := changeMember(r, func(tx fleet.Tx, m member) (err error) {
		record, err = people.Export(tx.Tx.Tx.Tx, m.ID)
		return err
	})
	return page.DownloadJSON("badged-"+people.ShortID(m.ID), record), err
}

func confirmErasure(r *page.Request) (page.Reply, error) {
	m, err := readMember(r, nil)
	return r.Confirm(erasure(r, m, nil)), err
}

func erasure(r *page.Request, m member, f *page.Form) page.Confirm {
	return page.Confirm{
		Title: r.T("manage.erase.title", m.DisplayName()), Text: r.T("manage.erase.text"),
		Points: []string{r.T("manage.erase.point1"), r.T("manage.erase.point2"), r.T("manage.erase.point3")},
		Action: m.Path + "/effacer", Button: r.T("manage.erase"), Cancel: m.Path + "/donnees", Danger: true, Form: f,
	}
}

// erase takes all rights away and forgets who the account was.
func erase(r *page.Request) (page.Reply, error) {
	f := r.Form()
	m, err := changeMember(r, func(tx fleet.Tx, m member) error { return access.Erase(tx.Tx.Tx, m.ID) })
	if err = f.Explain(err, nil); err != nil {
		return page.Reply{}, err
	}
	if !f.OK() {
		return r.Confirm(erasure(r, m, f)), nil
	}
	return page.Go(m.Path + "/donnees").Flash("manage.erase.done"), nil
}

// history is the page of what was done to a member.
type history struct {
	Member member
	Lines  []logLine
}

// historyLines is how many of the latest lines a member's page shows.
const historyLines = 100

func showHistory(r *page.Request) (page.Reply, error) {
	var d history
	var err error
	d.Member, err = readMember(r, func(tx fleet.Tx, m member) error {
		d.Lines = nil
		return eachLine(r, tx, audit.Query{Subject: m.ID, Limit: historyLines}, func(l logLine) { d.Lines = append(d.Lines, l) })
	})
	return page.Show("manage/history", d.Member.DisplayName(), d), err
}
