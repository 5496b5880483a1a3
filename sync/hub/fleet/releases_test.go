package fleet_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"badged/firmware/bundle"
	"badged/internal/boxctl"
	"badged/internal/updater"
	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/refusal"
	"badged/sync/hub/release"
	"badged/sync/uplink"
	"badged/sync/wire"
)

// signedBy makes a file of trust with one root key and one release key of a number.
func signedBy(t testing.TB, n byte) bundle.TrustFile {
	t.Helper()
	role := func(k ed25519.PrivateKey) bundle.Role {
		return bundle.Role{Threshold: 1, Keys: []bundle.Key{bundle.Key(k.Public().(ed25519.PublicKey))}}
	}
	f, err := bundle.NewTrustFile(bundle.TrustFile{}, bundle.Trust{Root: role(seed(n)), Release: role(seed(n + 1))})
	if err == nil {
		err = f.Sign(seed(n))
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// bundleOf packs a release for a board, of a few pieces.
func bundleOf(t testing.TB, version string, sequence uint64, trust bundle.TrustFile, n byte) []byte {
	t.Helper()
	d, err := bundle.NewDraft(bundle.Release{Version: version, Sequence: sequence, Expires: "2099-12-31", Boards: []string{"rpi-4"}})
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 5*wire.PieceBytes)
	for i := range noise {
		noise[i] = byte(i*i>>7) ^ byte(i*31) ^ byte(i>>8*57)
	}
	var b bytes.Buffer
	if err := errors.Join(d.Add("slot/linux", nil, bytes.NewReader(scramble(noise))), d.Write(&b, trust, seed(n+1))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// scramble makes bytes that do not pack.
func scramble(b []byte) []byte {
	key := seed(99)
	for i := 0; i+64 <= len(b); i += 64 {
		copy(b[i:], ed25519.Sign(key, []byte{byte(i), byte(i >> 8), byte(i >> 16)}))
	}
	return b
}

// yard plays the boxes of a site: what firmware/box does with a bundle, without its card. It
// notes who was on trial at the same time.
type yard struct {
	mu     sync.Mutex // guards all boxes, and what follows
	going  []string
	starts []string // in their order
	met    [][]string
}

type yardBox struct {
	*yard
	name   string
	trust  bundle.Trust
	status boxctl.Status
	fails  string        // why its trials fail; empty: they do not
	trial  time.Duration // 0: until end is called
}

func (b *yardBox) Status(context.Context) (boxctl.Status, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status, nil
}

func (b *yardBox) Update(_ context.Context, u boxctl.Update, _ func(boxctl.Step)) error {
	f, err := os.Open(u.From)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	opened, err := bundle.Open(f, info.Size(), b.trust)
	if err == nil {
		err = opened.Check(func(int64, int64) {})
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		return &boxctl.Failure{Text: err.Error()}
	}
	if slices.Contains(b.status.Quarantined, opened.ID.String()) && !u.Retry {
		return &boxctl.Failure{Text: "the release failed its trial on this terminal before"}
	}
	b.status.Trying, b.status.Quarantined = opened.ID.String(), nil
	b.going = append(b.going, b.name)
	b.starts = append(b.starts, b.name)
	b.met = append(b.met, slices.Clone(b.going))
	if b.trial > 0 {
		time.AfterFunc(b.trial, func() { b.end(opened.Release.Sequence) })
	}
	return nil
}

// end ends a trial.
func (b *yardBox) end(sequence uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.going = slices.DeleteFunc(b.going, func(s string) bool { return s == b.name })
	if b.fails != "" {
		b.status.Quarantined, b.status.Why = append(b.status.Quarantined, b.status.Trying), b.fails
	} else {
		b.status.Release, b.status.Sequence = b.status.Trying, sequence
	}
	b.status.Trying = ""
}

// agent is the agent's part on a terminal: its uplink and its updater.
type agent struct {
	*terminal
	box   *yardBox
	dir   string
	pipe  func(m uplink.Message, give func(uplink.Message)) // what the network does to what comes down
	stop  func()
	state quietStore
}

func (w *world) agent(y *yard, name string, doors ...string) *agent {
	w.t.Helper()
	a := &agent{terminal: w.join(name), dir: w.t.TempDir(), pipe: func(m uplink.Message, give func(uplink.Message)) { give(m) }}
	a.doors = doors
	a.box = &yardBox{yard: y, name: name, trial: 300 * time.Millisecond, status: boxctl.Status{Board: "rpi-4", Release: release.ID{13}.String(), Sequence: 13}}
	a.state.inc = a.inc
	return a
}

// start starts the agent, as after a restart.
func (a *agent) start() {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	updates := updater.New(updater.Options{
		Dir: a.dir, Free: func(string) (uint64, error) { return 1 << 40, nil }, Box: a.box, Every: 50 * time.Millisecond, Log: log,
	})
	up := uplink.New(uplink.Options{
		Store: &a.state, Dial: a.dial, Site: siteID, Terminal: a.name, Agent: "test", Doors: a.doors, NoLease: true, Key: a.key,
		HubKey: a.w.hubPK, Clock: &a.state, Updates: updates, Log: log,
	})
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = updates.Run(ctx) }) // always nil
	all.Go(func() { _ = up.Run(ctx) })      // always nil
	a.stop = func() { cancel(); all.Wait() }
}

// wire connects the agent to the link of the world.
type wireLink struct {
	a    *agent
	in   chan uplink.Message
	once sync.Once
	done chan struct{}
}

func (a *agent) dial(context.Context, []byte) (uplink.Link, error) {
	l := &wireLink{a: a, in: make(chan uplink.Message, 1000), done: make(chan struct{})}
	go func() { // ends with the link
		for {
			select {
			case <-l.done:
				return
			case m := <-a.w.link.to(a.name):
				a.pipe(uplink.Message{Kind: m.Kind, Payload: m.Payload}, func(m uplink.Message) { l.in <- m })
			}
		}
	}()
	return l, nil
}

func (l *wireLink) Publish(_ context.Context, kind string, payload []byte) error {
	l.a.w.link.up <- fleet.Message{Terminal: l.a.name, Kind: kind, Payload: payload}
	return nil
}
func (l *wireLink) Receive() <-chan uplink.Message { return l.in }
func (l *wireLink) Done() <-chan struct{}          { return l.done }
func (l *wireLink) Err() error                     { return nil }
func (l *wireLink) Close()                         { l.once.Do(func() { close(l.done) }) }

// quietStore is a terminal's store to which nothing happens. It says hello every second.
type quietStore struct {
	inc  fleet.ID
	mu   sync.Mutex // guards revs
	revs map[wire.Collection]wire.CollectionState
}

func (s *quietStore) HubTime(time.Time) bool { return true }
func (s *quietStore) Position(context.Context) (wire.Position, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := wire.Position{Incarnation: s.inc, Next: map[wire.Stream]uint64{1: 1, 2: 1}, Fresh: 3 * time.Second}
	for _, v := range s.revs {
		p.Vector = append(p.Vector, v)
	}
	return p, nil
}
func (s *quietStore) Pending(context.Context, wire.Stream, uint64, int, int) (wire.Batch, error) {
	return wire.Batch{}, nil
}
func (s *quietStore) Acked(context.Context, wire.Durable) error   { return nil }
func (s *quietStore) Reincarnate(context.Context, [16]byte) error { return nil }
func (s *quietStore) Wake() <-chan struct{}                       { return nil }
func (s *quietStore) Apply(_ context.Context, pages []wire.Page) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.revs == nil {
		s.revs = map[wire.Collection]wire.CollectionState{}
	}
	p := pages[0]
	s.revs[p.Collection] = wire.CollectionState{Collection: p.Collection, Rev: p.To, Hash: p.Hash}
	return nil
}

