package fleet_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/wire"
)

// S1.04, S1.05, S1.06: numbers from 1, from leased blocks.
func TestUnknownBadgeMakesOneAccount(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	hall.wait("leases", func() bool { return len(hall.numbers()) > 0 })
	if n := hall.numbers(); n[0] != 1 {
		t.Errorf("the first number is %d", n[0])
	}
	hall.report(hall.newAccount("badge", 1))
	card := w.key.Card("badge")
	id := w.key.Anonymous(card)
	hall.wait("account", func() bool { _, ok := row[wire.Account](hall, wire.Accounts, id[:]); return ok })
	hall.wait("card", func() bool { _, ok := row[wire.Binding](hall, wire.Cards, card[:]); return ok })
	if a := w.accounts()[id]; a.DisplayName() != "anonym1" || a.State != people.Active || a.Expires.IsZero() {
		t.Errorf("account %+v", a)
	}
}

// S1.06, DESIGN §5: the same card at two offline terminals.
func TestTwoTerminalsMeetTheSameCard(t *testing.T) {
	w := newWorld(t, t.TempDir())
	one, two := w.join("one"), w.join("two")
	for _, x := range []*terminal{one, two} {
		x.hello()
		x.wait("leases", func() bool { return len(x.numbers()) > 0 })
	}
	second := two.numbers()[0]
	one.report(one.newAccount("badge", 1))
	two.report(two.newAccount("badge", second))
	a := w.accounts()[w.key.Anonymous(w.key.Card("badge"))]
	if a.Number != 1 || !slices.Equal(a.Aliases, []uint64{second}) {
		t.Errorf("number %d, aliases %v, want 1 and [%d]", a.Number, a.Aliases, second)
	}
	if c := w.cards()[w.key.Card("badge")]; c.State != access.CardActive || len(c.Conflicts) != 0 {
		t.Errorf("card %+v", c)
	}
}

// S1.06: with the lease used up, the hub numbers the account, once.
func TestAProvisionalAccountGetsItsNumberOnce(t *testing.T) {
	w := newWorld(t, t.TempDir())
	one, two := w.join("one"), w.join("two")
	one.hello()
	two.hello()
	e := one.newAccount("badge", 0)
	e.Label = "anonym-one-abcd"
	one.report(e)
	id := w.key.Anonymous(w.key.Card("badge"))
	n := w.accounts()[id].Number
	two.report(two.newAccount("badge", 0))
	if a := w.accounts()[id]; n == 0 || a.Number != n || len(a.Aliases) != 0 {
		t.Errorf("first %d, then %+v", n, a)
	}
	two.report(two.newAccount("other", n))
	if a := w.accounts()[w.key.Anonymous(w.key.Card("other"))]; a.Number == n || a.Number == 0 {
		t.Errorf("a number that was never lent was taken: %d", a.Number)
	}
}

func TestAnAccountThatIsNotOfItsCardIsNotMade(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	e := hall.newAccount("badge", 1)
	e.Account = slices.Repeat([]byte{9}, 16)
	strange := hall.newAccount("other", 1<<63+5)
	hall.report(e, wire.Event{Kind: 2, Outcome: 1, Reason: 2}, wire.Event{Kind: 2, Outcome: 1, Reason: 3}, strange)
	if n := len(w.accounts()); n != 1 {
		t.Errorf("%d accounts, want the one with a strange number", n)
	}
	if len(w.events()) != 4 {
		t.Error("events without effect are not kept")
	}
}

// S2.05, S2.07, S2.14: a claim binds one card.
func TestAClaimBindsOneCard(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	ada := w.account("Ada")
	c := w.claim(ada)
	front.wait("claim", func() bool {
		k, ok := row[wire.Claim](front, wire.Claims, c.ID[:])
		return ok && k.State == wire.ClaimLive
	})
	front.report(w.bound(ada.ID, c.ID, "card"))
	front.wait("used claim", func() bool { k, _ := row[wire.Claim](front, wire.Claims, c.ID[:]); return k.State == wire.ClaimUsed })
	if k := w.cards()[w.key.Card("card")]; k.State != access.CardActive || k.Account != ada.ID || k.Owner != "Ada Byron" {
		t.Errorf("card %+v", k)
	}
}

