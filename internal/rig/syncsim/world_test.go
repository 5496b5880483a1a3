package syncsim

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"badged/internal/secret"
	"badged/internal/sitekey"
	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/store"
	"badged/sync/hub/store/sqlite"
	"badged/sync/wire"
)

const siteID = "site-sim"

var (
	siteKey  = sitekey.New(1, [32]byte{7})
	operator = audit.Actor{Kind: audit.Operator, ID: "0", Via: "sim"}
	silent   = slog.New(slog.DiscardHandler)
)

func keyOf(b byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, ed25519.SeedSize))
}

// world is one play. Its goroutine does one thing at a time, and waits after each until the
// hub has nothing to do any more: the same seed plays the same way.
type world struct {
	rand *rand.Rand
	dir  string
	plan []planned // by time
	made int       // planned so far
	log  io.Writer // what happened, for whoever replays a seed

	link   *hubLink
	db     *store.Store
	hub    *fleet.Hub
	stop   func()
	jumped time.Duration // how far the hub's clock is ahead

	boxes []*box
	calm  bool // no faults any more

	deaf     bool            // the hub hears nothing, and the network keeps what terminals send
	heldBack []fleet.Message // meanwhile
	oracle
	problems []string
}

// planned is something that happens at a time.
type planned struct {
	at time.Time
	n  int // in which order it was planned
	do func()
}

func (w *world) wrong(format string, args ...any) {
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

func (w *world) must(err error) {
	if err != nil {
		w.wrong("%v", err)
	}
}

// logf writes what happens, for whoever replays a seed.
func (w *world) logf(format string, args ...any) {
	fmt.Fprintf(w.log, "%s  %s\n", time.Now().Format("15:04:05.000"), strings.ReplaceAll(fmt.Sprintf(format, args...), w.dir+"/", ""))
}

func newWorld(parent string, seed uint64, log io.Writer) *world {
	dir, err := os.MkdirTemp(parent, "site")
	w := &world{rand: rand.New(rand.NewPCG(seed, 14)), dir: dir, log: log, oracle: newOracle()}
	w.must(err)
	w.openHub()
	w.change(func(tx fleet.Tx) error {
		_, err := access.ChangeSettings(tx.Tx.Tx, map[string]string{
			"unknown_badge": "create", "quota_burst": "1000", "quota_day": "100000", "anonymous_life": "7776000",
		})
		if err == nil {
			_, err = access.SetDoor(tx.Tx.Tx, "front", func(*access.Door) {})
		}
		return err
	})
	for i := range 3 {
		w.join(fmt.Sprintf("t%d", i))
	}
	return w
}

// close ends the play and everything that runs in it.
func (w *world) close() {
	for _, b := range w.boxes {
		b.halt()
	}
	w.closeHub()
	_ = os.RemoveAll(w.dir)
}

// after plans something.
func (w *world) after(d time.Duration, do func()) {
	w.made++
	p := planned{time.Now().Add(d), w.made, do}
	i, _ := slices.BinarySearchFunc(w.plan, p, func(a, b planned) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.n, b.n)) })
	w.plan = slices.Insert(w.plan, i, p)
}

// run lets happen what is planned until then, or until something is wrong.
func (w *world) run(until time.Time) {
	for len(w.plan) > 0 && !w.plan[0].at.After(until) && len(w.problems) == 0 {
		p := w.plan[0]
		w.plan = w.plan[1:]
		time.Sleep(time.Until(p.at))
		p.do()
		w.settle()
	}
	time.Sleep(time.Until(until))
}

// settle waits until the hub has said all that it has to say, and sends it on its way.
func (w *world) settle() {
	synctest.Wait()
	for _, m := range w.link.takeMessages() {
		for _, b := range w.boxes {
			if b.name == m.terminal && b.machine != nil {
				w.carry(func() { b.receive(m) })
			}
		}
	}
}

// chance is true that often.
func (w *world) chance(p float64) bool { return w.rand.Float64() < p }

func (w *world) upTo(d time.Duration) time.Duration { return time.Duration(w.rand.Int64N(int64(d))) }

// carry delivers a message as the network does.
func (w *world) carry(deliver func()) {
	if w.calm {
		w.after(10*time.Millisecond, deliver)
		return
	}
	late := 300 * time.Millisecond
	switch {
	case w.chance(0.1):
		return
	case w.chance(0.1):
		late = 30 * time.Second
	}
	w.after(10*time.Millisecond+w.upTo(late), deliver)
	if w.chance(0.1) {
		w.after(w.upTo(20*time.Second), deliver) // again, and late
	}
}

// The hub.

func (w *world) hubPath() string { return filepath.Join(w.dir, "hub.db") }

