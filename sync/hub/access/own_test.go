package access_test

import (
	"testing"

	"badged/sync/hub/access"
	"badged/sync/hub/people"
)

func ref(s site, number string) string { return access.ShortCard(s.key.Card(number)) }

// S2.24: the owner takes a binding back in one step. Nobody has the card then.
func TestTheOwnerUndoesABinding(t *testing.T) {
	s := newSite(t)
	ada, grace := s.person("Ada Byron"), s.person("Grace Hopper")
	c := s.claim(ada)
	s.use(s.report(ada, c.ID, "1111"))
	s.refused(access.CodeCardNotFound, func(tx access.Tx) error {
		_, err := access.UndoCard(tx, grace.ID, ref(s, "1111"))
		return err
	})
	get(s, func(tx access.Tx) (access.Card, error) { return access.UndoCard(tx, ada.ID, ref(s, "1111")) })
	s.unknown("1111")
	s.use(s.report(ada, c.ID, "1111")) // the terminal tells it again
	s.unknown("1111")
	equal(t, "audit", s.actions(ref(s, "1111")), []string{"card.bind", "card.undo"})
}

// A card that is lost is dead by its owner's word, everywhere, and stays so for the owner.
func TestTheOwnerReportsACardLost(t *testing.T) {
	s := newSite(t)
	ada, grace := s.person("Ada Byron"), s.person("Grace Hopper")
	s.use(s.report(ada, s.claim(ada).ID, "1111"))
	s.refused(access.CodeCardNotFound, func(tx access.Tx) error {
		_, err := access.ReportLost(tx, grace.ID, ref(s, "1111"))
		return err
	})
	for range 2 {
		c := get(s, func(tx access.Tx) (access.Card, error) { return access.ReportLost(tx, ada.ID, ref(s, "1111")) })
		equal(t, "state", c.State, access.CardLost)
	}
	equal(t, "audit", s.actions(ref(s, "1111")), []string{"card.bind", "card.lost"})
	s.refused(access.CodeCardUnfit, func(tx access.Tx) error {
		_, err := access.UndoCard(tx, ada.ID, ref(s, "1111"))
		return err
	})
	s.do(func(tx access.Tx) error {
		_, err := access.SetCardState(tx, ref(s, "1111"), access.CardReplaced, "")
		return err
	})
	s.refused(access.CodeCardUnfit, func(tx access.Tx) error {
		_, err := access.ReportLost(tx, ada.ID, ref(s, "1111"))
		return err
	})
}

// S2.24: where the owner confirms, a new card grants nothing before, and only then the card
// that it replaces ends.
func TestTheOwnerConfirmsACard(t *testing.T) {
	s := newSite(t)
	ada, session := s.person("Ada Byron"), people.NewSessionToken()
	s.use(s.report(ada, s.claim(ada).ID, "1111"))
	s.do(func(tx access.Tx) error { return tx.PutSetting("confirm", "owner") })
	e := s.confirmHeld(s.start(ada, ref(s, "1111")))
	s.use(s.report(ada, s.issue(e, session).ID, "2222"))
	equal(t, "new", s.card("2222").State, access.CardPending)
	equal(t, "old", s.card("1111").State, access.CardActive)
	confirm := func(tx access.Tx) (access.Card, error) { return access.ConfirmCard(tx, ada.ID, ref(s, "2222")) }
	equal(t, "confirmed", get(s, confirm).State, access.CardActive)
	equal(t, "old", s.card("1111").State, access.CardReplaced)
	equal(t, "again", get(s, confirm).State, access.CardActive)
}

// Where an administrator confirms, an owner cannot.
func TestAnOwnerDoesNotConfirmForTheAdministrator(t *testing.T) {
	s := newSite(t)
	ada := s.person("Ada Byron")
	s.set("confirm", "admin")
	s.use(s.report(ada, s.claim(ada).ID, "1111"))
	s.refused(access.CodeCardUnfit, func(tx access.Tx) error {
		_, err := access.ConfirmCard(tx, ada.ID, ref(s, "1111"))
		return err
	})
}
