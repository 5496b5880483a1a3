package access_test

import (
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
)

// as runs a command as somebody who is logged in to the web.
func (s site) as(a people.Account, fn func(access.Tx) error) {
	s.t.Helper()
	by := audit.Actor{Kind: audit.Account, ID: people.HexID(a.ID), Via: "web"}
	if err := s.Write(s.t.Context(), by, func(tx fleet.Tx) error { return fn(tx.Tx.Tx) }); err != nil {
		s.t.Fatal(err)
	}
}

// start starts the registration of a card, as its owner.
func (s site) start(a people.Account, replaces string) (e access.Enrolment) {
	s.t.Helper()
	s.as(a, func(tx access.Tx) (err error) {
		e, err = access.StartEnrolment(tx, access.NewEnrolment{Account: a.ID, Replaces: given(replaces)})
		return err
	})
	return e
}

// given is a choice that was made; nil for an empty one.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (s site) confirmHeld(e access.Enrolment) access.Enrolment {
	s.t.Helper()
	return get(s, func(tx access.Tx) (access.Enrolment, error) { return access.ConfirmHeld(tx, e.Account, e.ID) })
}

// issue asks for a code, which a session with this session shows.
func (s site) issue(e access.Enrolment, session people.SessionToken) (c access.IssuedClaim) {
	s.t.Helper()
	s.do(func(tx access.Tx) (err error) {
		_, c, err = access.IssueCode(tx, s.key, access.NewCode{Account: e.Account, Enrolment: e.ID, Session: session})
		return err
	})
	return c
}

func (s site) enrolment(e access.Enrolment) access.Enrolment {
	s.t.Helper()
	return get(s, func(tx access.Tx) (access.Enrolment, error) { return access.FindEnrolment(tx, e.Account, e.ID) })
}

func (s site) code(e access.Enrolment, session people.SessionToken) access.ShownCode {
	s.t.Helper()
	now := s.enrolment(e)
	return get(s, func(tx access.Tx) (access.ShownCode, error) { return access.ReadCode(tx, now, session) })
}

// S2.02: before somebody confirms to hold a card nothing is issued.
func TestNothingIsIssuedBeforeSomebodyConfirmsToHoldACard(t *testing.T) {
	s := newSite(t)
	ada, session := s.person("Ada Byron"), people.NewSessionToken()
	e := s.start(ada, "")
	equal(t, "step", e.Step, access.StepHeld)
	s.refused(access.CodeEnrolmentHeld, func(tx access.Tx) error {
		_, _, err := access.IssueCode(tx, s.key, access.NewCode{Account: ada.ID, Enrolment: e.ID, Session: session})
		return err
	})
	live := func() int {
		return len(get(s, func(tx access.Tx) ([]access.Claim, error) { return access.LiveClaims(tx) }))
	}
	equal(t, "live codes", live(), 0)
	equal(t, "step", s.confirmHeld(e).Step, access.StepChoose)
	equal(t, "live codes after the confirmation alone", live(), 0)
	s.issue(e, session)
	equal(t, "live codes", live(), 1)
	equal(t, "step", s.confirmHeld(e).Step, access.StepCode) // pressed again in another tab
}

// S2.04: the session that asked for a code shows it again after a reload, and no other does.
func TestACodeIsShownAgainToItsSessionAlone(t *testing.T) {
	s := newSite(t)
	ada, session := s.person("Ada Byron"), people.NewSessionToken()
	e := s.confirmHeld(s.start(ada, ""))
	c := s.issue(e, session)
	for range 2 {
		shown := s.code(e, session)
		if shown.Status != access.ShowCode || shown.Code != c.Code || shown.Code.Len() != 4 || shown.Ends != c.Ends {
			t.Errorf("%s until %s, another code or end than the one issued", shown.Status, shown.Ends)
		}
	}
	other := s.code(e, people.NewSessionToken())
	if other.Status != access.HideCode || !other.Code.IsZero() {
		t.Errorf("another session: %s", other.Status)
	}
}

