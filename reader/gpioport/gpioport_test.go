package gpioport_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"

	"badged/internal/rig/sim"
	"badged/reader/gpioport"
)

// board starts a virtual board and the pins that are connected to it.
func board(t *testing.T) (*sim.Pins, *gpioport.Board, chan error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pins.sock")
	pins, err := sim.NewPins(path)
	if err != nil {
		t.Fatal(err)
	}
	b := gpioport.NewBoard(path, nil)
	if _, err := gpioport.Contact(b.Pin("contact")); err != nil {
		t.Fatal(err)
	}
	if _, err := gpioport.Button(b.Pin("exit")); err != nil {
		t.Fatal(err)
	}
	states := run(t, b)
	t.Cleanup(func() { pins.Close() })
	if err := <-states; err != nil {
		t.Fatal(err)
	}
	return pins, b, states
}

func run(t *testing.T, b *gpioport.Board) chan error {
	ctx, cancel := context.WithCancel(t.Context())
	states, done := make(chan error, 16), make(chan struct{})
	go func() { defer close(done); b.Run(ctx, func(err error) { states <- err }) }()
	t.Cleanup(func() { cancel(); <-done })
	return states
}

func await(t *testing.T, pins *sim.Pins, ok func(sim.PinsState) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if s, err := pins.Await(ctx, ok); err != nil {
		t.Fatalf("%v: %+v", err, s)
	}
}

func next(t *testing.T, p *gpioport.Pin) gpio.Level {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	e, err := p.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return e.Level
}

func TestRelay(t *testing.T) {
	pins, b, _ := board(t)
	r := gpioport.NewRelay(b.Pin("relay"))
	if err := r.On(late()); err != nil {
		t.Fatal(err)
	}
	await(t, pins, func(s sim.PinsState) bool { return s.Relay })
	if err := r.Off(); err != nil {
		t.Fatal(err)
	}
	await(t, pins, func(s sim.PinsState) bool { return !s.Relay })
	if err := r.On(late()); err != nil {
		t.Fatal(err)
	}
	await(t, pins, func(s sim.PinsState) bool { return s.Relay && s.Pulses == 2 })
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	await(t, pins, func(s sim.PinsState) bool { return !s.Relay })
}

func TestEveryEdgeArrives(t *testing.T) {
	pins, b, _ := board(t)
	contact, exit := b.Pin("contact"), b.Pin("exit")
	if next(t, contact) != gpio.High {
		t.Error("the door is closed at first")
	}
	pins.PressExit()
	pins.SetContact(false)
	pins.SetContact(true)
	pins.PressExit()
	if next(t, exit) != gpio.High || !exit.WaitForEdge(10*time.Second) {
		t.Error("a press of the button is missing")
	}
	if next(t, contact) != gpio.Low || next(t, contact) != gpio.High || contact.Read() != gpio.High {
		t.Error("a movement of the door is missing")
	}
	if exit.WaitForEdge(0) {
		t.Error("an edge too many")
	}
}

// A button that is stuck when the board comes back opens nothing, and a relay that
// was energised when the board went away stays released.
func TestReturnOfPowerEnergisesNothing(t *testing.T) {
	pins, b, states := board(t)
	relay := b.Pin("relay")
	if err := relay.Out(gpio.High); err != nil {
		t.Fatal(err)
	}
	await(t, pins, func(s sim.PinsState) bool { return s.Relay })
	if err := pins.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-states; err == nil {
		t.Fatal("the loss was not told")
	}
	if err := relay.Out(gpio.High); err == nil || !strings.Contains(err.Error(), "not connected") {
		t.Errorf("got %v", err)
	}
	again, err := sim.NewPins(pins.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	again.SetExit(true)
	again.SetContact(false)
	for err := range states {
		if err == nil {
			break
		}
	}
	for next(t, b.Pin("contact")) != gpio.Low { // comes after nothing else that the board tells
	}
	if b.Pin("exit").WaitForEdge(0) {
		t.Error("a stuck button is an edge")
	}
	if again.State().Relay {
		t.Error("the relay is energised")
	}
}

func TestNotABoard(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pins.sock")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			c.Write([]byte("HTTP/1.1 400\r\n"))
			c.Close()
		}
	}()
	for err := range run(t, gpioport.NewBoard(path, nil)) {
		if err != nil {
			if !strings.Contains(err.Error(), "not a board of pins") || !strings.Contains(err.Error(), path) {
				t.Error(err)
			}
			break
		}
	}
}

