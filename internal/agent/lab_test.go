package agent_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/agent"
	"badged/internal/clock"
	"badged/internal/door"
	"badged/internal/health"
	"badged/internal/sitekey"
	"badged/reader"
)

// patience is how long something may take on a machine that is busy.
const patience = 2 * time.Minute

var key = sitekey.New(1, [32]byte{1, 2, 3})

// lab is an agent over its real rules and database.
type lab struct {
	*agent.Agent
	t      *testing.T
	store  *store.Store
	health *health.Register
	opts   agent.Options
	got    chan agent.Decided
	noise  *script // what badRead comes from
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{t: t, health: &health.Register{}, got: make(chan agent.Decided, 1024)}
	var err error
	l.store, err = store.Open(t.Context(), store.Options{
		Path: filepath.Join(t.TempDir(), "badged.db"), Terminal: "t1", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	clk := clock.New(clock.From(time.Now().Add(-time.Hour)))
	l.opts = agent.Options{
		Engine: enroll.NewEngine(l.store, key, clk, "t1"), Index: l.store.Index(),
		Points: []enroll.Point{
			{Name: "hall", Kind: enroll.Print},
			{Name: "front", Kind: enroll.DoorP, Door: "front"},
		},
		Health: l.health, Log: slog.New(slog.DiscardHandler),
		Account: func(ctx context.Context, id enroll.AccountID) (a enroll.Account, err error) {
			err = l.store.View(ctx, func(tx enroll.Tx) error { a, err = tx.Account(id); return err })
			return a, err
		},
		StoreFailed: l.store.Failed,
		Decided:     func(d agent.Decided) { l.got <- d },
	}
	return l
}

// run starts the agent; stop ends it, and the database after it.
func (l *lab) run() (stop func()) {
	l.Agent = agent.New(l.opts)
	ctx, cancel := context.WithCancel(l.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); l.Agent.Run(ctx) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			<-done
		}
	}
	l.t.Cleanup(func() { stop(); l.store.Close() })
	return stop
}

func text(c reader.Card) (reader.Number, error) {
	if c.Reveal() == "unruly" {
		return reader.Number{}, fmt.Errorf("too long")
	}
	return reader.NewNumber(c.Reveal()), nil
}

func (l *lab) attach(s reader.Source, point string) {
	l.opts.Readers = append(l.opts.Readers, agent.Reader{Source: s, Point: point, Number: text})
}

func (l *lab) update(fn func(enroll.Tx) error) {
	l.t.Helper()
	if err := l.store.Update(l.t.Context(), fn); err != nil {
		l.t.Fatal(err)
	}
}

// member makes an active person who may use the front door.
func (l *lab) member(card string) enroll.AccountID {
	l.t.Helper()
	a := enroll.Account{Kind: enroll.Person, State: enroll.Active, Name: "Ada"}
	_, _ = rand.Read(a.ID[:])
	l.update(func(tx enroll.Tx) error { return tx.PutAccount(a) })
	if card != "" {
		b := enroll.Binding{Card: key.Card(card), Account: a.ID, State: enroll.BindingActive, Assurance: enroll.AssuranceUID}
		l.update(func(tx enroll.Tx) error { return tx.PutBinding(b) })
	}
	g := enroll.Grant{Account: a.ID, Door: "front"}
	_, _ = rand.Read(g.ID[:])
	l.store.Index().Apply(g)
	return a.ID
}

func (l *lab) claim(a enroll.AccountID, code string) {
	l.t.Helper()
	c := enroll.Claim{Account: a, State: enroll.ClaimLive, Ends: time.Now().Add(time.Hour)}
	_, _ = rand.Read(c.ID[:])
	c.MAC = key.Claim(c.ID, code)
	l.update(func(tx enroll.Tx) error { return tx.PutClaim(c) })
}

