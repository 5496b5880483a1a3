package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"badged/internal/cli"
	"badged/sync/hub/api"
	"badged/sync/identity"
	"badged/sync/mqttlink"
	"badged/sync/uplink"
	"badged/sync/wire"
)

// box is a terminal that joined a hub for real.
type box struct {
	t     *testing.T
	id    *identity.Identity
	link  uplink.Link
	nonce [16]byte
	acked uint64
}

func (p *process) join(name string) *box {
	p.t.Helper()
	made := get[api.TerminalToken](p, "terminal", "add", name)
	if made.Command != "sudo badged join "+made.Token {
		p.t.Errorf("the command is %q", made.Command)
	}
	token, err := identity.ParseToken(made.Token)
	if err != nil {
		p.t.Fatal(err)
	}
	id, err := identity.Join(p.t.Context(), token, filepath.Join(p.t.TempDir(), name))
	if err != nil {
		p.t.Fatal(err)
	}
	return &box{t: p.t, id: id}
}

func (b *box) context(dir, kind string) wire.Context {
	return wire.Context{Site: b.id.Site, Terminal: b.id.Terminal, Dir: dir, Kind: kind}
}

// connect dials and says hello; next is the seq that the terminal would give.
func (b *box) connect(next uint64) error {
	b.nonce[0]++
	will, err := wire.Seal(b.id.Key, b.context(wire.Up, wire.MsgStatus), wire.Status{Nonce: b.nonce})
	if err != nil {
		return err
	}
	c := mqttlink.Config{Address: b.id.MQTT, Site: b.id.Site, Terminal: b.id.Terminal, TLS: b.id.TLSConfig(), Log: slog.New(slog.DiscardHandler)}
	if b.link, err = c.Dial(b.t.Context(), will); err != nil {
		return err
	}
	return b.send(wire.MsgHello, wire.Hello{
		MinVersion: 1, MaxVersion: 1, Nonce: b.nonce, Incarnation: b.id.Incarnation,
		Next: map[wire.Stream]uint64{1: next, 2: 1}, Vector: []wire.CollectionState{}, Agent: "test",
	})
}

func (b *box) send(kind string, v any) error {
	msg, err := wire.Seal(b.id.Key, b.context(wire.Up, kind), v)
	if err != nil {
		return err
	}
	return b.link.Publish(b.t.Context(), kind, msg)
}

// ack waits for an acknowledgement above what was acknowledged; false: the link is over.
func (b *box) ack(above uint64) bool {
	b.t.Helper()
	for late := time.After(patience); ; {
		select {
		case <-b.link.Done():
			return false
		case <-late:
			b.t.Fatalf("no acknowledgement above %d", above)
		case m := <-b.link.Receive():
			var a wire.Ack
			if m.Kind != wire.MsgAck {
				continue
			}
			if err := wire.Open(b.id.HubKey, b.context(wire.Down, m.Kind), m.Payload, &a); err != nil {
				b.t.Fatal(err)
			}
			b.acked = max(b.acked, a.Upto[wire.StreamEvents])
			if a.Upto[wire.StreamEvents] >= above {
				return true
			}
		}
	}
}

// page waits for a page of a collection with a good change.
func (b *box) page(c wire.Collection, good func(wire.Change) bool) {
	b.t.Helper()
	for late := time.After(patience); ; {
		select {
		case <-late:
			b.t.Fatalf("no page of %s", c)
		case m := <-b.link.Receive():
			var p wire.Page
			if m.Kind != wire.MsgPage {
				continue
			}
			if err := wire.Open(b.id.HubKey, b.context(wire.Down, m.Kind), m.Payload, &p); err != nil {
				b.t.Fatal(err)
			}
			if p.Collection == c && slices.ContainsFunc(p.Changes, good) {
				return
			}
		}
	}
}

