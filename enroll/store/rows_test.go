package store_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"badged/enroll"
	"badged/internal/timetable"
	"badged/sync/wire"
)

func TestEveryCollectionReachesTheIndex(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	ends := day.Add(time.Hour).UnixMilli()
	apply(t, s, newHub(wire.Config).put(t, "site", wire.Site{Name: "Lyon", CodeDigits: 6, UnknownBadge: 1}, "later", wire.Site{}))
	apply(t, s, newHub(wire.Doors).put(t, "front", wire.Door{Stale: 3, FreshFor: 60}))
	apply(t, s, newHub(wire.Accounts).put(t, 1, activePerson))
	apply(t, s, newHub(wire.Cards).put(t, 11, activeCard(1)))
	apply(t, s, newHub(wire.Grants).put(t, 21, wire.Grant{Account: id(1), Door: "front", To: ends}))
	apply(t, s, newHub(wire.Claims).put(t, 31, wire.Claim{Account: id(1), MAC: id(32), Ends: ends, State: 1}))
	apply(t, s, newHub(wire.Trust).put(t, 41, wire.Lease{First: 1, Last: 2}))
	for round := range 2 {
		if round == 1 {
			s = reopen(t, s, path)
		}
		ix := s.Index()
		if site := ix.Site(); site.Name != "Lyon" || site.CodeDigits != 6 || site.UnknownBadge != enroll.RouteRefuse {
			t.Errorf("the settings are %+v", site)
		}
		if d := ix.Door("front"); d.Stale != enroll.PolicyAllow || d.FreshFor != time.Minute {
			t.Errorf("the door is %+v", d)
		}
		if k, ok := ix.Card(id(11), ""); !ok || k.Account.State != enroll.Active || k.Account.ID != id(1) {
			t.Errorf("the card is %+v, %v", k, ok)
		}
		if g := ix.Grants(id(1), "front"); len(g) != 1 || g[0].To.UnixMilli() != ends {
			t.Errorf("the grants are %+v", g)
		}
		if c := ix.Claims(); len(c) != 1 || c[0].MAC != id(32) || c[0].State != enroll.ClaimLive {
			t.Errorf("the claims are %+v", c)
		}
		if a, err := account(t, s, 1); err != nil || a.Name != "Ada" {
			t.Errorf("the account is %+v, %v", a, err)
		}
		sound(t, s)
	}
}

func TestAGrantCanMoveAndEnd(t *testing.T) {
	s := openStore(t, dbPath(t))
	h := newHub(wire.Grants)
	apply(t, s, h.put(t, 1, wire.Grant{Account: id(1), Door: "front"}))
	apply(t, s, h.put(t, 1, wire.Grant{Account: id(2), Door: "front"}))
	if len(s.Index().Grants(id(1), "front")) != 0 || len(s.Index().Grants(id(2), "front")) != 1 {
		t.Error("the grant did not move")
	}
	apply(t, s, h.put(t, 1, nil))
	if len(s.Index().Grants(id(2), "front")) != 0 {
		t.Error("the grant did not end")
	}
	sound(t, s)
	apply(t, s, h.put(t, 1, wire.Grant{Account: id(2), Door: "front"}))
	apply(t, s, h.put(t, 1, wire.Grant{Group: 3, Door: "front"}))
	if len(s.Index().Grants(id(2), "front")) != 0 || len(s.Index().GroupGrants(3, "front")) != 1 {
		t.Error("the grant did not move to the group")
	}
	apply(t, s, h.put(t, 1, wire.Grant{Group: 4, Door: "front", Schedule: 7}))
	if len(s.Index().GroupGrants(3, "front")) != 0 || len(s.Index().GroupGrants(4, "front")) != 1 {
		t.Error("the grant did not move to another group")
	}
	sound(t, s)
	apply(t, s, h.put(t, 1, nil))
	if len(s.Index().GroupGrants(4, "front")) != 0 {
		t.Error("the grant of the group did not end")
	}
	sound(t, s)
}

