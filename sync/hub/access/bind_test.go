package access_test

import (
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/people"
)

// S2.05, S2.07, S2.14: a claim binds one card.
func TestAClaimBindsOneCard(t *testing.T) {
	s := newSite(t)
	ada := s.person("Ada Byron")
	c := s.claim(ada)
	s.wait(time.Minute)
	s.use(s.report(ada, c.ID, "card"))
	s.use(s.report(ada, c.ID, "card")) // told twice
	equal(t, "card", s.card("card"), access.Card{
		ID: s.key.Card("card"), Account: ada.ID, State: access.CardActive, Assurance: access.PACS, Since: *s.now,
	})
	equal(t, "claim", s.claimState(c.ID), access.ClaimUsed)
	equal(t, "conflicts", s.conflicts("card"), nil)
	equal(t, "audit of the card", s.actions(access.ShortCard(s.key.Card("card"))), []string{"card.bind"})
	equal(t, "audit of the claim", s.actions(people.HexID(c.ID)), []string{"claim.issue", "claim.end"})
}

// DESIGN §5, §9: what two offline terminals did with one claim.
func TestAClaimThatWasUsedTwiceIsContested(t *testing.T) {
	s := newSite(t)
	ada := s.person("Ada Byron")
	c := s.claim(ada)
	s.use(s.report(ada, c.ID, "card a"))
	s.use(s.report(ada, c.ID, "card b"))
	equal(t, "first card", s.card("card a").State, access.CardActive)
	equal(t, "second card", s.card("card b").State, access.CardContested)
	equal(t, "conflicts", s.conflicts("card b"), []string{access.ConflictClaimUsed})
}

// S2.19: two persons whose claims met one card.
func TestACardOfSomebodyElseIsContested(t *testing.T) {
	s := newSite(t)
	ada, bob := s.person("Ada Byron"), s.person("Bob Mc")
	a, b := s.claim(ada), s.claim(bob)
	s.use(s.report(ada, a.ID, "card"))
	s.use(s.report(bob, b.ID, "card"))
	c := s.card("card")
	if c.State != access.CardContested || c.Account != ada.ID {
		t.Errorf("card %+v", c)
	}
	open := get(s, func(tx access.Tx) ([]access.Conflict, error) { return tx.OpenConflicts(c.ID) })
	equal(t, "conflicts", open, []access.Conflict{{
		Card: c.ID, Account: ada.ID, Other: bob.ID, Terminal: "front-box", Why: access.ConflictBoundTwice, At: *s.now,
	}})
}

// Issue 7, 4.4: the claim that met somebody else's card is over at the hub too, and the
// operator sees it; a claim of others, or of other doors, is not the terminal's to end.
func TestAClaimThatMetSomebodyElsesCardIsVoid(t *testing.T) {
	s := newSite(t)
	s.door("front")
	s.door("back")
	ada, bob, cy := s.person("Ada Byron"), s.person("Bob Mc"), s.person("Cy Young")
	s.use(s.report(ada, s.claim(ada).ID, "card"))
	c, others, elsewhere := s.claim(bob), s.claim(ada), s.claim(cy, "back")
	for _, r := range []access.Report{
		s.report(bob, others.ID, "card"), s.report(bob, c.ID, "card"), s.report(bob, access.ID{9}, "card"), s.report(cy, elsewhere.ID, "card"),
	} {
		s.do(func(tx access.Tx) error { return access.RefuseCard(tx, r) })
	}
	equal(t, "refused claim", s.claimState(c.ID), access.ClaimVoid)
	equal(t, "other's claim", s.claimState(others.ID), access.ClaimLive)
	equal(t, "claim of other doors", s.claimState(elsewhere.ID), access.ClaimLive)
	equal(t, "card", s.card("card").State, access.CardActive)
	equal(t, "conflicts", s.conflicts("card"), []string{access.ConflictTaken, access.ConflictTaken}) // of Bob and of Cy
}

