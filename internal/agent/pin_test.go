package agent_test

import (
	"testing"
	"testing/synctest"
	"time"

	"badged/enroll"
)

// hasPIN gives the member whose card is given a PIN, as the hub does.
func (l *lab) hasPIN(card, digits string) enroll.AccountID {
	l.t.Helper()
	k, ok := l.store.Index().Card(key.Card(card), "")
	if !ok {
		l.t.Fatalf("nobody has the card %s", card)
	}
	l.store.Index().Apply(enroll.PIN{MAC: key.PIN(digits), Account: k.Account.ID})
	return k.Account.ID
}

// TestAPINOpensASessionLikeABadge (S1.28): by the keys of a print point. It goes on while
// the account may log in, and ends with it.
func TestAPINOpensASessionLikeABadge(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		a := l.hasPIN("A", "483920")
		l.typed(hall, "483920#")
		l.expect(enroll.Granted, enroll.KnownPIN)
		s := l.screen(func(s enroll.Screen) bool { return s.Session != "" })
		if s.Account.ID != a || s.New {
			t.Errorf("the panel shows %+v", s)
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if now, _ := l.Screen("hall"); now.Session != s.Session {
			t.Error("the session does not go on")
		}
		l.store.Index().Apply(enroll.Account{ID: a, Kind: enroll.Person, State: enroll.Suspended})
		time.Sleep(10 * time.Second)
		l.wantClosed(s)
	})
}

// TestPINsOfOneLengthNeedNoHash: as the hub's setting says, from the moment it comes.
func TestPINsOfOneLengthNeedNoHash(t *testing.T) {
	panel(t, func(t *testing.T, l *lab, hall *script) {
		l.hasPIN("A", "483920")
		l.setting(func(s *enroll.Site) { s.PINLength = 6 })
		time.Sleep(10 * time.Second)
		l.typed(hall, "483920")
		l.expect(enroll.Granted, enroll.KnownPIN)
	})
}
