package store

import (
	"strings"

	"badged/sync/hub/people"
)

const (
	offerColumns = `SELECT id, kind, fr, en, link, everyone FROM offer `
	sqlOffersOf  = `SELECT offer FROM assignment WHERE account = ? AND grp = ? ORDER BY offer`
)

func readOffer(scan scan) (o people.Offer, err error) {
	return o, scan(&o.ID, &o.Kind, &o.French, &o.English, &o.Link, flagInto{&o.Everyone})
}

// Offers implements people.Services.
func (x *tx) Offers() ([]people.Offer, error) {
	return list(x, offerColumns+`ORDER BY id`, nil, readOffer)
}

// AddOffer implements people.Services.
func (x *tx) AddOffer(o people.Offer) (people.Offer, error) {
	err := x.one(`INSERT INTO offer (kind, fr, en, link, everyone) VALUES (?, ?, ?, ?, ?) RETURNING id`,
		[]any{string(o.Kind), o.French, o.English, o.Link, flag(o.Everyone)}, &o.ID)
	x.changes.Services[o.ID] = &o
	return o, err
}

// PutOffer implements people.Services.
func (x *tx) PutOffer(o people.Offer) error {
	_, err := x.exec(`UPDATE offer SET kind = ?, fr = ?, en = ?, link = ?, everyone = ? WHERE id = ?`,
		string(o.Kind), o.French, o.English, o.Link, flag(o.Everyone), o.ID)
	x.changes.Services[o.ID] = &o
	return err
}

// DropOffer implements people.Services.
func (x *tx) DropOffer(id uint64) error {
	accounts, err := list(x, `DELETE FROM assignment WHERE offer = ? RETURNING account`, []any{id}, readID)
	if err != nil {
		return err
	}
	for _, account := range accounts {
		x.changes.OffersOf[account] = true
	}
	x.changes.Services[id] = nil
	_, err = x.exec(`DELETE FROM offer WHERE id = ?`, id)
	return err
}

// Assign implements people.Services.
func (x *tx) Assign(offer uint64, to people.Assignee, assigned bool) (bool, error) {
	query := `DELETE FROM assignment WHERE offer = ? AND account = ? AND grp = ?`
	if assigned {
		query = `INSERT INTO assignment (offer, account, grp) VALUES (?, ?, ?) ON CONFLICT (offer, account, grp) DO NOTHING`
	}
	n, err := x.exec(query, offer, to.Account[:], to.Group)
	if to.Group > 0 {
		x.changes.ServicesOf[offer] = true
	} else {
		x.changes.OffersOf[to.Account] = true
	}
	return n > 0, err
}

// OffersOf implements people.Services.
func (x *tx) OffersOf(to people.Assignee) ([]uint64, error) {
	return list(x, sqlOffersOf, []any{to.Account[:], to.Group}, func(scan scan) (n uint64, err error) { return n, scan(&n) })
}

// Assignees implements people.Services.
func (x *tx) Assignees(offer uint64, after people.Assignee, limit int) ([]people.Assignee, error) {
	return list(x, `SELECT account, grp FROM assignment WHERE offer = ? AND (account, grp) > (?, ?) ORDER BY account, grp LIMIT ?`,
		[]any{offer, after.Account[:], after.Group, limit},
		func(scan scan) (to people.Assignee, err error) { return to, scan(idInto{&to.Account}, &to.Group) })
}

// Managers implements people.Permissions.
func (x *tx) Managers(limit int) ([]people.Account, error) {
	all, err := x.Administrators(limit)
	if err != nil {
		return nil, err
	}
	more, err := x.accounts(accountColumns+`WHERE a.rights <> '' AND a.role <> 'admin' AND a.state NOT IN ('merged', 'erased')
		ORDER BY a.id LIMIT ?`, limit-len(all))
	return append(all, more...), err
}

// rightsText is how the rights of an account are kept.
func rightsText(rights []people.Right) string {
	var names []string
	for _, r := range rights {
		names = append(names, string(r))
	}
	return strings.Join(names, " ")
}

// rightsInto scans rights.
type rightsInto struct{ rights *[]people.Right }

// Scan implements sql.Scanner.
func (s rightsInto) Scan(v any) error {
	names, ok := v.(string)
	*s.rights = nil
	for name := range strings.FieldsSeq(names) {
		*s.rights = append(*s.rights, people.Right(name))
	}
	return wrongType(ok, "rights that are no text")
}
