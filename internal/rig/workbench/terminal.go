package workbench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"badged/internal/ctl"
	"badged/internal/health"
	"badged/internal/rig/proc"
)

// upBound is how long a process may take to come up, on a slow machine under load.
const upBound = 60 * time.Second

// terminal is one agent: its configuration, its process when it runs, and what it
// said so far.
type terminal struct {
	name   string
	bench  *Workbench
	config string // path of the file
	log    string
	ctl    *ctl.Client
	events *feed[ctl.Event] // over all its lives, each event once

	life  sync.Mutex // one start or stop at a time; guards lives
	lives int        // starts so far

	mu     sync.Mutex // guards what follows
	proc   *proc.Child
	status ctl.Status
	ready  bool
	last   uint64 // highest order in events
}

func newTerminal(w *Workbench, name string) *terminal {
	socket := filepath.Join(w.dir, name+".sock")
	return &terminal{
		name: name, bench: w, config: filepath.Join(w.dir, name+".toml"), log: filepath.Join(w.dir, name+".log"),
		ctl: ctl.NewClient(socket), events: newFeed[ctl.Event](),
	}
}

// configure writes the configuration; rest is what differs between terminals.
func (t *terminal) configure(rest string) error {
	text := fmt.Sprintf("state_dir = %q\ncontrol = %q\n\n%s",
		filepath.Join(t.bench.dir, t.name), filepath.Join(t.bench.dir, t.name+".sock"), rest)
	if err := os.WriteFile(t.config, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write the configuration of %s: %w", t.name, err)
	}
	return nil
}

// join makes the terminal one of the site, as a technician does.
func (t *terminal) join(ctx context.Context, token string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(t.bench.opt.BinDir, "badged"), "join", token, "--config", t.config)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("join %s to the hub: %w\n%s", t.name, err, out)
	}
	return nil
}

// start runs the agent and returns when it says that it is ready.
func (t *terminal) start(ctx context.Context) error {
	t.life.Lock()
	defer t.life.Unlock()
	if t.running() {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, upBound, fmt.Errorf("%s does not become ready within %v", t.name, upBound))
	defer cancel()
	t.lives++
	n, err := proc.ListenNotify(filepath.Join(t.bench.dir, fmt.Sprintf("%s-%d.notify", t.name, t.lives)))
	if err != nil {
		return err
	}
	child, err := proc.Start(proc.Command{
		Name: t.name, Log: t.log, Bin: filepath.Join(t.bench.opt.BinDir, "badged"),
		Args: []string{"run", "--config", t.config}, Env: []string{n.Env()},
	})
	if err != nil {
		n.Close()
		return err
	}
	t.bench.wg.Go(func() { defer n.Close(); <-child.Done() })
	t.mu.Lock()
	t.proc = child
	t.mu.Unlock()
	if err := child.Until(ctx, n.Ready); err != nil {
		child.Kill()
		return err
	}
	t.attend(child)
	return nil
}

// attend follows one life of the process: its events, its status, its end.
func (t *terminal) attend(child *proc.Child) {
	life, end := context.WithCancel(t.bench.ctx)
	t.bench.wg.Go(func() {
		defer end()
		select {
		case <-child.Done():
		case <-life.Done():
		}
		t.see(func() { t.ready, t.status = false, ctl.Status{} })
	})
	t.bench.wg.Go(func() { _ = t.ctl.Events(life, 1000, true, t.addEvent) }) // ends with the process
	t.bench.wg.Go(func() { t.watch(life) })
}

// addEvent adds an event, unless it came before: in an earlier life, or by another way.
func (t *terminal) addEvent(ev ctl.Event) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if ev.Order > t.last {
		t.last = ev.Order
		t.events.add(ev)
		t.bench.view.touch()
	}
	return nil
}

// wait gives the first event from the mark on that matches. It asks, as the stream of
// events tells only ten times a second.
func (t *terminal) wait(ctx context.Context, mark int, match func(ctl.Event) bool) (ctl.Event, error) {
	const every, recent = 2 * time.Millisecond, 100
	beat := time.NewTicker(every)
	defer beat.Stop()
	for {
		_ = t.ctl.Events(ctx, recent, false, t.addEvent) // an agent that is down has nothing to tell
		events, _ := t.events.from(mark)
		if i := slices.IndexFunc(events, match); i >= 0 {
			return events[i], nil
		}
		select {
		case <-beat.C:
		case <-ctx.Done():
			return ctl.Event{}, context.Cause(ctx)
		}
	}
}

// watch asks for the status, for the page and for who waits for it.
func (t *terminal) watch(ctx context.Context) {
	const period = 100 * time.Millisecond
	beat := time.NewTicker(period)
	defer beat.Stop()
	for {
		if s, err := t.ctl.Status(ctx); err == nil {
			t.see(func() { t.ready, t.status = true, s })
		}
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
	}
}

// see changes what is known of the terminal, and tells who looks if it shows.
func (t *terminal) see(change func()) {
	t.mu.Lock()
	before := t.face()
	change()
	after := t.face()
	t.mu.Unlock()
	if before != after {
		t.bench.view.touch()
	}
}

// face is what the page shows of a terminal; t.mu is held.
func (t *terminal) face() TerminalState {
	return TerminalState{
		Running: t.proc.Alive(), Ready: t.ready, Panel: panelURL(t.status),
		Connected: t.status.Uplink.Connected, Pending: int(t.status.Uplink.Pending),
	}
}

// shown is face for others.
func (t *terminal) shown() TerminalState {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.face()
}

func (t *terminal) process() *proc.Child {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.proc
}

func (t *terminal) running() bool { return t.process().Alive() }

// kill cuts the power.
func (t *terminal) kill() {
	t.life.Lock()
	defer t.life.Unlock()
	t.process().Kill()
}

// stop ends the agent in order.
func (t *terminal) stop() error {
	t.life.Lock()
	defer t.life.Unlock()
	return t.process().Stop()
}

// await waits until a status satisfies ok.
func (t *terminal) await(ctx context.Context, what string, ok func(ctl.Status) bool) (ctl.Status, error) {
	for {
		changed := t.bench.view.changed()
		s, err := t.ctl.Status(ctx)
		if err == nil && ok(s) {
			return s, nil
		}
		if !t.running() {
			return s, t.process().Ended()
		}
		select {
		case <-changed:
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return s, fmt.Errorf("wait until %s %s: %w", t.name, what, errors.Join(context.Cause(ctx), err))
		}
	}
}

// online waits until the hub is there, numbers are lent and every reader works.
func (t *terminal) online(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, upBound, fmt.Errorf("not within %v (its log: %s)", upBound, t.log))
	defer cancel()
	_, err := t.await(ctx, "is connected", func(s ctl.Status) bool {
		numbers := s.Store.LeaseLeft > 0 || panelURL(s) == "" // only a printer makes accounts
		return told(s) && numbers && working(s)
	})
	return err
}

// working reports whether every reader works.
func working(s ctl.Status) bool {
	for _, r := range s.Readers {
		if r.State != health.OK {
			return false
		}
	}
	return true
}

// panelURL is what a panel's browser is opened on; empty: the agent has no panel.
func panelURL(s ctl.Status) string {
	for _, p := range s.Points {
		if p.Kiosk != "" {
			return p.Kiosk
		}
	}
	return ""
}

// all gives what is on the terminal's disk, from the first event on.
func (t *terminal) all(ctx context.Context) (events []ctl.Event, err error) {
	err = t.ctl.Events(ctx, 1000, false, func(ev ctl.Event) error {
		events = append(events, ev)
		return nil
	})
	return events, err
}