// TestWhatALaterVersionLeftIsKept: a slot that was rolled back finds collections that it does
// not know. They are no damage, and are still there when the later version comes back.
func TestWhatALaterVersionLeftIsKept(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	apply(t, s, newHub(wire.Accounts).put(t, 1, activePerson))
	later := wire.LastCollection + 1
	must(t, s.Leave(t.Context(), later, []byte("x"), []byte("y")))
	for range 2 {
		s = reopen(t, s, path)
		if _, err := account(t, s, 1); err != nil || s.Recovered() != "" {
			t.Fatalf("it is taken for damaged: %v", err)
		}
		sound(t, s)
	}
	p, err := s.Position(t.Context())
	if err != nil || len(p.Vector) != int(wire.LastCollection) {
		t.Errorf("the hub is told of %d collections, %v", len(p.Vector), err)
	}
}

// TestSchedulesAndPINsReachTheIndex: and are gone when the hub says so. A schedule's key is
// its number.
func TestSchedulesAndPINsReachTheIndex(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	schedules, pins := newHub(wire.Schedules), newHub(wire.PINs)
	apply(t, s, newHub(wire.Accounts).put(t, 1, wire.Account{Kind: 1, State: 3, Groups: []uint64{2, 300}, EmailState: wire.EmailToConfirm}))
	apply(t, s, schedules.put(t, "300", wire.Schedule{Windows: []wire.Hours{{Days: 31, From: 360, To: 1320}}}, "holidays", wire.Holidays{Days: []string{"2027-01-01", "2026-12-25"}}))
	apply(t, s, pins.put(t, 41, wire.PIN{Account: id(1)}))
	for range 2 {
		if got, ok := s.Index().Schedule(300); !ok || len(got.Windows) != 1 || got.Windows[0] != (timetable.Window{Days: 31, From: 360, To: 1320}) {
			t.Errorf("the schedule is %+v, %v", got, ok)
		}
		if h := s.Index().Holidays(); len(h.Days) != 2 || h.Days[0].String() != "2026-12-25" {
			t.Errorf("the holidays are %v", h.Days)
		}
		if a, ok := s.Index().PIN(id(41)); !ok || a.ID != id(1) || a.Groups != enroll.NewGroupSet([]uint64{2, 300}) {
			t.Errorf("the PIN is of %+v, %v", a, ok)
		}
		if a, err := account(t, s, 1); err != nil || a.EmailState != enroll.EmailToConfirm {
			t.Errorf("the account is %+v, %v", a, err)
		}
		sound(t, s)
		s = reopen(t, s, path)
	}
	fresh := openStore(t, dbPath(t))
	for _, key := range []string{"", "0", "07", "+7", "x", "18446744073709551616", "holiday"} {
		if err := fresh.Apply(t.Context(), newHub(wire.Schedules).put(t, key, wire.Schedule{})); err == nil {
			t.Errorf("a schedule with the key %q was taken", key)
		}
	}
	apply(t, s, schedules.put(t, "300", nil, "holidays", nil))
	apply(t, s, pins.put(t, 41, nil))
	_, schedule := s.Index().Schedule(300)
	_, pin := s.Index().PIN(id(41))
	if schedule || pin || len(s.Index().Holidays().Days) != 0 {
		t.Errorf("still there: a schedule %v, a PIN %v, holidays %v", schedule, pin, s.Index().Holidays())
	}
	sound(t, s)
}

func TestDeltasThatDoNotFit(t *testing.T) {
	s := openStore(t, dbPath(t))
	h := newHub(wire.Accounts)
	first := h.put(t, 1, activePerson)
	apply(t, s, first)
	second := h.put(t, 2, activePerson)
	third := h.put(t, 3, activePerson)
	if err := s.Apply(t.Context(), third); !errors.Is(err, wire.ErrHash) {
		t.Errorf("a gap gives %v", err)
	}
	wrong := second[0]
	wrong.Hash[0] ^= 1
	if err := s.Apply(t.Context(), []wire.Page{wrong}); !errors.Is(err, wire.ErrHash) {
		t.Errorf("a wrong sum gives %v", err)
	}
	if _, err := account(t, s, 2); !errors.Is(err, enroll.ErrNotFound) {
		t.Errorf("something of it was applied: %v", err)
	}
	both := third[0]
	both.From, both.Changes = 0, append(append(first[0].Changes, second[0].Changes...), both.Changes...)
	apply(t, s, []wire.Page{both}) // from further back
	apply(t, s, second)            // again
	apply(t, s, first)
	p, err := s.Position(t.Context())
	must(t, err)
	if v := p.Vector[wire.Accounts-1]; v.Collection != wire.Accounts || v.Rev != 3 || v.Hash != h.hash() {
		t.Errorf("accounts are at %+v", v)
	}
	sound(t, s)
}

