package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"badged/internal/ctl"
	"badged/internal/health"
	"badged/internal/rig/proc"
	"badged/internal/rig/sim"
)

// startBound is how long a process may take to be ready.
const startBound = 60 * time.Second

// rig is a virtual reader and the pins that answer it.
type rig struct {
	reader *sim.Reader
	pins   *sim.Pins
}

func newRig(dir, name string) (r rig, err error) {
	if r.reader, err = sim.NewReader(filepath.Join(dir, name+"-rfid")); err != nil {
		return r, err
	}
	r.pins, err = sim.NewPins(filepath.Join(dir, name+".sock"))
	return r, err
}

func (r rig) close() {
	if r.reader != nil {
		_ = r.reader.Close()
	}
	if r.pins != nil {
		_ = r.pins.Close()
	}
}

// pace is how the bytes of a frame come; it presents a badge and gives when the last of them
// was sent.
type pace func(reader *sim.Reader, card string) (last time.Time, err error)

// inOne sends a frame in one write.
func inOne(reader *sim.Reader, card string) (time.Time, error) {
	start := time.Now()
	return start, reader.Tap(card)
}

// onLine sends it as a line of 9600 baud does, a byte each millisecond.
func onLine(reader *sim.Reader, card string) (time.Time, error) {
	return reader.TapByByte(card, func() { spin(time.Millisecond) })
}

// swipe presents a badge and gives the time from the write of its last byte to the
// arrival of the relay's line. The pulse may be over before this looks.
func (r rig) swipe(ctx context.Context, card string, present pace) (time.Duration, error) {
	last, err := present(r.reader, card)
	if err != nil {
		return 0, err
	}
	s, err := r.pins.Await(ctx, func(s sim.PinsState) bool { return s.Ordered.After(last) })
	return s.Ordered.Sub(last), err
}

// attended waits until somebody is connected to the pins.
func (r rig) attended(ctx context.Context) error {
	_, err := r.pins.Await(ctx, func(s sim.PinsState) bool { return s.Agents > 0 })
	return err
}

// fallen waits until the relay has dropped.
func (r rig) fallen(ctx context.Context) error {
	_, err := r.pins.Await(ctx, func(s sim.PinsState) bool { return !s.Relay })
	return err
}

// openFor is how long a grant opens a door: the shortest that a configuration allows.
const openFor = 100 * time.Millisecond

// terminal is bin/badged with doors of its own, each on a rig.
type terminal struct {
	dir   string
	doors []rig
	proc  *proc.Child
}

// startTerminal runs bin with the store and the identity that are in dir, and returns
// when its cards are in memory, its readers are open and its pins are connected.
func startTerminal(ctx context.Context, bin, dir string, doors, cards int) (_ *terminal, err error) {
	t, err := newTerminal(dir, doors)
	defer func() {
		if err != nil {
			err = errors.Join(err, t.stop())
		}
	}()
	if err != nil {
		return t, err
	}
	if err := t.launch(bin); err != nil {
		return t, err
	}
	ctx, cancel := context.WithTimeout(ctx, startBound)
	defer cancel()
	return t, t.proc.Until(ctx, func(ctx context.Context) error { return t.serves(ctx, cards) })
}

// newTerminal makes the devices of a terminal and its configuration.
func newTerminal(dir string, doors int) (*terminal, error) {
	t := &terminal{dir: dir}
	for n := range doors {
		r, err := newRig(dir, doorName(n))
		t.doors = append(t.doors, r)
		if err != nil {
			return t, err
		}
	}
	if err := os.WriteFile(t.path("badged.toml"), []byte(t.config()), 0o600); err != nil {
		return t, fmt.Errorf("write the configuration of the bench: %w", err)
	}
	return t, nil
}

// launch starts the program.
func (t *terminal) launch(bin string) (err error) {
	t.proc, err = proc.Start(proc.Command{
		Name: "badged", Bin: bin, Args: []string{"run", "--config", t.path("badged.toml")}, Log: t.path("badged.log"),
	})
	return err
}

func (t *terminal) path(name string) string { return filepath.Join(t.dir, name) }

func (t *terminal) config() string {
	var b strings.Builder
	fmt.Fprintf(&b, "state_dir = %q\ncontrol = %q\n", t.dir, t.path("badged.sock"))
	for n, r := range t.doors {
		name := doorName(n)
		fmt.Fprintf(&b, "\n[[point]]\nname = %q\nkind = \"door\"\ndoor = %q\nrelay = %q\nopen_for = %q\n",
			name, name, "virtual:"+r.pins.Path()+"#relay", openFor.String())
		fmt.Fprintf(&b, "\n[[reader]]\nname = %q\npoint = %q\nprotocol = \"rdm6300\"\nport = %q\n", name, name, r.reader.Path())
	}
	return b.String()
}

func (t *terminal) serves(ctx context.Context, cards int) error {
	client := ctl.NewClient(t.path("badged.sock"))
	for {
		s, err := client.Status(ctx)
		if err == nil && s.Store.Cards == cards && working(s.Readers) {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until badged serves %d cards: %w", cards, errors.Join(ctx.Err(), err))
		case <-time.After(20 * time.Millisecond):
		}
	}
	for _, r := range t.doors {
		if err := r.attended(ctx); err != nil {
			return err
		}
	}
	return nil
}

func working(readers []ctl.Reader) bool {
	for _, r := range readers {
		if r.State != health.OK {
			return false
		}
	}
	return len(readers) > 0
}

// stop ends the process in order: what it queued is written.
func (t *terminal) stop() error {
	err := t.proc.Stop()
	for _, r := range t.doors {
		r.close()
	}
	return err
}
