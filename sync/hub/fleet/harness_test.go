package fleet_test

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"badged/internal/profile"
	"badged/internal/secret"
	"badged/internal/sitekey"
	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/release"
	"badged/sync/hub/store"
	"badged/sync/hub/store/teststore"
	"badged/sync/wire"
)

const siteID = "site-test"

// patience bounds how long a test waits for what must happen.
const patience = 2 * time.Minute

// world is a hub on a real store, with a link that the test holds the ends of.
type world struct {
	t     testing.TB
	store *store.Store
	turns *interruptible // what the hub has of the store
	hub   *fleet.Hub
	key   sitekey.Key
	hubPK ed25519.PublicKey
	link  *link
	now   atomic.Pointer[time.Time] // what the store takes for the time; nil: the real one
	shelf *release.Shelf
	stop  func() // ends the hub that serves
}

func (w *world) time() time.Time {
	if at := w.now.Load(); at != nil {
		return *at
	}
	return time.Now()
}

func seed(b byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(slices.Repeat([]byte{b}, ed25519.SeedSize))
}

// newWorld starts a hub on the store in dir.
func newWorld(t testing.TB, dir string) *world {
	t.Helper()
	w := &world{t: t, key: sitekey.New(1, [32]byte{7})}
	st, err := teststore.Open(t.Context(), dir, w.time)
	if err != nil {
		t.Fatal(err)
	}
	w.store, w.turns = st, &interruptible{Store: st}
	w.shelf, w.link = release.NewShelf(dir), newLink()
	w.start()
	t.Cleanup(func() {
		w.stop()
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// start starts a hub on the store, as after a restart.
func (w *world) start() {
	w.t.Helper()
	var err error
	w.hub, err = fleet.New(w.t.Context(), fleet.Options{
		Store: w.turns, Site: siteID, Name: "Test", Key: seed(1), SiteKey: w.key, Releases: w.shelf,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), RowsChanged: func() <-chan struct{} { return w.store.Changed(store.RowsChanged) },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.hubPK = w.hub.Public()
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	served, hub := make(chan error, 1), w.hub
	go func() { served <- hub.Serve(ctx, w.link) }()
	w.stop = func() {
		cancel()
		if err := <-served; !errors.Is(err, context.Canceled) {
			w.t.Errorf("serve: %v", err)
		}
	}
}

// link carries messages without losing any; tests lose, repeat and reorder frames by
// themselves.
type link struct {
	up    chan fleet.Message
	done  chan struct{}
	sends hook // before a message goes down, so that who has read all knows that it ran

	mu   sync.Mutex // guards down
	down map[string]chan fleet.Message
}

func newLink() *link {
	return &link{up: make(chan fleet.Message, 1000), done: make(chan struct{}), down: make(map[string]chan fleet.Message)}
}

func (l *link) to(terminal string) chan fleet.Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down[terminal] == nil {
		l.down[terminal] = make(chan fleet.Message, 10000)
	}
	return l.down[terminal]
}

func (l *link) Publish(_ context.Context, terminal, kind string, payload []byte) error {
	l.sends.run()
	l.to(terminal) <- fleet.Message{Terminal: terminal, Kind: kind, Payload: payload}
	return nil
}

func (l *link) Receive() <-chan fleet.Message { return l.up }
func (l *link) Done() <-chan struct{}         { return l.done }
func (l *link) Close()                        {}

// terminal plays a terminal: it keeps what it sent and what it was told.
type terminal struct {
	w     *world
	name  string
	key   ed25519.PrivateKey
	nonce fleet.ID
	inc   fleet.ID
	next  map[wire.Stream]uint64 // stream → next seq
	chain map[wire.Stream]wire.Chain
	order uint64
	boot  [8]byte
	door  bool // has no point that makes accounts
	doors []string
	used  uint64 // highest number of the leases that was given away

	acked map[wire.Stream]uint64
	rows  map[wire.Collection]map[string][]byte
	revs  map[wire.Collection]wire.CollectionState
	first []wire.Collection // in which order collections came since last asked
	pages []wire.Page       // of an unfinished set
	came  []wire.Change     // of the last whole set, in the order in which they came
}

// join makes a terminal that has joined.
func (w *world) join(name string) *terminal {
	w.t.Helper()
	text := secret.New("secret of " + name)
	w.do(func(tx fleet.Tx) error {
		long := tx
		long.Now = tx.Now.AddDate(-2, 0, 0) // it may tell of what was then
		return errors.Join(fleet.AddTerminal(long, name, text, true), fleet.AddTerminal(tx, name, text, true))
	})
	key := seed(byte(len(name)) + name[len(name)-1])
	issue := func(string) ([]byte, error) { return []byte("certificate"), nil }
	joined, err := w.hub.Join(w.t.Context(), text, key.Public().(ed25519.PublicKey), issue)
	if err != nil {
		w.t.Fatal(err)
	}
	return &terminal{
		w: w, name: name, key: key, inc: joined.Incarnation, next: map[wire.Stream]uint64{1: 1, 2: 1}, chain: map[wire.Stream]wire.Chain{}, acked: map[wire.Stream]uint64{},
		rows: map[wire.Collection]map[string][]byte{}, revs: map[wire.Collection]wire.CollectionState{}, boot: [8]byte{1},
	}
}

func (t *terminal) send(kind string, v any) {
	t.w.t.Helper()
	msg, err := wire.Seal(t.key, wire.Context{Site: siteID, Terminal: t.name, Dir: wire.Up, Kind: kind}, v)
	if err != nil {
		t.w.t.Fatal(err)
	}
	t.w.link.up <- fleet.Message{Terminal: t.name, Kind: kind, Payload: msg}
}

// hello connects and waits for the answer.
func (t *terminal) hello() wire.Ack {
	t.w.t.Helper()
	t.nonce[0]++
	vector := []wire.CollectionState{}
	for _, v := range t.revs {
		vector = append(vector, v)
	}
	t.send(wire.MsgHello, wire.Hello{
		MinVersion: 1, MaxVersion: 1, Nonce: t.nonce, Incarnation: t.inc, Next: t.next, Vector: vector, Agent: "test", NoLease: t.door, Doors: t.doors, Chain: t.chain,
	})
	return t.ack(func(wire.Ack) bool { return true })
}

// ack takes what the hub sends until an acknowledgement is as wanted.
func (t *terminal) ack(good func(wire.Ack) bool) (a wire.Ack) {
	t.w.t.Helper()
	t.until("acknowledgement", func(m fleet.Message) bool {
		if m.Kind != wire.MsgAck {
			return false
		}
		t.open(m, &a)
		if a.Nonce != t.nonce {
			return false
		}
		for stream, n := range a.Upto {
			t.acked[stream] = n
		}
		return good(a)
	})
	return a
}

func (t *terminal) open(m fleet.Message, v any) {
	t.w.t.Helper()
	c := wire.Context{Site: siteID, Terminal: t.name, Dir: wire.Down, Kind: m.Kind}
	if err := wire.Open(t.w.hubPK, c, m.Payload, v); err != nil {
		t.w.t.Fatalf("a message of the hub's: %v", err)
	}
}

func (t *terminal) until(what string, good func(fleet.Message) bool) {
	t.w.t.Helper()
	late := time.After(patience)
	for {
		select {
		case m := <-t.w.link.to(t.name):
			if m.Kind == wire.MsgPage {
				var p wire.Page
				t.open(m, &p)
				t.page(p)
			}
			if good(m) {
				return
			}
		case <-late:
			t.w.t.Fatalf("%s: no %s", t.name, what)
		}
	}
}

// page applies a page as a terminal does, and holds the hub to its hash.
func (t *terminal) page(p wire.Page) {
	t.w.t.Helper()
	if p.Nonce != t.nonce {
		return
	}
	t.pages = append(t.pages, p)
	if uint64(len(t.pages)) < p.Parts {
		return
	}
	rows := t.rows[p.Collection]
	if rows == nil || p.Snapshot {
		rows = map[string][]byte{}
	} else if p.From > t.revs[p.Collection].Rev {
		t.w.t.Errorf("%s: a delta of %s from %d, but it has %d", t.name, p.Collection, p.From, t.revs[p.Collection].Rev)
	}
	var hash fleet.ID
	t.came = nil
	for _, part := range t.pages {
		t.came = append(t.came, part.Changes...)
		for _, c := range part.Changes {
			rows[string(c.Key)] = c.Body
			if c.Body == nil {
				delete(rows, string(c.Key))
			}
		}
	}
	for key, body := range rows {
		hash = wire.Xor(hash, wire.RowHash(p.Collection, []byte(key), body))
	}
	if hash != p.Hash {
		t.w.t.Errorf("%s: %s do not add up at %d", t.name, p.Collection, p.To)
	}
	t.pages, t.rows[p.Collection] = nil, rows
	t.revs[p.Collection] = wire.CollectionState{Collection: p.Collection, Rev: p.To, Hash: p.Hash}
	t.first = append(t.first, p.Collection)
}

// wait takes what the hub sends until good.
func (t *terminal) wait(what string, good func() bool) {
	t.w.t.Helper()
	if good() {
		return
	}
	t.until(what, func(fleet.Message) bool { return good() })
}

// frame makes the next frame of a stream.
func (t *terminal) frame(stream wire.Stream, events ...wire.Event) wire.Frame {
	t.w.t.Helper()
	var bodies [][]byte
	for _, e := range events {
		t.order++
		e.Order, e.Boot, e.Clock = t.order, t.boot[:], 2
		if e.At == 0 {
			e.At = time.Now().UnixMilli()
		}
		b, err := wire.Marshal(e)
		if err != nil {
			t.w.t.Fatal(err)
		}
		bodies = append(bodies, b)
	}
	f, err := wire.PackFrame(t.inc, stream, wire.Batch{First: t.next[stream], After: t.chain[stream], Events: bodies})
	if err != nil {
		t.w.t.Fatal(err)
	}
	t.next[stream] += uint64(len(events))
	for _, b := range bodies {
		t.chain[stream] = t.chain[stream].Next(b)
	}
	return f
}

// report sends events of the security stream and waits until they are durable.
func (t *terminal) report(events ...wire.Event) {
	t.w.t.Helper()
	t.send(wire.MsgSecurity, t.frame(wire.StreamSecurity, events...))
	t.ack(func(a wire.Ack) bool { return a.Upto[wire.StreamSecurity] == t.next[wire.StreamSecurity]-1 })
}

// The events of terminals.

func (t *terminal) newAccount(number string, n uint64) wire.Event {
	card := t.w.key.Card(number)
	account := t.w.key.Anonymous(card)
	return wire.Event{Kind: 2, Outcome: 1, Reason: 2, Point: "print", Account: account[:], Card: card[:], Number: n}
}

func (w *world) bound(account, claim fleet.ID, number string) wire.Event {
	card := w.key.Card(number)
	return wire.Event{Kind: 2, Outcome: 1, Reason: 3, Point: "front", Account: account[:], Card: card[:], Claim: claim[:]}
}

func wrongCode() wire.Event { return wire.Event{Kind: 1, Outcome: 2, Reason: 7, Point: "front"} }

func swipe() wire.Event { return wire.Event{Kind: 1, Outcome: 1, Reason: 1, Point: "print"} }

// numbers are those that the terminal's leases hold, in order.
func (t *terminal) numbers() []uint64 {
	var out []uint64
	for _, body := range t.rows[wire.Leases] {
		var l wire.Lease
		if err := wire.Unmarshal(body, &l); err != nil {
			t.w.t.Fatal(err)
		}
		for n := max(l.First, t.used+1); n <= l.Last; n++ {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

func row[T any](t *terminal, c wire.Collection, key []byte) (v T, ok bool) {
	t.w.t.Helper()
	body, ok := t.rows[c][string(key)]
	if ok {
		if err := wire.Unmarshal(body, &v); err != nil {
			t.w.t.Fatal(err)
		}
	}
	return v, ok
}

// operator is who makes changes in tests.
var operator = audit.Actor{Kind: audit.Operator, ID: "0", Via: "test"}

func (w *world) write(fn func(fleet.Tx) error) error {
	return w.store.Write(w.t.Context(), operator, fn)
}

func (w *world) read(fn func(fleet.Tx) error) error { return w.store.Read(w.t.Context(), fn) }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// do makes a change that must succeed.
func (w *world) do(fn func(fleet.Tx) error) {
	w.t.Helper()
	if err := w.write(fn); err != nil {
		w.t.Fatal(err)
	}
}

// account makes an active person, whose last name is Byron if there is none in name.
func (w *world) account(name string) (a people.Account) {
	w.t.Helper()
	w.do(func(tx fleet.Tx) (err error) {
		first, last := profile.SplitName(name)
		a, err = people.Add(tx.Tx.Tx.Tx, people.New{First: first, Last: cmp.Or(last, "Byron"), Lang: "en", State: people.Active})
		return err
	})
	return a
}

// put makes an account as no command makes one.
func (w *world) put(name string, kind people.Kind, state people.State) people.Account {
	w.t.Helper()
	a := people.Account{
		ID: fleet.ID([]byte((name + "................")[:16])), Kind: kind, State: state, First: name, Last: "Byron",
		Role: people.User, Source: people.ByOperator, Created: time.Now(),
	}
	w.do(func(tx fleet.Tx) error { return tx.PutAccount(a) })
	return a
}

func (w *world) claim(a people.Account) (c access.IssuedClaim) {
	w.t.Helper()
	w.do(func(tx fleet.Tx) (err error) {
		c, err = access.IssueClaim(tx.Tx.Tx, w.key, access.NewClaim{Account: people.HexID(a.ID)})
		return err
	})
	return c
}

// tryClaim issues a claim to whom a word means.
func (w *world) tryClaim(ref string) error {
	return w.write(func(tx fleet.Tx) error {
		_, err := access.IssueClaim(tx.Tx.Tx, w.key, access.NewClaim{Account: ref})
		return err
	})
}

func (w *world) endClaim(id fleet.ID) error {
	return w.write(func(tx fleet.Tx) error {
		_, err := access.EndClaim(tx.Tx.Tx, id)
		return err
	})
}

func (w *world) claims() map[fleet.ID]access.Claim {
	w.t.Helper()
	out := map[fleet.ID]access.Claim{}
	err := w.read(func(tx fleet.Tx) error {
		page, _, err := tx.ListClaims(access.ClaimQuery{Limit: 1000})
		for _, c := range page {
			out[c.ID] = c
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) door(name string) {
	w.t.Helper()
	w.do(func(tx fleet.Tx) error {
		_, err := access.SetDoor(tx.Tx.Tx, name, func(*access.Door) {})
		return err
	})
}

func (w *world) grant(a people.Account, door string, deny bool) (g access.Grant) {
	w.t.Helper()
	w.do(func(tx fleet.Tx) (err error) {
		g, _, err = access.AddGrant(tx.Tx.Tx, access.NewGrant{Account: people.HexID(a.ID), Door: door, Deny: deny})
		return err
	})
	return g
}

func (w *world) removeGrant(id fleet.ID) error {
	return w.write(func(tx fleet.Tx) error {
		_, err := access.RemoveGrant(tx.Tx.Tx, id)
		return err
	})
}

func (w *world) set(name, value string) {
	w.t.Helper()
	w.do(func(tx fleet.Tx) error {
		_, err := access.ChangeSettings(tx.Tx.Tx, map[string]string{name: value})
		return err
	})
}

func (w *world) pin(a people.Account) {
	w.t.Helper()
	w.do(func(tx fleet.Tx) error {
		_, err := access.IssuePIN(tx.Tx.Tx, w.key, a.ID)
		return err
	})
}

func (w *world) setState(id fleet.ID, state people.State) {
	w.t.Helper()
	w.do(func(tx fleet.Tx) error {
		_, err := people.SetState(tx.Tx.Tx.Tx, id, state, people.ByAdministrator)
		return err
	})
}

func (w *world) setCard(ref string, state access.CardState, owner string) (c access.Card, err error) {
	err = w.write(func(tx fleet.Tx) error {
		c, err = access.SetCardState(tx.Tx.Tx, ref, state, owner)
		return err
	})
	return c, err
}

func (w *world) reopen() {
	w.t.Helper()
	w.do(func(tx fleet.Tx) error {
		_, err := access.Reopen(tx.Tx.Tx)
		return err
	})
}

// closed reports whether claiming by keypad is closed.
func (w *world) closed() (closed bool) {
	w.t.Helper()
	err := w.read(func(tx fleet.Tx) error {
		c, err := access.ReadClaiming(tx.Tx.Tx)
		closed = c.Closed
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return closed
}

func (w *world) addTerminal(name string, text secret.Text, replace bool) error {
	return w.write(func(tx fleet.Tx) error { return fleet.AddTerminal(tx, name, text, replace) })
}

func (w *world) addRoster(life time.Duration, rows ...fleet.RosterRow) (out []fleet.RosterToken, err error) {
	err = w.write(func(tx fleet.Tx) (err error) {
		out, err = fleet.AddRoster(tx, rows, life)
		return err
	})
	return out, err
}

func (w *world) terminals() (all []fleet.TerminalState, err error) {
	err = w.read(func(tx fleet.Tx) (err error) {
		all, err = w.hub.Terminals(tx)
		return err
	})
	return all, err
}

// tidy lets the hub tidy as it would at a time.
func (w *world) tidy(at time.Time) error {
	w.now.Store(&at)
	defer w.now.Store(nil)
	return w.hub.Tidy(w.t.Context())
}

// card is a card with its owner's name and what is contested about it.
type card struct {
	access.Card
	Owner     string
	Conflicts []access.Conflict
}

func (w *world) cards() map[fleet.ID]card {
	w.t.Helper()
	out := map[fleet.ID]card{}
	err := w.read(func(tx fleet.Tx) error {
		page, _, err := tx.ListCards(access.CardQuery{Limit: 1000})
		if err != nil {
			return err
		}
		for _, c := range page {
			conflicts, err := tx.OpenConflicts(c.ID)
			if err != nil {
				return err
			}
			owner, err := tx.Account(c.Account)
			if err != nil && !errors.Is(err, people.ErrNotFound) {
				return err
			}
			out[c.ID] = card{c, owner.DisplayName(), conflicts}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) conflicts(card fleet.ID) (open []access.Conflict) {
	w.t.Helper()
	w.must(w.read(func(tx fleet.Tx) (err error) {
		open, err = tx.OpenConflicts(card)
		return err
	}))
	return open
}

func (w *world) accounts() map[fleet.ID]people.Account {
	w.t.Helper()
	out := map[fleet.ID]people.Account{}
	err := w.read(func(tx fleet.Tx) error {
		for _, state := range []people.State{"", people.Merged, people.Erased} {
			for q := (people.Query{State: state, Limit: 1000}); ; {
				page, next, err := tx.ListAccounts(q)
				if err != nil {
					return err
				}
				for _, a := range page {
					out[a.ID] = a
				}
				if q.After = next; next == "" {
					break
				}
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) events() (out []fleet.Event) {
	w.t.Helper()
	err := w.read(func(tx fleet.Tx) error {
		for after := uint64(0); ; {
			page, err := fleet.EventsAfter(tx, after, 0)
			if err != nil || len(page) == 0 {
				return err
			}
			out = append(out, page...)
			after = page[len(page)-1].ID
		}
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}
