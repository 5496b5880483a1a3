package store

import (
	"badged/sync/hub/people"
)

// ListAccounts implements people.Directory.
func (x *tx) ListAccounts(q people.Query) ([]people.Account, string, error) {
	l, err := x.listing(q)
	if err == nil {
		err = l.after(q.After)
	}
	if err != nil {
		return nil, "", err
	}
	return pageOf(x, l, q.Limit, x.loadAccounts)
}

// loadAccounts reads the accounts that a listing found.
func (x *tx) loadAccounts(refs []any) ([]people.Account, error) {
	ids := make([]people.ID, len(refs))
	for i, ref := range refs {
		if err := (idInto{&ids[i]}).Scan(ref); err != nil {
			return nil, err
		}
	}
	return x.byIDs(ids)
}

// listing chooses the index for a query.
func (x *tx) listing(q people.Query) (l listing, err error) {
	l = listing{from: "account a", by: []string{"a.name_key", "a.id"}, kinds: "tb", ref: "a.id", most: maxLooked}
	switch {
	case q.Search != "":
		if l, err = x.byWord(accountWords, people.QueryWords(q.Search)); err != nil {
			return l, err
		}
	case q.Group != 0:
		l.from, l.by, l.ref = "member m", []string{"m.name_key", "m.account"}, "m.account"
		l.walk.add("m.grp = ?", q.Group)
	case q.Order == people.ByCreated:
		l.by[0], l.kinds, l.desc = "a.created", "nb", true
	case q.Order == people.ByNumber:
		l.by[0], l.kinds = "a.number", "nb"
		l.walk.add("a.number <> 0")
	default:
		l.walkStateOrKind(q)
	}
	l.filterBy(q)
	return l, nil
}

// walkStateOrKind walks a partial index for what is rare.
func (l *listing) walkStateOrKind(q people.Query) {
	switch {
	case q.State != "" && q.State != people.Active:
		l.walk.add("a.state = ? AND a.state <> 'active'", string(q.State))
	case q.Kind != "" && q.Kind != people.Person:
		l.walk.add("a.kind = ? AND a.kind <> 'person'", string(q.Kind))
	}
}

// filterBy adds what is looked at in each row. Accounts that are merged or erased have no
// words and are in no group.
func (l *listing) filterBy(q people.Query) {
	ofAccount := l.from == "account a"
	if !ofAccount && (q.State != "" || q.Kind != "" || q.People) {
		l.from += " JOIN account a ON a.id = " + l.ref
	}
	switch {
	case q.State != "":
		l.filter.add("a.state = ?", string(q.State))
	case ofAccount:
		l.filter.add("a.state NOT IN ('merged', 'erased')")
	}
	if q.Kind != "" {
		l.filter.add("a.kind = ?", string(q.Kind))
	}
	if q.People {
		l.filter.add("a.kind <> 'service'")
	}
	if q.Group != 0 && l.by[0] != "m.name_key" {
		l.filter.add("EXISTS (SELECT 1 FROM member m WHERE m.grp = ? AND m.account = "+l.ref+")", q.Group)
	}
}
