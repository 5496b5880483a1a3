package store_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/clock"
	"badged/internal/secret"
	"badged/internal/sitekey"
	"badged/reader"
	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	central "badged/sync/hub/fleet"
	"badged/sync/hub/people"
	centralstore "badged/sync/hub/store"
	"badged/sync/hub/store/sqlite"
	"badged/sync/uplink"
)

// S1.05, S1.27: whatever happens at terminals that are away, in whatever order the hub
// hears of it, and whoever purges first: accounts that nobody made their own end
// everywhere, their badges are unknown again, no number comes twice, and nothing is lost of
// those that somebody made their own.
func TestAccountsLapseEverywhereAlike(t *testing.T) {
	dir, plays, most, failed := t.TempDir(), 0, 30, false
	if testing.Short() {
		most = 6
	}
	rapid.Check(t, func(rt *rapid.T) {
		if plays++; plays > most && !failed {
			return // each play writes three databases to the disk
		}
		steps := rapid.SliceOfN(rapid.Custom(drawLapseStep), 1, 25).Draw(rt, "steps")
		var problems []string
		synctest.Test(t, func(*testing.T) { problems = playLapse(dir, steps) })
		failed = failed || len(problems) > 0
		for _, p := range problems {
			rt.Error(p)
		}
	})
}

// lapseStep is one thing that happens.
type lapseStep struct {
	Act     string
	Box     int
	Badge   string
	Minutes int
}

func drawLapseStep(rt *rapid.T) lapseStep {
	acts := []string{"present", "present", "name", "own", "wait", "wait", "connect", "tidy", "purge", "restart"}
	return lapseStep{
		Act: rapid.SampledFrom(acts).Draw(rt, "act"), Box: rapid.IntRange(0, 1).Draw(rt, "terminal"),
		Badge: badgeNumber(rapid.IntRange(0, 3).Draw(rt, "badge")), Minutes: rapid.IntRange(1, 90).Draw(rt, "minutes"),
	}
}

func badgeNumber(i int) string { return fmt.Sprintf("badge %d", i) }

// playLapse plays the steps at a site of its own, lets everything end, and gives what is
// wrong.
func playLapse(dir string, steps []lapseStep) []string {
	m := newLapseModel(dir)
	defer m.close()
	for _, s := range steps {
		if len(m.problems) > 0 {
			return m.problems
		}
		b := m.boxes[s.Box]
		switch s.Act {
		case "present":
			m.present(b, s.Badge)
		case "name":
			m.edit(b, s.Badge, "")
		case "own":
			m.edit(b, s.Badge, fmt.Sprintf("p%d@example.org", s.Minutes))
		case "wait":
			time.Sleep(time.Duration(s.Minutes) * time.Minute)
		case "connect":
			m.connect(b)
		case "tidy":
			m.tidy()
		case "purge":
			m.purge(b)
		case "restart":
			m.must(b.store.Close())
			m.open(b)
		}
	}
	m.settle()
	m.check()
	return m.problems
}

// lapseModel is a hub with two terminals, and what must hold.
type lapseModel struct {
	dir   string
	net   *network
	hub   *central.Hub
	db    *centralstore.Store
	stop  func()
	boxes []*box

	given    map[uint64]string   // number → badge
	own      map[string]bool     // badges whose account somebody made their own
	typed    map[string][]string // badge → names that were saved
	edits    int
	problems []string
}

func (m *lapseModel) wrong(format string, args ...any) {
	m.problems = append(m.problems, fmt.Sprintf(format, args...))
}

func (m *lapseModel) must(err error) {
	if err != nil {
		m.wrong("%v", err)
	}
}

var siteKey = sitekey.New(1, [32]byte{7})

