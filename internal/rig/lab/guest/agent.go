package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"badged/internal/ctl"
	"badged/internal/health"
	"badged/internal/rig/lab"
	"badged/internal/rig/proc"
	"badged/internal/rig/sim"
)

const (
	configFile = "/run/badged.toml"
	controlAt  = "/run/badged.sock"
	logFile    = "/run/badged.log"
	pinsAt     = "/run/pins.sock"
)

// openFor is how long the door is open: short, so that nothing waits for it.
const openFor = "100ms"

// agent is the built badged, as it runs on a terminal, with one door that everybody
// may open. What it decides is known by its events alone: a card never shows, but whose
// it is does.
type agent struct {
	child  *proc.Child
	client *ctl.Client
	pins   *sim.Pins
	events map[string]chan ctl.Event // by point; "": of none
	ended  chan struct{}             // nobody follows the events any more,
	err    error                     // because of this
	cancel context.CancelFunc
}

// device is a reader of a configuration. Each has a point of its own, which is how
// events tell one from another.
type device struct {
	name, protocol, port string
	more                 string // further lines, such as options
}

// setup is what badged is configured to.
type setup struct {
	bin     string // "": the one that ships
	devices []device
	also    []device // that need not be open
	allow   []string // keyboards that may type; nil: all may
	relay   string   // "": a virtual one
	openFor string   // "": openFor
	door    string   // more lines about the door
}

// configuration has all devices at one door.
func (s setup) configuration() string {
	var b strings.Builder
	fmt.Fprintf(&b, "state_dir = \"/state\"\ncontrol = %q\n", controlAt)
	if s.allow != nil {
		fmt.Fprintf(&b, "\n[usb]\nguard = true\nallow = [")
		for _, spec := range s.allow {
			fmt.Fprintf(&b, "%q, ", spec)
		}
		fmt.Fprintf(&b, "]\n")
	}
	for i, d := range slices.Concat(s.devices, s.also) {
		fmt.Fprintf(&b, "\n[[point]]\nname = %q\nkind = \"door\"\ndoor = %q\n", d.name, lab.Door)
		if i == 0 {
			fmt.Fprintf(&b, "relay = %q\nopen_for = %q\n%s\n", cmp.Or(s.relay, "virtual:"+pinsAt+"#relay"), cmp.Or(s.openFor, openFor), s.door)
		}
		fmt.Fprintf(&b, "\n[[reader]]\nname = %q\npoint = %q\nprotocol = %q\nport = %q\n%s\n", d.name, d.name, d.protocol, d.port, d.more)
	}
	return b.String()
}

// startAgent runs badged, and returns when it serves and its readers are open.
func startAgent(s setup) (_ *agent, err error) {
	a := &agent{client: ctl.NewClient(controlAt), events: map[string]chan ctl.Event{"": make(chan ctl.Event, backlog)}, ended: make(chan struct{})}
	for _, d := range slices.Concat(s.devices, s.also) {
		a.events[d.name] = make(chan ctl.Event, backlog)
	}
	ctx, cancel := context.WithCancel(context.Background())
	a.cancel = cancel
	defer func() {
		if err != nil {
			err = errors.Join(err, a.stop())
		}
	}()
	if a.pins, err = sim.NewPins(pinsAt); err != nil {
		return nil, err
	}
	if err := os.WriteFile(configFile, []byte(s.configuration()), 0o600); err != nil {
		return nil, err
	}
	a.child, err = proc.Start(proc.Command{Name: "badged", Bin: cmp.Or(s.bin, "/bin/badged"), Args: []string{"run", "--config", configFile}, Log: logFile})
	if err != nil {
		return nil, err
	}
	ready, done := context.WithTimeout(ctx, startBound)
	defer done()
	if err := a.child.Until(ready, a.serves); err != nil {
		return nil, err
	}
	started := make(chan struct{})
	go a.follow(ctx, started)
	select {
	case <-started:
		return a, a.working(s.devices)
	case <-a.ended:
		return nil, fmt.Errorf("follow the events: %w", a.err)
	}
}

// backlog is how many events of a point may wait for the step.
const backlog = 2000

// follow takes the events from the last one on, which tells that it has started.
func (a *agent) follow(ctx context.Context, started chan<- struct{}) {
	defer close(a.ended)
	var last uint64
	a.err = a.client.Events(ctx, 1, true, func(ev ctl.Event) error {
		first := last == 0
		switch {
		case first:
			close(started)
		case ev.Order != last+1:
			return fmt.Errorf("event %d follows event %d", ev.Order, last)
		}
		last = ev.Order
		queue, ok := a.events[ev.Point]
		if !ok || first && isPresentation(ev) {
			return nil // of an earlier step: nobody has presented anything yet
		}
		select {
		case queue <- ev:
			return nil
		default:
			return fmt.Errorf("nobody looks at the events of %q", ev.Point)
		}
	})
}