// DESIGN §9, S2.26: a person's binding outranks an anonymous one, whichever comes first:
// one person, one account, and the visitor's number is the person's.
func TestAPersonOutranksAnAnonymousAccount(t *testing.T) {
	for _, personFirst := range []bool{true, false} {
		s := newSite(t)
		ada := s.person("Ada Byron")
		claimed := s.report(ada, s.claim(ada).ID, "card")
		var visitor people.Account
		if personFirst {
			s.use(claimed)
			visitor = s.anonymous("card")
		} else {
			visitor = s.anonymous("card")
			s.use(claimed)
		}
		c := s.card("card")
		if c.Account != ada.ID || c.State != access.CardActive || c.Assurance != access.PACS {
			t.Errorf("person first %v: card %+v", personFirst, c)
		}
		equal(t, "conflicts", s.conflicts("card"), nil)
		got := get(s, func(tx access.Tx) (people.Account, error) { return tx.Account(visitor.ID) })
		if got.State != people.Merged || got.MergedTo != ada.ID {
			t.Errorf("person first %v: the visitor is %+v", personFirst, got)
		}
		named := get(s, func(tx access.Tx) (people.Account, error) { return people.Find(tx.Tx, visitor.DisplayName()) })
		equal(t, "who goes by the visitor's name", named.ID, ada.ID)
		s.do(func(tx access.Tx) error { // another terminal met the card, and tells later
			return access.Bind(tx, access.Report{Terminal: "hall", At: tx.Now, Card: c.ID, Account: visitor.ID})
		})
		equal(t, "card", s.card("card"), c)
	}
}

// A visitor may have got more cards from an operator: all go with the merge.
func TestAMergeTakesAllThatTheVisitorHad(t *testing.T) {
	s := newSite(t)
	s.door("front")
	ada, visitor := s.person("Ada Byron"), s.anonymous("card")
	id := people.HexID(visitor.ID)
	s.do(func(tx access.Tx) error {
		_, err := access.GiveCard(tx, access.Gift{Card: s.key.Card("other"), To: id})
		return err
	})
	ban := s.grant(access.NewGrant{Account: id, Door: "front", Deny: true})
	s.do(func(tx access.Tx) error {
		_, err := access.IssuePIN(tx, s.key, visitor.ID)
		return err
	})
	code := s.claim(visitor)
	s.use(s.report(ada, s.claim(ada).ID, "card"))
	equal(t, "the other card", s.card("other").Account, ada.ID)
	equal(t, "the visitor's code", s.claimState(code.ID), access.ClaimVoid)
	s.do(func(tx access.Tx) error {
		if _, err := tx.PINOf(visitor.ID); err != people.ErrNotFound {
			t.Errorf("the visitor's PIN: %v", err)
		}
		hers, _, err := access.ListGrants(tx, access.GrantQuery{Account: ada.ID})
		if len(hers) != 1 || hers[0].Door != "front" || !hers[0].Deny || hers[0].ID == ban.ID {
			t.Errorf("her grants: %+v", hers)
		}
		return err
	})
}

// A code lifts no suspension: the operator decides.
func TestAClaimDoesNotTakeASuspendedVisitorsCard(t *testing.T) {
	s := newSite(t)
	visitor, ada := s.anonymous("badge"), s.person("Ada Byron")
	s.do(func(tx access.Tx) error {
		_, err := people.SetState(tx.Tx, visitor.ID, people.Suspended, people.ByAdministrator)
		return err
	})
	s.use(s.report(ada, s.claim(ada).ID, "badge"))
	c := s.card("badge")
	if c.State != access.CardContested || c.Account != visitor.ID {
		t.Errorf("card %+v", c)
	}
	equal(t, "conflicts", s.conflicts("badge"), []string{access.ConflictBoundTwice})
}