func newLapseModel(parent string) *lapseModel {
	dir, err := os.MkdirTemp(parent, "site")
	m := &lapseModel{dir: dir, net: newNetwork(), given: map[uint64]string{}, own: map[string]bool{}, typed: map[string][]string{}}
	m.must(err)
	m.db, err = sqlite.Open(context.Background(), filepath.Join(dir, "hub.db"))
	m.must(err)
	m.hub, err = central.New(context.Background(), central.Options{
		Store: m.db, Site: "site", Name: "Lyon", Key: keyOf(1), SiteKey: siteKey, Log: slog.New(slog.DiscardHandler),
		RowsChanged: func() <-chan struct{} { return m.db.Changed(centralstore.RowsChanged) },
	})
	m.must(err)
	m.change(func(tx central.Tx) error {
		_, err := access.ChangeSettings(tx.Tx.Tx, map[string]string{"anonymous_life": "3600", "quota_burst": "1000", "quota_day": "100000"})
		return err
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = m.hub.Serve(ctx, m.net) }()
	m.stop = func() { cancel(); <-ended }
	for i := range 2 {
		m.boxes = append(m.boxes, m.join(fmt.Sprintf("t%d", i)))
	}
	for _, b := range m.boxes {
		m.connect(b) // settings and numbers
	}
	return m
}

func (m *lapseModel) close() {
	for _, b := range m.boxes {
		_ = b.store.Close()
	}
	m.stop()
	_ = m.db.Close()
	_ = os.RemoveAll(m.dir)
}

// box is one terminal.
type box struct {
	name, path string
	key        ed25519.PrivateKey
	store      *store.Store
	clock      *clock.Clock
	engine     *enroll.Engine
}

func (m *lapseModel) join(name string) *box {
	b := &box{name: name, path: filepath.Join(m.dir, name+".db"), key: keyOf(name[1])}
	m.open(b)
	token := secret.New("token of " + name)
	m.change(func(tx central.Tx) error { return central.AddTerminal(tx, name, token, false) })
	joined, err := m.hub.Join(context.Background(), token, b.key.Public().(ed25519.PublicKey), func(string) ([]byte, error) { return []byte("cert"), nil })
	m.must(err)
	m.must(b.store.Reincarnate(context.Background(), joined.Incarnation))
	return b
}

func (m *lapseModel) open(b *box) {
	s, err := store.Open(context.Background(), store.Options{Path: b.path, Terminal: b.name, Log: slog.New(slog.DiscardHandler)})
	m.must(err)
	b.store, b.clock = s, clock.New(clock.Options{Kept: s.KeptTime()})
	b.engine = enroll.NewEngine(s, siteKey, b.clock, b.name)
}

// connect lets a terminal talk to the hub until both have nothing to say.
func (m *lapseModel) connect(b *box) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	u := uplink.New(uplink.Options{
		Store: b.store, Dial: func(context.Context, []byte) (uplink.Link, error) { return m.net.dial(b.name), nil },
		Site: "site", Terminal: b.name, Agent: "test", Key: b.key, HubKey: m.hub.Public(), Clock: b.clock, Log: slog.New(slog.DiscardHandler),
	})
	go func() { defer close(ended); _ = u.Run(ctx) }()
	time.Sleep(10 * time.Second) // of the bubble: whoever waits for a timer gets it, too
	synctest.Wait()
	cancel()
	<-ended
}

func (m *lapseModel) tidy() { m.must(m.hub.Tidy(context.Background())) }

// change makes a change at the hub, as an operator does.
func (m *lapseModel) change(fn func(central.Tx) error) {
	m.must(m.db.Write(context.Background(), audit.Actor{Kind: audit.Operator}, fn))
}

// readHub reads at the hub.
func (m *lapseModel) readHub(fn func(central.Tx) error) { m.must(m.db.Read(context.Background(), fn)) }

func (m *lapseModel) purge(b *box) {
	_, err := b.store.PurgeLapsed(context.Background(), b.clock.Now())
	m.must(err)
}

// present holds a badge to a terminal, which logs in: a number that is given was never
// given before.
func (m *lapseModel) present(b *box, badge string) enroll.Decision {
	hall := enroll.Point{Name: "hall", Kind: enroll.Print}
	d := b.engine.Card(context.Background(), hall, reader.NewNumber(badge), reader.TextCard(badge))
	if !d.Login {
		m.wrong("%s refuses %s: reason %d", b.name, badge, d.Reason)
	}
	if n := d.Account.Number; d.Reason == enroll.NewAccount && n > 0 {
		if former, used := m.given[n]; used {
			m.wrong("%s gives %s the number %d, which %s had", b.name, badge, n, former)
		}
		m.given[n] = badge
	}
	return d
}

func (m *lapseModel) edit(b *box, badge, email string) {
	d := m.present(b, badge)
	m.edits++
	ed := enroll.Edit{Name: fmt.Sprintf("Somebody %d", m.edits), Email: email, Lang: "fr"}
	_, err := b.engine.Edit(context.Background(), enroll.Point{Name: "hall", Kind: enroll.Print}, d.Account.ID, d.Card, ed)
	m.must(err)
	// Of two terminals that were away, the last to be heard wins.
	m.typed[badge] = append(m.typed[badge], ed.Name)
	if ed.Email != "" {
		m.own[badge] = true
	}
}

