package fleet_test

import (
	"context"
	"encoding/gob"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"badged/internal/sitekey"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/store"
	"badged/sync/hub/store/teststore"
	"badged/sync/wire"
)

// childDir in the environment makes this test program a hub on the database there,
// with its link on stdin and stdout.
const childDir = "BADGED_TEST_HUB_DIR"

// childDies says when that hub kills itself, at the first frames that it stores: beforeCommit
// or beforeAck.
const (
	childDies    = "BADGED_TEST_HUB_DIES"
	beforeCommit = "before commit"
	beforeAck    = "before acknowledgement"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := beHub(dir, os.Getenv(childDies)); err != nil {
			slog.Error("the hub under test ended", "error", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(teststore.Main(m))
}

// pipeLink is a link over two pipes.
type pipeLink struct {
	out  *gob.Encoder
	up   chan fleet.Message
	done chan struct{}
}

func (l *pipeLink) Publish(_ context.Context, terminal, kind string, payload []byte) error {
	if kind != wire.MsgAck {
		return nil // the test is about what was acknowledged
	}
	return l.out.Encode(fleet.Message{Terminal: terminal, Kind: kind, Payload: payload})
}
func (l *pipeLink) Receive() <-chan fleet.Message { return l.up }
func (l *pipeLink) Done() <-chan struct{}         { return l.done }
func (l *pipeLink) Close()                        {}

// mortal is a store whose process ends at the first transaction with events.
type mortal struct {
	fleet.Store
	dies string
}

// noticed is a journal that tells that something was appended.
type noticed struct {
	fleet.Journal
	appended *bool
}

func (j noticed) Append(r fleet.Record) (bool, error) {
	*j.appended = true
	return j.Journal.Append(r)
}

func (s mortal) Write(ctx context.Context, by audit.Actor, fn func(fleet.Tx) error) error {
	appended := false
	err := s.Store.Write(ctx, by, func(tx fleet.Tx) error {
		tx.Journal = noticed{tx.Journal, &appended}
		err := fn(tx)
		if appended && s.dies == beforeCommit {
			die()
		}
		return err
	})
	if appended && s.dies == beforeAck {
		die()
	}
	return err
}

func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

func beHub(dir, dies string) error {
	ctx := context.Background()
	st, err := teststore.Open(ctx, dir, time.Now)
	if err != nil {
		return err
	}
	h, err := fleet.New(ctx, fleet.Options{
		Store: mortal{st, dies}, Site: siteID, Name: "Test", Key: seed(1), SiteKey: sitekey.New(1, [32]byte{7}), Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		RowsChanged: func() <-chan struct{} { return st.Changed(store.RowsChanged) },
	})
	if err != nil {
		return err
	}
	l := &pipeLink{gob.NewEncoder(os.Stdout), make(chan fleet.Message), make(chan struct{})}
	go func() {
		defer close(l.done)
		for in := gob.NewDecoder(os.Stdin); ; {
			var m fleet.Message
			if in.Decode(&m) != nil {
				return
			}
			l.up <- m
		}
	}()
	return h.Serve(ctx, l)
}

// Issue 13, line 6: of frames that share a transaction nothing is acknowledged before all are
// on disk, and what was not acknowledged is sent again without a second effect.
func TestKillBetweenCommitAndAcknowledgement(t *testing.T) {
	for dies, want := range map[string]int{beforeCommit: 0, beforeAck: 1} {
		t.Run(dies, func(t *testing.T) {
			dir := t.TempDir()
			var all []*terminal
			frames := make(map[string]wire.Frame)
			t.Run("join", func(t *testing.T) {
				w := newWorld(t, dir)
				for _, name := range []string{"a", "b", "c", "d"} {
					x := w.join(name)
					x.hello()
					all, frames[name] = append(all, x), x.frame(wire.StreamEvents, swipe(), swipe(), swipe())
				}
			})
			t.Run("die", func(t *testing.T) { dieWithFrames(t, dir, dies, all, frames) })
			t.Run("again", func(t *testing.T) {
				w := newWorld(t, dir)
				if n := len(w.events()); n < 3*want || n > 12*want || n%3 != 0 {
					t.Errorf("the hub has %d events", n)
				}
				for _, x := range all {
					x.w = w
					x.hello()
					x.send(wire.MsgEvents, frames[x.name])
					x.ack(func(a wire.Ack) bool { return a.Upto[wire.StreamEvents] == 3 })
				}
				if n := len(w.events()); n != 12 {
					t.Errorf("the hub has %d events after all came again", n)
				}
			})
		})
	}
}

// dieWithFrames gives a hub frames of several terminals, and nobody is told that it has them
// before it is dead.
func dieWithFrames(t *testing.T, dir, dies string, all []*terminal, frames map[string]wire.Frame) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childDies+"="+dies)
	cmd.Stderr = os.Stderr
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	send, answers := gob.NewEncoder(in), gob.NewDecoder(out)
	var m fleet.Message
	for _, x := range all {
		x.nonce[0]++
		post(t, send, x, wire.MsgHello, wire.Hello{
			MinVersion: 1, MaxVersion: 1, Nonce: x.nonce, Incarnation: x.inc, Next: map[wire.Stream]uint64{1: 1, 2: 1}, Vector: []wire.CollectionState{},
		})
		if err := answers.Decode(&m); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range all {
		post(t, send, x, wire.MsgEvents, frames[x.name])
	}
	if err := answers.Decode(&m); err == nil {
		t.Errorf("%s was told %s", m.Terminal, m.Kind)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the hub lived on")
	}
}

// S1.05 and DESIGN §13: killed at any moment, the hub has every event that it
// acknowledged, once, with all of its effects or with none.
func TestKillLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	var hall *terminal
	t.Run("join", func(t *testing.T) {
		w := newWorld(t, dir)
		w.set("quota_day", "100000")
		hall = w.join("hall")
		hall.hello()
	})
	var bodies [][]byte // all events that the terminal ever made, by seq
	acked := uint64(0)
	lives, least := 25, uint64(100)
	if testing.Short() {
		lives, least = 5, 20
	}
	for range lives {
		acked = life(t, dir, hall, &bodies, acked)
	}
	t.Run("look", func(t *testing.T) {
		w := newWorld(t, dir)
		events := w.events()
		if uint64(len(events)) < acked {
			t.Fatalf("%d events are there, %d were acknowledged", len(events), acked)
		}
		for i, e := range events {
			if e.Seq != uint64(i)+1 || !slices.Equal(e.Body, bodies[i]) {
				t.Fatalf("event %d is not the one that was sent", i+1)
			}
		}
		if n := len(w.accounts()); n != len(events) {
			t.Errorf("%d events made %d accounts", len(events), n)
		}
		if acked < least {
			t.Errorf("only %d events were acknowledged in all lives of the hub", acked)
		}
	})
}

