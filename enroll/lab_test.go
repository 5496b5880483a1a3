package enroll_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/clock"
	"badged/internal/secret"
	"badged/internal/sitekey"
	"badged/keypad"
	"badged/reader"
)

// lab is a terminal's rules over its real database, with a printer and two doors.
type lab struct {
	t      *testing.T
	ctx    context.Context
	path   string
	store  *store.Store
	engine *enroll.Engine
	clock  *clock.Clock
	floor  time.Time
}

var (
	key   = sitekey.New(1, [32]byte{1, 2, 3})
	hall  = enroll.Point{Name: "hall", Kind: enroll.Print}
	front = enroll.Point{Name: "front", Kind: enroll.DoorP, Door: "front"}
	back  = enroll.Point{Name: "back", Kind: enroll.DoorP, Door: "back"}
)

func newLab(t *testing.T) *lab {
	l := &lab{t: t, ctx: t.Context(), path: filepath.Join(t.TempDir(), "badged.db"), floor: time.Now().Add(-time.Hour)}
	l.open()
	t.Cleanup(func() { l.store.Close() })
	return l
}

func (l *lab) open() {
	l.t.Helper()
	s, err := store.Open(l.ctx, store.Options{Path: l.path, Terminal: "terminal"})
	if err != nil {
		l.t.Fatal(err)
	}
	l.store, l.clock = s, clock.New(clock.From(l.floor))
	l.engine = enroll.NewEngine(s, key, l.clock, "terminal")
}

// restart ends the process's memory, as a power cut would, and starts again.
func (l *lab) restart() {
	l.t.Helper()
	if err := l.store.Close(); err != nil {
		l.t.Fatal(err)
	}
	l.open()
}

func (l *lab) update(fn func(enroll.Tx) error) {
	l.t.Helper()
	if err := l.store.Update(l.ctx, fn); err != nil {
		l.t.Fatal(err)
	}
}

// setting changes the site's settings as if the hub had sent them.
func (l *lab) setting(change func(*enroll.Site)) {
	s := l.store.Index().Site()
	change(&s)
	l.store.Index().Apply(s)
}

// member makes an active person who may use the doors.
func (l *lab) member(doors ...string) enroll.AccountID {
	a := enroll.Account{Kind: enroll.Person, State: enroll.Active, Name: "Ada"}
	_, _ = rand.Read(a.ID[:])
	l.update(func(tx enroll.Tx) error { return tx.PutAccount(a) })
	for _, d := range doors {
		l.grant(enroll.Grant{Account: a.ID, Door: d})
	}
	return a.ID
}

func (l *lab) grant(g enroll.Grant) {
	_, _ = rand.Read(g.ID[:])
	l.store.Index().Apply(g)
}

// claim issues a claim whose code is code.
func (l *lab) claim(a enroll.AccountID, code string, change ...func(*enroll.Claim)) enroll.Claim {
	c := enroll.Claim{Account: a, State: enroll.ClaimLive, Ends: time.Now().Add(time.Hour)}
	_, _ = rand.Read(c.ID[:])
	c.MAC = key.Claim(c.ID, code)
	for _, f := range change {
		f(&c)
	}
	l.update(func(tx enroll.Tx) error { return tx.PutClaim(c) })
	return c
}

func (l *lab) bind(a enroll.AccountID, number string) {
	b := enroll.Binding{Card: key.Card(number), Account: a, State: enroll.BindingActive, Assurance: enroll.AssuranceUID}
	l.update(func(tx enroll.Tx) error { return tx.PutBinding(b) })
}

func (l *lab) tap(p enroll.Point, number string) enroll.Decision {
	return l.engine.Card(l.ctx, p, reader.NewNumber(number), reader.TextCard(number))
}

func pin(digits string) keypad.PIN { return keypad.PIN{Text: secret.New(digits)} }

func (l *lab) typed(p enroll.Point, code string) enroll.Decision {
	return l.engine.Code(l.ctx, p, keypad.Code{Text: secret.New(code)})
}

// events are all events so far, oldest first.
func (l *lab) events() []enroll.Event {
	l.t.Helper()
	l.update(func(enroll.Tx) error { return nil }) // what was queued goes first
	evs, err := l.store.Tail(l.ctx, 1000)
	if err != nil {
		l.t.Fatal(err)
	}
	return evs
}

func (l *lab) expect(d enroll.Decision, o enroll.Outcome, r enroll.Reason) enroll.Decision {
	l.t.Helper()
	if d.Outcome != o || d.Reason != r {
		l.t.Fatalf("outcome %d reason %d, want %d and %d", d.Outcome, d.Reason, o, r)
	}
	return d
}

func (l *lab) expectLogin(d enroll.Decision, name string) {
	l.t.Helper()
	if !d.Login || d.Account.DisplayName() != name {
		l.t.Fatalf("login %v as %q, want %q", d.Login, d.Account.DisplayName(), name)
	}
}

// lease gives the terminal the numbers first to last.
func (l *lab) lease(first, last uint64) {
	l.t.Helper()
	if err := applyLease(l.ctx, l.store, first, last); err != nil {
		l.t.Fatal(err)
	}
}

func card(n int) string { return fmt.Sprintf("62E30%05X", n) }
