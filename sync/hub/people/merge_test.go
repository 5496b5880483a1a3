package people_test

import (
	"slices"
	"testing"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/people"
)

func (s site) merge(from, into people.Account) (a people.Account) {
	s.t.Helper()
	s.do(func(tx people.Tx) (err error) {
		a, err = people.Merge(tx, from.ID, into.ID)
		return err
	})
	return a
}

// S2.26: the visitor's numbers are the person's aliases, and nobody else's ever, also over
// two merges in a row.
func TestWhoWasMergedGoesByTheOther(t *testing.T) {
	s := newSite(t)
	one, two := s.anonymous(1), s.anonymous(2)
	ada, ada2 := s.add(person("Ada", "Byron", "ada@example.com")), s.add(person("Ada", "King", ""))
	if got := s.merge(one, ada2); !slices.Equal(got.Aliases, []uint64{1}) {
		t.Errorf("aliases %v", got.Aliases)
	}
	s.merge(two, ada)
	if got := s.merge(ada2, ada); !slices.Equal(got.Aliases, []uint64{1, 2}) {
		t.Errorf("aliases %v", got.Aliases)
	}
	s.wantFound("anonym1", ada)
	s.wantFound("anonym2", ada)
	s.wantFound(people.HexID(one.ID), one) // by its id only
	if a, err := s.find("Ada King"); err == nil {
		t.Errorf("the name of a merged account means %s", people.HexID(a.ID))
	}
}

// A terminal that was away gave a number to an account that was merged meanwhile.
func TestANumberOfAMergedAccountIsTheOthers(t *testing.T) {
	s := newSite(t)
	visitor, ada := s.anonymous(1), s.add(person("Ada", "Byron", ""))
	s.merge(visitor, ada)
	s.do(func(tx people.Tx) error {
		if _, err := tx.AssignNumber(70, visitor.ID); err != nil {
			return err
		}
		return people.AddNumber(tx, visitor.ID)
	})
	s.wantFound("anonym70", ada)
	if got := s.account(ada.ID); !slices.Equal(got.Aliases, []uint64{1, 70}) {
		t.Errorf("aliases %v", got.Aliases)
	}
}

func TestAMergeKeepsTheAddressAndFreesIt(t *testing.T) {
	s := newSite(t)
	old, ada := s.add(person("Ada", "King", "ada@example.com")), s.add(person("Ada", "Byron", ""))
	if got := s.merge(old, ada); got.Email != "ada@example.com" {
		t.Errorf("account %+v", got)
	}
	s.wantFound("ada@example.com", ada)
}

func TestWhatCannotBeMerged(t *testing.T) {
	s := newSite(t)
	visitor, ada, eve := s.anonymous(1), s.add(person("Ada", "Byron", "")), s.add(person("Eve", "", ""))
	s.merge(eve, ada)
	for _, c := range []struct {
		code       string
		from, into people.ID
	}{
		{people.CodeMergeSame, ada.ID, ada.ID},
		{people.CodeMergeRank, ada.ID, visitor.ID},
		{people.CodeFinal, eve.ID, ada.ID},
		{people.CodeFinal, ada.ID, eve.ID},
		{people.CodeNotFound, people.ID{9}, ada.ID},
	} {
		s.refused(c.code, func(tx people.Tx) error {
			_, err := people.Merge(tx, c.from, c.into)
			return err
		})
	}
}

