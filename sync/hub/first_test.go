package hub_test

import (
	"testing"
	"time"

	"badged/sync/hub"
	"badged/sync/wire"
)

// away lets the hub see the terminal go, and forgets what came before.
func (t *terminal) away() {
	t.w.t.Helper()
	t.send(wire.MsgStatus, wire.Status{Nonce: t.nonce})
	waitFor(t.w.t, t.name+" to be away", func() bool {
		all, err := t.w.hub.Terminals(t.w.t.Context())
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
		take  func(w *world, ada hub.Account, grant hub.Grant, claim hub.IssuedClaim) error
		first wire.Collection
	}{
		"a suspended account": {func(w *world, ada hub.Account, _ hub.Grant, _ hub.IssuedClaim) error {
			_, err := w.hub.SetAccountState(t.Context(), hub.Hex(ada.ID), wire.AccountSuspended)
			return err
		}, wire.Accounts},
		"a grant that denies": {func(w *world, ada hub.Account, _ hub.Grant, _ hub.IssuedClaim) error {
			_, err := w.hub.AddGrant(t.Context(), hub.NewGrant{Account: hub.Hex(ada.ID), Door: "front", Deny: true})
			return err
		}, wire.Grants},
		"a grant that ended": {func(w *world, _ hub.Account, g hub.Grant, _ hub.IssuedClaim) error {
			return w.hub.RemoveGrant(t.Context(), g.ID)
		}, wire.Grants},
		"a claim that ended": {func(w *world, _ hub.Account, _ hub.Grant, claim hub.IssuedClaim) error {
			return w.hub.EndClaim(t.Context(), claim.ID)
		}, wire.Claims},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			front := w.join("front")
			ada := w.account("Ada")
			if _, err := w.hub.SetDoor(t.Context(), "front", func(*wire.Door) {}); err != nil {
				t.Fatal(err)
			}
			grant, err := w.hub.AddGrant(t.Context(), hub.NewGrant{Account: hub.Hex(ada.ID), Door: "front"})
			if err != nil {
				t.Fatal(err)
			}
			claim := w.claim(ada)
			front.hello()
			front.wait("claim", func() bool { return len(front.rows[wire.Claims]) == 1 })
			front.hello() // it has all
			front.away()
			w.give()
			if err := c.take(w, ada, grant, claim); err != nil {
				t.Fatal(err)
			}
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
	ctx := w.t.Context()
	bob := w.account("Bob")
	_, err1 := w.hub.SetSite(ctx, func(s *wire.Site) { s.Lang = "en" })
	_, err2 := w.hub.SetDoor(ctx, "back", func(*wire.Door) {})
	_, err3 := w.hub.AddGrant(ctx, hub.NewGrant{Account: hub.Hex(bob.ID), Door: "back"})
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			w.t.Fatal(err)
		}
	}
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
	if _, err := w.hub.SetDoor(t.Context(), "front", func(*wire.Door) {}); err != nil {
		t.Fatal(err)
	}
	grant := func() hub.Grant {
		g, err := w.hub.AddGrant(t.Context(), hub.NewGrant{Account: hub.Hex(ada.ID), Door: "front"})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	g := grant()
	front.hello()
	front.wait("grant", func() bool { return len(front.rows[wire.Grants]) == 1 })
	front.away()
	if err := w.hub.RemoveGrant(t.Context(), g.ID); err != nil {
		t.Fatal(err)
	}
	grant()
	err := w.store.Update(t.Context(), func(tx hub.Tx) error {
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
	if err := w.hub.Tidy(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	front.hello() // it holds what comes against the hash that the hub signed
	front.wait("grants", func() bool { return front.revs[wire.Grants].Rev == 3 })
	if _, ok := front.rows[wire.Grants][string(g.ID[:])]; ok || len(front.rows[wire.Grants]) != 1 {
		t.Errorf("%d grants, the ended one is there: %v", len(front.rows[wire.Grants]), ok)
	}
}
