package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/store"
)

// count and setCount keep a number in a block.
func count(tx fleet.Tx) (uint64, error) {
	b, err := tx.BlockOf(1)
	if errors.Is(err, people.ErrNotFound) {
		return 0, nil
	}
	return b.Used, err
}

func setCount(tx fleet.Tx, n uint64) error {
	return tx.PutBlock(fleet.Block{First: 1, Last: 1, Used: n})
}

func wantCount(t *testing.T, s *store.Store, want uint64) {
	t.Helper()
	read(t, s, func(tx fleet.Tx) error {
		n, err := count(tx)
		if n != want {
			t.Errorf("the count is %d, want %d", n, want)
		}
		return err
	})
}

func testWhole(t *testing.T, open Open) {
	s := open(t)
	broken := errors.New("broken")
	err := s.Write(t.Context(), operator, func(tx fleet.Tx) error {
		return errors.Join(setCount(tx, 7), tx.PutTerminal(fleet.Terminal{Name: "hall"}), broken)
	})
	if !errors.Is(err, broken) {
		t.Errorf("a command's own error: %v", err)
	}
	wantCount(t, s, 0)

	ctx, cancel := context.WithCancel(t.Context())
	err = s.Write(ctx, operator, func(tx fleet.Tx) error {
		defer cancel()
		return setCount(tx, 7)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that ended: %v", err)
	}
	wantCount(t, s, 0)
	write(t, s, func(tx fleet.Tx) error { return setCount(tx, 8) })
	wantCount(t, s, 8)
}

// testHiddenError: a command that passes over the error of a statement changes nothing.
func testHiddenError(t *testing.T, open Open) {
	s := open(t)
	runs := 0
	err := s.Write(t.Context(), operator, func(tx fleet.Tx) error {
		runs++
		if tx.PutSource(fleet.Source{Terminal: "nobody"}) == nil {
			t.Error("a database of no terminal was kept")
		}
		return tx.PutTerminal(fleet.Terminal{Name: "hall"})
	})
	if err == nil || runs != 1 {
		t.Errorf("%d runs, %v", runs, err)
	}
	read(t, s, func(tx fleet.Tx) error {
		_, err := tx.Terminal("hall")
		if !errors.Is(err, people.ErrNotFound) {
			t.Errorf("something was changed: %v", err)
		}
		return nil
	})
}

func testSnapshot(t *testing.T, open Open) {
	s := open(t)
	write(t, s, func(tx fleet.Tx) error { return setCount(tx, 1) })
	read(t, s, func(tx fleet.Tx) error {
		before, err1 := count(tx)
		write(t, s, func(tx fleet.Tx) error { return setCount(tx, 2) }) // a reader stops no writer
		after, err2 := count(tx)
		if before != 1 || after != 1 {
			t.Errorf("a reader saw %d, then %d", before, after)
		}
		return errors.Join(err1, err2)
	})
	if s.Read(t.Context(), func(tx fleet.Tx) error { return setCount(tx, 3) }) == nil {
		t.Error("a reader wrote")
	}
	wantCount(t, s, 2)
}

// testTurns checks first and acts then, from many sides: no writer acts on what another
// has changed meanwhile.
func testTurns(t *testing.T, open Open) {
	s := open(t)
	const writers, rounds = 16, 40
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range rounds {
				err := s.Write(t.Context(), operator, func(tx fleet.Tx) error {
					n, err := count(tx)
					return errors.Join(err, setCount(tx, n+1))
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	wantCount(t, s, writers*rounds)
}

func testChanged(t *testing.T, open Open) {
	s := open(t)
	changed := s.Changed(store.RowsChanged)
	broken := errors.New("broken")
	err := s.Write(t.Context(), operator, func(tx fleet.Tx) error {
		return errors.Join(tx.PutRow(collection, "", []byte("k"), []byte("x")), broken)
	})
	if !errors.Is(err, broken) {
		t.Fatal(err)
	}
	select {
	case <-changed:
		t.Error("a change that failed was announced")
	default:
	}
	write(t, s, func(tx fleet.Tx) error { return tx.PutRow(collection, "", []byte("k"), []byte("x")) })
	select {
	case <-changed:
	default:
		t.Error("a change was made and not announced")
	}
	select {
	case <-s.Changed(store.RowsChanged):
		t.Error("a change was announced before it was made")
	default:
	}
}

func testTexts(t *testing.T, open Open) {
	s := open(t)
	for _, text := range []string{"a\x00b", "\xff", "caf\xe9"} {
		err := s.Write(t.Context(), operator, func(tx fleet.Tx) error {
			return tx.PutTerminal(fleet.Terminal{Name: "hall", Agent: text})
		})
		if err == nil {
			t.Errorf("%q was kept", text)
		}
		err = s.Write(t.Context(), operator, func(tx fleet.Tx) error {
			if _, err := tx.AddGroup(text); err == nil {
				t.Errorf("the group %q was kept", text)
			}
			return nil
		})
		if err == nil {
			t.Errorf("a transaction that could not keep %q was committed", text)
		}
		// Whoever asks for it finds nothing, and goes on: a terminal can send any bytes.
		write(t, s, func(tx fleet.Tx) error {
			if _, err := tx.Door(text); !errors.Is(err, people.ErrNotFound) {
				t.Errorf("the door %q: %v", text, err)
			}
			found, err := tx.AccountsByName(text, 9)
			if len(found) > 0 {
				t.Errorf("%q is found", text)
			}
			return err
		})
	}
	const text = "Zoë Ödön 田中 \U0001F511 '?' $1 \\"
	write(t, s, func(tx fleet.Tx) error { return tx.PutTerminal(fleet.Terminal{Name: "hall", Agent: text}) })
	read(t, s, func(tx fleet.Tx) error {
		x, err := tx.Terminal("hall")
		if x.Agent != text {
			t.Errorf("%q came back as %q", text, x.Agent)
		}
		return err
	})
}

func testSiteID(t *testing.T, open Open) {
	s := open(t)
	a, err1 := s.SiteID(t.Context(), "one")
	b, err2 := s.SiteID(t.Context(), "two")
	if a != "one" || b != "one" || err1 != nil || err2 != nil {
		t.Errorf("site %s, then %s: %v %v", a, b, err1, err2)
	}
}