// DESIGN §5, §9: what two offline terminals did with one claim.
func TestAClaimThatWasUsedTwiceIsContested(t *testing.T) {
	w := newWorld(t, t.TempDir())
	one, two := w.join("one"), w.join("two")
	one.hello()
	two.hello()
	ada := w.account("Ada")
	c := w.claim(ada)
	one.report(w.bound(ada.ID, c.ID, "card a"))
	two.report(w.bound(ada.ID, c.ID, "card b"))
	cards := w.cards()
	if k := cards[w.key.Card("card a")]; k.State != access.CardActive {
		t.Errorf("the first card is %s", k.State)
	}
	k := cards[w.key.Card("card b")]
	if k.State != access.CardContested || len(k.Conflicts) != 1 || k.Conflicts[0].Why != access.ConflictClaimUsed {
		t.Errorf("the second card is %+v", k)
	}
	if _, err := w.setCard(people.HexID(k.ID), access.CardRevoked, ""); err != nil {
		t.Fatal(err)
	}
	if k = w.cards()[k.ID]; k.State != access.CardRevoked || len(k.Conflicts) != 0 {
		t.Errorf("after the operator's word it is %+v", k)
	}
	if _, err := w.setCard(people.HexID(k.ID), access.CardActive, ""); !refusal.IsKind(err, refusal.Conflict) {
		t.Errorf("a revoked card came back: %v", err)
	}
}

// S2.19: somebody else's card.
func TestACardOfSomebodyElseIsContested(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	ada, bob := w.account("Ada"), w.account("Bob")
	a, b := w.claim(ada), w.claim(bob)
	front.report(w.bound(ada.ID, a.ID, "card"), w.bound(bob.ID, b.ID, "card"))
	k := w.cards()[w.key.Card("card")]
	if k.State != access.CardContested || fleet.ID(k.Account) != ada.ID || len(k.Conflicts) != 1 || k.Conflicts[0].Other != bob.ID {
		t.Errorf("card %+v", k)
	}
	if k, err := w.setCard(people.ShortID(k.ID), access.CardActive, "Bob Byron"); err != nil || k.Account != bob.ID {
		t.Errorf("settled: %+v, %v", k, err)
	}
	taken := w.bound(ada.ID, fleet.ID{}, "card")
	taken.Outcome, taken.Reason = 2, 15
	front.report(taken, taken)
	if k := w.cards()[w.key.Card("card")]; k.State != access.CardActive || len(k.Conflicts) != 1 || k.Conflicts[0].Why != access.ConflictTaken {
		t.Errorf("after a refused claim: %+v", k)
	}
}

// DESIGN §9: a person's binding outranks an anonymous one, whichever comes first.
func TestAPersonOutranksAnAnonymousAccount(t *testing.T) {
	for _, personFirst := range []bool{true, false} {
		w := newWorld(t, t.TempDir())
		front := w.join("front")
		front.hello()
		ada := w.account("Ada")
		c := w.claim(ada)
		events := []wire.Event{w.bound(ada.ID, c.ID, "card"), front.newAccount("card", 1)}
		if !personFirst {
			slices.Reverse(events)
		}
		front.report(events...)
		if k := w.cards()[w.key.Card("card")]; fleet.ID(k.Account) != ada.ID || k.State != access.CardActive {
			t.Errorf("person first %v: %+v", personFirst, k)
		}
	}
}

