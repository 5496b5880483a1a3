package workbench

import (
	"slices"
	"testing"
	"time"

	"badged/internal/rig/sim"
	"badged/sync/hub/api"
)

// S2.26, issue 7, 4.1, with real processes: a badge that made anonym1 at the printer is
// claimed at the door while the network is cut. Both terminals and the hub come to the
// same: one person, one account, the old name an alias.
func TestS226_AVisitorsBadgeIsClaimedOffline(t *testing.T) {
	w := start(t, "")
	s := &story{Workbench: w}
	ctx := within(t)
	ev, err := s.tapped(ctx, w.printer, w.devices.hallReader, badgeA)
	if err != nil {
		t.Fatal(err)
	}
	if err := is(ev, "enrolment granted new_account anonym1"); err != nil {
		t.Fatal(err)
	}
	ada, err := w.hub.addMember(ctx, "Ada Byron")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.hub.grant(ctx, ada); err != nil {
		t.Fatal(err)
	}
	code, err := s.claimed(ctx, ada, 1)
	if err != nil {
		t.Fatal(err)
	}
	before := s.untilSame(t, 0)
	w.cable.set(Pulled)
	if ev, err = s.typed(ctx, "*"+code); err != nil || ev.Reason != "await_card" {
		t.Fatalf("the code is answered %+v, %v", ev, err)
	}
	if ev, err = s.tapped(ctx, w.door, w.devices.frontReader, badgeA); err != nil || ev.Outcome+" "+ev.Reason != "granted claim_bound" {
		t.Fatalf("the card is answered %+v, %v", ev, err)
	}
	if _, err := w.devices.pins.Await(ctx, func(p sim.PinsState) bool { return p.Relay }); err != nil {
		t.Fatal("the door stays shut: ", err)
	}
	w.cable.set(Plugged)
	for _, x := range []*terminal{w.printer, w.door} {
		if _, err := x.await(ctx, "has told the hub everything", told); err != nil {
			t.Fatal(err)
		}
	}
	accounts, err := w.hub.api.Accounts(ctx)
	if err != nil || len(accounts) != 2 {
		t.Fatalf("%d accounts, %v", len(accounts), err)
	}
	for _, a := range accounts {
		switch {
		case a.ID == ada && !slices.Equal(a.Aliases, []uint64{1}):
			t.Errorf("the member's aliases are %v", a.Aliases)
		case a.ID != ada && a.State != "merged":
			t.Errorf("the visitor's account is %+v", a)
		}
	}
	s.untilSame(t, before)
	if ev, err = s.tapped(ctx, w.printer, w.devices.hallReader, badgeA); err != nil || ev.Reason != "known_card" || w.hub.nameOf(ev.Account) != "Ada Byron" {
		t.Errorf("at the printer it is %+v, %v", ev, err)
	}
	if err := s.agree(ctx, w.door); err != nil {
		t.Error(err)
	}
}

// untilSame waits until both terminals have told the hub that they have the same rows of
// all shared collections, with cards of a later revision than above, and gives that.
func (s *story) untilSame(t *testing.T, above uint64) (cards uint64) {
	t.Helper()
	ctx := within(t)
	for {
		list, err := s.hub.api.Terminals(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 2 && slices.Equal(shared(list[0]), shared(list[1])) {
			for _, c := range list[0].Vector {
				if c.Name == "cards" && c.Rev > above {
					return c.Rev
				}
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the terminals do not come to the same: %+v", list)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// shared is how far a terminal is with what all terminals get.
func shared(x api.Terminal) []api.Collection {
	own := []string{"leases", "pins", "services", "offers"} // a terminal's own, or those with panels only
	return slices.DeleteFunc(slices.Clone(x.Vector), func(c api.Collection) bool { return slices.Contains(own, c.Name) })
}