// A claim that ended is contested, for it existed. Issue 8, 3: one that never existed, or is
// somebody else's, or of other doors, changes nothing: with a stolen identity one could
// make every card of the site useless. The operator sees it all the same.
func TestOnlyAClaimThatExistedContests(t *testing.T) {
	s := newSite(t)
	s.door("front")
	s.door("back")
	ada, bob := s.person("Ada Byron"), s.person("Bob Mc")
	s.use(s.report(bob, s.claim(bob).ID, "bob's"))
	old := s.claim(ada)
	back := s.claim(ada, "back") // S2.08: the newer one ends the older
	wrong := s.claim(bob)
	equal(t, "older claim", s.claimState(old.ID), access.ClaimVoid)
	s.use(s.report(ada, old.ID, "ended"))
	equal(t, "ended claim", s.card("ended").State, access.CardContested)
	equal(t, "ended claim", s.conflicts("ended"), []string{access.ConflictClaimOver})
	for number, c := range map[string]struct {
		claim access.ID
		why   string
	}{
		"made up": {access.ID{8}, access.ConflictNoClaim}, "none": {access.ID{}, access.ConflictNoClaim},
		"bob's claim": {wrong.ID, access.ConflictNoClaim}, "other doors": {back.ID, access.ConflictScope},
	} {
		s.use(s.report(ada, c.claim, number))
		s.unknown(number)
		equal(t, number, s.conflicts(number), []string{c.why})
		s.use(s.report(ada, c.claim, "bob's"))
		equal(t, "bob's card", s.card("bob's").State, access.CardActive)
	}
	equal(t, "claim of other doors", s.claimState(back.ID), access.ClaimLive)
	equal(t, "bob's claim", s.claimState(wrong.ID), access.ClaimLive)
	there := s.report(ada, back.ID, "there")
	there.Doors = []string{"cellar", "back"}
	s.use(there)
	equal(t, "card at the claim's door", s.card("there").State, access.CardActive)
}

// A claim is over when its time is, whatever the terminal's clock says; but a terminal that
// was away may tell of its use much later.
func TestAClaimIsHeldAgainstItsEnd(t *testing.T) {
	s := newSite(t)
	issued := map[string]access.IssuedClaim{}
	owners := map[string]people.Account{}
	cases := map[string]struct {
		at    time.Duration // before it is told
		state access.CardState
	}{
		"in time, told late":             {90 * time.Minute, access.CardActive},
		"after its end":                  {30 * time.Minute, access.CardContested},
		"with the clock set back":        {50 * 24 * time.Hour, access.CardContested},
		"at the very end, as it is over": {time.Hour, access.CardContested},
	}
	for name := range cases {
		owners[name] = s.person(name)
		issued[name] = s.claim(owners[name])
	}
	s.wait(2 * time.Hour)
	for name, c := range cases {
		r := s.report(owners[name], issued[name].ID, name)
		r.At = s.now.Add(-c.at)
		s.use(r)
		equal(t, name, s.card(name).State, c.state)
		if c.state == access.CardContested {
			equal(t, name, s.conflicts(name), []string{access.ConflictClaimOver})
		}
	}
	ada := s.person("Ada Byron")
	r := s.report(ada, s.claim(ada).ID, "live, by a clock that is behind")
	r.At = s.now.Add(-time.Minute)
	s.use(r)
	equal(t, "live claim", s.card("live, by a clock that is behind").State, access.CardActive)
}

// S2.24: with confirm set, a card grants nothing before an operator says so.
func TestWithConfirmABindingIsPending(t *testing.T) {
	s := newSite(t)
	s.set("confirm", "admin")
	ada := s.person("Ada Byron")
	s.use(s.report(ada, s.claim(ada).ID, "card"))
	c := s.card("card")
	equal(t, "card", c.State, access.CardPending)
	s.do(func(tx access.Tx) error {
		_, err := access.SetCardState(tx, access.ShortCard(c.ID), access.CardActive, "")
		return err
	})
	equal(t, "confirmed card", s.card("card").State, access.CardActive)
}