// serves waits until badged answers with everybody in memory.
func (a *agent) serves(ctx context.Context) error {
	for {
		s, err := a.client.Status(ctx)
		if err == nil && s.Store.Cards >= lab.Members+len(lab.Extra) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until badged serves: %w", errors.Join(ctx.Err(), err))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// stop ends badged in order.
func (a *agent) stop() error {
	err := a.child.Stop()
	a.cancel()
	if a.pins != nil {
		err = errors.Join(err, a.pins.Close())
	}
	return err
}

// working waits until all readers are open.
func (a *agent) working(devices []device) error {
	for _, d := range devices {
		if err := a.becomes(d.name, health.OK, ""); err != nil {
			return err
		}
	}
	return nil
}

// becomes waits until a reader is in a state, with a text that contains some words.
func (a *agent) becomes(name string, want health.State, words string) error {
	last := "it is not there"
	err := until(presented, "reader "+name+" to be "+want.String(), func() bool {
		readers, err := a.client.Readers(context.Background())
		if err != nil {
			last = err.Error()
		}
		for _, r := range readers {
			if r.Name == name {
				last = r.State.String() + " " + r.Text
				return r.State == want && strings.Contains(r.Text, words)
			}
		}
		return false
	})
	if err != nil {
		return fmt.Errorf("%w: %s\n%s", err, last, logTail())
	}
	return nil
}

// The processor and the other side of the lab are emulated or stand still for longer than a
// bit takes: then something is cut, which is a fault and never another card, and it is sent
// again. How often that happens is the host's doing; more than this is a reader that fails.
const repeats = 200

// presentCard has the nth card presented at a point until it is read, and counts how often
// it was cut. Any other answer is an error.
func (a *agent) presentCard(point string, n int, send func() error) (cut int, err error) {
	for cut = range repeats {
		if err := send(); err != nil {
			return cut, err
		}
		ev, err := a.next(point, presented, "a card", isPresentation)
		if err != nil {
			return cut, err
		}
		if ev.Outcome != "faulty" {
			return cut, isCard(ev, point, n)
		}
		time.Sleep(2 * quiet)
		a.drain(point)
	}
	return cut, fmt.Errorf("card %d at %s was cut %d times", n, point, repeats)
}

func isPresentation(ev ctl.Event) bool { return ev.Kind == "presentation" }

// isCard wants an event to be that of the nth card.
func isCard(ev ctl.Event, point string, n int) error {
	if ev.Point != point || ev.Outcome != "granted" || ev.Account != lab.Account(n).String() {
		return fmt.Errorf("card %d at %s: got %s", n, point, eventText(ev))
	}
	return nil
}

// quiet is how long events may be on their way: badged tells those who follow it every
// 100 ms.
const quiet = 300 * time.Millisecond

// wantNothing wants no presentation to be left at any point.
func (a *agent) wantNothing() error { return a.wantNone(isPresentation) }

// wantNone wants no event of a kind to be left at any point.
func (a *agent) wantNone(is func(ctl.Event) bool) error {
	time.Sleep(quiet)
	for _, queue := range a.events {
		for len(queue) > 0 {
			if ev := <-queue; is(ev) {
				return fmt.Errorf("nobody presented anything: got %s", eventText(ev))
			}
		}
	}
	return nil
}

// drain forgets the events of a point.
func (a *agent) drain(point string) {
	for len(a.events[point]) > 0 {
		<-a.events[point]
	}
}

// next gives the next event of a point for which want is true, and leaves out those before.
func (a *agent) next(point string, most time.Duration, what string, want func(ctl.Event) bool) (ctl.Event, error) {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	return a.nextUntil(ctx, point, what, want)
}

func (a *agent) nextUntil(ctx context.Context, point, what string, want func(ctl.Event) bool) (ctl.Event, error) {
	var others []string
	for {
		select {
		case ev := <-a.events[point]:
			if want(ev) {
				return ev, nil
			}
			others = append(others, eventText(ev))
		case <-a.ended:
			return ctl.Event{}, fmt.Errorf("wait for %s at %q: nobody tells events any more: %w\n%s", what, point, a.err, logTail())
		case <-ctx.Done():
			return ctl.Event{}, fmt.Errorf("wait for %s at %q: it did not come; seen: %s\n%s", what, point, strings.Join(others, ", "), logTail())
		}
	}
}

// eventText gives an event in a few words.
func eventText(ev ctl.Event) string {
	return strings.Join(strings.Fields(strings.Join([]string{ev.Point, ev.Device, ev.Kind, ev.Outcome, ev.Reason, ev.Account, ev.Why}, " ")), " ")
}

// logTail is the end of what badged wrote.
func logTail() string {
	b, _ := os.ReadFile(logFile)
	return string(b[max(0, len(b)-4000):])
}