// settle lets everything be heard, end and be purged.
func (m *lapseModel) settle() {
	all := func() {
		for range 2 {
			for _, b := range m.boxes {
				m.connect(b)
			}
		}
	}
	all()
	time.Sleep(time.Hour + enroll.PurgeLag + time.Second)
	m.tidy()
	all()
}

// check holds hub and terminals against what people were told.
func (m *lapseModel) check() {
	var accounts []people.Account
	var cards []access.Card
	m.readHub(func(tx central.Tx) (err error) {
		if accounts, _, err = tx.ListAccounts(people.Query{Limit: 1000}); err != nil {
			return err
		}
		cards, _, err = tx.ListCards(access.CardQuery{Limit: 1000})
		return err
	})
	if len(accounts) != len(m.own) || len(cards) != len(m.own) {
		m.wrong("the hub has %d accounts and %d cards, want those of %v", len(accounts), len(cards), slices.Sorted(maps.Keys(m.own)))
	}
	owners := map[uint64]bool{}
	for _, a := range accounts {
		if !a.Expires.IsZero() || a.Number == 0 {
			m.wrong("anonym%d ends at %s", a.Number, a.Expires)
		}
		for badge, typed := range m.typed {
			if a.ID == siteKey.Anonymous(siteKey.Card(badge)) && !slices.Contains(typed, a.FullName()) {
				m.wrong("the hub knows %q of %s, want one of %q", a.FullName(), badge, typed)
			}
		}
		for _, n := range append([]uint64{a.Number}, a.Aliases...) {
			if owners[n] {
				m.wrong("number %d has two owners", n)
			}
			owners[n] = true
		}
	}
	for _, b := range m.boxes {
		m.checkBox(b)
	}
	m.checkBadges()
}

func (m *lapseModel) checkBox(b *box) {
	report, err := b.store.Check(context.Background())
	m.must(err)
	for _, line := range report {
		m.wrong("%s: %s", b.name, line)
	}
	if n := b.store.Index().Unclaimed(b.clock.Now()); n != 0 {
		m.wrong("%s counts %d unclaimed accounts", b.name, n)
	}
	if cards, _, unclaimed := b.store.Index().Counts(); cards != len(m.own) || unclaimed != 0 {
		m.wrong("%s has %d cards and %d accounts that may end, want %d and 0", b.name, cards, unclaimed, len(m.own))
	}
	if n := b.store.Stats().Outbox; n != 0 {
		m.wrong("%s keeps %d events for itself", b.name, n)
	}
}

// checkBadges presents every badge at every terminal.
func (m *lapseModel) checkBadges() {
	for i := range 4 {
		badge := badgeNumber(i)
		for _, b := range m.boxes {
			d := m.present(b, badge)
			known := d.Reason == enroll.KnownCard
			if known != m.own[badge] || known && !slices.Contains(m.typed[badge], d.Account.Name) {
				m.wrong("%s: %s gives reason %d and %q, want one of %q", b.name, badge, d.Reason, d.Account.Name, m.typed[badge])
			}
		}
	}
}

// network carries messages between the hub and whoever is connected.
type network struct {
	up chan central.Message

	mu   sync.Mutex // guards down
	down map[string]*wireLink
}

func newNetwork() *network {
	return &network{up: make(chan central.Message, 1024), down: map[string]*wireLink{}}
}

// Publish implements hub.Link. What nobody hears is lost.
func (n *network) Publish(_ context.Context, name, kind string, payload []byte) error {
	n.mu.Lock()
	l := n.down[name]
	n.mu.Unlock()
	if l != nil {
		l.in <- uplink.Message{Kind: kind, Payload: bytes.Clone(payload)}
	}
	return nil
}

func (n *network) Receive() <-chan central.Message { return n.up }
func (n *network) Done() <-chan struct{}           { return nil }
func (n *network) Close()                          {}

func (n *network) dial(name string) *wireLink {
	l := &wireLink{net: n, name: name, in: make(chan uplink.Message, 1024)}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down[name] = l
	return l
}

// wireLink is the connection of one terminal.
type wireLink struct {
	net  *network
	name string
	in   chan uplink.Message
}

func (l *wireLink) Publish(_ context.Context, kind string, payload []byte) error {
	l.net.up <- central.Message{Terminal: l.name, Kind: kind, Payload: bytes.Clone(payload)}
	return nil
}

func (l *wireLink) Receive() <-chan uplink.Message { return l.in }
func (l *wireLink) Done() <-chan struct{}          { return nil }
func (l *wireLink) Err() error                     { return nil }

func (l *wireLink) Close() {
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	if l.net.down[l.name] == l {
		delete(l.net.down, l.name)
	}
}

func keyOf(b byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, ed25519.SeedSize))
}
