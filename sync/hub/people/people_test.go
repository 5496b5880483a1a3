package people_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/hub/store"
	"badged/sync/hub/store/teststore"
)

func TestMain(m *testing.M) { os.Exit(teststore.Main(m)) }

var operator = audit.Actor{Kind: audit.Operator, ID: "0", Via: "socket"}

// site is a hub's store in a folder of the test's.
type site struct {
	t testing.TB
	*store.Store
}

func newSite(t testing.TB) site {
	s, err := teststore.Open(t.Context(), t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return site{t, s}
}

// try runs a command in a transaction of its own.
func (s site) try(fn func(people.Tx) error) error {
	return s.Write(context.Background(), operator, func(tx fleet.Tx) error { return fn(tx.Tx.Tx.Tx) })
}

// do runs a command that must succeed.
func (s site) do(fn func(people.Tx) error) {
	s.t.Helper()
	if err := s.try(fn); err != nil {
		s.t.Fatal(err)
	}
}

// refused runs a command that must be refused with a code, and gives the refusal.
func (s site) refused(code string, fn func(people.Tx) error) *refusal.Error {
	s.t.Helper()
	err := s.try(fn)
	if refusal.Code(err) != code {
		s.t.Fatalf("%v, want the refusal %s", err, code)
	}
	return err.(*refusal.Error)
}

func (s site) add(n people.New) (a people.Account) {
	s.t.Helper()
	s.do(func(tx people.Tx) (err error) {
		a, err = people.Add(tx, n)
		return err
	})
	return a
}

// person is a new active person.
func person(first, last, email string) people.New {
	return people.New{First: first, Last: last, Email: email, State: people.Active}
}

func (s site) anonymous(card byte) (a people.Account) {
	s.t.Helper()
	s.do(func(tx people.Tx) (err error) {
		a, err = people.NewAnonymous(tx, people.NewAnon{ID: people.ID{card}, Expires: tx.Now.Add(time.Hour)})
		return err
	})
	return a
}

// typed is what somebody writes about themselves at a panel.
func (s site) typed(id people.ID, name, email string) (out people.Outcome) {
	s.t.Helper()
	s.do(func(tx people.Tx) (err error) {
		out, err = people.PanelEdit(tx, people.Typed{
			Account: id, Terminal: "hall", At: tx.Now, Profile: people.Profile{Name: name, Email: email, Lang: "fr"},
		})
		return err
	})
	return out
}

// account reads an account; zero if there is none.
func (s site) account(id people.ID) (a people.Account) {
	s.t.Helper()
	s.do(func(tx people.Tx) (err error) {
		if a, err = tx.Account(id); err == people.ErrNotFound {
			err = nil
		}
		return err
	})
	return a
}

// find finds the account that an operator means.
func (s site) find(ref string) (a people.Account, err error) {
	err = s.try(func(tx people.Tx) (err error) {
		a, err = people.Find(tx, ref)
		return err
	})
	return a, err
}

func (s site) wantFound(ref string, want people.Account) {
	s.t.Helper()
	if a, err := s.find(ref); err != nil || a.ID != want.ID {
		s.t.Errorf("%q means %s (%v), want %s", ref, people.HexID(a.ID), err, people.HexID(want.ID))
	}
}

// candidates are the accounts that an ambiguous reference lists.
func (s site) candidates(ref string) []people.Candidate {
	s.t.Helper()
	_, err := s.find(ref)
	if refusal.Code(err) != people.CodeAmbiguous {
		s.t.Fatalf("%q: %v, want it ambiguous", ref, err)
	}
	return err.(*refusal.Error).Fields["candidates"].([]people.Candidate)
}

// lines are the actions in the audit log, oldest first.
func (s site) lines() (actions []string) {
	s.t.Helper()
	s.do(func(tx people.Tx) error {
		return tx.ListAudit(audit.Query{Limit: 1000}, func(e audit.Entry) error {
			actions = append(actions, e.Action)
			return nil
		})
	})
	slices.Reverse(actions)
	return actions
}

// Issue 8, 3: whom a reference means.
func TestFindByWhatAnAccountGoesBy(t *testing.T) {
	s := newSite(t)
	ada := s.add(person("Ada", "Byron", "ada@example.com"))
	for _, ref := range []string{
		people.HexID(ada.ID), people.HexID(ada.ID)[:8], people.HexID(ada.ID)[:9], " Ada  byron ", "ÁDA BYRON",
		"ada@example.com", "ADA@EXAMPLE.COM", "ａｄａ@example.com",
	} {
		s.wantFound(ref, ada)
	}
	visitor := s.anonymous(7)
	s.wantFound("anonym1", visitor)
	s.wantFound("Anonym01", visitor)
	for _, ref := range []string{"Ada", "Byron Ada", people.HexID(ada.ID)[:7], "ada@example.org", "anonym2", "anonym", "\u200b"} {
		if a, err := s.find(ref); refusal.Code(err) != people.CodeNotFound {
			t.Errorf("%q means %s (%v), want nobody", ref, people.HexID(a.ID), err)
		}
	}
	if _, err := s.find("  "); refusal.Code(err) != people.CodeRefEmpty {
		t.Errorf("an empty reference: %v", err)
	}
}

// Issue 8, 3: a stranger types «Ada Byron», ada@example.com at the panel. Whether Ada exists
// or not, neither her name nor her e-mail means the stranger.
func TestWhatAStrangerTypedDecidesNothing(t *testing.T) {
	s := newSite(t)
	stranger := s.anonymous(7)
	s.typed(stranger.ID, "Ada Byron", "ada@example.com")
	if got := s.candidates("Ada Byron"); len(got) != 1 || got[0].ID != people.HexID(stranger.ID) {
		t.Errorf("candidates %+v, want the stranger alone, and no decision", got)
	}
	if a, err := s.find("ada@example.com"); refusal.Code(err) != people.CodeNotFound {
		t.Errorf("a typed address means %s (%v)", people.HexID(a.ID), err)
	}
	ada := s.add(person("Ada", "Byron", "ada@example.com"))
	s.wantFound("ada@example.com", ada)
	for _, c := range s.candidates("ada byron") {
		want := people.Candidate{ID: people.HexID(ada.ID), Kind: people.Person, Name: "Ada Byron", State: people.Active, Since: ada.Created}
		if c.Kind == people.Anonymous {
			want.ID, want.Kind, want.Since = people.HexID(stranger.ID), people.Anonymous, stranger.Created
		}
		if c != want {
			t.Errorf("candidate %+v, want %+v", c, want)
		}
	}
	if got := s.candidates("ada byron"); len(got) != 2 {
		t.Errorf("%d candidates, want both", len(got))
	}
}

// Two people of one name are both listed, up to a bound.
func TestNamesakesAreAllListed(t *testing.T) {
	s := newSite(t)
	for i := range 52 {
		s.add(person("Ada", "Byron", fmt.Sprintf("ada%d@example.com", i)))
		if i == 1 && len(s.candidates("Ada Byron")) != 2 {
			t.Error("two namesakes, and not two candidates")
		}
	}
	if _, err := s.find("Ada Byron"); err.(*refusal.Error).Fields["more"] != true || len(s.candidates("Ada Byron")) != 50 {
		t.Errorf("52 namesakes: %v", err)
	}
}

func TestAddKeepsAndRecords(t *testing.T) {
	s := newSite(t)
	ada := s.add(people.New{
		First: " Ada ", Last: "King  Byron", Email: " Ada@Example.com ", Lang: "fr", State: people.Invited,
		Role: people.Admin, External: "17", Expires: time.UnixMilli(4e12).UTC(),
	})
	got := s.account(ada.ID)
	want := people.Account{
		ID: ada.ID, Kind: people.Person, State: people.Invited, First: "Ada", Last: "King Byron", NameAttested: true,
		Email: "ada@example.com", EmailKey: "ada@example.com", Lang: "fr", Role: people.Admin, Source: people.ByOperator,
		External: "17", Expires: time.UnixMilli(4e12).UTC(), Created: ada.Created,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("kept\n%+v, want\n%+v", got, want)
	}
	if got := s.lines(); !slices.Equal(got, []string{"account.add"}) {
		t.Errorf("the log has %q", got)
	}
}

func TestWhatAddRefuses(t *testing.T) {
	s := newSite(t)
	for code, n := range map[string]people.New{
		people.CodeNameMissing:  {First: " "},
		people.CodeNameReserved: {First: "Anonym", Last: "7"},
		people.CodeNameText:     {First: "Ada\u200b"},
		people.CodeNameEmpty:    {First: "."},
		people.CodeNameLong:     {First: string(make([]byte, 300))},
		people.CodeEmailBad:     {First: "Ada", Email: "ada\u200b@example.com"},
		people.CodeEmailLong:    {First: "Ada", Email: string(make([]byte, 300))},
		people.CodeLangUnknown:  {First: "Ada", Lang: "de"},
		people.CodeStateUnknown: {First: "Ada", State: people.Merged},
		people.CodeRoleUnknown:  {First: "Ada", Role: "root"},
		people.CodeAdminEmail:   {First: "Ada", Role: people.Admin},
		people.CodeExternalBad:  {First: "Ada", External: "\x00"},
	} {
		s.refused(code, func(tx people.Tx) error {
			_, err := people.Add(tx, n)
			return err
		})
	}
	if got := s.lines(); len(got) > 0 {
		t.Errorf("the log has %q of what was refused", got)
	}
}

// S1.23: issue 8, 3; PEOPLE §2: one canonical key per e-mail.
func TestAnEmailHasOneOwnerHoweverItIsWritten(t *testing.T) {
	s := newSite(t)
	ada := s.add(person("Ada", "Byron", "ada@exämple.com"))
	for _, email := range []string{"ADA@exämple.com", "ａda@exämple.com", "ada@xn--exmple-cua.com", "ada@EXÄMPLE.com"} {
		r := s.refused(people.CodeEmailTaken, func(tx people.Tx) error {
			_, err := people.Add(tx, person("Eve", "", email))
			return err
		})
		if r.Fields["account"] != people.HexID(ada.ID) {
			t.Errorf("the refusal of %s names %v, want Ada's account", email, r.Fields)
		}
	}
}

// The same with two operators at once: one wins.
func TestTwoAddsOfOneEmailAtOnce(t *testing.T) {
	s := newSite(t)
	results := make(chan error)
	for range 16 {
		go func() {
			results <- s.try(func(tx people.Tx) error {
				_, err := people.Add(tx, person("Ada", "Byron", "ada@example.com"))
				return err
			})
		}()
	}
	added := 0
	for range 16 {
		if err := <-results; err == nil {
			added++
		} else if refusal.Code(err) != people.CodeEmailTaken {
			t.Error(err)
		}
	}
	if added != 1 {
		t.Errorf("%d accounts have the e-mail, want one", added)
	}
}

// A ninth digit tells two ids apart whose first eight are the same.
func TestAnOddDigitOfAnIDCounts(t *testing.T) {
	s := newSite(t)
	one, two := s.anonymous(0x11), people.Account{}
	s.do(func(tx people.Tx) (err error) {
		id := one.ID
		id[4] = 0x10
		two, err = people.NewAnonymous(tx, people.NewAnon{ID: id})
		return err
	})
	s.wantFound(people.HexID(one.ID)[:9], one)
	s.wantFound(people.HexID(two.ID)[:9], two)
	if got := s.candidates(people.HexID(one.ID)[:8]); len(got) != 2 {
		t.Errorf("%d candidates of eight digits", len(got))
	}
}
