package gpioport

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/warthog618/go-gpiocdev/uapi"
	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/gpio"

	"badged/keypad"
	"badged/reader"
	"badged/reader/pacs"
	"badged/reader/wiegand"
)

// fakeChip gives requests whose events come through a pipe of the kernel's.
type fakeChip struct {
	mu     sync.Mutex // guards what follows
	opened int
	cfg    uapi.LineConfig
	lines  []int
	fail   error // of the next request
	broken error // of writes
	active bool
	sets   []bool
	events *os.File
	closed chan struct{} // of the last request
}

type fakeRequest struct {
	handle
	chip   *fakeChip
	closed chan struct{}
	once   sync.Once
}

func (c *fakeChip) open(_ string, lines []int, cfg uapi.LineConfig) (request, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened++
	if err := c.fail; err != nil {
		c.fail = nil
		return nil, failed("request", "fake:1", err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.cfg, c.lines, c.events, c.closed = cfg, lines, w, make(chan struct{})
	return &fakeRequest{handle: handle{r}, chip: c, closed: c.closed}, nil
}

func (r *fakeRequest) value() (bool, error) {
	r.chip.mu.Lock()
	defer r.chip.mu.Unlock()
	return r.chip.active, nil
}

func (r *fakeRequest) set(active bool) error {
	r.chip.mu.Lock()
	defer r.chip.mu.Unlock()
	r.chip.sets = append(r.chip.sets, active)
	return r.chip.broken
}

func (r *fakeRequest) Close() error {
	r.once.Do(func() { close(r.closed) })
	return r.handle.Close()
}

func (c *fakeChip) write(events ...event) {
	var p []byte
	n := binary.NativeEndian
	for _, e := range events {
		id := uapi.LineEventFallingEdge
		if e.rising {
			id = uapi.LineEventRisingEdge
		}
		p = n.AppendUint64(p, uint64(e.at))
		p = n.AppendUint32(p, uint32(id))
		p = n.AppendUint32(p, uint32(e.line))
		p = n.AppendUint32(p, e.seq)
		p = append(p, make([]byte, eventSize-20)...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.events.Write(p); err != nil {
		panic(err)
	}
}

// do changes what the chip does.
func (c *fakeChip) do(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// monotonic is the kernel's clock.
func monotonic() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic(err)
	}
	return time.Duration(ts.Nano())
}

const cdvi = "10001011001101010001101110"

// edges are those of a frame that ended just now, a bit a millisecond, on lines 4 and 5,
// numbered from seq on.
func edges(bits string, seq uint32) []event {
	begin := monotonic() - time.Duration(len(bits))*time.Millisecond
	list := make([]event, len(bits))
	for i := range list {
		list[i] = event{at: begin + time.Duration(i)*time.Millisecond, line: 4 + int(bits[i]&1), seq: seq + uint32(i)}
	}
	return list
}

// wiegandLines runs Lines on a fake chip.
func wiegandLines(t *testing.T) (*fakeChip, chan reader.Event, chan error) {
	t.Helper()
	bursts, err := keypad.BurstsOf("auto")
	if err != nil {
		t.Fatal(err)
	}
	chip := &fakeChip{}
	spec, err := ParseLinesSpec("gpiochip0:4,5 pull-up")
	if err != nil {
		t.Fatal(err)
	}
	l := NewLines(LinesConfig{Name: "front", Spec: spec}, wiegand.New(wiegand.Options{Formats: pacs.Selection{}, Keypad: bursts}))
	l.open = chip.open
	ctx, cancel := context.WithCancel(t.Context())
	events, ended := make(chan reader.Event, 64), make(chan error, 1)
	go func() { ended <- l.Run(ctx, func(e reader.Event) { events <- e }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the end: %v", err)
		}
	})
	if e := nextEvent(t, events); e.Kind != reader.KindUp {
		t.Fatalf("first %s", e.Kind)
	}
	return chip, events, ended
}

func nextEvent(t *testing.T, events chan reader.Event) reader.Event {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(10 * time.Second):
		t.Fatal("no event")
		return reader.Event{}
	}
}

func TestLinesReadFrames(t *testing.T) {
	chip, events, _ := wiegandLines(t)
	frame := edges(cdvi, 1)
	chip.write(frame...)
	e := nextEvent(t, events)
	if e.Kind != reader.KindCard || e.Card.FrameFormat() != "H10301" || e.Card.Reveal() != "166A37" {
		t.Fatalf("%s %s", e.Kind, e.Why)
	}
	if off := time.Since(e.At) - (monotonic() - frame[25].at); off.Abs() > time.Millisecond {
		t.Errorf("the time of the last edge is %v off", off)
	}
	chip.write(edges("1010", 27)...)
	if e := nextEvent(t, events); e.Kind != reader.KindKey || e.Key != keypad.Star {
		t.Errorf("%s %s", e.Kind, e.Why)
	}
	if chip.cfg.Flags != uapi.LineFlagV2Input|uapi.LineFlagV2EdgeFalling|uapi.LineFlagV2BiasPullUp || !slices.Equal(chip.lines, []int{4, 5}) {
		t.Errorf("requested %v of lines %v", chip.cfg.Flags, chip.lines)
	}
}

// The kernel hands the edges of two lines on by two threads, which may overtake each
// other, also from one read to the next.
func TestLinesInOrder(t *testing.T) {
	chip, events, _ := wiegandLines(t)
	frame := edges(cdvi, 1)
	for i := 0; i+3 < len(frame); i += 3 {
		frame[i], frame[i+2] = frame[i+2], frame[i]
	}
	chip.write(frame[:4]...)
	chip.write(frame[4:]...)
	if e := nextEvent(t, events); e.Kind != reader.KindCard || e.Card.Reveal() != "166A37" {
		t.Errorf("%s %s", e.Kind, e.Why)
	}
}

func TestLostEdgesAreAFault(t *testing.T) {
	for name, cut := range map[string]func([]event) []event{
		"in the middle": func(f []event) []event { return slices.Delete(f, 9, 11) },
		"in front":      func(f []event) []event { return f[1:] },
	} {
		t.Run(name, func(t *testing.T) {
			chip, events, _ := wiegandLines(t)
			chip.write(cut(edges(cdvi, 1))...)
			if e := nextEvent(t, events); e.Kind != reader.KindFault || e.Why != reader.LostEdges {
				t.Errorf("%s %s", e.Kind, e.Why)
			}
			chip.write(edges(cdvi, 27)...)
			if e := nextEvent(t, events); e.Kind != reader.KindCard {
				t.Errorf("the frame after it: %s %s", e.Kind, e.Why)
			}
		})
	}
}

// What waits in the kernel when the time of a frame is over belongs to it, if it came in
// time: a busy terminal does not cut frames.
func TestLinesLookOnceMore(t *testing.T) {
	frame := edges(cdvi, 1)
	for i := range frame {
		frame[i].at -= time.Second // its time is over
	}
	req := &late{now: frame[:20], then: frame[20:]}
	l := NewLines(LinesConfig{Spec: LinesSpec{D0: 4, D1: 5}}, wiegand.New(wiegand.Options{}))
	l.open = func(string, []int, uapi.LineConfig) (request, error) { return req, nil }
	var got []reader.Event
	err := l.Run(t.Context(), func(e reader.Event) { got = append(got, e) })
	if len(got) != 3 || got[1].Kind != reader.KindCard || got[2].Kind != reader.KindDown {
		t.Errorf("%d events, %v", len(got), err)
	}
}

// late is a request whose reads time out while there is more.
type late struct {
	handle
	now, then []event
	drained   int
}

func (r *late) Read(p []byte) (int, error) {
	switch {
	case len(r.now) > 0:
		n := put(p, &r.now)
		return n, nil
	case r.drained < 2:
		return 0, os.ErrDeadlineExceeded
	}
	return 0, syscall.ENODEV
}

func (r *late) drain(p []byte) (int, error) {
	n := put(p, &r.then)
	if n == 0 {
		r.drained++
	}
	return n, nil
}

func (*late) SetReadDeadline(time.Time) error { return nil }
func (*late) Close() error                    { return nil }

// put encodes as many events as fit.
func put(p []byte, list *[]event) int {
	chip, n := fakeChip{}, min(len(*list), len(p)/eventSize)
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	defer r.Close()
	defer w.Close()
	chip.events = w
	chip.write((*list)[:n]...)
	*list = (*list)[n:]
	if n == 0 {
		return 0
	}
	n, err = r.Read(p)
	if err != nil {
		panic(err)
	}
	return n
}

func TestLinesThatFail(t *testing.T) {
	chip, events, ended := wiegandLines(t)
	chip.write(edges(cdvi[:7], 1)...)
	chip.do(func() { chip.events.Close() })
	for e := nextEvent(t, events); e.Kind != reader.KindDown; e = nextEvent(t, events) {
	}
	err := <-ended
	var op *reader.OpError
	if !errors.As(err, &op) || op.Device != "gpiochip0:4,5 pull-up" || op.Op != "read" {
		t.Errorf("%v", err)
	}
	ended <- nil // for the cleanup
}

// A frame that the loss of the chip cut is not put together with what comes after.
func TestLinesForgetACutFrame(t *testing.T) {
	whole := edges(cdvi, 1)
	l := NewLines(LinesConfig{Spec: LinesSpec{D0: 4, D1: 5}}, wiegand.New(wiegand.Options{}))
	var got []reader.Event
	for _, part := range [][]event{whole[:7], whole[7:]} {
		first := part[0].seq - 1
		for i := range part {
			part[i].seq -= first
		}
		l.open = func(string, []int, uapi.LineConfig) (request, error) { return &late{now: part, drained: 2}, nil }
		if err := l.Run(t.Context(), func(e reader.Event) { got = append(got, e) }); !errors.Is(err, syscall.ENODEV) {
			t.Fatal(err)
		}
	}
	l.dec.Tick(time.Now().Add(time.Hour), func(e reader.Event) { got = append(got, e) })
	var faults int
	for _, e := range got {
		if e.Kind == reader.KindFault && e.Why == reader.BadLength {
			faults++
		}
		if e.Kind == reader.KindCard {
			t.Error("two halves make a card")
		}
	}
	if faults != 2 {
		t.Errorf("%d faults", faults)
	}
}

func TestOrderWraps(t *testing.T) {
	o := order{next: 0xFFFFFFFE}
	now := time.Unix(0, 0)
	for _, seq := range []uint32{1, 0xFFFFFFFF, 0, 0xFFFFFFFE} {
		o.add(event{seq: seq}, now)
	}
	for _, want := range []uint32{0xFFFFFFFE, 0xFFFFFFFF, 0, 1} {
		if e, ok, lost := o.pop(now); !ok || lost || e.seq != want {
			t.Fatalf("%x, %v, %v; want %x", e.seq, ok, lost, want)
		}
	}
	o.add(event{seq: 4}, now)
	if _, ok, _ := o.pop(now.Add(holdTime - 1)); ok {
		t.Error("given up too early")
	}
	if e, ok, lost := o.pop(o.deadline()); !ok || !lost || e.seq != 4 {
		t.Error("not given up")
	}
	o.add(event{seq: 3}, now)
	if _, ok, lost := o.pop(now); ok || lost || len(o.held) != 0 {
		t.Error("an edge that was given up counts")
	}
}

// runLine runs a chip's pin, once it is prepared.
func runLine(t *testing.T, spec, pin string, prepare func(*fakeChip, *Pin)) (*fakeChip, *Pin, chan error, func()) {
	t.Helper()
	s, err := ParseSpec(spec)
	if err != nil {
		t.Fatal(err)
	}
	s.Pin = pin
	var bs Boards
	p, chip := bs.Open(s), &fakeChip{}
	bs.lines[0].open = chip.open
	prepare(chip, p)
	ctx, cancel := context.WithCancel(t.Context())
	states, done := make(chan error, 16), make(chan struct{})
	go func() {
		defer close(done)
		bs.Run(ctx, func(name string, err error) {
			if name != spec {
				t.Errorf("the state of %s", name)
			}
			states <- err
		})
	}()
	stop := func() { cancel(); <-done }
	t.Cleanup(stop)
	return chip, p, states, stop
}

func nextLevel(t *testing.T, p *Pin) Edge {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	e, err := p.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestChipRelay(t *testing.T) {
	chip, pin, states, stop := runLine(t, "gpiochip0:17 active-low", "relay", func(*fakeChip, *Pin) {})
	if err := <-states; err != nil {
		t.Fatal(err)
	}
	if chip.cfg.Flags != uapi.LineFlagV2Output|uapi.LineFlagV2ActiveLow || chip.cfg.NumAttrs != 0 {
		t.Errorf("requested %v: not released at first", chip.cfg.Flags)
	}
	r := NewRelay(pin)
	if err := r.On(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	stop()
	if !slices.Equal(chip.sets, []bool{true, false}) {
		t.Errorf("the relay was set %v", chip.sets)
	}
	select {
	case <-chip.closed:
	default:
		t.Error("the line was not given back")
	}
	if err := pin.Out(gpio.High); err == nil || !strings.Contains(err.Error(), "not connected") || len(chip.sets) != 2 {
		t.Errorf("after the end: %v, set %v", err, chip.sets)
	}
	if pin.In(gpio.PullNoChange, gpio.BothEdges) == nil || pin.Number() != 17 || pin.Function() != "Out" {
		t.Error("the relay is an input")
	}
}

// A write that fails has the line requested anew, with the relay released.
func TestChipRelayThatFails(t *testing.T) {
	chip, pin, states, _ := runLine(t, "gpiochip0:17", "relay", func(*fakeChip, *Pin) {})
	if err := <-states; err != nil {
		t.Fatal(err)
	}
	chip.do(func() { chip.broken = syscall.ENODEV })
	if err := pin.Out(gpio.High); !errors.Is(err, syscall.ENODEV) {
		t.Errorf("%v", err)
	}
	if err := <-states; err == nil || !strings.Contains(err.Error(), "use gpiochip0:17: no such device (the chip went away") {
		t.Errorf("%v", err)
	}
	if err := <-states; err != nil {
		t.Errorf("again: %v", err)
	}
	chip.do(func() {
		if chip.opened != 2 || !slices.Equal(chip.sets, []bool{true, false}) {
			t.Errorf("requested %d times, set %v", chip.opened, chip.sets)
		}
	})
}

// A failure that was told late does not end the next request.
func TestChipForgetsOldFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, chip := newLine(Spec{Chip: "gpiochip0", Pin: "relay"}), &fakeChip{}
		l.open = chip.open
		l.broken <- syscall.ENODEV
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- l.connect(ctx, func() {}) }()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("ended: %v", err)
		default:
		}
		cancel()
		<-done
	})
}

