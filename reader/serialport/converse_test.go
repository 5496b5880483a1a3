package serialport_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"badged/reader"
	"badged/reader/serialport"
	"badged/reader/twn"
)

// asker is the plainest protocol in which the host speaks: it asks "?", and the answer
// is a line. Nothing in it is locked: the race detector sees whether one goroutine
// alone touches it.
type asker struct {
	opens, lost int
	queue       []string
	due         time.Time
	got         []byte
	every       time.Duration
}

func (a *asker) Open(now time.Time) {
	a.opens++
	a.queue, a.due = []string{"?"}, now.Add(a.every)
}

func (a *asker) Send(time.Time) []byte {
	if len(a.queue) == 0 {
		return nil
	}
	p := a.queue[0]
	a.queue = a.queue[1:]
	return []byte(p)
}

func (a *asker) Deadline() time.Time { return a.due }

func (a *asker) Tick(now time.Time, emit func(reader.Event)) {
	a.lost++
	a.queue, a.due = append(a.queue, "?"), now.Add(a.every)
}

func (a *asker) Cue(_ time.Time, unit int, c reader.Cue) {
	a.queue = append(a.queue, fmt.Sprintf("<%d %s>", unit, c))
}

func (a *asker) Feed(at time.Time, p []byte, emit func(reader.Event)) {
	for _, b := range p {
		if b != '\n' {
			a.got = append(a.got, b)
			continue
		}
		emit(reader.Event{Kind: reader.KindCard, At: at, Card: reader.TextCard(string(a.got))})
		a.got = nil
		a.queue, a.due = append(a.queue, "?"), at.Add(a.every)
	}
}

// peer is the far end of a pseudo-terminal: it hears what the host says.
type peer struct {
	path   string
	master *os.File

	mu      sync.Mutex // guards what follows
	heard   bytes.Buffer
	answers bool
	more    chan struct{} // heard has grown
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{master: os.NewFile(uintptr(fd), "ptmx"), more: make(chan struct{}, 1)}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err := errors.Join(err, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)); err != nil {
		t.Fatal(err)
	}
	slave := fmt.Sprintf("/dev/pts/%d", n)
	held, err := os.OpenFile(slave, os.O_RDWR|unix.O_NOCTTY, 0) // or the master fails while nobody listens
	if err != nil {
		t.Fatal(err)
	}
	p.path = filepath.Join(t.TempDir(), "line")
	if err := os.Symlink(slave, p.path); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go p.listen(done)
	t.Cleanup(func() {
		_, _ = held.Close(), p.master.Close()
		<-done
	})
	return p
}

