package publish

import (
	"cmp"
	"slices"

	"badged/sync/wire"
)

// Collections are those that terminals copy, in the order in which rows refer to
// each other: accounts before their cards.
var Collections = []wire.Collection{
	wire.Config, wire.Doors, wire.Schedules, wire.Accounts, wire.Cards, wire.Grants, wire.Claims, wire.PINs, wire.Services, wire.Offers, wire.Leases,
}

// CollectionsOf are those that a terminal gets. One with doors only gets no PINs, with which
// nobody can do anything there, and not what panels offer.
func CollectionsOf(doorsOnly bool) []wire.Collection {
	if !doorsOnly {
		return Collections
	}
	return slices.DeleteFunc(slices.Clone(Collections), func(c wire.Collection) bool {
		return c == wire.PINs || c == wire.Services || c == wire.Offers
	})
}

// A page carries rows of at most this many bytes, which leaves room for the rest of
// it and for the signature. Each row costs its key, its body and some bytes around.
const (
	pageRoom    = wire.MaxPageBytes - 2<<10
	rowOverhead = 24
)

// Plan is how one collection gets from what a terminal has to what the hub has.
type Plan struct {
	Collection wire.Collection
	To         State // what the terminal has once it applied all pages

	scope     string
	from      uint64
	snapshot  bool
	takesAway bool // revocations, ended claims: sent before the others
	changes   []wire.Change
}

// Lacking are those of the collections of which a terminal lacks something, in the order in which
// they are sent: what takes rights away first. Scope is that of its database; has is what
// it has.
func Lacking(tx Rows, collections []wire.Collection, scope string, has map[wire.Collection]wire.CollectionState) ([]wire.Collection, error) {
	var first, then []wire.Collection
	for _, c := range collections {
		p, err := PlanOne(tx, c, scope, has[c])
		switch {
		case err != nil:
			return nil, err
		case has[c].Rev == p.To.Rev && has[c].Hash == p.To.Hash:
		case p.takesAway:
			first = append(first, c)
		default:
			then = append(then, c)
		}
	}
	return append(first, then...), nil
}

// PlanOne plans how one collection gets to where the hub is.
func PlanOne(tx Rows, c wire.Collection, scope string, has wire.CollectionState) (Plan, error) {
	p := Plan{Collection: c}
	if c == wire.Leases {
		p.scope = scope
	}
	var err error
	if p.To, err = tx.RowState(c, p.scope); err != nil {
		return p, err
	}
	return p, p.choose(tx, has)
}

// choose takes a delta if the log reaches back to what the terminal has, or else a
// snapshot. A delta is loaded here, to see what it takes away; a snapshot is read
// when it is sent.
func (p *Plan) choose(tx Rows, has wire.CollectionState) error {
	if has.Rev > 0 && has.Rev < p.To.Rev && has.Hash == p.To.Hash {
		p.from = has.Rev // the same rows under another revision
		return nil
	}
	if has.Rev == 0 || has.Rev < p.To.Floor || has.Rev >= p.To.Rev {
		p.snapshot = true
		return nil
	}
	p.from = has.Rev
	err := tx.RowsSince(p.Collection, p.scope, has.Rev, func(r Row) error {
		p.changes = append(p.changes, change(r))
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(p.changes, func(a, b wire.Change) int {
		return cmp.Compare(gives(p.Collection, a), gives(p.Collection, b))
	})
	p.takesAway = len(p.changes) > 0 && gives(p.Collection, p.changes[0]) == 0
	return nil
}

func change(r Row) wire.Change { return wire.Change{Key: r.Key, Rev: r.Rev, Body: r.Body} }

// gives is 0 for a change that takes rights away, 1 for all others.
func gives(c wire.Collection, ch wire.Change) int {
	if ch.Body == nil || restricts(c, ch.Body) {
		return 0
	}
	return 1
}

// restricts reports whether a row says no: a suspended account, a dead card, an
// ended claim, a grant that denies, claiming closed.
func restricts(c wire.Collection, body []byte) bool {
	switch c {
	case wire.Config:
		var s wire.Site
		return wire.Unmarshal(body, &s) == nil && s.ClaimsClosed
	case wire.Accounts:
		var a wire.Account
		return wire.Unmarshal(body, &a) == nil && a.State != wire.AccountActive
	case wire.Cards:
		var k wire.Binding
		return wire.Unmarshal(body, &k) == nil && k.State != wire.BindingActive
	case wire.Grants:
		var g wire.Grant
		return wire.Unmarshal(body, &g) == nil && g.Deny
	case wire.Claims:
		var k wire.Claim
		return wire.Unmarshal(body, &k) == nil && k.State != wire.ClaimLive
	default:
		return false
	}
}

// EachRow passes the live rows of a collection, in order of their keys. It reads a batch at
// a time, so that fn may use the transaction.
func EachRow(tx Rows, c wire.Collection, scope string, fn func(Row) error) error {
	const batch = 500
	for after := []byte(nil); ; {
		n := 0
		err := tx.RowsAfter(c, scope, after, batch, func(r Row) error {
			n, after = n+1, r.Key
			return fn(r)
		})
		if err != nil || n < batch {
			return err
		}
	}
}

// eachChange passes the changes of a plan.
func (p *Plan) eachChange(tx Rows, fn func(wire.Change) error) error {
	if p.snapshot {
		return EachRow(tx, p.Collection, p.scope, func(r Row) error { return fn(change(r)) })
	}
	for _, c := range p.changes {
		if err := fn(c); err != nil {
			return err
		}
	}
	return nil
}

// Pages cuts the changes into pages for the connection with that nonce, and passes them
// to take. It goes through them twice, because a page says how many there are. tx is the
// one that the plan was made in.
func (p *Plan) Pages(tx Rows, nonce ID, take func(wire.Page) error) error {
	var count cutter
	if err := p.eachChange(tx, count.add); err != nil {
		return err
	}
	page := wire.Page{
		Nonce: nonce, Collection: p.Collection, Snapshot: p.snapshot,
		From: p.from, To: p.To.Rev, Parts: count.parts + 1, Hash: p.To.Hash,
	}
	cut := cutter{keep: true, full: func(changes []wire.Change) error {
		page.Changes = changes
		err := take(page)
		page.Part++
		return err
	}}
	if err := p.eachChange(tx, cut.add); err != nil {
		return err
	}
	return cut.full(cut.changes)
}

// cutter collects changes until a page is full.
type cutter struct {
	keep    bool                      // or only count
	full    func([]wire.Change) error // with keep: takes a full page
	parts   uint64                    // full pages so far
	n, size int                       // of the page that is being filled
	changes []wire.Change
}

func (c *cutter) add(ch wire.Change) error {
	size := len(ch.Key) + len(ch.Body) + rowOverhead
	if c.n > 0 && (c.size+size > pageRoom || c.n == wire.MaxPageChanges) {
		c.parts++
		if c.keep {
			if err := c.full(c.changes); err != nil {
				return err
			}
		}
		c.n, c.size, c.changes = 0, 0, nil
	}
	c.n++
	c.size += size
	if c.keep {
		c.changes = append(c.changes, ch)
	}
	return nil
}
