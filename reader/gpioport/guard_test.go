package gpioport_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"

	"badged/internal/rig/sim"
	"badged/reader/gpioport"
)

const holdWord = "hold-relay"

// agentWord has this program be an agent, to be killed.
const agentWord = "energise-relay"

// TestMain is the program of the guards too, as that of badged is.
func TestMain(m *testing.M) {
	run := map[string]func(string) error{holdWord: gpioport.HoldLine, agentWord: energiseForLong}
	if len(os.Args) != 3 || run[os.Args[1]] == nil {
		os.Exit(m.Run())
	}
	if err := run[os.Args[1]](os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// energiseForLong energises the relay of the board at path for longer than any test waits,
// and goes on until it is killed.
func energiseForLong(path string) error {
	told, up := make(chan error, 1), make(chan error, 1)
	bs := gpioport.Boards{Guard: guard, Guarded: func(_ string, err error) { told <- err }}
	pin := bs.Open(gpioport.Spec{Board: path, Pin: "relay"})
	go bs.Run(context.Background(), func(_ string, err error) { up <- err })
	if err := errors.Join(<-told, <-up); err != nil {
		return err
	}
	gpioport.Promise(pin, time.Now().Add(20*time.Minute))
	if err := pin.Out(gpio.High); err != nil {
		return err
	}
	select {}
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

// Issue 7, 4.7: kill -9 of the agent releases its relay at once. The guard does not wait for
// the end of the pulse, which is far behind the end of this test.
func TestAGuardReleasesAtOnceWhenTheAgentIsKilled(t *testing.T) {
	pins, err := sim.NewPins(filepath.Join(t.TempDir(), "pins.sock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pins.Close() })
	agent := exec.CommandContext(t.Context(), "/proc/self/exe", agentWord, pins.Path())
	agent.Stderr = t.Output()
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = agent.Wait() })
	t.Cleanup(func() { _ = agent.Process.Kill() })
	await(t, pins, func(s sim.PinsState) bool { return s.Relay })
	if err := agent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	await(t, pins, func(s sim.PinsState) bool { return !s.Relay && s.Agents == 0 })
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

// guardOf waits for the process that guards a relay of this test, which is not the one before.
func guardOf(t *testing.T, before int) (pid int) {
	t.Helper()
	for {
		lists, _ := filepath.Glob("/proc/self/task/*/children")
		for _, list := range lists {
			text, _ := os.ReadFile(list)
			for _, word := range strings.Fields(string(text)) {
				line, _ := os.ReadFile("/proc/" + word + "/cmdline")
				if pid, err := strconv.Atoi(word); err == nil && pid != before && strings.Contains(string(line), holdWord) {
					return pid
				}
			}
		}
		select {
		case <-t.Context().Done():
			t.Fatal("no guard was started")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// toldNext waits for what is told next of a guard.
func toldNext(t *testing.T, told <-chan error) error {
	t.Helper()
	select {
	case err := <-told:
		return err
	case <-time.After(2 * time.Minute):
		t.Fatal("nothing is told of the guard")
		return nil
	}
}

// Issue 7, 4.7: a guard that is stopped (SIGSTOP) releases nothing, and is no process that
// ended. It is told, and another one does its work.
func TestAGuardThatStandsStillIsReplaced(t *testing.T) {
	pins, pin, told := guarded(t, guard)
	if err := toldNext(t, told); err != nil {
		t.Fatal(err)
	}
	first := guardOf(t, 0)
	for end := time.Now().Add(2 * time.Minute); gpioport.Looks(pin) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the guard never looks")
		}
	}
	if err := syscall.Kill(first, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := toldNext(t, told); !errors.Is(err, gpioport.ErrStandsStill) {
		t.Fatalf("told %v", err)
	}
	if err := toldNext(t, told); err != nil {
		t.Fatalf("no other guard: %v", err)
	}
	if second := guardOf(t, first); syscall.Kill(first, 0) == nil {
		t.Errorf("the stopped guard %d is still there beside %d", first, second)
	}
	gpioport.Promise(pin, time.Now().Add(100*time.Millisecond))
	if err := pin.Out(gpio.High); err != nil {
		t.Fatal(err)
	}
	await(t, pins, func(s sim.PinsState) bool { return s.Relay })
	await(t, pins, func(s sim.PinsState) bool { return !s.Relay })
}

// A guard that looks is never taken for one that stands still, however slowly it does, and
// one that has just been started has time to begin.
func TestAGuardThatLooksIsLeftAlone(t *testing.T) {
	for name, tt := range map[string]struct {
		looks []int64
		stuck bool // at the last of them
	}{
		"looks each time":                  {[]int64{1, 5, 9, 13, 17, 21, 25, 29}, false},
		"looks now and then":               {[]int64{1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4}, false},
		"has not begun":                    {make([]int64, 20), false},
		"has not begun after another":      {slices.Repeat([]int64{18}, 20), false},
		"never begins":                     {make([]int64, 30), true},
		"stands still":                     {[]int64{1, 2, 2, 2, 2, 2, 2}, true},
		"goes on in time":                  {[]int64{1, 2, 2, 2, 2, 2, 3}, false},
		"stands still after it began late": {append(make([]int64, 20), 1, 1, 1, 1, 1, 1), true},
	} {
		v := gpioport.VigilAfter(tt.looks[0] &^ 1) // 0, or what the guard before left
		for i, n := range tt.looks {
			if stuck, last := v.Missed(n), i == len(tt.looks)-1; stuck != (last && tt.stuck) {
				t.Errorf("%s: look %d: stands still: %v", name, i, stuck)
			}
		}
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
