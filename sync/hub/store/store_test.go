package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"badged/internal/sqlite"
	"badged/sync/hub"
	"badged/sync/hub/store"
	"badged/sync/wire"
)

func open(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// A collection's revision, set hash, deltas and tombstones are those of the simplest
// thing that could have them.
func TestCollectionsAddUp(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "hub.db"))
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		scope := string(rune('a' + round))
		model := map[string]string{}
		rev := uint64(0)
		copied, copiedRev := map[string]string{}, uint64(0)
		for range rapid.IntRange(1, 8).Draw(rt, "transactions") {
			type op struct{ key, body string }
			var ops []op
			for range rapid.IntRange(1, 6).Draw(rt, "ops") {
				ops = append(ops, op{rapid.SampledFrom([]string{"k1", "k2", "k3", "k4"}).Draw(rt, "key"), rapid.SampledFrom([]string{"", "x", "y"}).Draw(rt, "body")})
			}
			fail := rapid.IntRange(0, 4).Draw(rt, "fail") == 0
			err := s.Update(t.Context(), func(tx hub.Tx) error {
				for _, o := range ops {
					var body []byte
					if o.body != "" {
						body = []byte(o.body)
					}
					if err := tx.PutRow(wire.Grants, scope, []byte(o.key), body); err != nil {
						return err
					}
				}
				if fail {
					return context.Canceled
				}
				return nil
			})
			if fail != errors.Is(err, context.Canceled) || !fail && err != nil {
				rt.Fatal(err)
			}
			for _, o := range ops {
				if !fail && model[o.key] != o.body {
					model[o.key] = o.body
					rev++
				}
			}
			copiedRev = follow(t, rt, s, scope, copied, copiedRev, model, rev)
		}
	})
}

// follow brings a copy up to date with a delta and holds it against the model.
func follow(t *testing.T, rt *rapid.T, s *store.Store, scope string, copied map[string]string, from uint64, model map[string]string, rev uint64) uint64 {
	t.Helper()
	err := s.View(t.Context(), func(tx hub.Tx) error {
		st, err := tx.RowState(wire.Grants, scope)
		if err != nil {
			return err
		}
		if st.Rev != rev {
			rt.Fatalf("revision %d, want %d", st.Rev, rev)
		}
		last := from
		err = tx.RowsSince(wire.Grants, scope, from, func(r hub.Row) error {
			if r.Rev <= last {
				rt.Fatalf("revision %d after %d", r.Rev, last)
			}
			last = r.Rev
			copied[string(r.Key)] = string(r.Body)
			return nil
		})
		if err != nil {
			return err
		}
		var hash, live hub.ID
		for key, want := range model {
			if copied[key] != want {
				rt.Fatalf("the copy has %q for %s, want %q", copied[key], key, want)
			}
			if want != "" {
				hash = wire.Xor(hash, wire.RowHash(wire.Grants, []byte(key), []byte(want)))
			}
		}
		err = tx.EachRow(wire.Grants, scope, func(r hub.Row) error {
			live = wire.Xor(live, wire.RowHash(wire.Grants, r.Key, r.Body))
			return nil
		})
		if st.Hash != hash || live != hash {
			rt.Fatal("the set hash is not that of the rows")
		}
		return err
	})
	if err != nil {
		rt.Fatal(err)
	}
	return rev
}

func TestNumbersHaveOneOwner(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "hub.db"))
	err := s.Update(t.Context(), func(tx hub.Tx) error {
		for i, want := range []hub.ID{{1}, {1}, {1}} {
			if owner, err := tx.AssignNumber(7, hub.ID{byte(i + 1)}); err != nil || owner != want {
				t.Errorf("owner %x, %v", owner[:1], err)
			}
		}
		if err := tx.PutBlock(hub.Block{First: 10, Last: 19, Scope: "a"}); err != nil {
			return err
		}
		for n, known := range map[uint64]bool{9: false, 10: true, 19: true, 20: false} {
			if _, err := tx.BlockOf(n); known != (err == nil) || !known && !errors.Is(err, hub.ErrNotFound) {
				t.Errorf("block of %d: %v", n, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Views see the state of their beginning, and never wait for a writer.
func TestViewsAreSnapshots(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "hub.db"))
	count := func(v uint64) {
		if err := s.Update(t.Context(), func(tx hub.Tx) error { return tx.SetCounter("n", v) }); err != nil {
			t.Fatal(err)
		}
	}
	count(1)
	err := s.View(t.Context(), func(tx hub.Tx) error {
		before, err := tx.Counter("n")
		if err != nil {
			return err
		}
		count(2)
		after, err := tx.Counter("n")
		if before != 1 || after != 1 {
			t.Errorf("saw %d, then %d", before, after)
		}
		if tx.SetCounter("n", 3) == nil {
			t.Error("a view wrote")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestClaimsAndTerminalsComeBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	s := open(t, path)
	now := time.UnixMilli(1_900_000_000_000).UTC()
	claim := hub.ClaimRecord{ID: hub.ID{1}, Account: hub.ID{2}, MAC: hub.ID{3}, Doors: []string{"front"}, Issued: now, Ends: now.Add(time.Hour), State: 1}
	terminal := hub.Terminal{Name: "hall", Added: now, Token: []byte("hash"), TokenEnds: now, Vector: []wire.CollectionState{{Collection: 3, Rev: 9}}}
	err := s.Update(t.Context(), func(tx hub.Tx) error {
		return errors.Join(tx.PutClaim(claim), tx.PutTerminal(terminal), tx.PutTerminal(hub.Terminal{Name: "other"}))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	err = again.View(t.Context(), func(tx hub.Tx) error {
		c, err1 := tx.Claim(claim.ID)
		x, err2 := tx.TerminalByToken([]byte("hash"))
		if c.Ends != claim.Ends || !c.Over.IsZero() || len(c.Doors) != 1 || x.Name != "hall" || x.Cert != nil || x.Vector[0].Rev != 9 {
			t.Errorf("%+v, %+v", c, x)
		}
		_, err := tx.Claim(hub.ID{9})
		if !errors.Is(err, hub.ErrNotFound) {
			t.Errorf("a claim that is not there: %v", err)
		}
		return errors.Join(err1, err2)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheDatabaseIsOurs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	s := open(t, path)
	if _, err := store.Open(t.Context(), path); !errors.Is(err, sqlite.ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	a, err1 := s.SiteID(t.Context(), "one")
	b, err2 := s.SiteID(t.Context(), "two")
	if a != "one" || b != "one" || err1 != nil || err2 != nil {
		t.Errorf("site %s, then %s: %v %v", a, b, err1, err2)
	}
	junk := filepath.Join(t.TempDir(), "hub.db")
	if err := os.WriteFile(junk, []byte("this is not a database, and it is long enough to be looked at"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), junk); !sqlite.IsCorrupt(err) {
		t.Errorf("junk: %v", err)
	}
}
