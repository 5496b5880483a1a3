package store_test

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"badged/enroll"
	"badged/enroll/store"
	"badged/sync/wire"
)

// DESIGN §9: of a large change, which is applied piece by piece, what takes rights away
// comes first: whoever sees something new at a door sees the lost card lost.
func TestWhatTakesAwayIsAppliedFirst(t *testing.T) {
	const lost, fresh = 999_999, 3000 // the lost card's key is the last
	s := openStore(t, dbPath(t))
	h := newHub(wire.Cards)
	apply(t, s, h.put(t, lost, activeCard(1)))
	var rows []any
	for n := range fresh {
		rows = append(rows, n, activeCard(2))
	}
	delta := h.put(t, append(rows, lost, wire.Binding{Account: id(1), State: 4, Assurance: 1})...)
	done := make(chan error)
	go func() { done <- s.Apply(t.Context(), delta) }()
	for looks := 0; ; looks++ {
		newThere := cardsThere(s) > 1
		if k, _ := s.Index().Card(id(lost), ""); newThere && k.Binding.State != enroll.BindingLost {
			t.Errorf("look %d: new cards work, and the lost one too", looks)
			must(t, <-done)
			return
		}
		select {
		case err := <-done:
			must(t, err)
			if n := cardsThere(s); n != fresh+1 {
				t.Errorf("%d cards at the end", n)
			}
			return
		default:
			runtime.Gosched()
		}
	}
}

func cardsThere(s interface{ Index() *enroll.Index }) int {
	cards, _, _ := s.Index().Counts()
	return cards
}

// S1.15: a person edits twice before the hub has heard of either. What they typed first
// stays, whatever the hub's row says meanwhile: their edits are on the way and win there.
func TestASecondEditKeepsTheFirst(t *testing.T) {
	s := openStore(t, dbPath(t))
	h := newHub(wire.Accounts)
	row := wire.Account{Kind: 1, State: 3, Name: "Ada", EmailState: 1, Lang: "fr"}
	apply(t, s, h.put(t, 1, row))
	edit := func(change func(*enroll.Account)) {
		update(t, s, func(tx enroll.Tx) error {
			a, err := tx.Account(id(1))
			change(&a)
			return errors.Join(err, tx.PutAccount(a), tx.Append(security(1)))
		})
	}
	want := func(when string, state enroll.AccountState, email enroll.EmailState) {
		t.Helper()
		a, err := account(t, s, 1)
		if err != nil || a.Name != "Ada Lovelace" || a.Lang != "en" || a.EmailState != email || a.State != state {
			t.Errorf("%s: %+v, %v", when, a, err)
		}
		sound(t, s)
	}
	edit(func(a *enroll.Account) { a.Name = "Ada Lovelace" })
	row.Name = "Ada Lovelace" // an operator types the same
	apply(t, s, h.put(t, 1, row))
	edit(func(a *enroll.Account) { a.Lang = "en" })
	want("after both edits", enroll.Active, enroll.EmailToConfirm)
	row.Name, row.EmailState, row.State = "A. Byron", 2, 4
	apply(t, s, h.put(t, 1, row))
	want("after the hub's next row", enroll.Suspended, enroll.EmailConfirmed)
}

// S2.20: whatever a terminal does, a card that is lost, replaced, revoked or contested
// gets no binding again, neither its owner's nor a member's who claims it.
func TestADeadCardIsNotBoundAnew(t *testing.T) {
	for state := wire.BindingContested; state <= wire.BindingRevoked; state++ {
		s := openStore(t, dbPath(t))
		apply(t, s, newHub(wire.Accounts).put(t, 1, wire.Account{Kind: 2, State: 3, Number: 7}, 2, activePerson))
		apply(t, s, newHub(wire.Cards).put(t, 5, wire.Binding{Account: id(1), State: state, Assurance: 1}))
		for _, account := range []int{1, 2} {
			b := enroll.Binding{Card: id(5), Account: id(account), State: enroll.BindingActive, Assurance: enroll.AssuranceUID}
			err := s.Update(t.Context(), func(tx enroll.Tx) error { return tx.PutBinding(b) })
			if !errors.Is(err, enroll.ErrTaken) {
				t.Errorf("state %d, account %d: %v, want ErrTaken", state, account, err)
			}
		}
		if k, _ := s.Index().Card(id(5), ""); k.Binding.State != enroll.BindingState(state) {
			t.Errorf("state %d became %d", state, k.Binding.State)
		}
	}
}

