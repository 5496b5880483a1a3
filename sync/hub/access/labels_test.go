package access_test

import (
	"strings"
	"testing"

	"badged/sync/hub/access"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// label prepares one card.
func (s site) label(number string) people.Token {
	s.t.Helper()
	made := get(s, func(tx access.Tx) ([]access.NewLabel, error) {
		return access.PrepareLabels(tx, []access.ID{s.key.Card(number)}, "lot 1")
	})
	return made[0].Token
}

// bindLabel scans the QR code of a card and confirms, and gives why it was refused.
func (s site) bindLabel(a people.Account, t people.Token) (code string) {
	s.t.Helper()
	s.as(a, func(tx access.Tx) error {
		_, refused, err := access.BindLabel(tx, t, a.ID)
		code = refusal.Code(refused)
		return err
	})
	return code
}

func (s site) labelStatus(a people.Account, t people.Token) (status access.LabelStatus) {
	s.t.Helper()
	s.do(func(tx access.Tx) (err error) {
		_, status, err = access.ReadLabel(tx, t, a.ID)
		return err
	})
	return status
}

// S2.03, S2.08: the QR code on a prepared card binds it, and ends the code that was issued
// for the same registration. To look at it changes nothing.
func TestTheQRCodeOfACardBindsIt(t *testing.T) {
	s := newSite(t)
	ada, session := s.person("Ada Byron"), people.NewSessionToken()
	label := s.label("1111")
	e := s.confirmHeld(s.start(ada, ""))
	c := s.issue(e, session)
	equal(t, "before", s.labelStatus(ada, label), access.LabelFree)
	s.unknown("1111")
	equal(t, "refused", s.bindLabel(ada, label), "")
	equal(t, "card", s.card("1111").Account, ada.ID)
	equal(t, "state", s.card("1111").State, access.CardActive)
	equal(t, "step", s.enrolment(e).Step, access.StepDone)
	equal(t, "its code", s.claimState(c.ID), access.ClaimVoid)
	equal(t, "after", s.labelStatus(ada, label), access.LabelOwn)
	equal(t, "again", s.bindLabel(ada, label), "")
	equal(t, "audit", s.actions(access.ShortCard(s.key.Card("1111"))), []string{"card.bind"})
}

// S2.19: a card that is somebody else's is refused without a name, and an operator sees it.
func TestTheQRCodeOfAnothersCardIsRefused(t *testing.T) {
	s := newSite(t)
	ada, grace := s.person("Ada Byron"), s.person("Grace Hopper")
	label := s.label("1111")
	s.bindLabel(grace, label)
	equal(t, "status", s.labelStatus(ada, label), access.LabelTaken)
	equal(t, "refused", s.bindLabel(ada, label), access.CodeCardNotFree)
	equal(t, "card", s.card("1111").Account, grace.ID)
	equal(t, "conflicts", s.conflicts("1111"), []string{access.ConflictTaken})
	get(s, func(tx access.Tx) (access.Card, error) {
		return access.ReportLost(tx, grace.ID, access.ShortCard(s.key.Card("1111")))
	})
	equal(t, "a lost one", s.bindLabel(ada, label), access.CodeCardNotFree)
	equal(t, "conflicts", s.conflicts("1111"), []string{access.ConflictTaken, access.ConflictDead})
}

// S2.26: a card that made an anonymous account at a printer goes to the person who scans it.
func TestTheQRCodeOfAVisitorsCardTakesItOver(t *testing.T) {
	s := newSite(t)
	visitor, ada := s.anonymous("1111"), s.person("Ada Byron")
	label := s.label("1111")
	equal(t, "status", s.labelStatus(ada, label), access.LabelFree)
	equal(t, "refused", s.bindLabel(ada, label), "")
	equal(t, "card", s.card("1111").Account, ada.ID)
	equal(t, "visitor", get(s, func(tx access.Tx) (people.Account, error) { return tx.Account(visitor.ID) }).State, people.Merged)
}

// A label serves again when its card is given back, and a newer label of a card ends it.
func TestALabelFollowsItsCard(t *testing.T) {
	s := newSite(t)
	ada, grace := s.person("Ada Byron"), s.person("Grace Hopper")
	label := s.label("1111")
	s.bindLabel(ada, label)
	get(s, func(tx access.Tx) (access.Card, error) {
		return access.FreeCard(tx, access.ShortCard(s.key.Card("1111")))
	})
	equal(t, "given back", s.bindLabel(grace, label), "")
	newer := s.label("1111")
	equal(t, "the former", s.labelStatus(grace, label), access.LabelUnknown)
	equal(t, "the newer", s.labelStatus(grace, newer), access.LabelOwn)
	s.refused(access.CodeLabelUnknown, func(tx access.Tx) error {
		_, _, err := access.BindLabel(tx, label, ada.ID)
		return err
	})
}

// S2.24: where somebody must confirm, a QR code that its owner scans needs no second word of
// theirs, and an administrator's does.
func TestWhoConfirmsACardThatWasBoundByQR(t *testing.T) {
	for _, c := range []struct {
		confirm string
		byOwner bool
		want    access.CardState
	}{
		{"none", true, access.CardActive}, {"owner", true, access.CardActive}, {"owner", false, access.CardPending},
		{"admin", true, access.CardPending}, {"admin", false, access.CardActive},
	} {
		s := newSite(t)
		ada, boss := s.person("Ada Byron"), s.person("Grace Hopper")
		s.do(func(tx access.Tx) error { return tx.PutSetting("confirm", c.confirm) })
		by := boss
		if c.byOwner {
			by = ada
		}
		label := s.label("1111")
		s.as(by, func(tx access.Tx) error {
			_, _, err := access.BindLabel(tx, label, ada.ID)
			return err
		})
		equal(t, c.confirm, s.card("1111").State, c.want)
	}
}

func TestOnlyLivingCardsAreLabelledAndNotTooMany(t *testing.T) {
	s := newSite(t)
	ada := s.person("Ada Byron")
	s.bindLabel(ada, s.label("1111"))
	get(s, func(tx access.Tx) (access.Card, error) {
		return access.ReportLost(tx, ada.ID, access.ShortCard(s.key.Card("1111")))
	})
	prepare := func(n int, batch string) func(access.Tx) error {
		return func(tx access.Tx) error {
			cards := make([]access.ID, n)
			for i := range cards {
				cards[i] = s.key.Card("1111")
			}
			_, err := access.PrepareLabels(tx, cards, batch)
			return err
		}
	}
	s.refused(access.CodeCardDead, prepare(1, ""))
	s.refused(access.CodeLabelCards, prepare(0, ""))
	s.refused(access.CodeLabelCards, prepare(access.MaxLabels+1, ""))
	s.refused(access.CodeLabelBatch, prepare(1, strings.Repeat("x", 101)))
	s.refused(access.CodeLabelBatch, prepare(1, "a\u202eb"))
}