// TestBoardThatDoesNotRead holds that a write never waits: the turn that
// decides is behind it.
func TestBoardThatDoesNotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pins.sock")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	b := gpioport.NewBoard(path, nil)
	if err := <-run(t, b); err != nil {
		t.Fatal(err)
	}
	for i := 0; b.Pin("relay").Out(gpio.High) == nil; i++ {
		if i > 1<<20 {
			t.Fatal("a board that does not read takes everything")
		}
	}
}

func TestBoardsShareOneConnection(t *testing.T) {
	var bs gpioport.Boards
	a := bs.Open(gpioport.Spec{Board: "/a", Pin: "relay"})
	if bs.Open(gpioport.Spec{Board: "/a", Pin: "relay"}) != a || bs.Open(gpioport.Spec{Board: "/b", Pin: "relay"}) == a {
		t.Error("pins are mixed up")
	}
}

func TestInputsAndOutputsDiffer(t *testing.T) {
	b := gpioport.NewBoard("/x", nil)
	if b.Pin("exit").Out(gpio.High) == nil || b.Pin("relay").In(gpio.PullNoChange, gpio.BothEdges) == nil ||
		b.Pin("exit").In(gpio.PullUp, gpio.BothEdges) == nil {
		t.Error("a pin does what it cannot")
	}
}

// late is later than a relay may be energised.
func late() time.Time { return time.Now().Add(time.Hour) }

// A relay drops at the end of its time by itself; a shorter time does not end a longer
// one, and one that has passed energises nothing.
func TestRelayEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pin := &levelPin{PinIO: gpio.INVALID}
		r := gpioport.NewRelay(pin)
		for _, step := range []struct {
			on, after time.Duration
			want      gpio.Level
		}{
			{0, 0, gpio.Low},
			{5 * time.Second, 4 * time.Second, gpio.High},
			{5 * time.Second, 4 * time.Second, gpio.High},
			{time.Millisecond, 500 * time.Millisecond, gpio.High},
			{-time.Second, 500 * time.Millisecond, gpio.Low},
		} {
			r.On(time.Now().Add(step.on))
			time.Sleep(step.after)
			synctest.Wait()
			if pin.Read() != step.want {
				t.Fatalf("%+v: the relay is %v", step, pin.Read())
			}
		}
	})
}

// The bound of the relay holds even when nobody calls, and a second On does not
// prolong it.
func TestRelayReleasesItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pin := &levelPin{PinIO: gpio.INVALID}
		r := gpioport.NewRelay(pin)
		r.On(late())
		time.Sleep(gpioport.Cap - time.Second)
		r.On(late())
		synctest.Wait()
		if pin.Read() != gpio.High {
			t.Fatal("released too early")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if pin.Read() != gpio.Low {
			t.Fatal("still energised after the bound")
		}
		r.On(late())
		time.Sleep(time.Second)
		r.Off()
		r.On(late())
		time.Sleep(gpioport.Cap - time.Second)
		synctest.Wait()
		if pin.Read() != gpio.High {
			t.Fatal("the bound of an earlier pulse ended this one")
		}
		r.Close()
	})
}

// A write that failed may have gone out: the bound runs all the same.
func TestRelayThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pin := &levelPin{PinIO: gpio.INVALID, err: errors.New("broken")}
		r := gpioport.NewRelay(pin)
		if r.On(late()) == nil {
			t.Fatal("no error")
		}
		time.Sleep(gpioport.Cap)
		synctest.Wait()
		if pin.Read() != gpio.Low {
			t.Fatal("still energised")
		}
	})
}

// levelPin remembers what it was set to.
type levelPin struct {
	gpio.PinIO
	err   error
	level atomic.Bool
}

func (p *levelPin) Out(l gpio.Level) error {
	p.level.Store(bool(l))
	return p.err
}

func (p *levelPin) Read() gpio.Level { return gpio.Level(p.level.Load()) }

// runBoards runs boards until they are connected, and on to the end of the test.
func runBoards(t *testing.T, bs *gpioport.Boards) {
	ctx, cancel := context.WithCancel(t.Context())
	done, up := make(chan struct{}), make(chan struct{}, 100)
	go func() {
		defer close(done)
		bs.Run(ctx, func(_ string, err error) {
			if err == nil {
				up <- struct{}{}
			}
		})
	}()
	t.Cleanup(func() { cancel(); <-done })
	<-up
}