func (p *peer) listen(done chan<- struct{}) {
	defer close(done)
	var buf [256]byte
	for {
		n, err := p.master.Read(buf[:])
		p.mu.Lock()
		p.heard.Write(buf[:n])
		if p.answers && err == nil {
			_, _ = p.master.WriteString("ok\n")
		}
		p.mu.Unlock()
		select {
		case p.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// answerAlways answers every question from now on.
func (p *peer) answerAlways() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers = true
}

// await waits until the host has said want.
func (p *peer) await(t *testing.T, want string) {
	t.Helper()
	late := time.After(2 * time.Minute)
	for {
		p.mu.Lock()
		found := strings.Contains(p.heard.String(), want)
		p.mu.Unlock()
		if found {
			return
		}
		select {
		case <-p.more:
		case <-late:
			t.Fatalf("the host did not say %q", want)
		}
	}
}

func (p *peer) send(t *testing.T, s string) {
	t.Helper()
	if _, err := p.master.WriteString(s); err != nil {
		t.Fatal(err)
	}
}

func bus(p *peer, every time.Duration) (*serialport.Bus, *asker) {
	dec := &asker{every: every}
	return serialport.NewBus(serialport.Config{Name: "bus", Path: p.path, RS485: true}, dec), dec
}

func TestHostSpeaksFirstAndAfterEachAnswer(t *testing.T) {
	p := newPeer(t)
	b, dec := bus(p, time.Hour)
	r := start(t, b.Run)
	if e := r.next(t, reader.KindUp); e.Unit != reader.Line {
		t.Errorf("the port came up as unit %d", e.Unit)
	}
	p.await(t, "?")
	for _, answer := range []string{"one", "two"} {
		p.send(t, answer+"\n")
		if e := r.next(t, reader.KindCard); e.Card.Reveal() != answer {
			t.Error("another answer arrived")
		}
	}
	p.await(t, "???")
	r.stop()
	if err := r.end(t); err != nil || dec.opens != 1 || dec.lost != 0 {
		t.Errorf("%v, %d opens, %d ticks", err, dec.opens, dec.lost)
	}
}

func TestHostAsksAgainWhenNobodyAnswers(t *testing.T) {
	p := newPeer(t)
	b, dec := bus(p, time.Millisecond)
	r := start(t, b.Run)
	p.await(t, "?????")
	r.stop()
	if err := r.end(t); err != nil || dec.lost < 4 {
		t.Errorf("%v, %d ticks", err, dec.lost)
	}
}

func TestPortOpenedAgainTellsTheDecoder(t *testing.T) {
	p := newPeer(t)
	b, dec := bus(p, time.Hour)
	for range 2 {
		r := start(t, b.Run)
		p.await(t, "?")
		r.stop()
		if err := r.end(t); err != nil {
			t.Fatal(err)
		}
	}
	if dec.opens != 2 {
		t.Errorf("%d opens", dec.opens)
	}
}

// Cues come from many goroutines while the pump is busy and while it is blocked.
func TestCuesReachTheDevice(t *testing.T) {
	p := newPeer(t)
	b, dec := bus(p, time.Millisecond)
	r := start(t, b.Run)
	p.await(t, "?")
	var wg sync.WaitGroup
	for unit := range 20 {
		wg.Go(func() {
			if err := b.SignalUnit(t.Context(), unit, reader.CueGranted); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := b.Signal(t.Context(), reader.CueRefused); err != nil {
		t.Error(err)
	}
	for unit := range 20 {
		p.await(t, fmt.Sprintf("<%d granted>", unit))
	}
	p.await(t, "<0 refused>")
	opens := 0
	if err := b.Do(t.Context(), func() { opens = dec.opens }); err != nil || opens != 1 {
		t.Errorf("Do: %v, %d opens", err, opens)
	}
	r.stop()
	if err := r.end(t); err != nil {
		t.Error(err)
	}
}

func TestCueWakesABlockedRead(t *testing.T) {
	p := newPeer(t)
	b, dec := bus(p, time.Hour)
	r := start(t, b.Run)
	p.await(t, "?")
	if err := b.Signal(t.Context(), reader.CueGranted); err != nil {
		t.Fatal(err)
	}
	p.await(t, "?<0 granted>")
	r.stop()
	if err := r.end(t); err != nil || dec.lost != 0 {
		t.Errorf("%v; the wake was taken for the decoder's deadline %d times", err, dec.lost)
	}
}

func TestCueOfAPortThatIsNotOpen(t *testing.T) {
	p := newPeer(t)
	b, _ := bus(p, time.Hour)
	refused := func() {
		t.Helper()
		var op *reader.OpError
		if err := b.Signal(t.Context(), reader.CueKey); !errors.As(err, &op) || !strings.Contains(err.Error(), "not open") {
			t.Errorf("got %v", err)
		}
	}
	refused()
	r := start(t, b.Run)
	p.await(t, "?")
	r.stop()
	if err := r.end(t); err != nil {
		t.Fatal(err)
	}
	refused()
}

// What waits while the pump is held up is run once, or never when its context ended
// or the port closed first.
func TestCallsThatAreGivenUp(t *testing.T) {
	p := newPeer(t)
	b, _ := bus(p, time.Hour)
	held, release := make(chan struct{}), make(chan struct{})
	r := start(t, func(ctx context.Context, _ func(reader.Event)) error {
		return b.Run(ctx, func(e reader.Event) {
			if e.Kind == reader.KindCard {
				close(held)
				<-release
			}
		})
	})
	p.await(t, "?")
	p.send(t, "hold\n")
	<-held
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Do(ctx, func() { t.Error("a call that was given up was run") }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	ran := make(chan error, 1)
	go func() { ran <- b.Do(t.Context(), func() {}) }()
	r.stop()
	close(release)
	if err := r.end(t); err != nil {
		t.Error(err)
	}
	select {
	case <-ran: // run at last, or told that the port closed: it does not hang
	case <-time.After(2 * time.Minute):
		t.Error("a call hangs after the port was closed")
	}
}

func TestLostLineOfAHostThatSpeaks(t *testing.T) {
	p := newPeer(t)
	b, _ := bus(p, time.Millisecond)
	r := start(t, b.Run)
	p.await(t, "?")
	_ = p.master.Close()
	for {
		e := <-r.events
		if e.Kind == reader.KindDown {
			if e.Why != reader.Lost || e.Unit != reader.Line {
				t.Errorf("down: %s of unit %d", e.Why, e.Unit)
			}
			break
		}
	}
	var op *reader.OpError
	if err := r.end(t); !errors.As(err, &op) || op.Device != p.path || op.Hint == "" {
		t.Errorf("got %v", err)
	}
}

// hasty is an asker that must be answered soon.
type hasty struct{ *asker }

func (hasty) Silence() time.Duration { return 100 * time.Millisecond }

// A port that opens is no device that works: one that never answers is opened again
// and again, reported once, and works when it answers.
func TestDeviceThatDoesNotAnswer(t *testing.T) {
	p := newPeer(t)
	dec := hasty{&asker{every: 10 * time.Millisecond}}
	port := serialport.NewBus(serialport.Config{Name: "bus", Path: p.path}, dec)
	r := start(t, func(ctx context.Context, emit func(reader.Event)) error {
		reader.Supervise(ctx, port, emit, func(error) {}, slog.New(slog.DiscardHandler))
		return nil
	})
	if e := r.next(t, reader.KindDown); e.Why != reader.Silent {
		t.Errorf("down: %s", e.Why)
	}
	p.answerAlways()
	r.next(t, reader.KindUp)
	r.untilCard(t)
	if err := port.Do(t.Context(), func() {
		if dec.opens < 3 {
			t.Errorf("opened %d times", dec.opens)
		}
	}); err != nil {
		t.Error(err)
	}
	go func() { // whoever takes the events must not hold up the end
		for range r.events {
		}
	}()
}

// untilCard waits for a card. On a busy machine an answer may be late, so that the device is
// taken for silent again before.
func (r *running) untilCard(t *testing.T) {
	t.Helper()
	late := time.After(2 * time.Minute)
	for {
		select {
		case e := <-r.events:
			if e.Kind == reader.KindCard {
				return
			}
		case <-late:
			t.Fatal("no card")
		}
	}
}

func TestOnlyWhoIsAskedMustAnswer(t *testing.T) {
	b, _ := bus(&peer{path: "nowhere"}, time.Second)
	if b.Silence() <= 0 || rfid("nowhere").Silence() != 0 {
		t.Errorf("asked: %v, not asked: %v", b.Silence(), rfid("nowhere").Silence())
	}
	rare := serialport.New(serialport.Config{}, twn.NewSimple(twn.SimpleOptions{Interval: time.Minute}))
	if rare.Silence() < 2*time.Minute {
		t.Errorf("asked once a minute: %v", rare.Silence())
	}
}
