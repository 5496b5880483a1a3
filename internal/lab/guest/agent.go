package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"badged/internal/ctl"
	"badged/internal/health"
	"badged/internal/lab"
	"badged/internal/proc"
	"badged/internal/sim"
)

const (
	configFile = "/run/badged.toml"
	controlAt  = "/run/badged.sock"
	logFile    = "/run/badged.log"
	pinsAt     = "/run/pins.sock"
)

// startBound is how long badged may take to be ready.
const startBound = time.Minute

// agent is the built badged, as it runs on a terminal, with one door that everybody
// may open. What it decides is known by its events alone: a card never shows, but whose
// it is does.
type agent struct {
	child  *proc.Child
	client *ctl.Client
	pins   *sim.Pins
	events chan ctl.Event
	ended  chan error // of the one who follows
	cancel context.CancelFunc
}

// device is a reader of a configuration. Each has a point of its own, which is how
// events tell one from another.
type device struct {
	name, protocol, port string
	more                 string // further lines, such as options
}

// configuration has all devices at one door.
func configuration(devices []device) string {
	var b strings.Builder
	fmt.Fprintf(&b, "state_dir = \"/state\"\ncontrol = %q\n", controlAt)
	for i, d := range devices {
		fmt.Fprintf(&b, "\n[[point]]\nname = %q\nkind = \"door\"\ndoor = %q\n", d.name, lab.Door)
		if i == 0 {
			fmt.Fprintf(&b, "relay = \"virtual:%s#relay\"\nopen_for = \"100ms\"\n", pinsAt)
		}
		fmt.Fprintf(&b, "\n[[reader]]\nname = %q\npoint = %q\nprotocol = %q\nport = %q\n%s\n", d.name, d.name, d.protocol, d.port, d.more)
	}
	return b.String()
}

// startAgent runs badged with readers, and returns when it serves and they are open.
func startAgent(bin string, devices ...device) (_ *agent, err error) {
	a := &agent{client: ctl.NewClient(controlAt), events: make(chan ctl.Event, 2*lab.Members), ended: make(chan error, 1)}
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
	if err := os.WriteFile(configFile, []byte(configuration(devices)), 0o600); err != nil {
		return nil, err
	}
	a.child, err = proc.Start(proc.Command{Name: "badged", Bin: bin, Args: []string{"run", "--config", configFile}, Log: logFile})
	if err != nil {
		return nil, err
	}
	ready, done := context.WithTimeout(ctx, startBound)
	defer done()
	if err := a.child.Until(ready, a.serves); err != nil {
		return nil, err
	}
	go func() {
		a.ended <- a.client.Events(ctx, 0, true, func(ev ctl.Event) error { a.events <- ev; return nil })
	}()
	return a, nil
}

// serves waits until badged answers with everybody in memory.
func (a *agent) serves(ctx context.Context) error {
	for {
		s, err := a.client.Status(ctx)
		if err == nil && s.Store.Cards == lab.Members+len(lab.Extra) {
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
func (a *agent) working() error {
	last := ""
	err := until(10*time.Second, "readers to be open", func() bool {
		readers, err := a.client.Readers(context.Background())
		if err != nil {
			last = err.Error()
			return false
		}
		last = ""
		for _, r := range readers {
			if r.State != health.OK {
				last += fmt.Sprintf("; %s: %s", r.Name, r.Text)
			}
		}
		return last == ""
	})
	if err != nil {
		return fmt.Errorf("%w%s", err, last)
	}
	return nil
}

// next gives the next event for which want is true, and leaves out those before.
func (a *agent) next(most time.Duration, what string, want func(ctl.Event) bool) (ctl.Event, error) {
	deadline := time.After(most)
	var others []string
	for {
		select {
		case ev := <-a.events:
			if want(ev) {
				return ev, nil
			}
			others = append(others, tell(ev))
		case err := <-a.ended:
			return ctl.Event{}, fmt.Errorf("wait for %s: badged ended: %w\n%s", what, err, logTail())
		case <-deadline:
			return ctl.Event{}, fmt.Errorf("wait for %s: not within %v; seen: %s\n%s", what, most, strings.Join(others, ", "), logTail())
		}
	}
}

// tell gives an event in a few words.
func tell(ev ctl.Event) string {
	return strings.Join(strings.Fields(strings.Join([]string{ev.Point, ev.Device, ev.Kind, ev.Outcome, ev.Reason, ev.Account, ev.Why}, " ")), " ")
}

// logTail is the end of what badged wrote.
func logTail() string {
	b, _ := os.ReadFile(logFile)
	return string(b[max(0, len(b)-4000):])
}