func TestAClaimThatHadEndedBindsNothing(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	ada, bob := w.account("Ada"), w.account("Bob")
	old := w.claim(ada)
	w.claim(ada) // S2.08: the newer one ends the older
	wrong := w.claim(bob)
	front.wait("void claim", func() bool { k, _ := row[wire.Claim](front, wire.Claims, old.ID[:]); return k.State == wire.ClaimVoid })
	if err := w.endClaim(old.ID); !refusal.IsKind(err, refusal.Conflict) {
		t.Errorf("ended twice: %v", err)
	}
	front.report(w.bound(ada.ID, old.ID, "a"), w.bound(ada.ID, wrong.ID, "b"), w.bound(ada.ID, fleet.ID{8}, "c"))
	for number, why := range map[string]string{"a": access.ConflictClaimOver, "b": access.ConflictNoClaim, "c": access.ConflictNoClaim} {
		card := w.key.Card(number)
		k, found := w.cards()[card]
		if conflicts := w.conflicts(card); len(conflicts) != 1 || conflicts[0].Why != why {
			t.Errorf("card %s: conflicts %+v, want %s", number, conflicts, why)
		}
		if found != (number == "a") || found && k.State != access.CardContested {
			t.Errorf("card %s: %+v; a claim that the hub never issued makes no card", number, k)
		}
	}
}

// A claim is over when its time is, whatever the terminal's clock says; but a
// terminal that was away may tell of its use much later.
func TestAClaimIsHeldAgainstItsEnd(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	now := time.Now()
	for number, c := range map[string]struct {
		at    time.Time
		state access.CardState
	}{
		"in time, told late":             {now.Add(-90 * time.Minute), access.CardActive},
		"after its end":                  {now.Add(-30 * time.Minute), access.CardContested},
		"with the clock set back":        {now.Add(-50 * 24 * time.Hour), access.CardContested},
		"at the very end, as it is over": {now.Add(-time.Hour), access.CardContested},
	} {
		owner := w.account(number)
		claim := access.Claim{
			ID: owner.ID, Account: owner.ID, State: access.ClaimLive,
			Issued: now.Add(-2 * time.Hour), Ends: now.Add(-time.Hour),
		}
		if err := w.write(func(tx fleet.Tx) error { return tx.PutClaim(claim) }); err != nil {
			t.Fatal(err)
		}
		e := w.bound(owner.ID, claim.ID, number)
		e.At = c.at.UnixMilli()
		front.report(e)
		k := w.cards()[w.key.Card(number)]
		if k.State != c.state || c.state == access.CardContested && (len(k.Conflicts) != 1 || k.Conflicts[0].Why != access.ConflictClaimOver) {
			t.Errorf("%s: card %+v", number, k)
		}
	}
	ada := w.account("Ada")
	e := w.bound(ada.ID, w.claim(ada).ID, "live, by a clock that is behind")
	e.At = now.Add(-time.Minute).UnixMilli()
	front.report(e)
	if k := w.cards()[w.key.Card("live, by a clock that is behind")]; k.State != access.CardActive {
		t.Errorf("a live claim is refused: %+v", k)
	}
}

func TestWithConfirmABindingIsPending(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	w.set("confirm", "admin")
	ada := w.account("Ada")
	front.report(w.bound(ada.ID, w.claim(ada).ID, "card"))
	if k := w.cards()[w.key.Card("card")]; k.State != access.CardPending {
		t.Errorf("state %s", k.State)
	}
}

// S1.15: an edit arrives once, both versions stay.
func TestEditsAreKeptAndApplied(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	hall.report(hall.newAccount("badge", 1))
	id := w.key.Anonymous(w.key.Card("badge"))
	edit := func(name, email string) wire.Event {
		card := w.key.Card("badge")
		return wire.Event{Kind: 4, Outcome: 1, Reason: 24, Account: id[:], Card: card[:], Edit: &wire.Edit{Name: name, Email: email, Lang: "en"}}
	}
	f := hall.frame(wire.StreamSecurity, edit("Ada", ""), edit("Ada Byron", "ada@example.com"), edit("x\x00y", ""))
	hall.send(wire.MsgSecurity, f)
	hall.send(wire.MsgSecurity, f)
	hall.ack(func(a wire.Ack) bool { return a.Upto[2] == 4 })
	if a := w.accounts()[id]; a.FullName() != "Ada Byron" || a.TypedEmail != "ada@example.com" || !a.Expires.IsZero() {
		t.Errorf("account %+v", a)
	}
	var edits []people.Edit
	err := w.read(func(tx fleet.Tx) (err error) {
		edits, err = tx.Edits(id)
		return err
	})
	if err != nil || len(edits) != 2 || edits[1].Before.Name != "Ada" || edits[1].After.Name != "Ada Byron" || edits[0].Before.Name != "" {
		t.Errorf("%+v, %v", edits, err)
	}
}