// S2.20: what a terminal that was offline bound does not bring a dead card back, and does
// not give it the milder state contested.
func TestADeadCardStaysDead(t *testing.T) {
	for _, dead := range []access.CardState{access.CardLost, access.CardReplaced, access.CardRevoked} {
		s := newSite(t)
		ada, bob := s.person("Ada Byron"), s.person("Bob Mc")
		s.use(s.report(ada, s.claim(ada).ID, "card"))
		ref := people.HexID(s.key.Card("card"))
		s.do(func(tx access.Tx) error {
			_, err := access.SetCardState(tx, ref, dead, "")
			return err
		})
		s.use(s.report(bob, s.claim(bob).ID, "card"))
		c := s.card("card")
		if c.State != dead || c.Account != ada.ID {
			t.Errorf("%s, bound by Bob's claim: %+v", dead, c)
		}
		ended := s.claim(bob)
		s.claim(bob)
		s.use(s.report(bob, ended.ID, "card"))
		equal(t, "with a claim that had ended", s.card("card").State, dead)
		equal(t, "conflicts", s.conflicts("card"), []string{access.ConflictDead, access.ConflictClaimOver})
		err := s.try(func(tx access.Tx) error {
			_, err := access.SetCardState(tx, ref, access.CardActive, "")
			return err
		})
		if back := err == nil; back != (dead == access.CardLost) {
			t.Errorf("%s: it can be active again: %v, %v", dead, back, err)
		}
	}
}

// S2.19, S3.10, S4.06: an account that may own nothing gets no card by what a terminal
// reports.
func TestTerminalsGiveNoCardToWhoMayOwnNone(t *testing.T) {
	for name, end := range map[string]func(tx access.Tx, a people.Account) error{
		"suspended": func(tx access.Tx, a people.Account) error {
			_, err := people.SetState(tx.Tx, a.ID, people.Suspended, people.ByAdministrator)
			return err
		},
		"erased": func(tx access.Tx, a people.Account) error { return people.Erase(tx.Tx, a.ID) },
		"gone":   func(tx access.Tx, a people.Account) error { return people.Purge(tx.Tx, a.ID) },
		"service": func(tx access.Tx, a people.Account) error {
			a.Kind = people.Service
			return tx.PutAccount(a)
		},
	} {
		s := newSite(t)
		a := s.person("Ada Byron")
		c := s.claim(a)
		s.do(func(tx access.Tx) error { return end(tx, a) })
		s.use(s.report(a, c.ID, "card"))
		if state := s.card("card").State; state != access.CardContested {
			t.Errorf("%s: the card is %s", name, state)
		}
		equal(t, name, s.conflicts("card"), []string{access.ConflictAccount})
	}
}

// Issue 8, 1: the hub keeps the assurance that a terminal tells, within what it knows.
func TestTheHubKeepsTheAssuranceThatATerminalTells(t *testing.T) {
	s := newSite(t)
	for told, want := range map[access.Assurance]access.Assurance{
		"": access.UID, access.UID: access.UID, access.PACS: access.PACS, access.Authenticated: access.Authenticated, "assurance_9": access.UID,
	} {
		a := s.person("Ada " + string(told) + "x")
		c := s.claim(a)
		other := s.report(a, c.ID, "other "+string(told))
		other.Assurance = told
		s.use(other)
		again := s.report(a, c.ID, "again "+string(told)) // the claim was used
		again.Assurance = told
		s.use(again)
		equal(t, "bound", s.card("other "+string(told)).Assurance, want)
		equal(t, "contested", s.card("again "+string(told)).Assurance, want)
	}
}

