package store_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"badged/enroll"
	"badged/enroll/store"
	"badged/sync/wire"
)

// model plays a hub and a terminal that disagree at random, and knows what must hold.
type model struct {
	t     *testing.T
	path  string
	s     *store.Store
	cards *hub
	mine  map[int]bool // bound here, and the hub has said nothing about it since
	told  map[int]bool // its event is acknowledged
}

func (m *model) card(r *rapid.T) int { return rapid.IntRange(0, 6).Draw(r, "card") }

func (m *model) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"bind here": func(r *rapid.T) {
			n := m.card(r)
			err := m.s.Update(context.Background(), func(tx enroll.Tx) error {
				return errors.Join(tx.PutBinding(binding(n)), tx.Append(security(n)))
			})
			row, known := m.row(n)
			taken := known && (row.Account != id(n) || row.State > 2)
			if taken != errors.Is(err, enroll.ErrTaken) || !taken && err != nil {
				r.Fatalf("binding card %d over %+v: %v", n, row, err)
			}
			if !taken {
				m.mine[n], m.told[n] = !known, false
			}
		},
		"hub puts": func(r *rapid.T) {
			n := m.card(r)
			row := wire.Binding{Account: id(rapid.IntRange(0, 6).Draw(r, "owner")), State: wire.BindingState(rapid.IntRange(1, 6).Draw(r, "state")), Assurance: 1}
			apply(m.t, m.s, m.cards.put(m.t, n, row))
			delete(m.mine, n)
		},
		"hub removes": func(r *rapid.T) {
			n := m.card(r)
			apply(m.t, m.s, m.cards.put(m.t, n, nil))
			delete(m.mine, n)
		},
		"hub sends all": func(*rapid.T) {
			m.cards.rev++
			apply(m.t, m.s, m.cards.snapshot())
			for n := range m.mine {
				if m.told[n] {
					delete(m.mine, n)
				}
			}
		},
		"hub acknowledges": func(*rapid.T) {
			ackAll(m.t, m.s)
			_, err := m.s.Position(context.Background()) // the next connection
			must(m.t, err)
			for n := range m.mine {
				m.told[n] = true
			}
		},
		"restart": func(*rapid.T) {
			must(m.t, m.s.Close())
			m.s = openStore(m.t, m.path)
			_, err := m.s.Position(context.Background())
			must(m.t, err)
		},
		"": m.check,
	}
}

func (m *model) row(n int) (row wire.Binding, known bool) {
	body, known := m.cards.rows[string(key(n))]
	if known {
		must(m.t, wire.Unmarshal(body, &row))
	}
	return row, known
}

// check holds the index against the rule: the hub's row if there is one, else the
// terminal's own as long as the hub may not know of it.
func (m *model) check(r *rapid.T) {
	for n := range 7 {
		have, ok := m.s.Index().Card(id(n), "")
		row, known := m.row(n)
		switch {
		case known && (!ok || have.Binding.Account != row.Account || wire.BindingState(have.Binding.State) != row.State):
			r.Fatalf("card %d is %+v, the hub says %+v", n, have.Binding, row)
		case !known && ok != m.mine[n]:
			r.Fatalf("card %d is there: %v, it should be: %v", n, ok, m.mine[n])
		}
	}
	p, err := m.s.Position(context.Background())
	must(m.t, err)
	if v := p.Vector[wire.Cards-1]; v.Rev != m.cards.rev || v.Hash != m.cards.hash() {
		r.Fatalf("cards are at revision %d with %x, the hub is at %d with %x", v.Rev, v.Hash, m.cards.rev, m.cards.hash())
	}
	sound(m.t, m.s)
}

func TestHubAndTerminalAgreeWhateverHappens(t *testing.T) {
	fewer(t)
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		must(t, err)
		m := &model{t: t, path: filepath.Join(dir, "badged.db"), cards: newHub(wire.Cards), mine: map[int]bool{}, told: map[int]bool{}}
		m.s = openStore(t, m.path)
		r.Repeat(m.actions())
		must(t, m.s.Close())
	})
}

// fewer lowers the number of runs, each of which opens real files many times, unless
// the command line asks for another.
func fewer(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		must(t, flag.Set(f.Name, "25"))
		t.Cleanup(func() { must(t, flag.Set(f.Name, f.DefValue)) })
	}
}