func (w *world) hubNow() time.Time { return time.Now().Add(w.jumped) }

func (w *world) openHub() {
	var err error
	w.db, err = sqlite.OpenWithClock(context.Background(), w.hubPath(), w.hubNow)
	w.must(err)
	w.hub, err = fleet.New(context.Background(), fleet.Options{
		Store: w.db, Site: siteID, Name: "Lyon", Key: keyOf(1), SiteKey: siteKey, Log: silent,
		RowsChanged: func() <-chan struct{} { return w.db.Changed(store.RowsChanged) },
	})
	w.must(err)
	w.link = &hubLink{up: make(chan fleet.Message, 1024)}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = w.hub.Serve(ctx, w.link) }()
	w.stop = func() { cancel(); <-ended }
}

func (w *world) closeHub() {
	w.stop()
	w.must(w.db.Close())
}

// change makes a change at the hub, as an operator does.
func (w *world) change(fn func(fleet.Tx) error) {
	w.must(w.db.Write(context.Background(), operator, fn))
}

func (w *world) read(fn func(fleet.Tx) error) { w.must(w.db.Read(context.Background(), fn)) }

// join makes a terminal.
func (w *world) join(name string) *box {
	token := secret.New("token of " + name)
	key := keyOf(name[1])
	w.change(func(tx fleet.Tx) error { return fleet.AddTerminal(tx, name, token, false) })
	_, err := w.hub.Join(context.Background(), token, key.Public().(ed25519.PublicKey), func(string) ([]byte, error) { return []byte("cert"), nil })
	w.must(err)
	b := w.newBox(name, key)
	b.open()
	b.connect()
	return b
}

// hubLink is the hub's connection to the network.
type hubLink struct {
	up chan fleet.Message

	mu   sync.Mutex // guards down
	down []down
}

// down is a message from the hub, opened.
type down struct {
	terminal string
	nonce    [16]byte
	ack      *wire.Ack
	page     *wire.Page
}

func (l *hubLink) Publish(_ context.Context, terminal, kind string, payload []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, err := openDown(terminal, kind, payload)
	l.down = append(l.down, m)
	return err
}

func openDown(terminal, kind string, payload []byte) (m down, err error) {
	c := wire.Context{Site: siteID, Terminal: terminal}.Of(wire.Down, kind)
	hub := keyOf(1).Public().(ed25519.PublicKey)
	m.terminal = terminal
	if kind == wire.MsgAck {
		m.ack = new(wire.Ack)
		err = wire.Open(hub, c, payload, m.ack)
		m.nonce = m.ack.Nonce
		return m, err
	}
	m.page = new(wire.Page)
	err = wire.Open(hub, c, payload, m.page)
	m.nonce = m.page.Nonce
	return m, err
}

func (l *hubLink) Receive() <-chan fleet.Message { return l.up }
func (l *hubLink) Done() <-chan struct{}         { return nil }
func (l *hubLink) Close()                        {}

// takeMessages takes the messages that the hub has sent. Its goroutines send them in any order:
// for each connection, acknowledgements come first.
func (l *hubLink) takeMessages() []down {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.down
	l.down = nil
	rank := func(m down) int {
		if m.ack != nil {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(out, func(a, b down) int {
		return cmp.Or(cmp.Compare(a.terminal, b.terminal), bytes.Compare(a.nonce[:], b.nonce[:]), cmp.Compare(rank(a), rank(b)))
	})
	return out
}

// person makes a member with a card that opens the front door.
func (w *world) person(n int) {
	badge := fmt.Sprintf("member %d", n)
	w.change(func(tx fleet.Tx) error {
		a, err := people.Add(tx.Tx.Tx.Tx, people.New{First: "Ada", Last: fmt.Sprintf("Byron %d", n), Lang: "en", State: people.Active})
		if err != nil {
			return err
		}
		if err := tx.PutCard(access.Card{ID: siteKey.Card(badge), Account: a.ID, State: access.CardActive, Assurance: access.UID, Since: tx.Now}); err != nil {
			return err
		}
		_, _, err = access.AddGrant(tx.Tx.Tx, access.NewGrant{Account: people.HexID(a.ID), Door: "front"})
		return err
	})
	w.members = append(w.members, badge)
}

// revoke takes a member's card out of use.
func (w *world) revoke(badge string) {
	w.change(func(tx fleet.Tx) error {
		c, err := tx.Card(siteKey.Card(badge))
		if err != nil || c.State != access.CardActive {
			return nil // a hub that was put back may know nothing of it
		}
		_, err = access.SetCardState(tx.Tx.Tx, people.HexID(c.ID), access.CardLost, "")
		return err
	})
}