func body(order int) []byte {
	b, err := wire.Marshal(wire.Event{Order: uint64(order), Kind: 1, Point: "front", Outcome: 1, Reason: 1, At: 1, Clock: 2, Boot: make([]byte, 8)})
	if err != nil {
		panic(err) // the same for every order
	}
	return b
}

// frame is the 16 events after upto.
func (b *box) frame(upto uint64) wire.Frame {
	b.t.Helper()
	var after wire.Chain
	for i := range upto {
		after = after.Next(body(int(i) + 1))
	}
	var bodies [][]byte
	for i := range 16 {
		bodies = append(bodies, body(int(upto)+i+1))
	}
	f, err := wire.PackFrame(b.id.Incarnation, wire.StreamEvents, wire.Batch{First: upto + 1, After: after, Events: bodies})
	if err != nil {
		b.t.Fatal(err)
	}
	return f
}

// The way of an event and of a change, through TLS, the broker and SQLite.
func TestATerminalTalksToItsHub(t *testing.T) {
	p := serveIn(t, t.TempDir())
	front := p.join("front")
	if err := front.connect(1); err != nil {
		t.Fatal(err)
	}
	front.ack(0)
	ada := get[api.Account](p, "account", "add", "Ada Byron", "--active")
	front.page(wire.Accounts, func(c wire.Change) bool {
		var a wire.Account
		return wire.Unmarshal(c.Body, &a) == nil && a.Name == "Ada Byron"
	})
	claim := get[api.IssuedClaim](p, "claim", "add", ada.ID)
	front.page(wire.Claims, func(c wire.Change) bool {
		var k wire.Claim
		return wire.Unmarshal(c.Body, &k) == nil && front.id.SiteKey.Claim([16]byte(c.Key), claim.Code) == k.MAC
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	followed := make(chan int)
	go func() { followed <- follow(ctx, cancel, p, 16) }()
	if err := front.send(wire.MsgEvents, front.frame(0)); err != nil {
		t.Fatal(err)
	}
	front.ack(16)
	if n := <-followed; n != 16 {
		t.Errorf("a follower saw %d events, want 16", n)
	}
	list := rows[api.Terminal](p, "terminal", "list")
	if len(list) != 1 || !list[0].Connected || list[0].Upto["ev"] != 16 || list[0].Agent != "test" {
		t.Errorf("terminals %+v", list)
	}
	front.link.Close()
	if err := front.connect(17); err != nil {
		t.Fatal(err)
	}
	front.ack(16)
}

// follow counts the events that `badgehub event follow` prints, until there are enough.
func follow(ctx context.Context, enough func(), p *process, want int) (n int) {
	lines := writer(func(b []byte) {
		if n += bytes.Count(b, []byte("\n")); n >= want {
			enough()
		}
	})
	args := []string{"event", "follow", "--after", "0", "--json", "--socket", p.Socket}
	if err := Run(ctx, args, func(string) string { return "" }, cli.Stdio{Out: lines, Err: lines}); err != nil {
		p.t.Error(err)
	}
	return n
}

type writer func([]byte)

func (w writer) Write(b []byte) (int, error) { w(b); return len(b), nil }

// Killed at any moment during ingest, the hub keeps what it acknowledged.
func TestKillNineLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	p := serveIn(t, dir)
	mqtt, web := p.MQTT, p.Web
	front := p.join("front")
	for range 6 {
		if err := front.connect(1 << 40); err != nil {
			t.Fatal(err)
		}
		left := 1 + rand.IntN(8)
		for alive := front.ack(front.acked); alive; alive = front.ack(front.acked + 1) {
			if left--; left == 0 {
				kill := time.AfterFunc(time.Duration(rand.IntN(8000))*time.Microsecond, func() { _ = p.cmd.Process.Kill() })
				defer kill.Stop()
			}
			if front.send(wire.MsgEvents, front.frame(front.acked)) != nil {
				break
			}
		}
		front.link.Close()
		p.stop(syscall.SIGKILL)
		p = serveIn(t, dir, mqtt, web)
	}
	out, err := p.run("event", "list", "--limit", "0", "--json")
	if err != nil {
		t.Fatal(err)
	}
	seq := uint64(0)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	slices.Reverse(lines) // the newest came first
	for _, line := range lines {
		var e api.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if seq++; e.Seq != seq || e.Order != seq {
			t.Fatalf("event %d has seq %d and order %d", seq, e.Seq, e.Order)
		}
	}
	if seq < front.acked || front.acked == 0 {
		t.Errorf("%d events are there, %d were acknowledged", seq, front.acked)
	}
}

// A box that was replaced is locked out, the new one is in.
func TestAReplacedTerminalIsLockedOut(t *testing.T) {
	p := serveIn(t, t.TempDir())
	old := p.join("front")
	if err := old.connect(1); err != nil {
		t.Fatal(err)
	}
	old.ack(0)
	made := get[api.TerminalToken](p, "terminal", "add", "front", "--replace")
	token, err := identity.ParseToken(made.Token)
	if err != nil {
		t.Fatal(err)
	}
	id, err := identity.Join(t.Context(), token, filepath.Join(t.TempDir(), "new"))
	if err != nil {
		t.Fatal(err)
	}
	old.lockedOut()
	if err := (&box{t: t, id: id}).connect(1); err != nil {
		t.Error(err)
	}
}

// lockedOut holds the hub to it: the open connection ends, and no new one is had.
func (b *box) lockedOut() {
	b.t.Helper()
	for late := time.After(patience); ; {
		select {
		case <-b.link.Receive(): // may still be on the way
			continue
		case <-b.link.Done():
		case <-late:
			b.t.Fatal("its connection is still open")
		}
		break
	}
	if err := b.connect(1); !errors.Is(err, mqttlink.ErrRefused) {
		b.t.Errorf("it connects again: %v", err)
	}
}

// A box that was stolen is locked out at once; what it reported stays.
func TestARemovedTerminalIsLockedOut(t *testing.T) {
	p := serveIn(t, t.TempDir())
	front, hall := p.join("front"), p.join("hall")
	for _, b := range []*box{front, hall} {
		if err := b.connect(1); err != nil {
			t.Fatal(err)
		}
		b.ack(0)
	}
	if err := front.send(wire.MsgEvents, front.frame(0)); err != nil {
		t.Fatal(err)
	}
	front.ack(16)
	if out, err := p.run("terminal", "remove", "front"); err != nil {
		t.Fatal(err, out)
	}
	front.lockedOut()
	if out, err := p.run("event", "list", "--json"); err != nil || strings.Count(out, "\n") != 16 {
		t.Errorf("%d events are left, want 16; %v", strings.Count(out, "\n"), err)
	}
	list := rows[api.Terminal](p, "terminal", "list")
	if len(list) != 2 || !list[0].Removed || list[0].Joined || list[0].Connected || !list[1].Connected {
		t.Errorf("terminals %+v", list)
	}
	for _, name := range []string{"front", "cellar"} {
		if _, err := p.run("terminal", "remove", name); command.Exit(err, io.Discard) != 1 {
			t.Errorf("%s is removed: %v", name, err)
		}
	}
	if err := hall.send(wire.MsgEvents, hall.frame(0)); err != nil {
		t.Fatal(err)
	}
	hall.ack(16) // nobody else was disconnected
	again := p.join("front")
	if err := again.connect(1); err != nil {
		t.Fatal(err)
	}
	again.ack(0)
}

// connectAndSend brings the terminal back, which sends another frame of events.
func connectAndSend(t *testing.T, b *box) {
	t.Helper()
	if err := b.connect(b.acked + 1); err != nil {
		t.Fatal(err)
	}
	if !b.ack(b.acked) {
		t.Fatal("the link ended")
	}
	if err := b.send(wire.MsgEvents, b.frame(b.acked)); err != nil || !b.ack(b.acked+16) {
		t.Fatalf("events were not taken: %v", err)
	}
}
