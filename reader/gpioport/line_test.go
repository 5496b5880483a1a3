package gpioport

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/warthog618/go-gpiocdev/uapi"
	"periph.io/x/conn/v3/gpio"

	"badged/reader"
	"badged/reader/wiegand"
)

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
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
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
		l, chip := newLine(Spec{Chip: "gpiochip0", Pin: "relay"}, nil), &fakeChip{}
		l.open = chip.open
		l.broken <- syscall.ENODEV
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- l.serveLine(ctx, func() {}) }()
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
	l := newLine(Spec{Chip: "gpiochip0", Line: 1, Pin: "exit"}, nil)
	l.open = chip.open
	if _, err := Button(l.pin); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	up, done := make(chan struct{}), make(chan error)
	began := monotonic()
	go func() { done <- l.serveLine(ctx, func() { close(up) }) }()
	<-up
	opened := monotonic() - began
	at := monotonic() - time.Minute
	chip.write(event{at: at, seq: 1}, event{at: at + 1, rising: true, seq: 2})
	e := nextLevel(t, l.pin)
	if e.Level != gpio.High {
		t.Errorf("%v: not the press", e.Level)
	}
	wantTime(t, e.At, at, opened)
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
		if got := describeFailure("request", "gpiochip0:17", err).Error(); !strings.Contains(got, want) || !strings.HasPrefix(got, "request gpiochip0:17: ") {
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

// A relay on a line of a chip is guarded as one of a board is, for as long as the line is
// held; an input needs no guard. That the guard sets the line is seen in the lab, where there
// is a chip: relay-guard.
func TestChipRelayIsGuarded(t *testing.T) {
	told := make(chan string, 10)
	bs := Boards{Guard: Guard{"/proc/self/exe", "gpioport.test", "hold-relay"}, Guarded: func(device string, err error) {
		if err == nil {
			told <- device
		}
	}}
	relay := bs.Open(Spec{Chip: "gpiochip0", Line: 5, Pin: "relay"})
	bs.Open(Spec{Chip: "gpiochip0", Line: 6, Pin: "exit"})
	for _, l := range bs.lines {
		l.open = (&fakeChip{}).open
	}
	ctx, cancel := context.WithCancel(t.Context())
	up, done := make(chan string, 10), make(chan struct{})
	go func() { defer close(done); bs.Run(ctx, func(device string, _ error) { up <- device }) }()
	if got := <-told; got != relay.String() {
		t.Errorf("%s is guarded", got)
	}
	for range bs.lines {
		<-up
	}
	relay.energise(time.Now().Add(time.Minute))
	if bs.lines[0].guard.page.Load().until.Load() <= bootTime() {
		t.Error("the guard does not know until when the relay is energised")
	}
	cancel()
	<-done
	if len(told) > 0 {
		t.Errorf("%s is guarded too", <-told)
	}
}