// S2.08: a code ends with time and when a newer one is issued for the same enrolment.
func TestACodeEndsWithTimeAndWithANewerOne(t *testing.T) {
	s := newSite(t)
	ada, session := s.person("Ada Byron"), people.NewSessionToken()
	e := s.confirmHeld(s.start(ada, ""))
	old := s.issue(e, session)
	s.wait(time.Hour)
	if shown := s.code(e, session); shown.Status != access.ExpiredCode || !shown.Code.IsZero() {
		t.Errorf("after its time: %s", shown.Status)
	}
	newer := s.issue(e, session)
	latest := s.issue(e, session)
	equal(t, "the first", s.claimState(old.ID), access.ClaimLive) // over by time, which no row says
	equal(t, "the former", s.claimState(newer.ID), access.ClaimVoid)
	equal(t, "the latest", s.claimState(latest.ID), access.ClaimLive)
	equal(t, "shown", s.code(e, session).Code, latest.Code)
	s.do(func(tx access.Tx) error {
		_, err := access.EndClaim(tx, latest.ID)
		return err
	})
	equal(t, "ended by an operator", s.code(e, session).Status, access.EndedCode)
}

// S2.16: whoever comes back is where they were; another registration cannot run beside it.
func TestARegistrationIsTakenUpWhereItWas(t *testing.T) {
	s := newSite(t)
	ada := s.person("Ada Byron")
	e := s.confirmHeld(s.start(ada, ""))
	again := s.start(ada, "")
	equal(t, "id", again.ID, e.ID)
	equal(t, "step", again.Step, access.StepChoose)
	other := s.person("Grace Hopper")
	s.refused(access.CodeEnrolmentNotFound, func(tx access.Tx) error {
		_, err := access.ConfirmHeld(tx, other.ID, e.ID)
		return err
	})
}

// The card at the door ends the registration: with the code, with another one of the account,
// and with a card that the account had already.
func TestACardEndsTheRegistrationThatWaitsForIt(t *testing.T) {
	s := newSite(t)
	ada, session := s.person("Ada Byron"), people.NewSessionToken()
	e := s.confirmHeld(s.start(ada, ""))
	c := s.issue(e, session)
	s.use(s.report(ada, c.ID, "1111"))
	done := s.enrolment(e)
	if done.Step != access.StepDone || done.Card != s.key.Card("1111") || !done.Done.Equal(*s.now) || done.Sealed != nil {
		t.Errorf("%+v", done)
	}
	s.refused(access.CodeEnrolmentDone, func(tx access.Tx) error {
		_, err := access.ConfirmHeld(tx, ada.ID, e.ID)
		return err
	})

	second := s.confirmHeld(s.start(ada, ""))
	c = s.issue(second, session)
	s.use(s.report(ada, c.ID, "1111"))
	equal(t, "with the card that she had", s.enrolment(second).Step, access.StepDone)

	third := s.confirmHeld(s.start(ada, ""))
	c = s.issue(third, session)
	s.do(func(tx access.Tx) error {
		_, err := access.GiveCard(tx, access.Gift{Card: s.key.Card("2222"), To: "Ada Byron"})
		return err
	})
	equal(t, "by an operator", s.enrolment(third).Step, access.StepDone)
	equal(t, "its code", s.claimState(c.ID), access.ClaimVoid)
}

// A card that is contested ends no registration: nothing works yet.
func TestAContestedCardEndsNoRegistration(t *testing.T) {
	s := newSite(t)
	ada, grace, session := s.person("Ada Byron"), s.person("Grace Hopper"), people.NewSessionToken()
	s.use(s.report(grace, s.claim(grace).ID, "1111"))
	e := s.confirmHeld(s.start(ada, ""))
	c := s.issue(e, session)
	s.use(s.report(ada, c.ID, "1111"))
	equal(t, "step", s.enrolment(e).Step, access.StepCode)
	equal(t, "code", s.code(e, session).Status, access.EndedCode)
}