// S1.27: what an account had goes with it, but a card that is lost, replaced, revoked or
// contested stays what it is.
func TestPurgeTakesAllButTheDead(t *testing.T) {
	s := newSite(t)
	s.door("front")
	ada, bob := s.person("Ada Byron"), s.person("Bob Mc")
	id := people.HexID(ada.ID)
	for _, number := range []string{"active", "lost", "contested"} {
		s.use(s.report(ada, s.claim(ada).ID, number))
	}
	s.use(s.report(bob, s.claim(bob).ID, "contested"))
	s.use(s.report(bob, s.claim(bob).ID, "bob's"))
	s.do(func(tx access.Tx) error {
		_, err := access.SetCardState(tx, people.HexID(s.key.Card("lost")), access.CardLost, "")
		return err
	})
	s.grant(access.NewGrant{Account: id, Door: "front"})
	bobs := s.grant(access.NewGrant{Account: people.HexID(bob.ID), Door: "front"})
	code := s.claim(ada)
	s.do(func(tx access.Tx) error {
		_, err := access.IssuePIN(tx, s.key, ada.ID)
		return err
	})
	s.do(func(tx access.Tx) error { return access.Purge(tx, ada.ID) })
	s.unknown("active")
	equal(t, "lost card", s.card("lost").State, access.CardLost)
	equal(t, "contested card", s.card("contested").State, access.CardContested)
	equal(t, "bob's card", s.card("bob's").State, access.CardActive)
	equal(t, "code", s.claimState(code.ID), access.ClaimVoid)
	s.do(func(tx access.Tx) error {
		left, _, err := access.ListGrants(tx, access.GrantQuery{})
		equal(t, "grants that are left", left, []access.Grant{bobs})
		if _, err := tx.PINOf(ada.ID); err != people.ErrNotFound {
			t.Errorf("PIN: %v", err)
		}
		return err
	})
}

