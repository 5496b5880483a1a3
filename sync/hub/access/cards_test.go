package access_test

import (
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/people"
)

func give(g access.Gift) func(access.Tx) error {
	return func(tx access.Tx) error {
		_, err := access.GiveCard(tx, g)
		return err
	}
}

func setState(ref string, state access.CardState, owner string) func(access.Tx) error {
	return func(tx access.Tx) error {
		_, err := access.SetCardState(tx, ref, state, owner)
		return err
	}
}

func (s site) ref(number string) string { return access.ShortCard(s.key.Card(number)) }

// O1: issue 8, 4: this morning's unknown card.
func TestAnUnknownCardIsGiven(t *testing.T) {
	s := newSite(t)
	ada := s.person("Ada Byron")
	s.do(give(access.Gift{Card: s.key.Card("card"), To: "ada byron", Assurance: access.PACS}))
	want := access.Card{ID: s.key.Card("card"), Account: ada.ID, State: access.CardActive, Assurance: access.PACS, Since: *s.now}
	equal(t, "card", s.card("card"), want)
	s.wait(time.Hour)
	until := s.now.Add(time.Hour)
	s.do(give(access.Gift{Card: s.key.Card("card"), To: "ada byron", Until: until})) // now a temporary one
	want.Expires = until
	equal(t, "card", s.card("card"), want)
	equal(t, "audit", s.actions(s.ref("card")), []string{"card.give", "card.give"})
}

// S2.26: the card of an anonymous account goes to its owner with that account.
func TestACardOfAVisitorIsGivenWithTheVisitor(t *testing.T) {
	s := newSite(t)
	ada, visitor := s.person("Ada Byron"), s.anonymous("badge")
	s.do(give(access.Gift{Card: s.key.Card("badge"), To: "Ada Byron"}))
	equal(t, "owner", s.card("badge").Account, ada.ID)
	a := get(s, func(tx access.Tx) (people.Account, error) { return people.Find(tx.Tx, visitor.DisplayName()) })
	equal(t, "who goes by the visitor's name", a.ID, ada.ID)
}