func TestChipInputs(t *testing.T) {
	chip, pin, states, _ := runLine(t, "gpiochip0:22 pull-up", "contact", func(chip *fakeChip, pin *Pin) {
		chip.active = true
		if _, err := Contact(pin); err != nil {
			t.Fatal(err)
		}
	})
	if err := <-states; err != nil {
		t.Fatal(err)
	}
	if chip.cfg.Flags != uapi.LineFlagV2Input|uapi.LineFlagV2EdgeBoth|uapi.LineFlagV2BiasPullUp || chip.cfg.NumAttrs != 1 {
		t.Errorf("requested %v", chip.cfg.Flags)
	}
	at := monotonic()
	chip.write(event{at: at, seq: 1}, event{at: at + 1, rising: true, seq: 2})
	chip.write(event{at: at + 2, rising: false, seq: 5}) // two are missing, and the last one, which follows
	levels := []gpio.Level{gpio.High, gpio.Low, gpio.High, gpio.Low, gpio.High}
	for i, want := range levels {
		if e := nextLevel(t, pin); e.Level != want {
			t.Fatalf("change %d is %v", i, e.Level)
		}
	}
}

// A button that is held when the chip is there opens nothing; the next press does.
func TestChipButtonThatIsStuck(t *testing.T) {
	chip := &fakeChip{active: true}
	l := newLine(Spec{Chip: "gpiochip0", Line: 1, Pin: "exit"})
	l.open = chip.open
	if _, err := Button(l.pin); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	up, done := make(chan struct{}), make(chan error)
	go func() { done <- l.connect(ctx, func() { close(up) }) }()
	<-up
	at := monotonic() - time.Minute
	chip.write(event{at: at, seq: 1}, event{at: at + 1, rising: true, seq: 2})
	e := nextLevel(t, l.pin)
	if off := time.Since(e.At) - (monotonic() - at); e.Level != gpio.High || off.Abs() > time.Second {
		t.Errorf("%v, %v off: not the press", e.Level, off)
	}
	if l.pin.WaitForEdge(0) {
		t.Error("the button that is stuck is a press")
	}
	cancel()
	if err := <-done; err == nil {
		t.Error("the end is no error")
	}
}

