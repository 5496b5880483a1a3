package audit_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/internal/sqlite"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/store"
	hubsqlite "badged/sync/hub/store/sqlite"
)

var operator = audit.Actor{Kind: audit.Operator, ID: "1000", Via: "socket"}

// book is a store with a log, and its file.
type book struct {
	t    *testing.T
	path string
	*store.Store
}

func newBook(t *testing.T) *book {
	b := &book{t: t, path: filepath.Join(t.TempDir(), "hub.db")}
	b.open()
	return b
}

func (b *book) open() {
	var err error
	if b.Store, err = hubsqlite.Open(context.Background(), b.path); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = b.Store.Close() })
}

func (b *book) do(fn func(audit.Tx) error) {
	b.t.Helper()
	if err := b.Write(context.Background(), operator, func(tx fleet.Tx) error { return fn(tx.Tx.Tx.Tx.Tx.Tx) }); err != nil {
		b.t.Fatal(err)
	}
}

// fill records n changes of two subjects.
func (b *book) fill(n int) {
	b.do(func(tx audit.Tx) error {
		for i := range n {
			err := tx.Record(audit.Change{
				Action: "account.change", Object: fmt.Sprint("object ", i), Subject: audit.ID{byte(i % 2)},
				Before: map[string]any{"first": "Ada"}, After: map[string]any{"first": fmt.Sprint("Eve ", i)},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *book) verify() (v audit.Verification) {
	b.t.Helper()
	for more := true; more; {
		err := b.Read(context.Background(), func(tx fleet.Tx) (err error) {
			more, err = v.Next(tx.Tx.Tx.Tx.Tx.Tx)
			return err
		})
		if err != nil {
			b.t.Fatal(err)
		}
	}
	return v
}

// tamper changes the file behind the hub's back.
func (b *book) tamper(query string, args ...any) {
	b.t.Helper()
	if err := b.Store.Close(); err != nil {
		b.t.Fatal(err)
	}
	db, err := sqlite.Open(context.Background(), sqlite.Options{Path: b.path, PageSize: 4096, ApplicationID: 0x62676862,
		Migrations: os.DirFS("../store/sqlite/migrations")})
	if err != nil {
		b.t.Fatal(err)
	}
	mustExec(b.t, db.Write, query, args...)
	if err := db.Close(); err != nil {
		b.t.Fatal(err)
	}
	b.open()
}

func mustExec(t *testing.T, db *sql.DB, query string, args ...any) {
	t.Helper()
	res, err := db.Exec(query, args...)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		t.Fatalf("%s changes nothing", query)
	}
}

func TestALogVerifies(t *testing.T) {
	b := newBook(t)
	if v := b.verify(); v.Lines != 0 || len(v.Faults) > 0 {
		t.Errorf("an empty log: %+v", v)
	}
	b.fill(2345)
	v := b.verify()
	if v.Lines != 2345 || v.First != 1 || v.Last != 2345 || len(v.Faults) > 0 || v.Head == [32]byte{} {
		t.Errorf("%d lines from %d to %d, faults %v", v.Lines, v.First, v.Last, v.Faults)
	}
}

// A line says who, when, on what, and what changed.
func TestALineSaysWhoDidWhat(t *testing.T) {
	b := newBook(t)
	var at time.Time
	b.do(func(tx audit.Tx) error {
		at = tx.Now.Truncate(time.Millisecond)
		return tx.Record(audit.Change{Action: "door.add", Object: "front", After: map[string]any{"group": "hall"}})
	})
	b.do(func(tx audit.Tx) error {
		return tx.ListAudit(audit.Query{Limit: 10}, func(e audit.Entry) error {
			if e.Seq != 1 || !e.At.Equal(at) || e.Actor != operator || e.Action != "door.add" || e.Object != "front" ||
				e.Before != nil || string(e.After) != `{"group":"hall"}` {
				t.Errorf("line %+v", e)
			}
			return nil
		})
	})
}

// Issue 8, 2: chained, verifiable: whatever is changed in the file shows.
func TestWhateverIsChangedShows(t *testing.T) {
	for query, want := range map[string]audit.Fault{
		`UPDATE audit SET at = at + 1 WHERE seq = 5`:                                   {Seq: 5, Problem: audit.Changed},
		`UPDATE audit SET actor_kind = 'system' WHERE seq = 5`:                         {Seq: 5, Problem: audit.Changed},
		`UPDATE audit SET actor_id = '0' WHERE seq = 5`:                                {Seq: 5, Problem: audit.Changed},
		`UPDATE audit SET via = 'web' WHERE seq = 5`:                                   {Seq: 5, Problem: audit.Changed},
		`UPDATE audit SET action = 'account.add' WHERE seq = 5`:                        {Seq: 5, Problem: audit.Changed},
		`UPDATE audit SET object = 'object 7' WHERE seq = 5`:                           {Seq: 5, Problem: audit.Changed},
		`UPDATE audit SET subject = x'09000000000000000000000000000000' WHERE seq = 5`: {Seq: 5, Problem: audit.Changed},
		`UPDATE audit SET before = CAST('{"first":"Zoe"}' AS BLOB) WHERE seq = 5`:      {Seq: 5, Problem: audit.Content},
		`UPDATE audit SET after = CAST('{}' AS BLOB) WHERE seq = 5`:                    {Seq: 5, Problem: audit.Content},
		`UPDATE audit SET after = NULL WHERE seq = 5`:                                  {Seq: 5, Problem: audit.Content},
		`UPDATE audit SET salt = NULL WHERE seq = 5`:                                   {Seq: 5, Problem: audit.Content},
		`UPDATE audit SET salt = NULL, before = NULL, after = NULL WHERE seq = 5`:      {Seq: 5, Problem: audit.Hidden},
		`DELETE FROM audit WHERE seq = 5`:                                              {Seq: 5, Problem: audit.Missing},
		`UPDATE audit SET hash = x'` + strings.Repeat("ab", 32) + `' WHERE seq = 5`:    {Seq: 5, Problem: audit.Changed},
		`UPDATE audit SET prev = x'` + strings.Repeat("ab", 32) + `' WHERE seq = 1`:    {Seq: 1, Problem: audit.Changed},
	} {
		b := newBook(t)
		b.fill(10)
		b.tamper(query)
		if v := b.verify(); !slices.Contains(v.Faults, want) {
			t.Errorf("%s: faults %v, want %v", query, v.Faults, want)
		}
	}
}

// Lines that are taken from the end show to whoever kept the head.
func TestACutEndShowsInTheHead(t *testing.T) {
	b := newBook(t)
	b.fill(10)
	before := b.verify()
	b.tamper(`DELETE FROM audit WHERE seq > 8`)
	if after := b.verify(); after.Last != 8 || after.Head == before.Head {
		t.Errorf("last %d", after.Last)
	}
}

// PEOPLE §6.10: erasure wipes personal fields, the chain still verifies.
func TestAnErasedSubjectIsGoneAndTheChainHolds(t *testing.T) {
	b := newBook(t)
	b.fill(10)
	b.do(func(tx audit.Tx) error { return tx.Erase(audit.ID{1}) })
	v := b.verify()
	if v.Lines != 11 || v.Erased != 5 || len(v.Faults) > 0 {
		t.Errorf("%d lines, %d erased, faults %v", v.Lines, v.Erased, v.Faults)
	}
	b.do(func(tx audit.Tx) error {
		return tx.ListAudit(audit.Query{Limit: 100}, func(e audit.Entry) error {
			if gone := e.Before == nil && e.After == nil && e.Salt == nil; gone != (e.Subject == audit.ID{1}) {
				t.Errorf("line %d of %x: %s %s", e.Seq, e.Subject, e.Before, e.After)
			}
			return nil
		})
	})
	b.tamper(`DELETE FROM audit WHERE action = 'audit.erase'`)
	if v := b.verify(); !slices.Contains(v.Faults, audit.Fault{Seq: 10, Problem: audit.Hidden}) {
		t.Errorf("an erasure that nothing tells of: %v", v.Faults)
	}
}

// What is personal cannot be found again by trying: equal contents commit differently.
func TestTheSameContentCommitsDifferently(t *testing.T) {
	b := newBook(t)
	seen := map[[32]byte]bool{}
	b.do(func(tx audit.Tx) error {
		for range 3 {
			if err := tx.Record(audit.Change{Action: "a.b", After: "Ada"}); err != nil {
				return err
			}
		}
		return tx.ListAudit(audit.Query{Limit: 10}, func(e audit.Entry) error {
			seen[e.Commit] = true
			return nil
		})
	})
	if len(seen) != 3 {
		t.Errorf("%d commitments of three lines", len(seen))
	}
}

// Every filter alone, newest first, in pages.
func TestTheLogIsFilteredAndPaged(t *testing.T) {
	b := newBook(t)
	start := time.Now().Truncate(time.Millisecond).UTC()
	b.do(func(tx audit.Tx) error {
		for i, c := range []audit.Change{
			{Action: "account.add", Object: "a", Subject: audit.ID{1}}, {Action: "account.state", Object: "a", Subject: audit.ID{1}},
			{Action: "accounts", Object: "b"}, {Action: "door.add", Object: "front"}, {Action: "account.add", Object: "c", Subject: audit.ID{2}},
		} {
			tx.Now = start.Add(time.Duration(i) * time.Hour)
			if err := tx.Record(c); err != nil {
				return err
			}
		}
		return nil
	})
	for _, c := range []struct {
		q    audit.Query
		want []uint64
	}{
		{audit.Query{}, []uint64{5, 4, 3, 2, 1}},
		{audit.Query{Below: 4}, []uint64{3, 2, 1}},
		{audit.Query{Action: "account."}, []uint64{5, 2, 1}},
		{audit.Query{Action: "account.add"}, []uint64{5, 1}},
		{audit.Query{Object: "a"}, []uint64{2, 1}},
		{audit.Query{Subject: audit.ID{2}}, []uint64{5}},
		{audit.Query{Since: start.Add(2 * time.Hour)}, []uint64{5, 4, 3}},
		{audit.Query{Until: start.Add(2 * time.Hour)}, []uint64{2, 1}},
		{audit.Query{Since: start.Add(time.Minute), Until: start.Add(3 * time.Hour)}, []uint64{3, 2}},
		{audit.Query{Since: start.Add(9 * time.Hour)}, nil},
		{audit.Query{Until: start}, nil},
		{audit.Query{Limit: 2}, []uint64{5, 4}},
	} {
		if c.q.Limit == 0 {
			c.q.Limit = 100
		}
		var got []uint64
		b.do(func(tx audit.Tx) error {
			return tx.ListAudit(c.q, func(e audit.Entry) error {
				got = append(got, e.Seq)
				return nil
			})
		})
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: lines %v, want %v", c.q, got, c.want)
		}
	}
}

// PEOPLE §6.10: the log is kept for a time; what is left still verifies.
func TestOldLinesExpire(t *testing.T) {
	b := newBook(t)
	b.do(func(tx audit.Tx) error {
		for range 10 {
			if err := tx.Record(audit.Change{Action: "a.b"}); err != nil {
				return err
			}
			tx.Now = tx.Now.Add(time.Hour)
		}
		return nil
	})
	expire := func(older time.Time, limit, want int) {
		t.Helper()
		b.do(func(tx audit.Tx) error {
			n, err := tx.Expire(older, limit)
			if n != want {
				t.Errorf("%d lines expired, want %d", n, want)
			}
			return err
		})
	}
	now := time.Now()
	expire(now.Add(-time.Hour), 100, 0)
	expire(now.Add(210*time.Minute), 3, 3)
	expire(now.Add(210*time.Minute), 100, 1)
	if v := b.verify(); v.First != 5 || v.Lines != 6 || len(v.Faults) > 0 {
		t.Errorf("%d lines from %d, faults %v", v.Lines, v.First, v.Faults)
	}
	expire(now.AddDate(1, 0, 0), 100, 5)
	b.fill(1)
	if v := b.verify(); v.First != 10 || v.Last != 11 || len(v.Faults) > 0 {
		t.Errorf("%d lines from %d, faults %v", v.Lines, v.First, v.Faults)
	}
}