func TestPagesThatAreRefused(t *testing.T) {
	s := openStore(t, dbPath(t))
	good := newHub(wire.Accounts).put(t, 1, activePerson)[0]
	other := good
	other.Collection = wire.Cards
	half := good
	half.Parts = 2
	shortKey := newHub(wire.Accounts).put(t, "short", activePerson)[0]
	garbage := newHub(wire.Accounts).put(t, 1, wire.Site{})[0]
	hugeLease := newHub(wire.Leases).put(t, 1, wire.Lease{First: 1, Last: 1 << 40})[0]
	strange := good
	strange.Collection = 99
	for name, pages := range map[string][]wire.Page{
		"none": {}, "mixed": {good, other}, "half": {half}, "twice": {good, good}, "short key": {shortKey},
		"garbage": {garbage}, "huge lease": {hugeLease}, "unknown collection": {strange},
	} {
		if err := s.Apply(t.Context(), pages); err == nil {
			t.Errorf("%s: applied", name)
		}
	}
	if st := s.Failed(); st != nil {
		t.Errorf("the store failed of it: %v", st)
	}
	if cards, accounts, _ := s.Index().Counts(); cards != 0 || accounts != 0 {
		t.Errorf("%d cards, %d accounts came of it", cards, accounts)
	}
}

func TestNumbersThatThisVersionDoesNotKnowGiveNoRight(t *testing.T) {
	s := openStore(t, dbPath(t))
	apply(t, s, newHub(wire.Accounts).put(t, 1, wire.Account{Kind: 257, State: 259}))
	apply(t, s, newHub(wire.Cards).put(t, 2, wire.Binding{Account: id(1), State: 257, Assurance: 300}))
	k, ok := s.Index().Card(id(2), "")
	if !ok || k.Binding.State == enroll.BindingActive || k.Account.State == enroll.Active || k.Account.Kind == enroll.Person {
		t.Errorf("the card is %+v, %v", k, ok)
	}
}

func TestASnapshotTakesWhatItDoesNotName(t *testing.T) {
	path := dbPath(t)
	for _, size := range []int{10, 2000} { // in one transaction, and staged
		s := openStore(t, path)
		h := newHub(wire.Cards)
		for n := range size {
			h.rows[string(key(n))] = marshal(t, activeCard(n))
		}
		h.rev = 5
		apply(t, s, h.snapshot())
		for n := range size / 2 {
			delete(h.rows, string(key(n)))
		}
		h.rows[string(key(size-1))] = marshal(t, wire.Binding{Account: id(1), State: 6, Assurance: 1})
		h.rev = 6
		apply(t, s, h.snapshot())
		for round := range 2 {
			if round == 1 {
				s = reopen(t, s, path)
			}
			_, gone := s.Index().Card(id(0), "")
			_, kept := s.Index().Card(id(size/2), "")
			revoked, _ := s.Index().Card(id(size-1), "")
			if n, _, _ := s.Index().Counts(); n != size-size/2 || gone || !kept || revoked.Binding.State != enroll.BindingRevoked {
				t.Errorf("of %d: %d cards, gone %v, kept %v, revoked %+v", size, n, !gone, kept, revoked.Binding)
			}
			sound(t, s)
		}
		h.rows = map[string][]byte{}
		h.rev = 7
		apply(t, s, h.snapshot())
		if n, _, _ := s.Index().Counts(); n != 0 {
			t.Errorf("%d cards after an empty snapshot", n)
		}
		must(t, s.Close())
	}
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	b, err := wire.Marshal(v)
	must(t, err)
	return b
}

