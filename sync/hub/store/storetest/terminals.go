package storetest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/release"
	"badged/sync/wire"
)

func testTerminals(t *testing.T, open Open) {
	s := open(t)
	hall := fleet.Terminal{
		Name: "hall", Added: now, Token: []byte{0, 1, 0xff}, TokenEnds: now.Add(time.Hour), Public: []byte{2, 0},
		Cert: []byte("cert"), First: fleet.ID{9}, LastSeen: now, Agent: "badged 1",
		Vector: []wire.CollectionState{{Collection: 3, Rev: 9, Hash: fleet.ID{1}}}, Doors: []string{"front", "back"},
		Board: "rpi-4", Installed: release.ID{7}, Sequence: 13,
	}
	write(t, s, func(tx fleet.Tx) error {
		again := hall
		again.Added = now.Add(time.Hour) // does not count: it is known since it came first
		return errors.Join(tx.PutTerminal(fleet.Terminal{Name: "hall", Added: now, Token: []byte("old")}), tx.PutTerminal(again),
			tx.PutTerminal(fleet.Terminal{Name: "attic"}), tx.PutTerminal(fleet.Terminal{Name: "Zoo"}))
	})
	read(t, s, func(tx fleet.Tx) error {
		byName, err1 := tx.Terminal("hall")
		byToken, err2 := tx.TerminalByToken(hall.Token)
		if !reflect.DeepEqual(byName, hall) || !reflect.DeepEqual(byToken, hall) {
			t.Errorf("came back as %+v and %+v", byName, byToken)
		}
		attic, err3 := tx.Terminal("attic")
		if attic.Cert != nil || !attic.Removed() || !attic.LastSeen.IsZero() {
			t.Errorf("an empty one came back as %+v", attic)
		}
		if _, err := tx.TerminalByToken([]byte("old")); !errors.Is(err, people.ErrNotFound) {
			t.Errorf("an old token: %v", err)
		}
		var names string
		err4 := tx.EachTerminal(func(x fleet.Terminal) error {
			names += x.Name + " "
			_, err := tx.Terminal(x.Name) // the transaction can be used within
			return err
		})
		if names != "Zoo attic hall " {
			t.Errorf("in order of their bytes: %s", names)
		}
		return errors.Join(err1, err2, err3, err4)
	})
}

func testSources(t *testing.T, open Open) {
	s := open(t)
	source := func(n byte, upto uint64) fleet.Source {
		return fleet.Source{Terminal: "hall", Incarnation: fleet.ID{n}, Successor: n > 5, Upto: map[wire.Stream]uint64{wire.StreamEvents: upto}}
	}
	err := s.Write(t.Context(), operator, func(tx fleet.Tx) error { return tx.PutSource(source(9, 0)) })
	if err == nil {
		t.Error("a database of no terminal was kept")
	}
	join(t, s, "hall", 9)
	for _, upto := range []uint64{5, 7, 6} {
		write(t, s, func(tx fleet.Tx) error {
			return errors.Join(tx.PutSource(source(3, upto)), tx.PutSource(source(8, upto)))
		})
	}
	read(t, s, func(tx fleet.Tx) error {
		var order []byte
		err := tx.EachSource("hall", func(x fleet.Source) error {
			order = append(order, x.Incarnation[0])
			again, err := tx.Source("hall", x.Incarnation)
			if !reflect.DeepEqual(again, x) || !x.Successor || x.Incarnation[0] != 9 && x.Upto[wire.StreamEvents] != 7 {
				t.Errorf("%+v and %+v", x, again)
			}
			return err
		})
		if string(order) != "\x09\x03\x08" {
			t.Errorf("in the order in which they came: %v", order)
		}
		_, missing := tx.Source("hall", fleet.ID{4})
		if !errors.Is(missing, people.ErrNotFound) {
			t.Errorf("one that never came: %v", missing)
		}
		return err
	})
}

func testBlocks(t *testing.T, open Open) {
	s := open(t)
	block := func(first uint64, scope string, spent bool) fleet.Block {
		return fleet.Block{First: first, Last: first + 9, Scope: scope, Granted: now, Spent: spent}
	}
	write(t, s, func(tx fleet.Tx) error {
		used := block(30, "a", false)
		used.Used = 4
		return errors.Join(tx.PutBlock(block(10, "a", true)), tx.PutBlock(block(20, "a", true)), tx.PutBlock(block(30, "a", false)),
			tx.PutBlock(used), tx.PutBlock(block(50, "a", false)), tx.PutBlock(block(60, "b", false)))
	})
	read(t, s, func(tx fleet.Tx) error {
		held, err := tx.Blocks("a")
		if len(held) != 3 || held[0] != block(20, "a", true) || held[1].Used != 4 || held[2].First != 50 {
			t.Errorf("scope a holds %+v", held)
		}
		for n, known := range map[uint64]bool{9: false, 10: true, 19: true, 40: false, 49: false, 50: true, 69: true, 70: false} {
			b, err := tx.BlockOf(n)
			if known != (err == nil) || !known && !errors.Is(err, people.ErrNotFound) || known && (n < b.First || n > b.Last) {
				t.Errorf("block of %d: %+v, %v", n, b, err)
			}
		}
		return err
	})
}