// S1.27: a purged account is as if it had never been, but for its number.
func TestAPurgedNumberComesBackToItsOwnerOnly(t *testing.T) {
	s := newSite(t)
	visitor := s.anonymous(7)
	s.typed(visitor.ID, "Zoe", "")
	s.do(func(tx people.Tx) error { return people.Purge(tx, visitor.ID) })
	if got := s.account(visitor.ID); got.ID == visitor.ID {
		t.Errorf("after the purge: %+v", got)
	}
	if _, err := s.find("anonym1"); err == nil {
		t.Error("anonym1 is somebody")
	}
	if again := s.anonymous(7); again.Number != 2 || len(s.account(again.ID).Aliases) > 0 {
		t.Errorf("the badge comes again: %+v", s.account(again.ID))
	}
	s.do(func(tx people.Tx) error { return people.Purge(tx, visitor.ID) })
	s.do(func(tx people.Tx) error {
		a, err := people.BringBack(tx, people.NewAnon{ID: visitor.ID})
		if a.Number != 2 {
			t.Errorf("brought back as %+v", a)
		}
		edits, err2 := tx.Edits(visitor.ID)
		if len(edits) > 0 || err2 != nil {
			t.Errorf("what was typed is left: %v %v", edits, err2)
		}
		return err
	})
	s.wantFound("anonym2", visitor)
}

// The log says that an account was purged, and nothing of who it was.
func TestAPurgeIsOnTheRecordWithoutTheName(t *testing.T) {
	s := newSite(t)
	visitor := s.anonymous(7)
	s.typed(visitor.ID, "Zoe", "")
	s.do(func(tx people.Tx) error { return people.Purge(tx, visitor.ID) })
	s.do(func(tx people.Tx) error {
		return tx.ListAudit(audit.Query{Limit: 100}, func(e audit.Entry) error {
			if e.Before != nil || e.After != nil || e.Salt != nil && e.Subject == visitor.ID {
				t.Errorf("line %d still says %s %s", e.Seq, e.Before, e.After)
			}
			return nil
		})
	})
	if got := s.lines(); !slices.Equal(got, []string{"account.add", "account.edit", "audit.erase", "account.purge"}) {
		t.Errorf("the log has %q", got)
	}
}

// S1.27: only unclaimed accounts lapse, and what an operator took away stays away.
func TestWhatLapses(t *testing.T) {
	s := newSite(t)
	one, suspended, own := s.anonymous(1), s.anonymous(2), s.anonymous(3)
	ada := person("Ada", "Byron", "")
	ada.Expires = one.Expires
	s.add(ada)
	if err := s.setState(suspended.ID, people.Suspended, people.ByAdministrator); err != nil {
		t.Fatal(err)
	}
	s.typed(own.ID, "Zoe", "zoe@example.com")
	s.do(func(tx people.Tx) error {
		var ids []people.ID
		collect := func(a people.Account) error {
			ids = append(ids, a.ID)
			return nil
		}
		if err := tx.EachLapsed(one.Expires.Add(-time.Second), collect); err != nil || len(ids) > 0 {
			t.Errorf("%d accounts lapse too early (%v)", len(ids), err)
		}
		err := tx.EachLapsed(one.Expires.Add(time.Second), collect)
		if !slices.Equal(ids, []people.ID{one.ID}) {
			t.Errorf("%x lapse, want the first only", ids)
		}
		return err
	})
	for a, want := range map[*people.Account]bool{&one: true, &own: false, &suspended: false} {
		if got := s.account(a.ID).Lapsed(one.Expires); got != want {
			t.Errorf("%s lapsed: %v", people.HexID(a.ID), got)
		}
	}
	if one.Lapsed(one.Expires.Add(-1)) {
		t.Error("lapsed before its end")
	}
}

// S1.05: a number has one owner for ever.
func TestANumberHasOneOwner(t *testing.T) {
	s := newSite(t)
	s.do(func(tx people.Tx) error {
		for account, want := range map[people.ID]people.ID{{1}: {1}} {
			if got, err := tx.AssignNumber(5, account); err != nil || got != want {
				t.Errorf("owner %x (%v)", got, err)
			}
		}
		got, err := tx.AssignNumber(5, people.ID{2})
		if got != (people.ID{1}) {
			t.Errorf("owner %x after a second account wants it", got)
		}
		first, err2 := tx.TakeNumbers(3)
		next, err3 := tx.TakeNumbers(1)
		if first != 1 || next != 4 {
			t.Errorf("numbers %d, %d (%v, %v)", first, next, err2, err3)
		}
		return err
	})
}
