//go:build system

package systest

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/ctl"
	"badged/internal/rig/sim"
	"badged/internal/sitekey"
	"badged/sync/hub/api"
	"badged/sync/identity"
)

// terminal is a box with its devices, whose power can be cut.
type terminal struct {
	*devices
	name   string
	bin    string
	state  string // folder
	config string // file
	client *ctl.Client
	key    sitekey.Key

	mu      sync.Mutex // guards what follows
	taps    map[string]int
	cards   map[badge]string // → account that its swipes count for
	seen    map[uint64]event // by order
	changed []string         // events that were told twice, differently
	bound   []badge          // of members
}

// install joins a new terminal to the hub.
func install(t *testing.T, h *hub, programs, dir, name string) *terminal {
	t.Helper()
	tm := &terminal{
		name: name, bin: filepath.Join(programs, "badged"), state: filepath.Join(dir, "state"),
		config: filepath.Join(dir, "badged.toml"), client: ctl.NewClient(filepath.Join(dir, "c.sock")),
		taps: map[string]int{}, cards: map[badge]string{}, seen: map[uint64]event{},
	}
	if err := os.MkdirAll(tm.state, 0o700); err != nil {
		t.Fatal(err)
	}
	tm.devices = plugIn(t, dir)
	if err := os.WriteFile(tm.config, []byte(tm.devices.config(dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	token, err := h.AddTerminal(t.Context(), api.NewTerminal{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), tm.bin, "join", token.Token, "--config", tm.config).CombinedOutput(); err != nil {
		t.Fatalf("join %s: %v\n%s", name, err, out)
	}
	id, err := identity.Load(tm.state)
	if err != nil {
		t.Fatal(err)
	}
	tm.key = id.SiteKey
	return tm
}

// on switches the power on.
func (tm *terminal) on() (*process, error) {
	return start(tm.name, nil, tm.bin, "run", "--config", tm.config)
}

// count notes a swipe for the account that the badge leads to: its own anonymous
// one, or that of the member who bound it.
func (tm *terminal) count(b badge) {
	tm.mu.Lock()
	defer tm.mu.Unlock()
	id, ok := tm.cards[b]
	if !ok {
		a := tm.key.Anonymous(tm.key.Card(string(b)))
		id = hex.EncodeToString(a[:])
		tm.cards[b] = id
	}
	tm.taps[id]++
}

// belongs says that a badge is a member's from now on.
func (tm *terminal) belongs(b badge, member string) {
	tm.mu.Lock()
	defer tm.mu.Unlock()
	tm.cards[b] = member
}

// noteEvent takes an event from the control socket. What was told once must be told the
// same ever after: another event in its place means that it was lost.
func (tm *terminal) noteEvent(e ctl.Event) {
	got := event{
		Terminal: tm.name, Stream: e.Stream, Seq: e.Seq, Order: e.Order, Kind: e.Kind,
		Point: e.Point, Outcome: e.Outcome, Reason: e.Reason, Account: e.Account,
	}
	tm.mu.Lock()
	defer tm.mu.Unlock()
	if before, told := tm.seen[e.Order]; told {
		if got.Account = before.Account; got != before {
			tm.changed = append(tm.changed, fmt.Sprintf("%s: event %d was told as %+v, then as %+v", tm.name, e.Order, before, got))
		}
		return
	}
	tm.seen[e.Order] = got
}

// listen follows the control socket until ctx ends, over any number of power cuts.
func (tm *terminal) listen(ctx context.Context) {
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for ctx.Err() == nil {
		// The error is the terminal's absence: it is off, or was switched off.
		_ = tm.client.Events(ctx, 500, true, func(e ctl.Event) error { tm.noteEvent(e); return nil })
		select {
		case <-ctx.Done():
		case <-again.C:
		}
	}
}

// has reports whether an event of this kind was told for an account.
func (tm *terminal) has(reason string, since uint64) bool {
	tm.mu.Lock()
	defer tm.mu.Unlock()
	for order, e := range tm.seen {
		if order > since && e.Reason == reason {
			return true
		}
	}
	return false
}

// last is the highest order that was told.
func (tm *terminal) last() (last uint64) {
	tm.mu.Lock()
	defer tm.mu.Unlock()
	for order := range tm.seen {
		last = max(last, order)
	}
	return last
}

// crash lets the terminal run for a random time, which may be over before it is
// ready, and cuts its power; in one of three times already when the lock opens, which
// is before an event would be on disk that was not there first.
func (tm *terminal) crash(rng *rand.Rand, most time.Duration) error {
	opens := make(<-chan sim.PinsState)
	if rng.IntN(3) == 0 {
		states, stop := tm.pins.Watch()
		defer stop()
		<-states // the present one
		opens, most = states, 3*most
	}
	p, err := tm.on()
	if err != nil {
		return err
	}
	over := time.After(time.Duration(rng.Int64N(int64(most))))
	for {
		select {
		case <-p.done:
			return fmt.Errorf("%s ended by itself with code %d:\n%s", tm.name, p.exitCode(), p.log)
		case s := <-opens:
			if !s.Relay {
				continue
			}
		case <-over:
		}
		p.kill()
		return nil
	}
}

// drained reports whether the hub has everything.
func (tm *terminal) drained(ctx context.Context) bool {
	s, err := tm.client.Status(ctx)
	return err == nil && s.Uplink.Connected && s.Uplink.Pending == 0
}

// local gives the anonymous accounts in the terminal's database, which must be
// sound: the chain of its events and its index, too.
func (tm *terminal) local(ctx context.Context) (list []account, err error) {
	st, err := store.Open(ctx, store.Options{Path: filepath.Join(tm.state, "badged.db"), Terminal: tm.name})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	if st.Recovered() != "" {
		return nil, fmt.Errorf("%s: the database was corrupt, kept at %s", tm.name, st.Recovered())
	}
	if err := st.Verify(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", tm.name, err)
	}
	if differ, err := st.Check(ctx); err != nil || len(differ) > 0 {
		return nil, fmt.Errorf("%s: compare index and database: %q, %w", tm.name, differ, err)
	}
	err = st.View(ctx, func(tx enroll.Tx) error {
		for b := range tm.cards {
			id := enroll.AccountID(tm.key.Anonymous(tm.key.Card(string(b))))
			a, err := tx.Account(id)
			if errors.Is(err, enroll.ErrNotFound) {
				continue // nobody saw that swipe
			} else if err != nil {
				return err
			}
			list = append(list, account{ID: hex.EncodeToString(id[:]), Number: a.Number})
		}
		return nil
	})
	return list, err
}
