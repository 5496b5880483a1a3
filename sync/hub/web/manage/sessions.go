package manage

import (
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// sessions is the page of the browsers in which a member is logged in.
type sessions struct {
	Member   member
	Sessions []people.Session
}

func showSessions(r *page.Request) (page.Reply, error) {
	var d sessions
	var err error
	d.Member, err = readMember(r, func(tx fleet.Tx, m member) (err error) {
		d.Sessions, err = tx.SessionsOf(m.ID)
		return err
	})
	return page.Show("manage/sessions", d.Member.DisplayName(), d), err
}

// endSessions signs a member out everywhere.
func endSessions(r *page.Request) (page.Reply, error) {
	var m member
	err := r.Write(func(tx fleet.Tx) (err error) {
		if m, err = memberOf(r, tx); err == nil {
			err = people.NeedRank(tx.Tx.Tx.Tx, m.Account)
		}
		if err == nil {
			_, err = people.EndSessions(tx.Tx.Tx.Tx, m.ID, [32]byte{})
		}
		return err
	})
	return page.Go(m.Path + "/connexions").Flash("manage.sessions.ended"), err
}