// S2.23: the guess budget.
func TestWrongCodesCloseClaiming(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	site := func() (s wire.Site) { s, _ = row[wire.Site](front, wire.Config, []byte("site")); return s }
	front.wait("settings", func() bool { return site().GuessBudget == 8 })
	front.report(slices.Repeat([]wire.Event{wrongCode()}, 20)...)
	if w.closed() {
		t.Fatal("closed while nothing was live")
	}
	ada := w.account("Ada")
	c := w.claim(ada)
	late := time.Now().UnixMilli() + 1
	guess := wrongCode()
	guess.At = late
	front.report(slices.Repeat([]wire.Event{guess}, 7)...)
	if w.closed() {
		t.Fatal("closed within the budget")
	}
	front.report(guess)
	front.wait("closed claiming", func() bool { return site().ClaimsClosed })
	if err := w.tryClaim("Ada Byron"); !refusal.IsKind(err, refusal.Conflict) {
		t.Errorf("a code was issued while claiming is closed: %v", err)
	}
	w.reopen()
	front.wait("open claiming", func() bool { return !site().ClaimsClosed && site().ClaimsEpoch == 1 })
	if err := w.endClaim(c.ID); err != nil {
		t.Fatal(err)
	}
	guess.At = time.Now().UnixMilli() + 1
	front.report(slices.Repeat([]wire.Event{guess}, 20)...)
	if w.closed() {
		t.Error("closed though the claim had ended")
	}
}

// S2.26, issue 7, 4.1: one person, one account, whichever terminal tells first and
// however many met the card; the visitor's numbers are the person's aliases.
func TestS226_AVisitorIsMergedIntoTheMember(t *testing.T) {
	for _, memberFirst := range []bool{true, false} {
		w := newWorld(t, t.TempDir())
		front, hall := w.join("front"), w.join("hall")
		for _, x := range []*terminal{front, hall} {
			x.hello()
			x.wait("leases", func() bool { return len(x.numbers()) > 0 })
		}
		second := hall.numbers()[0]
		ada := w.account("Ada")
		claimed := w.bound(ada.ID, w.claim(ada).ID, "badge")
		if memberFirst {
			front.report(claimed, front.newAccount("badge", 1))
		} else {
			front.report(front.newAccount("badge", 1), claimed)
		}
		hall.report(hall.newAccount("badge", second)) // it was away
		visitor := w.key.Anonymous(w.key.Card("badge"))
		if a := w.accounts()[visitor]; a.State != people.Merged || len(a.Aliases) != 0 {
			t.Errorf("member first %v: the visitor is %+v", memberFirst, a)
		}
		if a := w.accounts()[ada.ID]; !slices.Equal(a.Aliases, []uint64{1, second}) {
			t.Errorf("member first %v: aliases %v, want [1 %d]", memberFirst, a.Aliases, second)
		}
		if k := w.cards()[w.key.Card("badge")]; fleet.ID(k.Account) != ada.ID || k.State != access.CardActive || len(k.Conflicts) != 0 {
			t.Errorf("member first %v: card %+v", memberFirst, k)
		}
		if err := w.tryClaim("anonym1"); err != nil {
			t.Errorf("the old name does not mean the member: %v", err)
		}
		hall.wait("the merged account", func() bool {
			a, _ := row[wire.Account](hall, wire.Accounts, visitor[:])
			return a.State == wire.AccountMerged
		})
	}
}

