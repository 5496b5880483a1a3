package store_test

import (
	"slices"
	"testing"
	"time"

	"badged/enroll"
	"badged/enroll/store"
	"badged/sync/wire"
)

// A start reads everything, however many rows there are: the hub's, what the terminal has
// changed of them, and what only the terminal has.
func TestEverythingIsReadAtAStart(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	accounts, cards, ids := crowd(t, 1500) // some batches and a part of one
	accounts.put(t, 1, wire.Account{Kind: 2, State: 3, Number: 7, Expires: day.UnixMilli()})
	must(t, s.Apply(t.Context(), accounts.snapshot()))
	must(t, s.Apply(t.Context(), cards.snapshot()))
	update(t, s, func(tx enroll.Tx) error { // somebody makes anonym7 their own
		return tx.PutAccount(enroll.Account{ID: id(1), Kind: enroll.Anonymous, State: enroll.Active, Number: 7, EmailState: enroll.EmailToConfirm})
	})
	enrol(t, s, 2)
	s = reopen(t, s, path)
	if cards, accounts, unclaimed := s.Index().Counts(); cards != 1501 || accounts != 1502 || unclaimed != 0 {
		t.Errorf("%d cards, %d accounts, %d unclaimed", cards, accounts, unclaimed)
	}
	for _, card := range ids {
		if k, ok := s.Index().Card(card, ""); !ok || k.Account.State != enroll.Active {
			t.Fatalf("a card of the hub's: %v, %+v", ok, k.Account)
		}
	}
	if own, ok := s.Index().Account(id(1)); !ok || own.Expires != (time.Time{}) {
		t.Errorf("the account that somebody made their own: %v, %+v", ok, own)
	}
	if k, ok := s.Index().Card(id(2), ""); !ok || k.Account.ID != id(2) {
		t.Errorf("the card that was enrolled here: %v, %+v", ok, k)
	}
	report, err := s.Check(t.Context())
	if err != nil || len(report) > 0 {
		t.Errorf("check: %q, %v", report, err)
	}
}

// Whoever opens a store hears how far it is, so that a supervisor can be told, also while it
// ends what a crash interrupted.
func TestAStartTellsThatItGoesOn(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	_, cards, _ := crowd(t, 1500)
	must(t, s.Apply(t.Context(), cards.snapshot()))
	must(t, s.Stage(t.Context(), cards.put(t, 1, wire.Binding{Account: id(1), State: 1, Assurance: 1})))
	must(t, s.Close())
	var told []int
	s, err := store.Open(t.Context(), store.Options{Path: path, Terminal: "hall", Progress: func(rows int) { told = append(told, rows) }})
	must(t, err)
	defer s.Close()
	if want := []int{0, 0, 512, 1024}; !slices.Equal(told, want) {
		t.Errorf("told %d, want %d: a chunk, its end, and the rows", told, want)
	}
	if cards, _, _ := s.Index().Counts(); cards != 1501 {
		t.Errorf("%d cards", cards)
	}
}