// life runs a hub, sends it frames, and kills it at some moment.
func life(t *testing.T, dir string, hall *terminal, bodies *[][]byte, acked uint64) uint64 {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acks := make(chan uint64)
	go readAcks(t, hall, out, acks)
	send := gob.NewEncoder(in)
	hall.nonce[0]++
	hall.w = &world{t: t, key: sitekey.New(1, [32]byte{7}), hubPK: hall.w.hubPK}
	post(t, send, hall, wire.MsgHello, wire.Hello{
		MinVersion: 1, MaxVersion: 1, Nonce: hall.nonce, Incarnation: hall.inc, Next: map[wire.Stream]uint64{2: uint64(len(*bodies)) + 1}, Vector: []wire.CollectionState{},
	})
	upto, ok := <-acks
	if !ok || upto < acked {
		t.Fatalf("the hub remembers %d events, it had acknowledged %d", upto, acked)
	}
	for left := 1 + rand.IntN(8); ok; left-- {
		acked = upto
		if left == 0 {
			kill := time.AfterFunc(time.Duration(rand.IntN(8000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
			defer kill.Stop()
		}
		for uint64(len(*bodies)) < upto+16 {
			*bodies = append(*bodies, nextEvent(t, hall, len(*bodies)))
		}
		f, err := wire.PackFrame(hall.inc, wire.StreamSecurity, wire.Batch{First: upto + 1, After: chainOf((*bodies)[:upto]), Events: (*bodies)[upto : upto+16]})
		if err != nil {
			t.Fatal(err)
		}
		post(t, send, hall, wire.MsgSecurity, f)
		upto, ok = <-acks
	}
	_ = cmd.Wait() // it was killed
	return acked
}

// chainOf is the chain of a stream with these events.
func chainOf(bodies [][]byte) (c wire.Chain) {
	for _, b := range bodies {
		c = c.Next(b)
	}
	return c
}

func nextEvent(t *testing.T, hall *terminal, i int) []byte {
	t.Helper()
	e := hall.newAccount(string(rune('a'+i%26))+time.Duration(i).String(), 0)
	e.Order, e.Boot, e.At = uint64(i)+1, hall.boot[:], 1
	b, err := wire.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func post(t *testing.T, to *gob.Encoder, hall *terminal, kind string, v any) {
	t.Helper()
	msg, err := wire.Seal(hall.key, wire.Context{Site: siteID, Terminal: hall.name, Dir: wire.Up, Kind: kind}, v)
	if err != nil {
		t.Fatal(err)
	}
	_ = to.Encode(fleet.Message{Terminal: hall.name, Kind: kind, Payload: msg}) // a dead hub reads nothing
}

// readAcks passes on the watermark of each acknowledgement until the hub is dead.
func readAcks(t *testing.T, hall *terminal, out io.Reader, acks chan<- uint64) {
	defer close(acks)
	for in := gob.NewDecoder(out); ; {
		var m fleet.Message
		if in.Decode(&m) != nil {
			return
		}
		var a wire.Ack
		if err := wire.Open(hall.w.hubPK, wire.Context{Site: siteID, Terminal: hall.name, Dir: wire.Down, Kind: m.Kind}, m.Payload, &a); err != nil {
			t.Error(err)
			return
		}
		acks <- a.Upto[wire.StreamSecurity]
	}
}