func TestASnapshotDoesNotTakeWhatIsStillInTheOutbox(t *testing.T) {
	s := openStore(t, dbPath(t))
	enrol(t, s, 1)
	accounts, cards := newHub(wire.Accounts), newHub(wire.Cards)
	accounts.rev, cards.rev = 3, 3
	snapshots := func() {
		apply(t, s, accounts.snapshot())
		apply(t, s, cards.snapshot())
		sound(t, s)
	}
	known := func() bool {
		k, ok := s.Index().Card(id(1), "")
		return ok && k.Account.State == enroll.Active
	}
	if snapshots(); !known() {
		t.Fatal("a snapshot took an account that the hub does not know of")
	}
	ackAll(t, s) // asks for the position, then acknowledges
	if snapshots(); !known() {
		t.Fatal("a snapshot from before the acknowledgement took the account")
	}
	_, err := s.Position(t.Context())
	must(t, err)
	if snapshots(); known() {
		t.Error("the hub does not want the account, and it is still there")
	}
}

func TestTheHubsRowReplacesTheTerminals(t *testing.T) {
	s := openStore(t, dbPath(t))
	enrol(t, s, 1)
	apply(t, s, newHub(wire.Accounts).put(t, 1, wire.Account{Kind: 2, State: 3, Number: 42}))
	apply(t, s, newHub(wire.Cards).put(t, 1, wire.Binding{Account: id(9), State: 3, Assurance: 1}))
	if a, err := account(t, s, 1); err != nil || a.Number != 42 {
		t.Errorf("the account is %+v, %v", a, err)
	}
	if k, _ := s.Index().Card(id(1), ""); k.Binding.Account != id(9) || k.Binding.State != enroll.BindingContested {
		t.Errorf("the binding is %+v", k.Binding)
	}
	sound(t, s)
}

func TestAnEditStaysUntilTheHubHasIt(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	h := newHub(wire.Accounts)
	apply(t, s, h.put(t, 1, wire.Account{Kind: 1, State: 3, Name: "Ada", EmailState: 1, Lang: "fr"}))
	edit := func(tx enroll.Tx) error {
		a, err := tx.Account(id(1))
		if err != nil {
			return err
		}
		a.Name = "Ada Lovelace"
		return errors.Join(tx.PutAccount(a), tx.Append(security(1)))
	}
	update(t, s, edit)
	apply(t, s, h.put(t, 1, wire.Account{Kind: 1, State: 4, Name: "Ada", EmailState: 2, Lang: "en"}))
	s = reopen(t, s, path)
	want := enroll.Account{ID: id(1), Kind: enroll.Person, State: enroll.Suspended, Name: "Ada Lovelace", EmailState: enroll.EmailConfirmed, Lang: "en"}
	if a, err := account(t, s, 1); err != nil || !reflect.DeepEqual(a, want) {
		t.Errorf("with the edit on its way the account is %+v, %v", a, err)
	}
	ackAll(t, s)
	apply(t, s, h.put(t, 1, wire.Account{Kind: 1, State: 3, Name: "A. Lovelace", Lang: "en"}))
	if a, err := account(t, s, 1); err != nil || a.Name != "A. Lovelace" || a.State != enroll.Active {
		t.Errorf("after the hub's answer the account is %+v, %v", a, err)
	}
	if st := s.Stats(); st.Local != 0 {
		t.Errorf("%d local rows are left", st.Local)
	}
	sound(t, s)
}

func TestAnEditThatTheHubRefusedIsUndone(t *testing.T) {
	s := openStore(t, dbPath(t))
	h := newHub(wire.Accounts)
	apply(t, s, h.put(t, 1, activePerson))
	update(t, s, func(tx enroll.Tx) error {
		a, err := tx.Account(id(1))
		a.Name = "Somebody"
		return errors.Join(err, tx.PutAccount(a), tx.Append(security(1)))
	})
	ackAll(t, s)
	_, err := s.Position(t.Context())
	must(t, err)
	apply(t, s, h.put(t, 2, activePerson))
	if a, err := account(t, s, 1); err != nil || a.Name != "Ada" {
		t.Errorf("the account is %+v, %v", a, err)
	}
	sound(t, s)
}