// S2.20: the card that is changed works until the new one does, and is dead for good then.
func TestAChangedCardIsDeadOnceTheNewOneWorks(t *testing.T) {
	s := newSite(t)
	ada, session := s.person("Ada Byron"), people.NewSessionToken()
	s.use(s.report(ada, s.claim(ada).ID, "1111"))
	s.use(s.report(ada, s.claim(ada).ID, "3333"))
	old := s.card("1111")
	e := s.confirmHeld(s.start(ada, access.ShortCard(old.ID)))
	equal(t, "replaces", e.Replaces, old.ID)
	c := s.issue(e, session)
	equal(t, "the old one meanwhile", s.card("1111").State, access.CardActive)
	s.use(s.report(ada, c.ID, "2222"))
	equal(t, "the new one", s.card("2222").State, access.CardActive)
	equal(t, "the old one", s.card("1111").State, access.CardReplaced)
	equal(t, "a card that was not meant", s.card("3333").State, access.CardActive)
	s.refused(access.CodeCardFinal, func(tx access.Tx) error {
		_, err := access.SetCardState(tx, access.ShortCard(old.ID), access.CardActive, "")
		return err
	})
	s.refused(access.CodeCardUnfit, func(tx access.Tx) error {
		_, err := access.StartEnrolment(tx, access.NewEnrolment{Account: ada.ID, Replaces: given(access.ShortCard(old.ID))})
		return err
	})
	grace := s.person("Grace Hopper")
	s.refused(access.CodeCardNotFound, func(tx access.Tx) error {
		_, err := access.StartEnrolment(tx, access.NewEnrolment{Account: grace.ID, Replaces: given(access.ShortCard(s.key.Card("2222")))})
		return err
	})
}

// S2.18: an administrator runs the same steps for a member. The audit log names the
// administrator as actor and the member as owner.
func TestAnAdministratorRegistersACardForAMember(t *testing.T) {
	s := newSite(t)
	boss, ada := s.person("Grace Hopper"), s.person("Ada Byron")
	var e access.Enrolment
	s.as(boss, func(tx access.Tx) (err error) {
		if e, err = access.StartEnrolment(tx, access.NewEnrolment{Account: ada.ID}); err != nil {
			return err
		}
		_, err = access.ConfirmHeld(tx, ada.ID, e.ID)
		return err
	})
	var lines []string
	s.do(func(tx access.Tx) error {
		return tx.ListAudit(audit.Query{Object: people.HexID(e.ID), Limit: 10}, func(l audit.Entry) error {
			if l.Actor.ID != people.HexID(boss.ID) || l.Subject != ada.ID {
				t.Errorf("%s by %s of %x", l.Action, l.Actor.ID, l.Subject)
			}
			lines = append(lines, l.Action)
			return nil
		})
	})
	equal(t, "lines", lines, []string{"enrolment.confirm", "enrolment.start"})
	equal(t, "actor", s.enrolment(e).Actor.ID, people.HexID(boss.ID))
}

// Only people who may own a card register one.
func TestARegistrationIsForAPersonWhoMayOwnACard(t *testing.T) {
	s := newSite(t)
	visitor, ada := s.anonymous("1111"), s.person("Ada Byron")
	get(s, func(tx access.Tx) (people.Account, error) {
		return people.SetState(tx.Tx, ada.ID, people.Suspended, people.ByAdministrator)
	})
	for _, a := range []people.Account{visitor, ada} {
		s.refused(access.CodeCardOwner, func(tx access.Tx) error {
			_, err := access.StartEnrolment(tx, access.NewEnrolment{Account: a.ID})
			return err
		})
	}
	s.refused(people.CodeNotFound, func(tx access.Tx) error {
		_, err := access.StartEnrolment(tx, access.NewEnrolment{Account: access.ID{1}})
		return err
	})
}

// S5.10: nothing of a registration stays of somebody who was erased.
func TestAnErasedPersonLeavesNoRegistration(t *testing.T) {
	s := newSite(t)
	ada := s.person("Ada Byron")
	e := s.start(ada, "")
	label := s.label("1111")
	s.bindLabel(ada, label)
	second := s.start(ada, "")
	s.do(func(tx access.Tx) error { return access.Erase(tx, ada.ID) })
	for _, e := range []access.Enrolment{e, second} {
		s.refused(access.CodeEnrolmentNotFound, func(tx access.Tx) error {
			_, err := access.FindEnrolment(tx, ada.ID, e.ID)
			return err
		})
	}
	equal(t, "who used the label", get(s, func(tx access.Tx) (access.Label, error) { return tx.Label(label.Hash()) }).Used, access.ID{})
}
