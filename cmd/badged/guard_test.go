package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"badged/internal/rig/sim"
	"badged/sync/identity"
)

// openDoor starts badged itself, with a door whose exit button is pressed, and waits until
// the relay is energised and guarded.
func openDoor(t *testing.T, openFor string) (*exec.Cmd, *sim.Pins, *logBuffer) {
	t.Helper()
	dir := t.TempDir()
	id, err := identity.SelfMade("lyon", "hall")
	if err != nil {
		t.Fatal(err)
	}
	if err := identity.Write(filepath.Join(dir, "state"), id); err != nil {
		t.Fatal(err)
	}
	pins, err := sim.NewPins(filepath.Join(dir, "pins"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pins.Close() })
	file := filepath.Join(dir, "badged.toml")
	if err := os.WriteFile(file, fmt.Appendf(nil, `state_dir = %q
control = %q
[[point]]
name = "front"
kind = "door"
door = "front"
open_for = %q
relay = "virtual:%[4]s#relay"
exit = "virtual:%[4]s#exit"
`, filepath.Join(dir, "state"), filepath.Join(dir, "c.sock"), openFor, pins.Path()), 0o600); err != nil {
		t.Fatal(err)
	}
	path, err := exec.LookPath("badged")
	if err != nil {
		t.Fatal(err)
	}
	log := &logBuffer{}
	cmd := exec.Command(path, "run", "--config", file)
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	awaitPins(t, pins, log, func(s sim.PinsState) bool { return s.Agents == 1 })
	for guards(cmd) != 1 {
		waitALittle(t, log)
	}
	pins.PressExit()
	awaitPins(t, pins, log, func(s sim.PinsState) bool { return s.Relay })
	return cmd, pins, log
}

func awaitPins(t *testing.T, pins *sim.Pins, log *logBuffer, ok func(sim.PinsState) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if s, err := pins.Await(ctx, ok); err != nil {
		t.Fatalf("%v: %+v; log:\n%s", err, s, log.String())
	}
}

// waitALittle is one turn of a poll, which ends with the test's own time.
func waitALittle(t *testing.T, log *logBuffer) {
	t.Helper()
	select {
	case <-t.Context().Done():
		t.Fatal(log.String())
	case <-time.After(10 * time.Millisecond):
	}
}

// guards is the number of processes that a process has started.
func guards(cmd *exec.Cmd) (n int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", cmd.Process.Pid))
	for _, f := range files {
		list, _ := os.ReadFile(f)
		n += len(strings.Fields(string(list)))
	}
	return n
}

// stopped reports whether a process stands still.
func stopped(t *testing.T, cmd *exec.Cmd) bool {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return strings.HasPrefix(rest, "T")
}

// stopEnergised stops the agent, and reports whether its relay was energised then. If not,
// it goes on.
func stopEnergised(t *testing.T, cmd *exec.Cmd, pins *sim.Pins, log *logBuffer) bool {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for !stopped(t, cmd) {
		waitALittle(t, log)
	}
	if pins.State().Relay {
		return true
	}
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	return false
}

// Issue 7, 4.7: an agent that stands still does not keep a door open. The relay is released
// while the process is stopped, which it cannot have done itself; when it goes on, the next
// press opens as ever.
func TestAStoppedAgentReleasesItsRelay(t *testing.T) {
	t.Parallel()
	cmd, pins, log := openDoor(t, "5s")
	for !stopEnergised(t, cmd, pins, log) { // on a busy machine the pulse may be over first
		pins.PressExit()
		awaitPins(t, pins, log, func(s sim.PinsState) bool { return s.Relay })
	}
	before := pins.State().Pulses
	at := time.Now()
	awaitPins(t, pins, log, func(s sim.PinsState) bool { return !s.Relay })
	t.Logf("released %v after the stop, of a pulse of 5 s", time.Since(at).Round(time.Millisecond))
	if !stopped(t, cmd) {
		t.Error("the agent was not stopped any more")
	}
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	pins.PressExit()
	awaitPins(t, pins, log, func(s sim.PinsState) bool { return s.Relay && s.Pulses > before })
	awaitPins(t, pins, log, func(s sim.PinsState) bool { return !s.Relay })
}

// An agent that is killed releases its relay, and its guard ends with it. That this comes at
// once, and not with the end of the pulse, is seen in reader/gpioport, where a pulse may be
// longer than a test waits.
func TestAKilledAgentReleasesItsRelay(t *testing.T) {
	t.Parallel()
	cmd, pins, log := openDoor(t, "30s")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	awaitPins(t, pins, log, func(s sim.PinsState) bool { return !s.Relay && s.Agents == 0 })
	if s := pins.State(); s.Pulses != 1 {
		t.Errorf("%+v", s)
	}
}
