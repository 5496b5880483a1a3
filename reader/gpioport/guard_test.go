package gpioport_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"

	"badged/internal/rig/sim"
	"badged/reader/gpioport"
)

const holdWord = "hold-relay"

// TestMain is the program of the guards too, as that of badged is.
func TestMain(m *testing.M) {
	if len(os.Args) != 3 || os.Args[1] != holdWord {
		os.Exit(m.Run())
	}
	if err := gpioport.HoldLine(os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var guard = gpioport.Guard{"/proc/self/exe", "gpioport.test", holdWord}

// guarded connects a virtual board with a guard, and gives its relay.
func guarded(t *testing.T, g gpioport.Guard) (*sim.Pins, *gpioport.Pin, chan error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pins.sock")
	pins, err := sim.NewPins(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pins.Close() })
	told := make(chan error, 100)
	bs := gpioport.Boards{Guard: g, Guarded: func(device string, err error) {
		if device != path {
			t.Errorf("told of %s", device)
		}
		told <- err
	}}
	pin := bs.Open(gpioport.Spec{Board: path, Pin: "relay"})
	runBoards(t, &bs)
	return pins, pin, told
}

// What the agent forgets, its guard releases: a relay is energised, and nobody in this
// process ends its pulse.
func TestAGuardReleasesWhatIsForgotten(t *testing.T) {
	pins, pin, told := guarded(t, guard)
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	for range 2 {
		gpioport.Promise(pin, time.Now().Add(100*time.Millisecond))
		if err := pin.Out(gpio.High); err != nil {
			t.Fatal(err)
		}
		await(t, pins, func(s sim.PinsState) bool { return s.Relay })
		await(t, pins, func(s sim.PinsState) bool { return !s.Relay })
	}
	if n := pins.State().Pulses; n != 2 {
		t.Errorf("%d pulses", n)
	}
}

// A relay in its time is left alone, and one that the relay's own driver has released is
// not touched again.
func TestAGuardLeavesTheDriverAlone(t *testing.T) {
	pins, pin, told := guarded(t, guard)
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	r := gpioport.NewRelay(pin)
	if err := r.On(time.Now().Add(300 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	await(t, pins, func(s sim.PinsState) bool { return !s.Relay && s.Pulses == 1 })
	if err := r.Close(); err != nil { // waits for the driver
		t.Fatal(err)
	}
	if at := gpioport.Promised(pin); at != 0 {
		t.Error("the guard still waits for a relay that was released")
	}
	if err := r.On(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if in := time.Duration(gpioport.Promised(pin) - gpioport.BootTime()); in > gpioport.Cap || in < gpioport.Cap-10*time.Second {
		t.Errorf("the guard waits for %v", in)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	await(t, pins, func(s sim.PinsState) bool { return !s.Relay })
}

// A guard that cannot be started, or ends by itself, is told; the door works without it.
func TestADoorWithoutItsGuard(t *testing.T) {
	for _, g := range []gpioport.Guard{{"/nowhere/badged", "badged", holdWord}, {"/proc/self/exe", "gpioport.test", "-test.run=^$"}} {
		pins, pin, told := guarded(t, g)
		for err := range told {
			if err != nil {
				break
			}
		}
		if err := pin.Out(gpio.High); err != nil {
			t.Error(err)
		}
		await(t, pins, func(s sim.PinsState) bool { return s.Relay })
	}
}

// The end of the connection ends its guard: nobody else has the line then.
func TestAGuardEndsWithItsBoard(t *testing.T) {
	pins, _, told := guarded(t, guard)
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	if err := pins.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		t.Fatal(err)
	}
	again, err := sim.NewPins(pins.Path())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { again.Close() })
	await(t, again, func(s sim.PinsState) bool { return s.Agents == 1 })
}

func TestHoldLineIsForBadgedOnly(t *testing.T) {
	if err := gpioport.HoldLine("nothing"); err == nil {
		t.Error("it holds nothing")
	}
}
