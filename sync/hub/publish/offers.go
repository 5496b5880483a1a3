package publish

import (
	"errors"
	"slices"

	"badged/sync/hub/people"
	"badged/sync/wire"
)

// projectServices writes the rows of services that changed or whose groups did, and of a new
// notice.
func projectServices(tx Tx, c *Changes) error {
	if err := includeServices(tx, c); err != nil {
		return err
	}
	for id, o := range c.Services {
		if o == nil {
			if err := dropRow(tx, wire.Services, wire.NumberKey(id)); err != nil {
				return err
			}
			continue
		}
		groups, err := groupsWith(tx, id)
		if err != nil {
			return err
		}
		if err := putRow(tx, wire.Services, wire.NumberKey(id), serviceRow(*o, groups)); err != nil {
			return err
		}
	}
	if c.Notice == nil {
		return nil
	}
	return putRow(tx, wire.Services, []byte(wire.NoticeKey), noticeRow(*c.Notice))
}

// includeServices adds the services whose groups changed to the changes.
func includeServices(tx Tx, c *Changes) error {
	if len(c.ServicesOf) == 0 {
		return nil
	}
	all, err := tx.Offers()
	for _, o := range all {
		if _, changed := c.Services[o.ID]; !changed && c.ServicesOf[o.ID] {
			c.Services[o.ID] = &o
		}
	}
	return err
}

// groupsWith gives the groups that have a service. They come before the accounts.
func groupsWith(tx Tx, offer uint64) (groups []uint64, err error) {
	const batch = 500
	var last people.Assignee
	for {
		page, err := tx.Assignees(offer, last, batch)
		if err != nil {
			return nil, err
		}
		for _, to := range page {
			if to.Group == 0 {
				return groups, nil
			}
			groups, last = append(groups, to.Group), to
		}
		if len(page) < batch {
			return groups, nil
		}
	}
}

// projectOffers writes what panels offer the accounts that changed, were assigned something
// or answered a notice. Most accounts have no such row.
func projectOffers(tx Tx, c *Changes) error {
	for id := range c.Accounts {
		c.OffersOf[id] = true
	}
	for id := range c.OffersOf {
		row, err := offerOf(tx, id, c.Accounts[id])
		if err == nil && isNothing(row) {
			err = dropRow(tx, wire.Offers, id[:])
		} else if err == nil {
			err = putRow(tx, wire.Offers, id[:], row)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func isNothing(row wire.Offer) bool {
	return !row.All && row.Agreed == 0 && len(row.Services)+len(row.Groups) == 0
}

// offerOf is the row of an account, which is known if it changed; nothing for one that is no
// more.
func offerOf(tx Tx, id ID, known *people.Account) (row wire.Offer, err error) {
	if known == nil {
		a, err := tx.Account(id)
		if errors.Is(err, people.ErrNotFound) {
			return row, nil
		}
		if err != nil {
			return row, err
		}
		known = &a
	}
	a := *known
	if a.State.Final() || a.Kind == people.Service {
		return row, nil
	}
	row.All = a.Role == people.Admin
	if row.Services, err = tx.OffersOf(people.Assignee{Account: id}); err != nil {
		return row, err
	}
	if !a.IsNamed() {
		groups, err := tx.GroupsOf(id)
		if err != nil {
			return row, err
		}
		row.Groups = slices.Clip(groups)
	}
	row.Agreed, err = people.AgreedTo(tx.Tx.Tx, id)
	return row, err
}
