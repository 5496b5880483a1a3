package doors

import (
	"errors"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// conflictLine is one claim to a card that is somebody's.
type conflictLine struct {
	Ref                         string
	Owner, Other, Why, Terminal string
	At                          time.Time
}

type contestedList struct {
	Tabs  []page.Link
	Lines []conflictLine
}

func listContested(r *page.Request) (page.Reply, error) {
	d := contestedList{Tabs: cardTabs(r, "/g/cartes/contestees")}
	err := r.Read(func(tx fleet.Tx) error {
		open, err := tx.OpenConflicts(access.ID{})
		d.Lines = nil
		for _, k := range open {
			if err == nil {
				var l conflictLine
				l, err = conflictOf(r, tx, k)
				d.Lines = append(d.Lines, l)
			}
		}
		return err
	})
	return page.Show("doors/contested", r.T("doors.contested.title"), d), err
}

func conflictOf(r *page.Request, tx fleet.Tx, k access.Conflict) (l conflictLine, err error) {
	l = conflictLine{Ref: access.ShortCard(k.Card), Why: r.T("doors.conflict." + k.Why), Terminal: orDash(k.Terminal), At: k.At}
	if l.Owner, err = nameOf(tx, k.Account); err != nil {
		return l, err
	}
	l.Other, err = nameOf(tx, k.Other)
	return l, err
}

// conflictPage lets somebody decide whose a card is.
type conflictPage struct {
	Form    *page.Form
	Ref     string
	Lines   []conflictLine
	Choices []page.Option
}

// Nobody keeps the card.
const revokeIt = "revoke"

// read finds the conflicts about the card that the address names, and who may get it.
func (d *conflictPage) read(r *page.Request, tx fleet.Tx) error {
	c, err := findCard(r, tx)
	if err != nil {
		return err
	}
	open, err := tx.OpenConflicts(c.ID)
	if err != nil {
		return err
	}
	d.Ref, d.Lines, d.Choices = access.ShortCard(c.ID), nil, nil
	wanted := []people.ID{c.Account}
	for _, k := range open {
		l, err := conflictOf(r, tx, k)
		if err != nil {
			return err
		}
		d.Lines, wanted = append(d.Lines, l), append(wanted, k.Other)
	}
	return d.addChoices(r, tx, c, wanted)
}

func (d *conflictPage) addChoices(r *page.Request, tx fleet.Tx, c access.Card, wanted []people.ID) error {
	seen := map[people.ID]bool{}
	for _, id := range wanted {
		a, err := tx.Account(id)
		if errors.Is(err, people.ErrNotFound) || seen[id] {
			continue
		}
		if err != nil {
			return err
		}
		seen[id] = true
		hint := r.T("doors.conflict.wants")
		if id == c.Account {
			hint = r.T("doors.conflict.has")
		}
		d.Choices = append(d.Choices, page.Option{Value: people.HexID(id), Text: a.DisplayName(), Hint: hint})
	}
	d.Choices = append(d.Choices, page.Option{Value: revokeIt, Text: r.T("doors.conflict.nobody"), Hint: r.T("doors.conflict.nobody.hint")})
	return nil
}

func showConflict(r *page.Request) (page.Reply, error) {
	d := conflictPage{Form: r.Fill(nil)}
	err := r.Read(func(tx fleet.Tx) error { return d.read(r, tx) })
	return page.Show("doors/conflict", r.T("doors.conflict.title", d.Ref), d), err
}

// resolve gives the card to who was chosen, or ends it for good.
func resolve(r *page.Request) (page.Reply, error) {
	d := conflictPage{Form: r.Form()}
	err := r.Write(func(tx fleet.Tx) error {
		if err := d.read(r, tx); err != nil {
			return err
		}
		switch to := d.Form.Value("a"); to {
		case "":
			d.Form.Refuse("a", r.T("doors.conflict.choose"))
			return nil
		case revokeIt:
			_, err := access.SetCardState(tx.Tx.Tx, d.Ref, access.CardRevoked, "")
			return err
		default:
			_, err := access.SetCardState(tx.Tx.Tx, d.Ref, access.CardActive, to)
			return err
		}
	})
	if err = d.Form.Explain(err, nil); err != nil {
		return page.Reply{}, err
	}
	if !d.Form.OK() {
		return page.Show("doors/conflict", r.T("doors.conflict.title", d.Ref), d).Refused(), nil
	}
	return page.Go("/g/cartes/" + d.Ref).Flash("doors.conflict.done"), nil
}
