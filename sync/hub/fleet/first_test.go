package fleet_test

import (
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// away lets the hub see the terminal go, and forgets what came before.
func (t *terminal) away() {
	t.w.t.Helper()
	t.send(wire.MsgStatus, wire.Status{Nonce: t.nonce})
	waitFor(t.w.t, t.name+" to be away", func() bool {
		all, err := t.w.terminals()
		if err != nil {
			t.w.t.Fatal(err)
		}
		for _, x := range all {
			if x.Name == t.name {
				return x.Connected.IsZero()
			}
		}
		return false
	})
	t.first = nil
}

// DESIGN §9: to a terminal that comes back, what takes rights away goes before what
// gives some, of every kind and within each.
func TestWhateverTakesAwayGoesFirst(t *testing.T) {
	for name, c := range map[string]struct {
		take  func(w *world, ada people.Account, grant access.Grant, claim access.IssuedClaim)
		first wire.Collection
	}{
		"a suspended account": {func(w *world, ada people.Account, _ access.Grant, _ access.IssuedClaim) {
			w.setState(ada.ID, people.Suspended)
		}, wire.Accounts},
		"a grant that denies": {func(w *world, ada people.Account, _ access.Grant, _ access.IssuedClaim) {
			w.grant(ada, "front", true)
		}, wire.Grants},
		"a grant that ended": {func(w *world, _ people.Account, g access.Grant, _ access.IssuedClaim) {
			w.must(w.removeGrant(g.ID))
		}, wire.Grants},
		"a claim that ended": {func(w *world, _ people.Account, _ access.Grant, claim access.IssuedClaim) {
			w.must(w.endClaim(claim.ID))
		}, wire.Claims},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			front := w.join("front")
			ada := w.account("Ada")
			w.door("front")
			grant := w.grant(ada, "front", false)
			claim := w.claim(ada)
			front.hello()
			front.wait("claim", func() bool { return len(front.rows[wire.Claims]) == 1 })
			front.hello() // it has all
			front.away()
			w.give()
			c.take(w, ada, grant, claim)
			front.hello()
			var came []wire.Change
			front.wait("the first collection", func() bool { came = front.came; return len(front.first) == 1 })
			if front.first[0] != c.first || takes(t, c.first, came[0]) == false {
				t.Errorf("first came %v, with %d changes", front.first, len(came))
			}
		})
	}
}

// give changes something for the better, or of no weight, in every collection.
func (w *world) give() {
	w.t.Helper()
	bob := w.account("Bob")
	w.set("lang", "en")
	w.door("back")
	w.grant(bob, "back", false)
	w.claim(bob)
}

// takes reports whether a change takes a right away.
func takes(t *testing.T, c wire.Collection, ch wire.Change) bool {
	t.Helper()
	var a wire.Account
	var g wire.Grant
	var k wire.Claim
	var err error
	switch {
	case ch.Body == nil:
		return true
	case c == wire.Accounts:
		err = wire.Unmarshal(ch.Body, &a)
	case c == wire.Grants:
		err = wire.Unmarshal(ch.Body, &g)
	case c == wire.Claims:
		err = wire.Unmarshal(ch.Body, &k)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a.State == wire.AccountSuspended || g.Deny || k.State == wire.ClaimVoid
}

// A terminal that was away for so long that nobody remembers what ended meanwhile
// gets the whole collection, so that no ended right stays.
func TestATerminalThatWasAwayTooLongKeepsNoEndedRight(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	ada := w.account("Ada")
	w.door("front")
	g := w.grant(ada, "front", false)
	front.hello()
	front.wait("grant", func() bool { return len(front.rows[wire.Grants]) == 1 })
	front.away()
	if err := w.removeGrant(g.ID); err != nil {
		t.Fatal(err)
	}
	w.grant(ada, "front", false)
	err := w.write(func(tx fleet.Tx) error {
		row, err := tx.Terminal("front")
		if err != nil {
			return err
		}
		row.LastSeen = time.Now().Add(-91 * 24 * time.Hour)
		return tx.PutTerminal(row)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.tidy(time.Now()); err != nil {
		t.Fatal(err)
	}
	front.hello() // it holds what comes against the hash that the hub signed
	front.wait("grants", func() bool { return front.revs[wire.Grants].Rev == 3 })
	if _, ok := front.rows[wire.Grants][string(g.ID[:])]; ok || len(front.rows[wire.Grants]) != 1 {
		t.Errorf("%d grants, the ended one is there: %v", len(front.rows[wire.Grants]), ok)
	}
}