// tail is all events so far, oldest first, of these kinds.
func (l *lab) tail(kinds ...enroll.EventKind) []enroll.Event {
	l.t.Helper()
	l.update(func(enroll.Tx) error { return nil }) // what was queued goes first
	evs, err := l.store.Tail(l.t.Context(), 1000)
	if err != nil {
		l.t.Fatal(err)
	}
	return slices.DeleteFunc(evs, func(ev enroll.Event) bool { return !slices.Contains(kinds, ev.Kind) })
}

// events are the reasons of what tail gives.
func (l *lab) events(kinds ...enroll.EventKind) (list []enroll.Reason) {
	l.t.Helper()
	for _, ev := range l.tail(kinds...) {
		list = append(list, ev.Reason)
	}
	return list
}

// expect waits for the next decision.
func (l *lab) expect(o enroll.Outcome, r enroll.Reason) enroll.Decision {
	l.t.Helper()
	select {
	case d := <-l.got:
		if d.Decision.Outcome != o || d.Decision.Reason != r {
			l.t.Fatalf("%s: outcome %d reason %d, want %d and %d", d.Point, d.Decision.Outcome, d.Decision.Reason, o, r)
		}
		return d.Decision
	case <-time.After(patience):
		l.t.Fatal("nothing was decided")
		panic("unreachable")
	}
}

// screen waits until the hall's panel shows what ok wants.
func (l *lab) screen(ok func(enroll.Screen) bool) enroll.Screen {
	l.t.Helper()
	ch, stop := l.Watch("hall")
	defer stop()
	late := time.After(patience)
	for {
		if s, _ := l.Screen("hall"); ok(s) {
			return s
		}
		select {
		case <-ch:
		case <-late:
			s, _ := l.Screen("hall")
			l.t.Fatalf("the panel shows %q, notice %d", s.Account.DisplayName(), s.Notice)
		}
	}
}

// await waits until the item of this name has a state.
func (l *lab) await(name string, want health.State) health.Item {
	l.t.Helper()
	late := time.After(patience)
	for {
		changed := l.health.Changed()
		for _, it := range l.health.Snapshot() {
			if it.Name == name && it.State == want {
				return it
			}
		}
		select {
		case <-changed:
		case <-late:
			l.t.Fatalf("%s is not %v: %+v", name, want, l.health.Snapshot())
		}
	}
}

// script is a reader that says what a test sends, and shows cues.
type script struct {
	name string
	say  chan reader.Event
	cues chan reader.Cue
}

func newScript(name string) *script {
	return &script{name, make(chan reader.Event), make(chan reader.Cue)}
}

func (s *script) Name() string { return s.name }

func (s *script) Run(ctx context.Context, emit func(reader.Event)) error {
	emit(reader.Event{Kind: reader.KindUp, At: time.Now()})
	for {
		select {
		case ev := <-s.say:
			ev.At = time.Now()
			emit(ev)
		case <-ctx.Done():
			return nil
		}
	}
}

// Signal waits until the test takes the cue.
func (s *script) Signal(ctx context.Context, c reader.Cue) error {
	select {
	case s.cues <- c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *script) tap(card string) {
	s.say <- reader.Event{Kind: reader.KindCard, Card: reader.TextCard(card)}
}

// relay is a relay that a test looks at.
type relay struct{ changes chan bool }

func newRelay() *relay { return &relay{make(chan bool, 64)} }

func (r *relay) On(time.Time) error { r.changes <- true; return nil }
func (r *relay) Off() error         { r.changes <- false; return nil }
func (r *relay) Close() error       { close(r.changes); return nil }

// input is an input that a test moves.
type input chan bool

func (in input) Next(ctx context.Context) (bool, time.Time, error) {
	select {
	case level := <-in:
		return level, time.Now(), nil
	case <-ctx.Done():
		return false, time.Time{}, ctx.Err()
	}
}

func frontDoor(r agent.Relay) agent.Door {
	return agent.Door{
		Name: "front", Point: "front", Relay: r,
		Config: door.Config{OpenFor: 5 * time.Second, HeldAfter: 30 * time.Second},
	}
}
