package store_test

import (
	"testing"
	"time"

	"badged/enroll"
	"badged/sync/wire"
)

// A start reads everything, however many rows there are: the hub's, what the terminal has
// changed of them, and what only the terminal has.
func TestEverythingIsReadAtAStart(t *testing.T) {
	path := dbPath(t)
	s := open(t, path)
	accounts, cards, ids := crowd(t, 1500) // some batches and a part of one
	accounts.put(t, 1, wire.Account{Kind: 2, State: 3, Number: 7, Expires: day.UnixMilli()})
	must(t, s.Apply(t.Context(), accounts.snapshot()))
	must(t, s.Apply(t.Context(), cards.snapshot()))
	update(t, s, func(tx enroll.Tx) error { // somebody makes anonym7 their own
		return tx.PutAccount(enroll.Account{ID: id(1), Kind: enroll.Anonymous, State: enroll.Active, Number: 7, Email: "ada@example.org"})
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
