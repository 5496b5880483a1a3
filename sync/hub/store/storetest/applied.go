package storetest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// testApplied: the first step at which a terminal had a revision counts, until it is
// forgotten.
func testApplied(t *testing.T, open Open) {
	s := open(t)
	at := func(n int) time.Time { return now.Add(time.Duration(n) * time.Minute) }
	step := func(terminal string, c wire.Collection, rev uint64, n int) fleet.Applied {
		return fleet.Applied{Terminal: terminal, Collection: c, Rev: rev, At: at(n)}
	}
	write(t, s, func(tx fleet.Tx) error {
		return errors.Join(tx.PutApplied(step("hall", wire.Cards, 3, 1)), tx.PutApplied(step("hall", wire.Cards, 7, 2)),
			tx.PutApplied(step("hall", wire.Cards, 7, 9)), tx.PutApplied(step("hall", wire.Accounts, 5, 3)), tx.PutApplied(step("attic", wire.Cards, 9, 4)),
			tx.PutRow(wire.Cards, "", []byte("k"), []byte("body")), tx.PutRow(wire.Cards, "", []byte("k"), nil))
	})
	since := func(terminal string, c wire.Collection, rev uint64, want time.Time) {
		t.Helper()
		read(t, s, func(tx fleet.Tx) error {
			got, err := tx.AppliedAt(terminal, c, rev)
			if !got.Equal(want) {
				t.Errorf("%s has %s %d since %v, want %v", terminal, c, rev, got, want)
			}
			return err
		})
	}
	since("hall", wire.Cards, 2, at(1))
	since("hall", wire.Cards, 4, at(2))
	since("hall", wire.Cards, 8, time.Time{})
	since("attic", wire.Cards, 8, at(4))
	read(t, s, func(tx fleet.Tx) error {
		row, err := tx.Row(wire.Cards, "", []byte("k"))
		if row.Rev != 2 || row.Body != nil {
			t.Errorf("the row is %+v", row)
		}
		if _, err := tx.Row(wire.Cards, "x", []byte("k")); !errors.Is(err, people.ErrNotFound) {
			t.Errorf("a row of another scope: %v", err)
		}
		return err
	})
	write(t, s, func(tx fleet.Tx) error {
		n, err := tx.DropApplied(at(3), 1)
		if n != 1 {
			t.Errorf("%d steps were forgotten, want 1", n)
		}
		return errors.Join(err, tx.ForgetApplied("hall", wire.Accounts))
	})
	since("hall", wire.Cards, 2, at(2))
	since("hall", wire.Accounts, 1, time.Time{})
	since("attic", wire.Cards, 1, at(4))
}

// testFilled: a domain that asks for a new interface gets it filled.
func testFilled(t *testing.T, open Open) {
	s := open(t)
	read(t, s, func(tx fleet.Tx) error {
		wantFilled(t, reflect.ValueOf(tx), "fleet.Tx")
		return nil
	})
}

func wantFilled(t *testing.T, v reflect.Value, name string) {
	for i := range v.NumField() {
		f, path := v.Field(i), name+"."+v.Type().Field(i).Name
		switch {
		case f.Kind() == reflect.Interface && f.IsNil():
			t.Errorf("nothing is in %s", path)
		case f.Kind() == reflect.Struct && f.Type().Name() == "Tx":
			wantFilled(t, f, path)
		}
	}
}
