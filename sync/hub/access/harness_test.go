package access_test

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"badged/internal/sitekey"
	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/hub/store"
	"badged/sync/hub/store/teststore"
)

func TestMain(m *testing.M) { os.Exit(teststore.Main(m)) }

var operator = audit.Actor{Kind: audit.Operator, ID: "0", Via: "socket"}

var siteKey = sitekey.New(1, [sitekey.Size]byte{1, 2, 3})

// site is a hub's store in a folder of the test's, at a time that the test sets.
type site struct {
	t testing.TB
	*store.Store
	key sitekey.Key
	now *time.Time
}

func newSite(t testing.TB) site {
	t.Helper()
	now := time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)
	s, err := teststore.Open(t.Context(), t.TempDir(), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	s.UseHome("https://hub.example")
	return site{t, s, siteKey, &now}
}

// wait lets time pass.
func (s site) wait(d time.Duration) { *s.now = s.now.Add(d) }

// try runs a command in a transaction of its own.
func (s site) try(fn func(access.Tx) error) error {
	return s.Write(s.t.Context(), operator, func(tx fleet.Tx) error { return fn(tx.Tx.Tx) })
}

// do runs a command that must succeed.
func (s site) do(fn func(access.Tx) error) {
	s.t.Helper()
	if err := s.try(fn); err != nil {
		s.t.Fatal(err)
	}
}

// refused runs a command that must be refused with a code, and gives the refusal.
func (s site) refused(code string, fn func(access.Tx) error) refusal.Fields {
	s.t.Helper()
	err := s.try(fn)
	if refusal.Code(err) != code {
		s.t.Fatalf("%v, want the refusal %s", err, code)
	}
	return err.(*refusal.Error).Fields
}

// get runs a command that gives something.
func get[T any](s site, fn func(access.Tx) (T, error)) (v T) {
	s.t.Helper()
	s.do(func(tx access.Tx) (err error) {
		v, err = fn(tx)
		return err
	})
	return v
}

// person adds an active account: "Ada Byron".
func (s site) person(name string) people.Account {
	s.t.Helper()
	first, last, _ := strings.Cut(name, " ")
	return get(s, func(tx access.Tx) (people.Account, error) {
		return people.Add(tx.Tx, people.New{First: first, Last: last, State: people.Active})
	})
}

// anonymous adds the account that a print point made of an unknown card, with the card.
func (s site) anonymous(number string) people.Account {
	s.t.Helper()
	card := s.key.Card(number)
	var a people.Account
	s.do(func(tx access.Tx) (err error) {
		if a, err = people.NewAnonymous(tx.Tx, people.NewAnon{ID: s.key.Anonymous(card)}); err != nil {
			return err
		}
		return access.Bind(tx, access.Report{Terminal: "hall", At: tx.Now, Card: card, Account: a.ID})
	})
	return a
}

// door makes a door.
func (s site) door(name string) {
	s.t.Helper()
	s.do(func(tx access.Tx) error {
		_, err := access.SetDoor(tx, name, func(*access.Door) {})
		return err
	})
}

// grant adds a grant that must be new.
func (s site) grant(n access.NewGrant) access.Grant {
	s.t.Helper()
	return get(s, func(tx access.Tx) (access.Grant, error) {
		g, made, err := access.AddGrant(tx, n)
		if err == nil && !made {
			s.t.Error("the grant was there")
		}
		return g, err
	})
}

// claim issues a code.
func (s site) claim(a people.Account, doors ...string) access.IssuedClaim {
	s.t.Helper()
	return get(s, func(tx access.Tx) (access.IssuedClaim, error) {
		return access.IssueClaim(tx, s.key, access.NewClaim{Account: people.HexID(a.ID), Doors: doors})
	})
}

// report is what the terminal of the door front tells of a card that a claim bound.
func (s site) report(a people.Account, claim access.ID, number string) access.Report {
	return access.Report{
		Terminal: "front-box", Doors: []string{"front"}, At: *s.now,
		Card: s.key.Card(number), Account: a.ID, Claim: claim, Assurance: access.PACS,
	}
}

// use lets a terminal report that a claim bound a card.
func (s site) use(r access.Report) {
	s.t.Helper()
	s.do(func(tx access.Tx) error { return access.UseClaim(tx, r) })
}

func (s site) card(number string) access.Card {
	s.t.Helper()
	return get(s, func(tx access.Tx) (access.Card, error) { return tx.Card(s.key.Card(number)) })
}

// unknown fails unless nobody has the card.
func (s site) unknown(number string) {
	s.t.Helper()
	s.do(func(tx access.Tx) error {
		if c, err := tx.Card(s.key.Card(number)); err != people.ErrNotFound {
			s.t.Errorf("card %s: %+v, %v, want unknown", number, c, err)
		}
		return nil
	})
}

// conflicts gives why a card waits for an operator.
func (s site) conflicts(number string) (why []string) {
	s.t.Helper()
	for _, c := range get(s, func(tx access.Tx) ([]access.Conflict, error) { return tx.OpenConflicts(s.key.Card(number)) }) {
		why = append(why, c.Why)
	}
	return why
}

func (s site) claimState(id access.ID) access.ClaimState {
	s.t.Helper()
	return get(s, func(tx access.Tx) (access.Claim, error) { return tx.Claim(id) }).State
}

func (s site) set(name, value string) access.Site {
	s.t.Helper()
	return get(s, func(tx access.Tx) (access.Site, error) {
		return access.ChangeSettings(tx, map[string]string{name: value})
	})
}

// actions gives the actions of the audit log that are about an object, oldest first.
func (s site) actions(object string) (out []string) {
	s.t.Helper()
	s.do(func(tx access.Tx) error {
		return tx.ListAudit(audit.Query{Object: object, Limit: 1000}, func(e audit.Entry) error {
			out = append([]string{e.Action}, out...)
			return nil
		})
	})
	return out
}

func equal[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %+v, want %+v", what, got, want)
	}
}
