package workbench

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"badged/internal/ctl"
	"badged/internal/rig/sim"
)

// TestStory plays the whole story with real processes: S1.03 to S1.10, S1.15, S1.25,
// S1.26, S2.05 to S2.07, S2.11, S2.12, S2.14, S2.22, T1.
func TestStory(t *testing.T) {
	w := start(t, "")
	var played int
	err := w.Story(within(t), func(s Step) {
		played++
		if s.Number != played || s.Name == "" || s.Took <= 0 {
			t.Errorf("step %d was reported as %+v", played, s)
		}
	})
	if err != nil {
		w.Keep()
		t.Fatalf("%v\nlogs are in %s", err, w.Dir())
	}
	if played != 12 {
		t.Errorf("%d steps were played, want 12", played)
	}
}

// TestStoryNoticesWhatIsWrong plays it where somebody was there before: the first
// unknown badge is not anonym1 then.
func TestStoryNoticesWhatIsWrong(t *testing.T) {
	w := start(t, "")
	s := &story{Workbench: w}
	if _, err := s.tapped(within(t), w.printer, w.devices.hallReader, badgeC); err != nil {
		t.Fatal(err)
	}
	var last Step
	err := w.Story(within(t), func(s Step) { last = s })
	if err == nil || last.Number != 1 || last.Err == nil {
		t.Errorf("the story ended with %v after step %d", err, last.Number)
	}
}

// TestClose ends everything, in whatever state it is.
func TestClose(t *testing.T) {
	w, err := Start(t.Context(), Options{BinDir: bin(t)})
	if err != nil {
		t.Fatal(err)
	}
	w.printer.kill()
	w.cable.set(Silent)
	children := []interface{ Alive() bool }{w.hub.process(), w.printer.process(), w.door.process()}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	for i, c := range children {
		if c.Alive() {
			t.Errorf("process %d lives on", i)
		}
	}
	if _, err := os.Stat(w.Dir()); !os.IsNotExist(err) {
		t.Errorf("%s is left behind: %v", w.Dir(), err)
	}
}

// TestStartBrokenOff ends the start half way, as Ctrl-C does.
func TestStartBrokenOff(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	programs := bin(t)
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	broken := make(chan struct{})
	go func() {
		defer close(broken)
		for range time.Tick(time.Millisecond) { // until there is something to leave behind
			if found, err := os.ReadDir(dir); err == nil && len(found) > 0 {
				cancel()
				return
			}
		}
	}()
	w, err := Start(ctx, Options{BinDir: programs})
	<-broken
	if err == nil {
		_ = w.Close()
		t.Fatal("the workbench started although it was broken off")
	}
	if found, _ := os.ReadDir(dir); len(found) > 0 {
		t.Errorf("%s is left behind", found[0].Name())
	}
}

// TestStartWithoutPrograms says what to do, and leaves nothing.
func TestStartWithoutPrograms(t *testing.T) {
	dir := t.TempDir()
	w, err := Start(t.Context(), Options{BinDir: t.TempDir(), Dir: dir})
	if err == nil {
		_ = w.Close()
		t.Fatal("the workbench started without programs")
	}
	t.Log(err)
}

// TestSilentNetwork is a network that takes everything and brings nothing: people are
// served, and once it is back the hub hears of them.
func TestSilentNetwork(t *testing.T) {
	w := start(t, "")
	s := &story{Workbench: w}
	ctx := within(t)
	w.cable.set(Silent)
	pulses := w.devices.pins.State().Pulses
	ev, err := s.tapped(ctx, w.printer, w.devices.hallReader, badgeA)
	if err != nil {
		t.Fatal(err)
	}
	if err := is(ev, "enrolment granted new_account anonym1"); err != nil {
		t.Error(err)
	}
	if st, err := w.printer.ctl.Status(ctx); err != nil || st.Uplink.Pending == 0 {
		t.Errorf("the hub has heard through a silent network: %+v, %v", st.Uplink, err)
	}
	w.cable.set(Plugged)
	if _, err := w.printer.await(ctx, "has told the hub everything", told); err != nil {
		t.Fatal(err)
	}
	if err := s.agree(ctx, w.printer); err != nil {
		t.Error(err)
	}
	if got := w.devices.pins.State().Pulses; got != pulses {
		t.Errorf("the door opened %d times", got-pulses)
	}
}

// TestPowerCutDropsTheRelay shows that nobody can get in for as long as a terminal
// has no power, and that its return opens nothing.
func TestPowerCutDropsTheRelay(t *testing.T) {
	w := start(t, "")
	ctx := within(t)
	w.devices.pins.PressExit()
	if _, err := w.devices.pins.Await(ctx, func(p sim.PinsState) bool { return p.Relay }); err != nil {
		t.Fatal(err)
	}
	w.door.kill()
	p, err := w.devices.pins.Await(ctx, func(p sim.PinsState) bool { return !p.Relay && p.Agents == 0 })
	if err != nil {
		t.Fatal(err)
	}
	if err := w.door.start(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := w.door.await(ctx, "is back", func(s ctl.Status) bool { return working(s) && s.Uplink.Connected }); err != nil {
		t.Fatal(err)
	}
	if now := w.devices.pins.State(); now.Relay || now.Pulses != p.Pulses {
		t.Errorf("after the return of power the door is %+v", now)
	}
}

// What is in a folder already is somebody's.
func TestFolderOfSomebodyElse(t *testing.T) {
	dir := t.TempDir()
	kept := filepath.Join(dir, "front.toml")
	if err := os.WriteFile(kept, []byte("keep"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Options{BinDir: bin(t), Dir: dir}); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("got %v", err)
	}
	if text, err := os.ReadFile(kept); err != nil || string(text) != "keep" {
		t.Errorf("the file is another: %v", err)
	}
}
