package store_test

import (
	"errors"
	"testing"
	"time"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/clock"
	"badged/sync/wire"
)

// lapsedRow is the hub's row of an anonymous account that has ended.
var lapsedRow = wire.Account{Kind: 2, State: 3, Number: 1, Name: "Ada", Lang: "en", Expires: day.UnixMilli()}

// renew makes the account of a badge anew, as the engine does when it has lapsed.
func renew(t testing.TB, s *store.Store, n int, number uint64) {
	t.Helper()
	update(t, s, func(tx enroll.Tx) error {
		a := enroll.Account{ID: id(n), Kind: enroll.Anonymous, State: enroll.Active, Number: number, Lang: "fr", Expires: day.Add(time.Hour)}
		return errors.Join(tx.PutAccount(a), tx.PutBinding(binding(n)), tx.Append(security(n)))
	})
}

// wantAccount holds an account, and that the index has it too, before and after a restart.
func wantAccount(t testing.TB, s *store.Store, n int, number uint64, name string) {
	t.Helper()
	a, err := account(t, s, n)
	if err != nil || a.Number != number || a.Name != name {
		t.Errorf("the account is %+v, %v; want number %d and name %q", a, err, number, name)
	}
	sound(t, s)
}

// An account that begins anew is another one, also while the hub's row of the former is
// still here, with a provisional name, or with an edit of the former one under way.
func TestAnAccountBeginsAnewOverTheHubsRow(t *testing.T) {
	for name, before := range map[string]func(*testing.T, *store.Store){
		"plain": func(*testing.T, *store.Store) {},
		"edited": func(t *testing.T, s *store.Store) {
			update(t, s, func(tx enroll.Tx) error {
				a, err := tx.Account(id(1))
				a.Name = "Eve"
				return errors.Join(err, tx.PutAccount(a), tx.Append(security(1)))
			})
		},
	} {
		for _, number := range []uint64{2, 0} {
			path := dbPath(t)
			s := openStore(t, path)
			accounts, cards := newHub(wire.Accounts), newHub(wire.Cards)
			apply(t, s, accounts.put(t, 1, lapsedRow))
			apply(t, s, cards.put(t, 1, activeCard(1)))
			before(t, s)
			renew(t, s, 1, number)
			wantAccount(t, s, 1, number, "")
			s = reopen(t, s, path)
			wantAccount(t, s, 1, number, "")
			apply(t, s, accounts.put(t, 1, wire.Account{Kind: 2, State: 3, Number: 7, Lang: "fr"}))
			wantAccount(t, s, 1, 7, "") // what the hub made of it
			if t.Failed() {
				t.Fatal(name)
			}
		}
	}
}

// An operator who suspends the former account while the terminal is away has the last
// word about the new one.
func TestASuspensionOfTheFormerAccountHolds(t *testing.T) {
	s := openStore(t, dbPath(t))
	accounts := newHub(wire.Accounts)
	apply(t, s, accounts.put(t, 1, lapsedRow))
	renew(t, s, 1, 2)
	row := lapsedRow
	row.State = 4
	apply(t, s, accounts.put(t, 1, row))
	if a, err := account(t, s, 1); err != nil || a.State != enroll.Suspended {
		t.Errorf("the account is %+v, %v", a, err)
	}
	sound(t, s)
}

// The hub purges the former account before it hears of the new one: the new one stays. Once
// it has heard of it, its word counts.
func TestThePurgeOfTheFormerAccountLeavesTheNewOne(t *testing.T) {
	s := openStore(t, dbPath(t))
	accounts, cards := newHub(wire.Accounts), newHub(wire.Cards)
	apply(t, s, accounts.put(t, 1, lapsedRow))
	apply(t, s, cards.put(t, 1, activeCard(1)))
	renew(t, s, 1, 2)
	apply(t, s, accounts.put(t, 1, nil))
	apply(t, s, cards.put(t, 1, nil))
	wantAccount(t, s, 1, 2, "")
	if k, ok := s.Index().Card(id(1), ""); !ok || k.Account.Number != 2 {
		t.Errorf("the card is %+v, %v", k, ok)
	}
	ackAll(t, s)
	apply(t, s, accounts.put(t, 1, wire.Account{Kind: 2, State: 3, Number: 2}))
	apply(t, s, cards.put(t, 1, activeCard(1)))
	apply(t, s, accounts.put(t, 1, nil))
	apply(t, s, cards.put(t, 1, nil))
	if _, err := account(t, s, 1); !errors.Is(err, enroll.ErrNotFound) {
		t.Errorf("the account is still there: %v", err)
	}
	if _, ok := s.Index().Card(id(1), ""); ok {
		t.Error("the card is still there")
	}
	sound(t, s)
}

// An end that a terminal computed does not stand against the hub's.
func TestTheEndOfAnAccountIsTheHubs(t *testing.T) {
	s := openStore(t, dbPath(t))
	renew(t, s, 1, 1)
	end := day.Add(48 * time.Hour)
	apply(t, s, newHub(wire.Accounts).put(t, 1, wire.Account{Kind: 2, State: 3, Number: 1, Expires: end.UnixMilli()}))
	if a, err := account(t, s, 1); err != nil || !a.Expires.Equal(end) {
		t.Errorf("ends %v, %v", a.Expires, err)
	}
	sound(t, s)
}

// The terminal purges what the hub never had, an hour after its end, and nothing else.
func TestPurgeLapsed(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	apply(t, s, newHub(wire.Accounts).put(t, 1, lapsedRow))
	apply(t, s, newHub(wire.Cards).put(t, 1, activeCard(1)))
	renew(t, s, 2, 2) // ends an hour after day
	at := clock.Stamp{Wall: day.Add(time.Hour + enroll.PurgeLag - time.Millisecond), State: clock.Trusted}
	purge := func() int {
		n, err := s.PurgeLapsed(t.Context(), at)
		must(t, err)
		sound(t, s)
		return n
	}
	if n := purge(); n != 0 {
		t.Errorf("%d were purged before their time", n)
	}
	at.Wall = at.Wall.Add(time.Second)
	at.State = clock.Unknown
	if n := purge(); n != 0 {
		t.Errorf("%d were purged without the time", n)
	}
	at.State = clock.Holdover
	if n := purge(); n != 1 {
		t.Errorf("%d were purged, want 1", n)
	}
	s = reopen(t, s, path)
	if cards, _, unclaimed := s.Index().Counts(); cards != 1 || unclaimed != 1 || s.Stats().Local != 0 {
		t.Errorf("%d cards, %d unclaimed, %d local rows are left", cards, unclaimed, s.Stats().Local)
	}
	if n := s.Stats().Outbox; n != 1 {
		t.Errorf("%d events are left for the hub, want 1", n)
	}
	sound(t, s)
}
