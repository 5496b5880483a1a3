package api

import (
	"net/http"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
)

// exportEvents is how many of somebody's latest events an export holds.
const exportEvents = 1000

// exportAccount gives somebody what the hub keeps about them, and records that it was asked.
func exportAccount(tx fleet.Tx, r *http.Request, _ none) (Export, error) {
	a, err := account(tx, r)
	if err != nil {
		return Export{}, err
	}
	record, err := people.Export(tx.Tx.Tx.Tx, a.ID)
	if err != nil {
		return Export{}, err
	}
	out := Export{Groups: append([]string{}, record.Groups...), Services: append([]string{}, record.Services...), Notices: []NoticeAnswer{},
		Edits: []EditVersion{}, Cards: []Card{}, Grants: []Grant{}, Events: []Event{}, Audit: []ExportLine{}}
	if out.Account, err = shown(tx, a, nil); err != nil {
		return out, err
	}
	for _, k := range record.Notices {
		out.Notices = append(out.Notices, NoticeAnswer{k.Version, string(k.Answer), Time{k.At}, string(k.Channel), k.Terminal})
	}
	for _, e := range record.Edits {
		out.Edits = append(out.Edits, EditVersion{Terminal: e.Terminal, At: Time{e.At}, Before: Profile(e.Before), After: Profile(e.After)})
	}
	for _, l := range record.Audit {
		line := ExportLine{At: Time{l.At}, Action: l.Action}
		if err := unmarshal(l.Before, &line.Before); err != nil {
			return out, err
		}
		if err := unmarshal(l.After, &line.After); err != nil {
			return out, err
		}
		out.Audit = append(out.Audit, line)
	}
	if err := out.addRights(tx, a.ID); err != nil {
		return out, err
	}
	return out, out.addEvents(tx, a.ID)
}

func (e *Export) addRights(tx fleet.Tx, id people.ID) error {
	cards, err := tx.CardsOf(id)
	if err != nil {
		return err
	}
	for _, c := range cards {
		card, err := cardOf(tx, c)
		if err != nil {
			return err
		}
		e.Cards = append(e.Cards, card)
	}
	grants, _, err := access.ListGrants(tx.Tx.Tx, access.GrantQuery{Account: id, Limit: mostPage})
	if err != nil {
		return err
	}
	for _, g := range grants {
		grant, err := grantOf(tx, g)
		if err != nil {
			return err
		}
		e.Grants = append(e.Grants, grant)
	}
	return nil
}

// addEvents adds the latest events, as far as a few pages reach.
func (e *Export) addEvents(tx fleet.Tx, id people.ID) error {
	q := fleet.EventQuery{Account: id, Limit: exportEvents}
	for len(e.Events) < exportEvents {
		page, next, err := fleet.ListEvents(tx, q)
		if err != nil {
			return err
		}
		for _, ev := range page {
			e.Events = append(e.Events, eventOf(ev))
		}
		if q.Below = next; next == 0 {
			return nil
		}
	}
	return nil
}