// A block of numbers is bounded: a hub that lends the whole world at once is mistaken.
func TestALeaseThatMakesNoSenseIsRefused(t *testing.T) {
	for l, good := range map[wire.Lease]bool{
		{First: 1, Last: 64}: true, {First: 9, Last: 9}: true, {First: 1, Last: 1 << 16}: true,
		{First: 1, Last: 1<<16 + 1}: false, {First: 0, Last: 8}: false, {First: 8, Last: 7}: false, {First: 1<<32 - 1, Last: 1 << 32}: false,
	} {
		s := openStore(t, dbPath(t))
		if err := s.Apply(t.Context(), newHub(wire.Leases).put(t, 1, l)); (err == nil) != good {
			t.Errorf("from %d to %d: %v", l.First, l.Last, err)
		}
	}
}

// A whole collection counts only if its rows add up to what the hub signed: nothing of
// another one is taken, and what was there stays.
func TestASnapshotThatDoesNotAddUpIsRefused(t *testing.T) {
	s := openStore(t, dbPath(t))
	h := newHub(wire.Accounts)
	apply(t, s, h.put(t, 1, activePerson))
	h.put(t, 2, activePerson)
	pages := h.snapshot()
	pages[0].Hash[0] ^= 1
	if err := s.Apply(t.Context(), pages); !errors.Is(err, wire.ErrHash) {
		t.Errorf("a wrong sum gives %v", err)
	}
	if _, err := account(t, s, 2); !errors.Is(err, enroll.ErrNotFound) {
		t.Errorf("something of it was applied: %v", err)
	}
	if _, err := account(t, s, 1); err != nil {
		t.Errorf("what was there is gone: %v", err)
	}
	pages[0].Hash[0] ^= 1
	apply(t, s, pages)
	if _, err := account(t, s, 2); err != nil {
		t.Errorf("the right sum is refused: %v", err)
	}
}

// Whoever exchanges two events, each with its own link of the chain, breaks it: a link
// holds all that came before.
func TestExchangedEventsAreFound(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	queue(t, s, routine(1), routine(2), routine(3))
	must(t, s.Close())
	const from2 = `(SELECT body, chain FROM ev_event WHERE pos = 2)`
	raw(t, path, `CREATE TABLE aside AS SELECT * FROM ev_event WHERE pos = 1;
		UPDATE ev_event SET (body, chain) = `+from2+` WHERE pos = 1;
		UPDATE ev_event SET (body, chain) = (SELECT body, chain FROM aside) WHERE pos = 2;
		DROP TABLE aside`)
	if err := openStore(t, path).Verify(t.Context()); !errors.Is(err, store.ErrChain) {
		t.Errorf("got %v, want ErrChain", err)
	}
}

// Durations of a hub that is mistaken are held within bounds, so that no window is
// negative and none overflows.
func TestDurationsOfTheHubAreBounded(t *testing.T) {
	s := openStore(t, dbPath(t))
	h := newHub(wire.Doors)
	for n, want := range map[int64]time.Duration{-5: 0, -1 << 62: 0, 60: time.Minute, 1 << 62: (1<<31 - 1) * time.Second} {
		apply(t, s, h.put(t, "front", wire.Door{UnknownTime: 1, Stale: 1, FreshFor: n}))
		if got := s.Index().Door("front").FreshFor; got != want {
			t.Errorf("%d s became %v, want %v", n, got, want)
		}
	}
}