// releaseSite is a site with a trusted release and agents that start from cards.
type releaseSite struct {
	*world
	yard   *yard
	trust  bundle.TrustFile
	rel    release.Release
	agents []*agent
}

func newReleaseSite(t *testing.T) *releaseSite {
	dir := t.TempDir()
	s := &releaseSite{yard: &yard{}, trust: signedBy(t, 50)}
	if err := os.WriteFile(filepath.Join(dir, release.TrustName), s.trust.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	s.world = newWorld(t, dir)
	for door, group := range map[string]string{"front": "inner", "back": "inner", "gate": ""} {
		s.do(func(tx fleet.Tx) error {
			_, err := access.SetDoor(tx.Tx.Tx, door, func(d *access.Door) { d.Group = group })
			return err
		})
	}
	s.rel = s.add(bundleOf(t, "1.4.0", 14, s.trust, 50))
	t.Cleanup(func() {
		for _, a := range s.agents {
			if a.stop != nil {
				a.stop()
			}
		}
	})
	return s
}

func (s *releaseSite) add(b []byte) release.Release {
	s.t.Helper()
	r, err := s.hub.AddRelease(s.t.Context(), operator, bytes.NewReader(b))
	s.must(err)
	return r
}

// join adds agents that trust the site, and starts them.
func (s *releaseSite) agent(name string, doors ...string) *agent {
	s.t.Helper()
	a := s.world.agent(s.yard, name, doors...)
	trust, err := s.trust.Trusted()
	s.must(err)
	a.box.trust = trust
	s.agents = append(s.agents, a)
	return a
}

func (s *releaseSite) assign(w release.Wave, retry bool) {
	s.t.Helper()
	s.do(func(tx fleet.Tx) error {
		_, err := release.Assign(tx.ReleaseTx(), s.rel.Version, w, retry)
		return err
	})
}

func (s *releaseSite) install(name string) (i release.Install) {
	s.t.Helper()
	s.must(s.read(func(tx fleet.Tx) (err error) {
		if i, err = tx.Install(s.rel.ID, name); refusal.Code(err) == "" && err != nil {
			i, err = release.Install{}, nil // it has nothing to do with it yet
		}
		return err
	}))
	return i
}

func (s *releaseSite) await(stage release.Stage, names ...string) {
	s.t.Helper()
	defer func() {
		if s.t.Failed() {
			for _, name := range names {
				s.t.Logf("%+v", s.install(name))
			}
			s.t.Logf("%+v", s.the().Wave)
		}
	}()
	for _, name := range names {
		waitFor(s.t, name+" to be "+string(stage), func() bool { return s.install(name).Stage == stage })
	}
}

func (s *releaseSite) actions() (out []string) {
	s.t.Helper()
	defer func() { slices.Reverse(out) }() // oldest first
	s.must(s.read(func(tx fleet.Tx) error {
		return tx.ListAudit(audit.Query{Action: "release.", Limit: 100}, func(e audit.Entry) error {
			out = append(out, e.Action)
			return nil
		})
	}))
	return out
}

// Issue 12, 5: a release reaches every terminal through a link that repeats and reorders, with
// the hub and a terminal restarted in the middle; the first goes alone, and never two of a group of
// doors at a time.
func TestAReleaseGoesThroughASite(t *testing.T) {
	s := newReleaseSite(t)
	front, back, gate := s.agent("front-box", "front"), s.agent("back-box", "back"), s.agent("gate-box", "gate")
	var held []uplink.Message
	pieces := make(chan struct{}, 1000)
	front.pipe = func(m uplink.Message, give func(uplink.Message)) {
		if m.Kind != wire.MsgPiece {
			give(m)
			return
		}
		pieces <- struct{}{}
		if held = append(held, m); len(held) == 2 { // in pairs, turned round, the first one twice
			give(held[1])
			give(held[0])
			give(held[0])
			held = nil
		}
	}
	s.assign(release.Wave{Percent: 100}, false)
	front.start()
	back.start()
	gate.start()
	<-pieces
	s.stop() // the hub, in the middle
	s.start()
	front.stop()
	front.start()
	s.await(release.Healthy, "front-box", "back-box", "gate-box")
	s.yard.mu.Lock()
	defer s.yard.mu.Unlock()
	if len(s.yard.starts) != 3 || len(s.yard.met[0]) != 1 || len(s.yard.met[1]) != 1 {
		t.Errorf("trials began in the order %v, and met %v", s.yard.starts, s.yard.met)
	}
	for _, met := range s.yard.met {
		if slices.Contains(met, "front-box") && slices.Contains(met, "back-box") {
			t.Errorf("both of the inner doors were on trial at once: %v", s.yard.met)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(front.dir, "*")); len(left) != 0 {
		t.Errorf("the bundle still takes room: %v", left)
	}
}

// Issue 12, 5: a wave stops by itself once the release has failed on more terminals than it may;
// somebody is told, the others get nothing, and a retry goes on.
func TestAWaveStopsByErrors(t *testing.T) {
	s := newReleaseSite(t)
	front, gate := s.agent("front-box", "front"), s.agent("gate-box", "gate")
	front.box.fails = "reader hall worked before the update"
	gate.box.fails = front.box.fails
	s.assign(release.Wave{Percent: 100, StopAfter: 0}, false)
	front.start()
	s.await(release.Failed, "front-box")
	if i := s.install("front-box"); i.Why != front.box.fails {
		t.Errorf("the reason came as %q", i.Why)
	}
	gate.start()
	alarms := s.alarms()
	if len(alarms) != 1 || alarms[0].Kind != fleet.ReleaseStopped || alarms[0].Object != "1.4.0" {
		t.Errorf("open alarms are %+v", alarms)
	}
	waitFor(t, "the other terminal to be heard", func() bool { return s.board("gate-box") == "rpi-4" })
	if i := s.install("gate-box"); i.Stage != "" || len(s.yard.met) != 1 {
		t.Errorf("another terminal is told of a release that has stopped: %+v", i)
	}
	if got := s.actions(); !slices.Equal(got, []string{"release.add", "release.assign", "release.stop"}) {
		t.Errorf("the audit log has %v", got)
	}
	front.box.mu.Lock()
	front.box.fails, gate.box.fails = "", ""
	front.box.mu.Unlock()
	s.assign(release.Wave{Percent: 100}, true)
	s.await(release.Healthy, "front-box", "gate-box")
}

func (s *releaseSite) board(name string) (board string) {
	s.t.Helper()
	s.must(s.read(func(tx fleet.Tx) error {
		t, err := tx.Terminal(name)
		board = t.Board
		return err
	}))
	return board
}

// Issue 12, 5: a release that is paused goes to nobody: no offer, and no piece for whoever asks.
func TestAPausedReleaseGoesToNobody(t *testing.T) {
	s := newReleaseSite(t)
	s.assign(release.Wave{Percent: 100}, false)
	hall := s.join("hall")
	update := &wire.Update{Board: "rpi-4", Installed: release.ID{13}, Sequence: 13}
	s.release(hall, update, true)
	hall.send(wire.MsgWant, wire.Want{Release: s.rel.ID, Pieces: []uint64{1}})
	hall.until("the piece", func(m fleet.Message) bool { return m.Kind == wire.MsgPiece })
	s.do(func(tx fleet.Tx) error {
		_, err := release.Pause(tx.ReleaseTx(), s.rel.ID.String()[:8])
		return err
	})
	hall.send(wire.MsgWant, wire.Want{Release: s.rel.ID, Pieces: []uint64{2}})
	s.release(hall, update, false)
	s.assign(release.Wave{Percent: 100}, false)
	s.release(hall, update, true)
}

// release says hello and wants to be told of the release, or not to be, nor to get a piece.
func (s *releaseSite) release(a *terminal, u *wire.Update, want bool) {
	s.t.Helper()
	a.nonce[0]++
	a.send(wire.MsgHello, wire.Hello{MinVersion: 1, MaxVersion: 1, Nonce: a.nonce, Incarnation: a.inc, Next: a.next, Chain: a.chain, NoLease: true, Update: u})
	told := false
	door := "door-" + string(rune('a'+a.nonce[0]))
	s.door(door) // is told after the release would be, in the next turn of the session
	a.until("what follows a hello", func(m fleet.Message) bool {
		switch m.Kind {
		case wire.MsgRelease:
			told = true
		case wire.MsgPiece:
			if !want {
				s.t.Error("a piece of a release that is paused")
			}
		}
		return told || !want && a.rows[wire.Doors][door] != nil
	})
	if told != want {
		s.t.Errorf("told of the release: %v, want %v", told, want)
	}
}

// Issue 12, 5: a bundle of another key is refused by the hub, and a terminal that trusts other
// keys than the hub refuses what the hub assigns: the hub cannot invent firmware.
func TestABundleOfAnotherKeyIsRefused(t *testing.T) {
	s := newReleaseSite(t)
	others := signedBy(t, 70)
	b := bundleOf(t, "6.6.6", 666, others, 70)
	keep := func(release.Release) error {
		t.Error("it is kept")
		return nil
	}
	if err := s.shelf.Put(bytes.NewReader(b), keep); refusal.Code(err) != release.CodeBundle {
		t.Errorf("another key: %v", err)
	}
	good := bundleOf(t, "1.5.0", 15, s.trust, 50)
	good[len(good)-1] ^= 1
	if err := s.shelf.Put(bytes.NewReader(good), keep); refusal.Code(err) != release.CodeBundle {
		t.Errorf("a byte that was changed: %v", err)
	}
	if err := release.NewShelf(t.TempDir()).Put(bytes.NewReader(b), keep); refusal.Code(err) != release.CodeNoTrust {
		t.Errorf("without a file of trust: %v", err)
	}
	front := s.agent("front-box", "front")
	trust, err := others.Trusted()
	s.must(err)
	front.box.trust = trust
	front.start()
	s.assign(release.Wave{Percent: 100, StopAfter: 5}, false)
	s.await(release.Failed, "front-box")
	if i := s.install("front-box"); !strings.Contains(i.Why, "verify the bundle") || len(s.yard.met) != 0 {
		t.Errorf("%+v", i)
	}
}

// A file that was damaged in the hub's folder is not sent, and is mended by adding it again.
func TestADamagedBundleIsNotSent(t *testing.T) {
	s := newReleaseSite(t)
	b := bundleOf(t, "1.4.0", 14, s.trust, 50)
	files, _ := filepath.Glob(filepath.Join(shelfDir(t, s), "releases", "*.bundle"))
	if len(files) != 1 {
		t.Fatalf("the hub keeps %v", files)
	}
	damaged := bytes.Clone(b)
	damaged[wire.PieceBytes+5] ^= 1
	s.must(os.WriteFile(files[0], damaged, 0o600))
	if _, err := s.shelf.Piece(s.rel, 1); !errors.Is(err, release.ErrDamaged) {
		t.Errorf("the damaged piece: %v", err)
	}
	if _, err := s.shelf.Piece(s.rel, 1000); err == nil {
		t.Error("a piece behind the end")
	}
	s.add(b)
	data, err := s.shelf.Piece(s.rel, 1)
	if err != nil || !bytes.Equal(data, b[wire.PieceBytes:2*wire.PieceBytes]) {
		t.Errorf("after it was added again: %v", err)
	}
}

func shelfDir(t *testing.T, s *releaseSite) string {
	t.Helper()
	return filepath.Dir(filepath.Dir(s.shelf.Path(s.rel.ID)))
}

// Issue 12, 5: a terminal that was told to install and is never seen again counts as failed, once
// the hub has been there long enough, and holds back its group of doors.
func TestALostTerminalCounts(t *testing.T) {
	s := newReleaseSite(t)
	s.assign(release.Wave{Percent: 100}, false)
	front, back := s.join("front-box"), s.join("back-box")
	front.doors, back.doors = []string{"front"}, []string{"back"}
	ready := func() *wire.Update {
		return &wire.Update{Board: "rpi-4", Installed: release.ID{13}, Sequence: 13, Release: s.rel.ID[:], Phase: wire.UpdateReady}
	}
	if got := s.told(front, ready()); !got.Install {
		t.Errorf("the first one is told %v", got.Install)
	}
	later := time.Now().Add(release.LostAfter + time.Minute)
	s.now.Store(&later)
	s.must(s.hub.Tidy(t.Context()))
	if i := s.install("front-box"); i.Stage != release.Lost {
		t.Fatalf("%+v", i)
	}
	if r := s.the(); !r.Stopped {
		t.Errorf("%+v", r.Wave)
	}
	s.assign(release.Wave{Percent: 100, StopAfter: 5}, false)
	if got := s.told(back, ready()); got.Install {
		t.Error("another terminal of the group goes, while the first one may be dead")
	}
	s.must(s.hub.RemoveTerminal(t.Context(), operator, "front-box"))
	if got := s.told(back, ready()); !got.Install {
		t.Error("a terminal that was removed still holds back its group")
	}
}

func (s *releaseSite) the() (r release.Release) {
	s.t.Helper()
	s.must(s.read(func(tx fleet.Tx) (err error) {
		r, err = tx.Release(s.rel.ID)
		return err
	}))
	return r
}

// told says hello and gives what the terminal is told about the release.
func (s *releaseSite) told(a *terminal, u *wire.Update) (r wire.Release) {
	s.t.Helper()
	a.nonce[0]++
	a.send(wire.MsgHello, wire.Hello{
		MinVersion: 1, MaxVersion: 1, Nonce: a.nonce, Incarnation: a.inc, Next: a.next, Chain: a.chain, NoLease: true, Doors: a.doors, Update: u,
	})
	a.until("release", func(m fleet.Message) bool {
		if m.Kind != wire.MsgRelease {
			return false
		}
		a.open(m, &r)
		return r.Nonce == a.nonce
	})
	return r
}

// Issue 12, 5: a release that nobody needs goes, with its file and the alarm that it had stopped;
// while terminals fetch it, or one is in the middle of it or was lost there, it stays.
func TestAReleaseIsRemoved(t *testing.T) {
	s := newReleaseSite(t)
	remove := func() string {
		err := s.hub.RemoveRelease(t.Context(), operator, "1.4.0")
		if code := refusal.Code(err); code != "" || err == nil {
			return code
		}
		t.Fatal(err)
		return ""
	}
	s.assign(release.Wave{Percent: 100}, false)
	front := s.join("front-box")
	ready := &wire.Update{Board: "rpi-4", Installed: release.ID{13}, Sequence: 13, Release: s.rel.ID[:], Phase: wire.UpdateReady}
	if code := remove(); code != release.CodeGiven {
		t.Errorf("while it is given: %q", code)
	}
	if !s.told(front, ready).Install {
		t.Error("the first one does not go")
	}
	pause := func() {
		s.do(func(tx fleet.Tx) error {
			_, err := release.Pause(tx.ReleaseTx(), "1.4.0")
			return err
		})
	}
	pause()
	if code := remove(); code != release.CodeUnderWay {
		t.Errorf("while a terminal is in the middle of it: %q", code)
	}
	later := time.Now().Add(release.LostAfter + time.Minute)
	s.now.Store(&later)
	s.must(s.hub.Tidy(t.Context()))
	if code := remove(); code != release.CodeUnderWay || len(s.alarms()) != 1 {
		t.Errorf("after a terminal was lost: %q, alarms %+v", code, s.alarms())
	}
	if _, err := os.Stat(s.shelf.Path(s.rel.ID)); err != nil {
		t.Errorf("a removal that was refused: %v", err)
	}
	s.assign(release.Wave{Percent: 100}, true)
	pause()
	if code := remove(); code != "" {
		t.Errorf("refused with %q", code)
	}
	if _, err := os.Stat(s.shelf.Path(s.rel.ID)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its file: %v", err)
	}
	if i := s.install("front-box"); i.Stage != "" || len(s.alarms()) != 0 {
		t.Errorf("left are %+v and the alarms %+v", i, s.alarms())
	}
	if code := remove(); code != release.CodeNone {
		t.Errorf("removed again: %q", code)
	}
	if got := s.actions(); got[len(got)-1] != "release.remove" {
		t.Errorf("the audit log has %v", got)
	}
	s.rel = s.add(bundleOf(t, "1.4.0", 14, s.trust, 50))
	if !s.the().Assigned.IsZero() {
		t.Error("added anew, it is still assigned")
	}
}

func (s *releaseSite) alarms() (open []fleet.Alarm) {
	s.t.Helper()
	s.must(s.read(func(tx fleet.Tx) error {
		open = nil
		return tx.EachAlarm(fleet.AlarmQuery{Open: true, Limit: 10}, func(a fleet.Alarm) error {
			open = append(open, a)
			return nil
		})
	}))
	return open
}

// What a hub that died while a release was added or removed left is freed as it starts; files of
// releases and of others stay.
func TestFilesOfNoReleaseAreFreed(t *testing.T) {
	s := newReleaseSite(t)
	folder := filepath.Dir(s.shelf.Path(s.rel.ID))
	gone := []string{"new-123", filepath.Base(s.shelf.Path(release.ID{5}))}
	kept := []string{"README", filepath.Base(s.shelf.Path(s.rel.ID))}
	for _, name := range append(gone, kept[0]) {
		s.must(os.WriteFile(filepath.Join(folder, name), []byte("x"), 0o600))
	}
	s.stop()
	s.start()
	for _, name := range gone {
		if _, err := os.Stat(filepath.Join(folder, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range kept {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Issue 12, 5: a terminal fetches at any time and installs in the hours of the site's clocks only;
// one that was told and had not begun when they ended waits for the next night, and what it waits
// for is said.
func TestATerminalInstallsInItsHours(t *testing.T) {
	s := newReleaseSite(t)
	s.do(func(tx fleet.Tx) error {
		_, err := access.ChangeSettings(tx.Tx.Tx, map[string]string{"time_zone": "Asia/Tokyo"})
		return err
	})
	clock := func(text string) { // in Tokyo, which is nine hours ahead of UTC
		at, err := time.Parse("2006-01-02 15:04 -0700", "2031-05-07 "+text+" +0900")
		s.must(err)
		s.now.Store(&at)
	}
	clock("21:59")
	s.assign(release.Wave{Percent: 100, Between: release.Hours{From: 22 * 60, To: 5 * 60}}, false)
	front := s.join("front-box")
	front.doors = []string{"front"}
	at := func(phase wire.UpdatePhase) *wire.Update {
		return &wire.Update{Board: "rpi-4", Installed: release.ID{13}, Sequence: 13, Release: s.rel.ID[:], Phase: phase}
	}
	waits := func() (w release.Wait) {
		s.must(s.read(func(tx fleet.Tx) error {
			all, err := fleet.Waits(tx, s.the())
			w = all["front-box"]
			return err
		}))
		return w
	}
	if s.told(front, at(wire.UpdateReady)).Install || waits() != release.ForHours {
		t.Errorf("a minute before its hours it is told, or waits for %q", waits())
	}
	clock("22:00")
	if !s.told(front, at(wire.UpdateReady)).Install {
		t.Error("it is not told as its hours begin")
	}
	clock("05:00")
	if s.told(front, at(wire.UpdateReady)).Install || s.install("front-box").Stage != release.Ready || waits() != release.ForHours {
		t.Errorf("its hours ended before it began: %+v, waits for %q", s.install("front-box"), waits())
	}
	clock("23:00")
	if !s.told(front, at(wire.UpdateReady)).Install || !s.told(front, at(wire.UpdateInstalling)).Install {
		t.Error("it does not go in the next night")
	}
	clock("06:00")
	if !s.told(front, at(wire.UpdateInstalling)).Install || s.install("front-box").Stage != release.Installing {
		t.Errorf("in the middle of it, it loses its turn: %+v", s.install("front-box"))
	}
}
