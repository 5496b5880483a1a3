package access_test

import (
	"fmt"
	"strings"
	"testing"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/people"
)

func (s site) pin(a people.Account) string {
	s.t.Helper()
	var code string
	s.do(func(tx access.Tx) error {
		text, err := access.IssuePIN(tx, s.key, a.ID)
		if shown := fmt.Sprint(text); shown != "" && shown == text.Reveal() {
			s.t.Error("the PIN is printed")
		}
		code = text.Reveal()
		return err
	})
	return code
}

// S1.24: PINs are generated; the hub keeps a keyed MAC only, and a new one replaces the old.
func TestAPINIsKeptAsItsMAC(t *testing.T) {
	s := newSite(t)
	ada := s.person("Ada Byron")
	first := s.pin(ada)
	second := s.pin(ada)
	equal(t, "digits", len(second), 6)
	s.do(func(tx access.Tx) error {
		if p, err := tx.PINByMAC(s.key.PIN(second)); err != nil || p.Account != ada.ID {
			t.Errorf("%+v, %v", p, err)
		}
		if _, err := tx.PINByMAC(s.key.PIN(first)); err != people.ErrNotFound {
			t.Errorf("the former one: %v", err)
		}
		return tx.ListAudit(audit.Query{Limit: 100}, func(e audit.Entry) error {
			if strings.Contains(string(e.After)+string(e.Before), second) {
				t.Errorf("the PIN is in %s", e.Action)
			}
			return nil
		})
	})
	s.do(func(tx access.Tx) error { return access.RevokePIN(tx, ada.ID) })
	s.refused(access.CodePINNotFound, func(tx access.Tx) error { return access.RevokePIN(tx, ada.ID) })
	equal(t, "audit", s.actions(people.HexID(ada.ID)), []string{"account.add", "pin.issue", "pin.issue", "pin.revoke"})
}

func TestWhoGetsNoPIN(t *testing.T) {
	s := newSite(t)
	issue := func(id access.ID) func(access.Tx) error {
		return func(tx access.Tx) error {
			_, err := access.IssuePIN(tx, s.key, id)
			return err
		}
	}
	gone := s.person("Gone Girl")
	s.do(func(tx access.Tx) error { return people.Erase(tx.Tx, gone.ID) })
	s.refused(access.CodePINOwner, issue(gone.ID))
	s.refused(people.CodeNotFound, issue(access.ID{1}))
}

// S1.24: 4 digits below 1,000 PINs, 5 below 10,000, then 6, whatever the setting says.
func TestPINsGrowWithThePopulation(t *testing.T) {
	s := newSite(t)
	s.set("pin_digits", "4")
	fill := func(from, to int) {
		s.do(func(tx access.Tx) error {
			for i := from; i < to; i++ {
				id := access.ID{0xff, byte(i >> 8), byte(i)}
				if err := tx.PutPIN(access.PIN{MAC: id, Account: id, Made: tx.Now}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	length := func() uint64 { return get(s, access.PINLength) }
	equal(t, "length before the first", length(), 0)
	ada := s.person("Ada Byron")
	equal(t, "digits of the first", len(s.pin(ada)), 4)
	equal(t, "length", length(), 4)
	fill(0, 998)
	equal(t, "digits below 1,000", len(s.pin(ada)), 4)
	fill(998, 999)
	equal(t, "digits from 1,000", len(s.pin(ada)), 5)
	equal(t, "length when they differ", length(), 0)
	s.set("pin_digits", "6")
	s.refused(access.CodePINDigitsFew, func(tx access.Tx) error {
		_, err := access.ChangeSettings(tx, map[string]string{"pin_digits": "4"})
		return err
	})
	s.set("pin_digits", "5")
	fill(999, 9998)
	equal(t, "digits below 10,000", len(s.pin(ada)), 5)
	fill(9998, 9999)
	equal(t, "digits from 10,000", len(s.pin(ada)), 6)
	s.set("pin_digits", "16")
	equal(t, "digits of the setting", len(s.pin(ada)), 16)
	equal(t, "length stays that of none", length(), 0)
}
