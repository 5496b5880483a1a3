package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/clock"
	"badged/internal/sqlite"
	"badged/sync/uplink"
	"badged/sync/wire"
)

// The store is what both of its users declare.
var (
	_ enroll.Store = (*store.Store)(nil)
	_ uplink.Store = (*store.Store)(nil)
)

var day = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func dbPath(t testing.TB) string { return filepath.Join(t.TempDir(), "badged.db") }

func openStore(t testing.TB, path string) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), store.Options{Path: path, Terminal: "hall"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func reopen(t testing.TB, s *store.Store, path string) *store.Store {
	t.Helper()
	must(t, s.Close())
	return openStore(t, path)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func id(n int) (id [16]byte) {
	copy(id[:], fmt.Sprintf("id-%012d", n))
	return id
}

func routine(n int) enroll.Event {
	return enroll.Event{
		Kind: enroll.EventPresentation, Outcome: enroll.Granted, Reason: enroll.KnownCard, Point: "hall",
		At: clock.Stamp{Wall: day, State: clock.Trusted}, Account: id(n), Card: id(n + 1),
	}
}

func security(n int) enroll.Event {
	e := routine(n)
	e.Kind, e.Reason = enroll.EventEnrolment, enroll.NewAccount
	return e
}

func update(t testing.TB, s *store.Store, fn func(enroll.Tx) error) {
	t.Helper()
	must(t, s.Update(t.Context(), fn))
}

// enrol makes an anonymous account of a card, as the engine does.
func enrol(t testing.TB, s *store.Store, n int) (number uint64) {
	t.Helper()
	update(t, s, func(tx enroll.Tx) (err error) {
		if number, err = tx.TakeNumber(); err != nil {
			return err
		}
		a := enroll.Account{ID: id(n), Kind: enroll.Anonymous, State: enroll.Active, Number: number, Lang: "fr"}
		if err := tx.PutAccount(a); err != nil {
			return err
		}
		if err := tx.PutBinding(binding(n)); err != nil {
			return err
		}
		return tx.Append(security(n))
	})
	return number
}

func binding(n int) enroll.Binding {
	return enroll.Binding{Card: id(n), Account: id(n), State: enroll.BindingActive, Assurance: enroll.AssuranceUID}
}

func account(t testing.TB, s *store.Store, n int) (a enroll.Account, err error) {
	t.Helper()
	err = s.View(t.Context(), func(tx enroll.Tx) error {
		a, err = tx.Account(id(n))
		return err
	})
	return a, err
}

func ackAll(t testing.TB, s *store.Store) {
	t.Helper()
	must(t, ackEverything(t.Context(), s))
}

// hub is the hub's side of one collection.
type hub struct {
	c    wire.Collection
	rev  uint64
	rows map[string][]byte
}

func newHub(c wire.Collection) *hub { return &hub{c: c, rows: map[string][]byte{}} }

func (h *hub) hash() (sum [16]byte) {
	for k, body := range h.rows {
		sum = wire.Xor(sum, wire.RowHash(h.c, []byte(k), body))
	}
	return sum
}

// put changes rows, given as key, value, ... (nil: tombstone), and gives the delta.
func (h *hub) put(t testing.TB, kv ...any) []wire.Page {
	t.Helper()
	p := wire.Page{Collection: h.c, From: h.rev, Parts: 1}
	h.rev++
	for i := 0; i < len(kv); i += 2 {
		ch := wire.Change{Key: key(kv[i]), Rev: h.rev}
		if kv[i+1] == nil {
			delete(h.rows, string(ch.Key))
		} else {
			ch.Body = body(t, kv[i+1])
			h.rows[string(ch.Key)] = ch.Body
		}
		p.Changes = append(p.Changes, ch)
	}
	p.To, p.Hash = h.rev, h.hash()
	return []wire.Page{p}
}

// body is the encoding of a row; bytes are one already.
func body(t testing.TB, row any) []byte {
	t.Helper()
	if b, ok := row.([]byte); ok {
		return b
	}
	return marshal(t, row)
}

// snapshot gives all rows, in pages of 500.
func (h *hub) snapshot() (pages []wire.Page) {
	var changes []wire.Change
	for k, body := range h.rows {
		changes = append(changes, wire.Change{Key: []byte(k), Rev: h.rev, Body: body})
	}
	sum := h.hash()
	parts := uint64(max(1, (len(changes)+499)/500))
	for part := range parts {
		n := min(500, len(changes))
		pages = append(pages, wire.Page{
			Collection: h.c, Snapshot: true, To: h.rev, Part: part, Parts: parts, Hash: sum, Changes: changes[:n],
		})
		changes = changes[n:]
	}
	return pages
}

func key(k any) []byte {
	switch k := k.(type) {
	case int:
		b := id(k)
		return b[:]
	case string:
		return []byte(k)
	default:
		panic(k)
	}
}

func apply(t testing.TB, s *store.Store, pages []wire.Page) {
	t.Helper()
	must(t, s.Apply(t.Context(), pages))
}

// lend gives the store a block of numbers.
func lend(t testing.TB, s *store.Store, first, last uint64) *hub {
	t.Helper()
	h := newHub(wire.Leases)
	apply(t, s, h.put(t, int(first), wire.Lease{First: first, Last: last}))
	return h
}

// sound fails unless the index mirrors the database and the chain of events holds.
func sound(t testing.TB, s *store.Store) {
	t.Helper()
	report, err := s.Check(t.Context())
	must(t, err)
	for _, line := range report {
		t.Error(line)
	}
	must(t, s.Verify(t.Context()))
}

var (
	activePerson = wire.Account{Kind: 1, State: 3, Name: "Ada"}
	activeCard   = func(account int) wire.Binding { return wire.Binding{Account: id(account), State: 1, Assurance: 1} }
)

// raw changes the file behind the store's back.
func raw(t testing.TB, path, statement string) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Options{
		Path: path, PageSize: 512, ApplicationID: 0x62646774, Migrations: os.DirFS("schema"),
	})
	must(t, err)
	_, err = db.Write.ExecContext(t.Context(), statement)
	must(t, err)
	must(t, db.Close())
}