// Issue 8, 3: what a stolen identity can put before an operator has a bound, for the terminal
// and for a card.
func TestWhatATerminalTellsHasABound(t *testing.T) {
	s := newSite(t)
	told := func() int {
		return get(s, func(tx access.Tx) (int, error) { return tx.CountConflicts("front-box", 1<<20) })
	}
	tell := func(n int, r func(i int) access.Report) {
		s.do(func(tx access.Tx) error {
			for i := range n {
				if err := access.RefuseCard(tx, r(i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	number := func(i int) access.ID { return access.ID{byte(i >> 8), byte(i), 1} }
	tell(30, func(i int) access.Report {
		return access.Report{Terminal: "front-box", Card: access.ID{9}, Account: number(i)}
	})
	equal(t, "of one card", told(), 20)
	tell(2000, func(i int) access.Report {
		return access.Report{Terminal: "front-box", Card: number(i), Account: access.ID{9}}
	})
	equal(t, "of one terminal", told(), 1000)
	s.do(func(tx access.Tx) error {
		return access.RefuseCard(tx, access.Report{Terminal: "hall", Card: access.ID{7}, Account: access.ID{9}})
	})
	equal(t, "another terminal's", len(get(s, func(tx access.Tx) ([]access.Conflict, error) { return tx.OpenConflicts(access.ID{7}) })), 1)
}

// Whoever is erased has nothing any more, and the log does not say what they had.
func TestAnErasedAccountHasNothing(t *testing.T) {
	s := newSite(t)
	s.door("front")
	ada := s.person("Ada Byron")
	s.use(s.report(ada, s.claim(ada).ID, "card"))
	g := s.grant(access.NewGrant{Account: "Ada Byron", Door: "front"})
	s.do(func(tx access.Tx) error { return access.Erase(tx, ada.ID) })
	s.unknown("card")
	s.do(func(tx access.Tx) error {
		if _, err := tx.Grant(g.ID); err != people.ErrNotFound {
			t.Errorf("the grant: %v", err)
		}
		return tx.ListAudit(audit.Query{Subject: ada.ID, Limit: 100}, func(e audit.Entry) error {
			if e.Before != nil || e.After != nil {
				t.Errorf("the log says of %s: %s, %s", e.Action, e.Before, e.After)
			}
			return nil
		})
	})
}

// A group goes with its grants, and no route puts anybody in it.
func TestARemovedGroupTakesItsRightsAlong(t *testing.T) {
	s := newSite(t)
	s.door("front")
	s.group("Staff")
	guests := s.group("Guests")
	g := s.grant(access.NewGrant{Group: "Staff", Door: "front"})
	kept := s.grant(access.NewGrant{Group: "Guests", Door: "front"})
	s.set("unknown_badge_groups", "Staff,Guests")
	s.set("web_groups", "Staff")
	s.do(func(tx access.Tx) error { return access.RemoveGroup(tx, "staff") })
	equal(t, "groups of unknown badges", s.settings().UnknownBadgeGroups, []uint64{guests.ID})
	equal(t, "groups of the web", s.settings().WebGroups, nil)
	s.do(func(tx access.Tx) error {
		left, _, err := access.ListGrants(tx, access.GrantQuery{})
		equal(t, "grants", left, []access.Grant{kept})
		return err
	})
	equal(t, "audit", s.actions(people.HexID(g.ID)), []string{"grant.add", "grant.remove"})
	s.refused(people.CodeGroupNotFound, func(tx access.Tx) error { return access.RemoveGroup(tx, "staff") })
}

// What is contested stays so until an operator decides: neither a visitor's owner nor a
// member gets it by another report, and no visitor is merged into one who may not be them.
func TestWhatIsContestedStaysSo(t *testing.T) {
	s := newSite(t)
	ada, bob, cy := s.person("Ada Byron"), s.person("Bob Mc"), s.person("Cy Young")
	s.use(s.report(ada, s.claim(ada).ID, "card"))
	s.use(s.report(bob, s.claim(bob).ID, "card"))
	visitor := s.anonymous("card")
	s.use(s.report(cy, s.claim(cy).ID, "card"))
	c := s.card("card")
	if c.State != access.CardContested || c.Account != ada.ID {
		t.Errorf("card %+v", c)
	}
	equal(t, "visitor", get(s, func(tx access.Tx) (people.Account, error) { return tx.Account(visitor.ID) }).State, people.Active)
	equal(t, "conflicts", len(s.conflicts("card")), 3)
}

// A terminal's clock may say anything: what an operator is shown is a time that there was.
func TestWhatATerminalTellsHasATimeThatThereWas(t *testing.T) {
	s := newSite(t)
	for i, c := range []struct{ told, want time.Time }{
		{s.now.Add(-time.Hour), s.now.Add(-time.Hour)}, {s.now.Add(time.Second), *s.now}, {time.UnixMilli(1 << 60), *s.now},
		{time.UnixMilli(-1 << 60), *s.now}, {time.Time{}, *s.now}, {time.UnixMilli(0), *s.now},
	} {
		r := access.Report{Terminal: "front-box", At: c.told, Card: access.ID{byte(i), 1}, Account: access.ID{9}}
		s.do(func(tx access.Tx) error { return access.RefuseCard(tx, r) })
		open := get(s, func(tx access.Tx) ([]access.Conflict, error) { return tx.OpenConflicts(r.Card) })
		if len(open) != 1 || !open[0].At.Equal(c.want) {
			t.Errorf("told %v: %+v, want %v", c.told, open, c.want)
		}
	}
}

// A terminal that tells again of a claim that was used does not take back what an operator
// decided since: the card that was freed stays free.
func TestAUsedClaimDoesNotBindAFreedCardAgain(t *testing.T) {
	s := newSite(t)
	ada := s.person("Ada Byron")
	r := s.report(ada, s.claim(ada).ID, "card")
	s.use(r)
	s.do(func(tx access.Tx) error {
		_, err := access.FreeCard(tx, people.HexID(r.Card))
		return err
	})
	s.use(r)
	s.unknown("card")
	equal(t, "conflicts", s.conflicts("card"), []string{access.ConflictClaimUsed})
}