func TestChipThatCannotBeRequested(t *testing.T) {
	for err, want := range map[error]string{
		syscall.EBUSY:  "another program or driver has the line",
		syscall.EACCES: "must be in the group",
		syscall.EINVAL: "may not have so many lines",
		syscall.ENXIO:  "cannot do this with this line",
	} {
		if got := failed("request", "gpiochip0:17", err).Error(); !strings.Contains(got, want) || !strings.HasPrefix(got, "request gpiochip0:17: ") {
			t.Error(got)
		}
	}
	for chip, want := range map[string]string{
		"no-such-chip":       "open no-such-chip: there is no such chip (gpiodetect lists",
		"/dev/no-such-chip9": "open /dev/no-such-chip9: there is no such chip",
		"/dev/null":          "request /dev/null:3: inappropriate ioctl for device (this is no GPIO chip",
	} {
		if _, err := requestLines(chip, []int{3}, uapi.LineConfig{}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v", err)
		}
	}
	chip := &fakeChip{fail: syscall.EBUSY}
	var down []reader.Event
	l := NewLines(LinesConfig{Name: "front"}, wiegand.New(wiegand.Options{}))
	l.open = chip.open
	if err := l.Run(t.Context(), func(e reader.Event) { down = append(down, e) }); err == nil || len(down) != 1 || down[0].Kind != reader.KindDown {
		t.Errorf("%v, %d events", err, len(down))
	}
}