func TestCardsThatCannotBeGiven(t *testing.T) {
	s := newSite(t)
	ada, bob := s.person("Ada Byron"), s.person("Bob Mc")
	visitor := s.anonymous("visitor's")
	s.do(give(access.Gift{Card: s.key.Card("ada's"), To: "Ada Byron"}))
	s.do(give(access.Gift{Card: s.key.Card("lost"), To: "Ada Byron"}))
	s.do(setState(s.ref("lost"), access.CardLost, ""))
	suspended := s.person("Sus Pended")
	s.do(func(tx access.Tx) error {
		_, err := people.SetState(tx.Tx, suspended.ID, people.Suspended, people.ByAdministrator)
		return err
	})
	for name, c := range map[string]struct {
		g    access.Gift
		code string
	}{
		"somebody else's":   {access.Gift{Card: s.key.Card("ada's"), To: "Bob Mc"}, access.CodeCardTaken},
		"to a visitor":      {access.Gift{Card: s.key.Card("ada's"), To: visitor.DisplayName()}, access.CodeCardTaken},
		"dead":              {access.Gift{Card: s.key.Card("lost"), To: "Ada Byron"}, access.CodeCardDead},
		"to a suspended":    {access.Gift{Card: s.key.Card("new"), To: "Sus Pended"}, access.CodeCardOwner},
		"to nobody":         {access.Gift{Card: s.key.Card("new"), To: "Eve Nobody"}, people.CodeNotFound},
		"for ever and ever": {access.Gift{Card: s.key.Card("new"), To: "Bob Mc", Until: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, access.CodeTime},
		"until now":         {access.Gift{Card: s.key.Card("new"), To: "Bob Mc", Until: *s.now}, access.CodeCardEnd},
		"of what assurance": {access.Gift{Card: s.key.Card("new"), To: "Bob Mc", Assurance: "sure"}, access.CodeCardAssurance},
	} {
		t.Run(name, func(t *testing.T) { s.refused(c.code, give(c.g)) })
	}
	equal(t, "holder", s.refused(access.CodeCardTaken, give(access.Gift{Card: s.key.Card("ada's"), To: "Bob Mc"}))["account"], any(people.HexID(ada.ID)))
	s.do(setState(s.ref("ada's"), access.CardActive, "Bob Mc")) // an operator's word moves it
	equal(t, "owner", s.card("ada's").Account, bob.ID)
}

// DESIGN §9: an operator's word resolves what was contested.
func TestAnOperatorsWordOnACard(t *testing.T) {
	s := newSite(t)
	ada, bob := s.person("Ada Byron"), s.person("Bob Mc")
	a, b := s.claim(ada), s.claim(bob)
	s.use(s.report(ada, a.ID, "card"))
	s.use(s.report(bob, b.ID, "card"))
	s.wait(time.Hour)
	s.do(setState(s.ref("card"), access.CardActive, "Bob Mc"))
	c := s.card("card")
	if c.Account != bob.ID || c.State != access.CardActive || !c.Since.Equal(*s.now) {
		t.Errorf("card %+v", c)
	}
	equal(t, "conflicts", s.conflicts("card"), nil)
	s.do(setState(people.HexID(c.ID), access.CardRevoked, ""))
	s.refused(access.CodeCardFinal, setState(s.ref("card"), access.CardActive, ""))
	for _, state := range []access.CardState{"", "contested", "gone", "\x00\xff"} {
		s.refused(access.CodeCardState, setState(s.ref("card"), state, ""))
	}
	s.refused(people.CodeNotFound, setState(s.ref("card"), access.CardRevoked, "Eve Nobody"))
	equal(t, "audit", s.actions(s.ref("card")), []string{"card.bind", "card.contest", "card.state", "card.state"})
}

func TestCardsAreFoundByTheBeginningOfTheirIDs(t *testing.T) {
	s := newSite(t)
	s.person("Ada Byron")
	one, two := access.ID{0xab, 1, 2, 3, 0x44}, access.ID{0xab, 1, 2, 3, 0x45}
	s.do(give(access.Gift{Card: one, To: "Ada Byron"}))
	s.do(give(access.Gift{Card: two, To: "Ada Byron"}))
	find := func(ref string) func(access.Tx) error {
		return func(tx access.Tx) error {
			_, err := access.FindCard(tx, ref)
			return err
		}
	}
	equal(t, "by 10 digits", get(s, func(tx access.Tx) (access.Card, error) { return access.FindCard(tx, " AB01020344 ") }).ID, one)
	equal(t, "count", s.refused(access.CodeCardAmbiguous, find("ab010203"))["count"], any(2))
	s.refused(access.CodeCardAmbiguous, find("ab0102034")) // an odd number of digits
	s.refused(access.CodeCardNotFound, find("ab010209"))
	for _, ref := range []string{"", "ab01020", "nothing!", strings.Repeat("a", 33), "ab010203\x00\xff"} {
		s.refused(access.CodeCardRef, find(ref))
	}
}

// S1.29: where a person has one card, a new one replaces the old for good, once it works. A
// temporary one stands beside it, and replaces a temporary one.
func TestOneCardForEachPerson(t *testing.T) {
	s := newSite(t)
	ada := s.person("Ada Byron")
	tomorrow := s.now.Add(24 * time.Hour)
	states := func(want ...access.CardState) {
		t.Helper()
		var got []access.CardState
		for _, number := range []string{"1", "2", "t1", "t2", "3"}[:len(want)] {
			got = append(got, s.card(number).State)
		}
		equal(t, "cards", got, want)
	}
	s.do(give(access.Gift{Card: s.key.Card("1"), To: "Ada Byron"}))
	s.use(s.report(ada, s.claim(ada).ID, "2"))
	states(access.CardActive, access.CardActive)
	s.set("cards_per_person", "one")
	s.do(setState(s.ref("1"), access.CardActive, ""))
	states(access.CardActive, access.CardReplaced)
	s.do(give(access.Gift{Card: s.key.Card("t1"), To: "Ada Byron", Until: tomorrow}))
	states(access.CardActive, access.CardReplaced, access.CardActive)
	s.do(give(access.Gift{Card: s.key.Card("t2"), To: "Ada Byron", Until: tomorrow}))
	states(access.CardActive, access.CardReplaced, access.CardReplaced, access.CardActive)
	s.set("confirm", "admin")
	s.use(s.report(ada, s.claim(ada).ID, "3"))
	states(access.CardActive, access.CardReplaced, access.CardReplaced, access.CardActive, access.CardPending)
	s.do(setState(s.ref("3"), access.CardActive, ""))
	states(access.CardReplaced, access.CardReplaced, access.CardReplaced, access.CardActive, access.CardActive)
	equal(t, "audit", s.actions(s.ref("1")), []string{"card.give", "card.state", "card.replace"})
}

// A visitor's card goes from hand to hand; a dead one does not come back that way.
func TestACardIsFreedForTheNext(t *testing.T) {
	s := newSite(t)
	s.person("Ada Byron")
	s.do(give(access.Gift{Card: s.key.Card("card"), To: "Ada Byron", Until: s.now.Add(time.Hour)}))
	free := func(tx access.Tx) error {
		_, err := access.FreeCard(tx, s.ref("card"))
		return err
	}
	s.do(free)
	s.unknown("card")
	s.person("Bob Mc")
	s.do(give(access.Gift{Card: s.key.Card("card"), To: "Bob Mc"}))
	s.do(setState(s.ref("card"), access.CardReplaced, ""))
	s.refused(access.CodeCardFinal, free)
}

// Lists refuse a cursor that no page gave, and bound their pages.
func TestListsAreBounded(t *testing.T) {
	s := newSite(t)
	s.person("Ada Byron")
	s.do(func(tx access.Tx) error {
		for i := range 103 {
			if err := give(access.Gift{Card: access.ID{byte(i), 1}, To: "Ada Byron"})(tx); err != nil {
				return err
			}
		}
		return nil
	})
	s.do(func(tx access.Tx) error {
		page, next, err := access.ListCards(tx, access.CardQuery{})
		equal(t, "cards without a limit", len(page), 100)
		if err != nil {
			return err
		}
		page, next, err = access.ListCards(tx, access.CardQuery{After: next, Limit: 1 << 30})
		equal(t, "the rest", len(page), 3)
		equal(t, "cursor", next, "")
		return err
	})
	s.refused(access.CodeCursor, func(tx access.Tx) error {
		_, _, err := access.ListCards(tx, access.CardQuery{After: "x"})
		return err
	})
	s.refused(access.CodeCursor, func(tx access.Tx) error {
		_, _, err := access.ListGrants(tx, access.GrantQuery{After: "x"})
		return err
	})
	s.refused(access.CodeCursor, func(tx access.Tx) error {
		_, _, err := access.ListClaims(tx, access.ClaimQuery{After: "x"})
		return err
	})
}

// S1.29: a temporary card that has ended goes to the next one; before, it is its holder's.
func TestATemporaryCardThatEndedIsGivenOn(t *testing.T) {
	s := newSite(t)
	s.person("Ada Byron")
	bob := s.person("Bob Mc")
	s.do(give(access.Gift{Card: s.key.Card("card"), To: "Ada Byron", Until: s.now.Add(time.Hour)}))
	to := access.Gift{Card: s.key.Card("card"), To: "Bob Mc"}
	s.wait(time.Hour - time.Second)
	s.refused(access.CodeCardTaken, give(to))
	s.wait(time.Second)
	s.do(give(to))
	equal(t, "owner", s.card("card").Account, bob.ID)
	s.do(setState(s.ref("card"), access.CardLost, ""))
	s.refused(access.CodeCardDead, give(access.Gift{Card: s.key.Card("card"), To: "Ada Byron"}))
}

// S2.20: who has one card is warned before a new one ends it.
func TestACodeWarnsOfTheCardThatItEnds(t *testing.T) {
	s := newSite(t)
	ada := s.person("Ada Byron")
	s.do(give(access.Gift{Card: s.key.Card("card"), To: "Ada Byron"}))
	s.do(give(access.Gift{Card: s.key.Card("temporary"), To: "Ada Byron", Until: s.now.Add(time.Hour)}))
	s.do(give(access.Gift{Card: s.key.Card("lost"), To: "Ada Byron"}))
	s.do(setState(s.ref("lost"), access.CardLost, ""))
	warned := func() (cards any) {
		for _, w := range s.claim(ada).Warnings {
			if w.Code == access.WarnOneCard {
				cards = w.Fields["cards"]
			}
		}
		return cards
	}
	equal(t, "cards that end where many are", warned(), nil)
	s.set("cards_per_person", "one")
	equal(t, "cards that end where one is", warned(), any([]string{s.ref("card")}))
}

// A card does not come back for somebody who is gone; another may get it.
func TestACardDoesNotWorkForWhoIsGone(t *testing.T) {
	s := newSite(t)
	ada := s.person("Ada Byron")
	s.person("Bob Mc")
	s.do(give(access.Gift{Card: s.key.Card("card"), To: "Ada Byron"}))
	s.do(setState(s.ref("card"), access.CardLost, ""))
	s.do(func(tx access.Tx) error { return access.Erase(tx, ada.ID) })
	s.refused(access.CodeCardOwner, setState(s.ref("card"), access.CardActive, ""))
	s.do(setState(s.ref("card"), access.CardActive, "Bob Mc"))
	equal(t, "card", s.card("card").State, access.CardActive)
}