func claim(state enroll.ClaimState) enroll.Claim {
	return enroll.Claim{ID: id(5), Account: id(1), MAC: enroll.CodeMAC(id(6)), Ends: day, State: state}
}

func TestAUsedClaimStaysUsed(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	h := newHub(wire.Claims)
	live := wire.Claim{Account: id(1), MAC: id(6), Ends: day.UnixMilli(), State: 1}
	apply(t, s, h.put(t, 5, live))
	update(t, s, func(tx enroll.Tx) error {
		return errors.Join(tx.PutClaim(claim(enroll.ClaimUsed)), tx.Append(security(1)))
	})
	state := func() enroll.ClaimState {
		if c := s.Index().Claims(); len(c) == 1 {
			return c[0].State
		}
		return 0
	}
	moved := live
	moved.Doors = []string{"front"}
	steps := []func(){
		func() {},
		func() { apply(t, s, h.put(t, 5, moved)) },
		func() { s = reopen(t, s, path) },
		func() { ackAll(t, s); apply(t, s, h.put(t, 5, live)) },
		func() { h.rev++; apply(t, s, h.snapshot()) },
	}
	for i, step := range steps {
		if step(); state() != enroll.ClaimUsed {
			t.Errorf("after step %d the claim is %d, want used", i, state())
		}
		sound(t, s)
	}
	err := s.Update(t.Context(), func(tx enroll.Tx) error { return tx.PutClaim(claim(enroll.ClaimUsed)) })
	if !errors.Is(err, enroll.ErrTaken) {
		t.Errorf("used twice: %v", err)
	}
	used := live
	used.State = 2
	apply(t, s, h.put(t, 5, used))
	if st := s.Stats(); st.Local != 0 || state() != enroll.ClaimUsed {
		t.Errorf("%d local rows are left, the claim is %d", st.Local, state())
	}
	apply(t, s, h.put(t, 5, nil))
	if state() != 0 {
		t.Error("the hub's removal left the claim")
	}
}

func TestRevocationsWin(t *testing.T) {
	s := openStore(t, dbPath(t))
	cards, claims := newHub(wire.Cards), newHub(wire.Claims)
	apply(t, s, cards.put(t, 1, wire.Binding{Account: id(1), State: 6, Assurance: 1}, 2, activeCard(9), 3, activeCard(3)))
	apply(t, s, claims.put(t, 5, wire.Claim{Account: id(1), MAC: id(6), Ends: 1, State: 3}))
	for name, put := range map[string]func(enroll.Tx) error{
		"a revoked card":     func(tx enroll.Tx) error { return tx.PutBinding(binding(1)) },
		"another's card":     func(tx enroll.Tx) error { return tx.PutBinding(binding(2)) },
		"a void claim":       func(tx enroll.Tx) error { return tx.PutClaim(claim(enroll.ClaimUsed)) },
		"a claim that ended": func(tx enroll.Tx) error { return tx.PutClaim(enroll.Claim{ID: id(8), State: enroll.ClaimUsed}) },
	} {
		if err := s.Update(t.Context(), put); !errors.Is(err, enroll.ErrTaken) {
			t.Errorf("%s: %v, want ErrTaken", name, err)
		}
	}
	update(t, s, func(tx enroll.Tx) error { return errors.Join(tx.PutBinding(binding(3)), tx.Append(security(3))) })
	apply(t, s, cards.put(t, 3, wire.Binding{Account: id(3), State: 4, Assurance: 1}))
	if k, _ := s.Index().Card(id(3), ""); k.Binding.State != enroll.BindingLost {
		t.Errorf("the lost card is %+v", k.Binding)
	}
	enrol(t, s, 7)
	apply(t, s, cards.put(t, 7, nil)) // an explicit end, also of what the hub never had
	if _, ok := s.Index().Card(id(7), ""); ok {
		t.Error("the card that the hub took away still works")
	}
	sound(t, s)
}
