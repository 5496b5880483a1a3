package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"badged/sync/hub/fleet"
	"badged/sync/hub/publish"
	"badged/sync/hub/store"
	"badged/sync/wire"
)

const collection = wire.Grants

var errDrawn = errors.New("drawn to fail")

// site is what a collection should be, and a terminal's copy of it.
type site struct {
	scope  string
	rows   map[string]string // key → body
	rev    uint64
	copied map[string]string
	upto   uint64 // revision of the copy
}

type put struct{ key, body string }

// testRows holds revision, set hash, deltas and tombstones against the simplest thing that
// could have them.
func testRows(t *testing.T, open Open) {
	s := open(t)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		m := &site{scope: fmt.Sprint(round), rows: map[string]string{}, copied: map[string]string{}}
		for range rapid.IntRange(1, 6).Draw(rt, "transactions") {
			puts := rapid.SliceOfN(rapid.Custom(drawPut), 1, 6).Draw(rt, "puts")
			fail := rapid.IntRange(0, 4).Draw(rt, "fail") == 0
			m.put(rt, s, puts, fail)
			m.follow(rt, s)
		}
	})
}

func drawPut(rt *rapid.T) put {
	return put{
		rapid.SampledFrom([]string{"k1", "k2", "k3", "k4"}).Draw(rt, "key"),
		rapid.SampledFrom([]string{"", "x", "y"}).Draw(rt, "body"),
	}
}

func (m *site) put(rt *rapid.T, s *store.Store, puts []put, fail bool) {
	err := s.Write(rt.Context(), operator, func(tx fleet.Tx) error {
		for _, p := range puts {
			var body []byte
			if p.body != "" {
				body = []byte(p.body)
			}
			if err := tx.PutRow(collection, m.scope, []byte(p.key), body); err != nil {
				return err
			}
		}
		if fail {
			return errDrawn
		}
		return nil
	})
	if fail != errors.Is(err, errDrawn) || !fail && err != nil {
		rt.Fatal(err)
	}
	for _, p := range puts {
		if !fail && m.rows[p.key] != p.body {
			m.rows[p.key] = p.body
			m.rev++
		}
	}
}

// follow brings the copy up to date with a delta and holds all against the model.
func (m *site) follow(rt *rapid.T, s *store.Store) {
	err := s.Read(rt.Context(), func(tx fleet.Tx) error {
		last := m.upto
		err := tx.RowsSince(collection, m.scope, m.upto, func(r publish.Row) error {
			if r.Rev <= last {
				rt.Fatalf("revision %d after %d", r.Rev, last)
			}
			last = r.Rev
			m.copied[string(r.Key)] = string(r.Body)
			return nil
		})
		if err != nil {
			return err
		}
		m.upto = last
		return m.compare(rt, tx)
	})
	if err != nil {
		rt.Fatal(err)
	}
}

func (m *site) compare(rt *rapid.T, tx fleet.Tx) error {
	var want, sum [16]byte
	live := make(map[string]string)
	err := tx.RowsAfter(collection, m.scope, nil, 100, func(r publish.Row) error {
		live[string(r.Key)] = string(r.Body)
		sum = wire.Xor(sum, wire.RowHash(collection, r.Key, r.Body))
		return nil
	})
	if err != nil {
		return err
	}
	for key, body := range m.rows {
		if m.copied[key] != body {
			rt.Fatalf("the copy has %q for %s, want %q", m.copied[key], key, body)
		}
		if live[key] != body {
			rt.Fatalf("row %s is %q, want %q", key, live[key], body)
		}
		if body != "" {
			want = wire.Xor(want, wire.RowHash(collection, []byte(key), []byte(body)))
		}
	}
	st, err := tx.RowState(collection, m.scope)
	if st.Hash != want || sum != want || st.Rev != m.rev || m.upto != m.rev {
		rt.Fatalf("revision %d, want %d; hash %x, of the rows %x, want %x", st.Rev, m.rev, st.Hash, sum, want)
	}
	return err
}

// testPages reads a collection in pages while rows come, change and go between them: what
// was there all the time is there once.
func testPages(t *testing.T, open Open) {
	s := open(t)
	var all []string
	write(t, s, func(tx fleet.Tx) error {
		for i := range 60 {
			key := string([]byte{byte(i * 4), 0xff, byte(i)}) // bytes that no text could have
			all = append(all, key)
			if err := tx.PutRow(collection, "", []byte(key), []byte{byte(i), 'x'}); err != nil {
				return err
			}
		}
		return nil
	})
	var seen []string
	var after []byte
	for page := 0; ; page++ {
		before := len(seen)
		read(t, s, func(tx fleet.Tx) error {
			return tx.RowsAfter(collection, "", after, 7, func(r publish.Row) error {
				if slices.Contains(all, string(r.Key)) {
					seen = append(seen, string(r.Key))
				}
				after = r.Key
				return nil
			})
		})
		if len(seen) == before {
			break
		}
		write(t, s, func(tx fleet.Tx) error {
			fresh := []byte{byte(page * 30), 0xfe, byte(page)}
			return errors.Join(tx.PutRow(collection, "", fresh, []byte("new")),
				tx.PutRow(collection, "", []byte(all[(page*11)%60]), []byte{byte(page), 'y'}))
		})
	}
	if !slices.Equal(seen, all) {
		t.Errorf("the pages have %d of %d rows, in order: %v", len(seen), len(all), slices.IsSorted(seen))
	}
}

func testPrune(t *testing.T, open Open) {
	s := open(t)
	write(t, s, func(tx fleet.Tx) error {
		return errors.Join(
			tx.PutRow(collection, "", []byte("a"), []byte("x")), tx.PutRow(collection, "", []byte("b"), []byte("x")),
			tx.PutRow(collection, "", []byte("a"), nil), tx.PutRow(collection, "", []byte("b"), nil),
			tx.PutRow(collection, "", []byte("c"), []byte("x")), tx.PutRow(collection, "", []byte("never"), nil))
	})
	write(t, s, func(tx fleet.Tx) error { return tx.PruneRows(collection, "", 3) })
	read(t, s, func(tx fleet.Tx) error {
		st, err1 := tx.RowState(collection, "")
		if st.Rev != 5 || st.Floor != 3 {
			t.Errorf("revision %d and floor %d, want 5 and 3", st.Rev, st.Floor)
		}
		var keys string
		err2 := tx.RowsSince(collection, "", st.Floor, func(r publish.Row) error {
			keys += fmt.Sprintf("%s%d ", r.Key, r.Rev)
			return nil
		})
		if keys != "b4 c5 " {
			t.Errorf("since the floor: %s", keys)
		}
		return errors.Join(err1, err2)
	})
	write(t, s, func(tx fleet.Tx) error { return tx.PruneRows(collection, "", 99) })
	read(t, s, func(tx fleet.Tx) error {
		st, err := tx.RowState(collection, "")
		if st.Floor != 5 {
			t.Errorf("the floor %d is above the last revision", st.Floor)
		}
		return err
	})
}
