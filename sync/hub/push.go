package hub

import (
	"cmp"
	"slices"

	"badged/sync/wire"
)

// collections are those that terminals copy, in the order in which rows refer to
// each other: accounts before their cards.
var collections = []wire.Collection{
	wire.Config, wire.Doors, wire.Accounts, wire.Cards, wire.Grants, wire.Claims, wire.Leases,
}

// A page carries rows of at most this many bytes, which leaves room for the rest of
// it and for the signature. Each row costs its key, its body and some bytes around.
const (
	pageRoom    = wire.MaxPageBytes - 2<<10
	rowOverhead = 24
)

// plan is how one collection gets from what a terminal has to what the hub has.
type plan struct {
	collection wire.Collection
	scope      string
	from       uint64
	to         State
	snapshot   bool
	takesAway  bool // revocations, ended claims: sent before the others
	changes    []wire.Change
}

// planAll plans the collections of which the terminal lacks something.
func planAll(tx Tx, s *session) ([]plan, error) {
	var plans []plan
	for _, c := range collections {
		p := plan{collection: c}
		if c == wire.Leases {
			p.scope = s.scope()
		}
		var err error
		if p.to, err = tx.RowState(c, p.scope); err != nil {
			return nil, err
		}
		has := s.sent[c]
		if has.Rev == p.to.Rev && has.Hash == p.to.Hash {
			continue
		}
		if err := p.choose(tx, has); err != nil {
			return nil, err
		}
		plans = append(plans, p)
	}
	slices.SortStableFunc(plans, func(a, b plan) int { return cmp.Compare(rank(a), rank(b)) })
	return plans, nil
}

func rank(p plan) int {
	if p.takesAway {
		return 0
	}
	return 1
}

// choose takes a delta if the log reaches back to what the terminal has, or else a
// snapshot. A delta is loaded here, to see what it takes away; a snapshot is read
// when it is sent.
func (p *plan) choose(tx Tx, has wire.CollectionState) error {
	if has.Rev == 0 || has.Rev < p.to.Floor || has.Rev >= p.to.Rev {
		p.snapshot = true
		return nil
	}
	p.from = has.Rev
	err := tx.RowsSince(p.collection, p.scope, has.Rev, func(r Row) error {
		p.changes = append(p.changes, change(r))
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(p.changes, func(a, b wire.Change) int {
		return cmp.Compare(gives(p.collection, a), gives(p.collection, b))
	})
	p.takesAway = len(p.changes) > 0 && gives(p.collection, p.changes[0]) == 0
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

// each passes the changes of a plan.
func (p *plan) each(tx Tx, fn func(wire.Change) error) error {
	if p.snapshot {
		return tx.EachRow(p.collection, p.scope, func(r Row) error { return fn(change(r)) })
	}
	for _, c := range p.changes {
		if err := fn(c); err != nil {
			return err
		}
	}
	return nil
}

// pages cuts the changes into pages and passes them on. It goes through them twice,
// because a page says how many there are; so a snapshot of any size takes the room of
// one page.
func (p *plan) pages(tx Tx, nonce ID, send func(wire.Page) error) error {
	var count cutter
	if err := p.each(tx, count.add); err != nil {
		return err
	}
	page := wire.Page{
		Nonce: nonce, Collection: p.collection, Snapshot: p.snapshot,
		From: p.from, To: p.to.Rev, Parts: count.parts + 1, Hash: p.to.Hash,
	}
	cut := cutter{keep: true, full: func(changes []wire.Change) error {
		page.Changes = changes
		err := send(page)
		page.Part++
		return err
	}}
	if err := p.each(tx, cut.add); err != nil {
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