// A code lifts no suspension: the operator decides.
func TestAClaimDoesNotTakeASuspendedVisitorsCard(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	front.report(front.newAccount("badge", 1))
	w.setState(w.key.Anonymous(w.key.Card("badge")), people.Suspended)
	ada := w.account("Ada")
	front.report(w.bound(ada.ID, w.claim(ada).ID, "badge"))
	k := w.cards()[w.key.Card("badge")]
	if k.State != access.CardContested || len(k.Conflicts) != 1 {
		t.Errorf("card %+v", k)
	}
}

// Issue 7, 4.4: the claim that met somebody else's card is over at the hub too.
func TestAClaimThatMetSomebodyElsesCardIsVoid(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	ada, bob := w.account("Ada"), w.account("Bob")
	front.report(w.bound(ada.ID, w.claim(ada).ID, "card"))
	c, others := w.claim(bob), w.claim(ada)
	refuse := func(claim fleet.ID) {
		e := w.bound(bob.ID, claim, "card")
		e.Outcome, e.Reason = 2, 15
		front.report(e)
	}
	refuse(others.ID) // not Bob's: nothing happens to it
	refuse(c.ID)
	refuse(fleet.ID{9})
	claims := w.claims()
	if claims[c.ID].State != access.ClaimVoid || claims[others.ID].State != access.ClaimLive {
		t.Errorf("the refused claim is %s, the other %s", claims[c.ID].State, claims[others.ID].State)
	}
	front.wait("void claim", func() bool { k, _ := row[wire.Claim](front, wire.Claims, c.ID[:]); return k.State == wire.ClaimVoid })
	if k := w.cards()[w.key.Card("card")]; k.State != access.CardActive || len(k.Conflicts) != 1 {
		t.Errorf("card %+v", k)
	}
}

// Issue 7, 4.5: what one terminal closed is closed everywhere and shows in the list of
// terminals, unless an operator has opened claiming since.
func TestAClosingAtOneTerminalClosesTheSite(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	w.join("hall")
	front.hello()
	closed := func(epoch uint64) wire.Event { return wire.Event{Kind: 6, Reason: 45, Count: epoch} }
	expect := func(want bool) {
		t.Helper()
		if closed := w.closed(); closed != want {
			t.Errorf("claiming is closed: %v, want %v", closed, want)
		}
		list, err := w.terminals()
		if err != nil || len(list) != 2 || list[0].ClaimsClosed != want || list[1].ClaimsClosed != want {
			t.Errorf("terminals %+v, %v, want closed: %v", list, err, want)
		}
	}
	front.report(closed(1)) // of a time to come: nonsense
	expect(false)
	front.report(closed(0))
	expect(true)
	front.wait("closed claiming", func() bool { s, _ := row[wire.Site](front, wire.Config, []byte("site")); return s.ClaimsClosed })
	w.reopen()
	front.report(closed(0)) // it was away
	expect(false)
}

// Issue 7, 4.6: the sum of codes that a terminal did not list is no guess.
func TestCodesThatWereNotListedSpendNothing(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	w.claim(w.account("Ada"))
	sum := wrongCode()
	sum.Count, sum.At = 5000, time.Now().UnixMilli()+1
	front.report(slices.Repeat([]wire.Event{sum}, 20)...)
	if w.closed() {
		t.Error("claiming is closed")
	}
}

// TestTheHubKeepsTheAssuranceThatATerminalTells (issue 8, 1), within what it knows.
func TestTheHubKeepsTheAssuranceThatATerminalTells(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	for told, want := range map[wire.Assurance]access.Assurance{
		0: access.UID, wire.AssuranceUID: access.UID, wire.AssurancePACS: access.PACS,
		wire.AssuranceAuthenticated: access.Authenticated, 4: access.UID, 1 << 60: access.UID,
	} {
		name := fmt.Sprintf("card %d", told)
		ada := w.account("Ada " + name)
		made := front.newAccount(name, 0)
		made.Assurance = wire.AssuranceUID
		bound := w.bound(ada.ID, w.claim(ada).ID, name)
		bound.Assurance = told
		front.report(made, bound)
		if c := w.cards()[w.key.Card(name)]; c.Assurance != want {
			t.Errorf("told %d: the card %q has %s", told, name, c.Assurance)
		}
	}
}
