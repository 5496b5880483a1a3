package manage

import (
	"errors"
	"slices"
	"strconv"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/hub/web/page"
)

// The actions on many members at once.
const (
	bulkMail    = "courriel"
	bulkSuspend = "suspendre"
	bulkResume  = "retablir"
)

func bulkOptions(r *page.Request) (out []page.Option) {
	for _, action := range []string{bulkMail, bulkSuspend, bulkResume} {
		out = append(out, page.Option{Value: action, Text: r.T("manage.bulk." + action)})
	}
	return out
}

// changeMany does one thing to the members that were ticked. Each is a change of its own, so
// that one that is refused holds up no other.
func (m *manage) changeMany(r *page.Request) (page.Reply, error) {
	f := r.Form()
	ids := f.Values("id")
	switch {
	case len(ids) == 0:
		return page.Go("/g/membres").Flash("manage.bulk.none"), nil
	case len(ids) > page.PerPage:
		return page.Reply{}, page.ErrNotFound
	case f.Value("action") == bulkSuspend && !f.Ticked("sure"):
		return confirmMany(r, ids), nil
	}
	done := 0
	var links []handedLink
	for _, text := range ids {
		link, err := m.changeTicked(r, text, f.Value("action"))
		var refused *refusal.Error
		switch {
		case err == nil:
			done++
		case !errors.As(err, &refused):
			return page.Reply{}, err
		}
		if link.URL != "" {
			links = append(links, link)
		}
	}
	if len(links) > 0 {
		return page.Show("manage/links", r.T("manage.links.title"), handed{Links: links, Back: "/g/membres"}), nil
	}
	return page.Go("/g/membres").Flash("manage.bulk.done", strconv.Itoa(done), strconv.Itoa(len(ids))), nil
}

// handed is the page of links that go by hand, as no mail goes out.
type handed struct {
	Links []handedLink
	Back  string
}

// changeTicked changes one member that was ticked, in a transaction of its own.
func (m *manage) changeTicked(r *page.Request, text, action string) (link handedLink, err error) {
	id, ok := people.ParseID(text)
	if !ok {
		return link, page.ErrNotFound
	}
	err = r.Write(func(tx fleet.Tx) (err error) {
		if a, err := tx.Account(id); err != nil {
			return page.OrNotFound(err)
		} else if a.Kind == people.Service { // an application is no member
			return page.ErrNotFound
		}
		switch action {
		case bulkMail:
			link, err = m.inviteAgain(r, tx, id)
		case bulkSuspend:
			_, err = people.SetState(tx.Tx.Tx.Tx, id, people.Suspended, people.ByAdministrator)
		case bulkResume:
			err = resumeByID(tx, id)
		default:
			err = page.ErrNotFound
		}
		return err
	})
	return link, err
}

func resumeByID(tx fleet.Tx, id people.ID) error {
	a, err := tx.Account(id)
	if err != nil {
		return page.OrNotFound(err)
	}
	return resumeAccount(tx, a)
}

func confirmMany(r *page.Request, ids []string) page.Reply {
	hidden := []page.Option{{Value: "action", Text: bulkSuspend}, {Value: "sure", Text: "1"}}
	for _, id := range ids {
		hidden = append(hidden, page.Option{Value: "id", Text: id})
	}
	return r.Confirm(page.Confirm{
		Title: r.N("manage.bulk.suspend", len(ids)), Text: r.T("manage.suspend.text"), Action: "/g/membres", Button: r.T("manage.suspend"),
		Cancel: "/g/membres", Danger: true, Hidden: slices.Clip(hidden),
	})
}
