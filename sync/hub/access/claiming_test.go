package access_test

import (
	"testing"
	"time"

	"badged/sync/hub/access"
)

func (s site) claiming() access.Claiming {
	s.t.Helper()
	return get(s, access.ReadClaiming)
}

// guess lets a terminal report n codes that it refused, and tells how many closed claiming.
func (s site) guess(n int, at time.Time) (closed int) {
	s.t.Helper()
	for range n {
		if get(s, func(tx access.Tx) (bool, error) { return access.CountWrongCode(tx, "front-box", at) }) {
			closed++
		}
	}
	return closed
}

// S2.23: wrong codes close claiming when a claim was live, and only then.
func TestWrongCodesCloseClaiming(t *testing.T) {
	s := newSite(t)
	equal(t, "closed by codes while nothing was live", s.guess(20, *s.now), 0)
	ada := s.person("Ada Byron")
	c := s.claim(ada)
	s.wait(time.Minute)
	equal(t, "closed within the budget", s.guess(7, *s.now), 0)
	equal(t, "closed by the last one", s.guess(1, *s.now), 1)
	equal(t, "closed again", s.guess(9, *s.now), 0)
	equal(t, "claiming", s.claiming(), access.Claiming{Closed: true})
	s.refused(access.CodeClaimsClosed, func(tx access.Tx) error {
		_, err := access.IssueClaim(tx, s.key, access.NewClaim{Account: "Ada Byron"})
		return err
	})
	equal(t, "reopened", get(s, access.Reopen), access.Claiming{Epoch: 1})
	equal(t, "closed within the next budget", s.guess(7, *s.now), 0)
	s.do(func(tx access.Tx) error {
		_, err := access.EndClaim(tx, c.ID)
		return err
	})
	s.wait(time.Minute)
	equal(t, "closed though the claim had ended", s.guess(20, *s.now), 0)
	equal(t, "closed by a code of when it was live", s.guess(1, s.now.Add(-time.Minute-time.Second)), 1)
	equal(t, "audit", s.actions("site"), []string{"claims.close", "claims.reopen", "claims.close"})
}

func TestTheGuessBudgetIsASetting(t *testing.T) {
	s := newSite(t)
	s.set("guess_budget", "2")
	s.claim(s.person("Ada Byron"))
	equal(t, "closed by the first", s.guess(1, *s.now), 0)
	equal(t, "closed by the second", s.guess(1, *s.now), 1)
}

// Issue 7, 4.5: what one terminal closed is closed everywhere, unless an operator has opened
// claiming since.
func TestAClosingAtOneTerminalClosesTheSite(t *testing.T) {
	s := newSite(t)
	tell := func(epoch uint64) bool {
		return get(s, func(tx access.Tx) (bool, error) { return access.CloseClaims(tx, "front-box", epoch) })
	}
	equal(t, "by one of a time to come", tell(1), false)
	equal(t, "by one of now", tell(0), true)
	equal(t, "again", tell(0), false)
	equal(t, "claiming", s.claiming(), access.Claiming{Closed: true})
	get(s, access.Reopen)
	equal(t, "by one that was away", tell(0), false)
	equal(t, "claiming", s.claiming(), access.Claiming{Epoch: 1})
}

// Whether claiming is closed is no setting.
func TestClaimingIsNoSetting(t *testing.T) {
	s := newSite(t)
	get(s, func(tx access.Tx) (bool, error) { return access.CloseClaims(tx, "front-box", 0) })
	for _, name := range []string{"state.claims_closed", "claims_closed", "claims_epoch"} {
		s.refused(access.CodeSettingUnknown, func(tx access.Tx) error {
			_, err := access.ChangeSettings(tx, map[string]string{name: "false"})
			return err
		})
	}
	s.set("name", "Musée")
	equal(t, "claiming", s.claiming(), access.Claiming{Closed: true})
}

// A claim's row goes a day after its end, so that terminals learn how it ended.
func TestRowsOfClaimsGoADayAfterTheirEnd(t *testing.T) {
	s := newSite(t)
	c := s.claim(s.person("Ada Byron"))
	shown := func() bool {
		s.do(access.HideClaims)
		return get(s, func(tx access.Tx) (access.Claim, error) { return tx.Claim(c.ID) }).Shown
	}
	equal(t, "shown while it lives", shown(), true)
	s.wait(time.Hour + 24*time.Hour)
	equal(t, "shown a day after its end", shown(), true)
	s.wait(time.Second)
	equal(t, "shown later", shown(), false)
}
