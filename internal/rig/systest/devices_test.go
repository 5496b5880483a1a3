//go:build system

package systest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"badged/internal/rig/sim"
)

// devices is what hangs on one terminal: two printers' readers, and a door with
// reader, keypad, lock, contact and exit button.
type devices struct {
	hall  *sim.Reader
	desk  *sim.LineReader
	front *sim.Reader
	keys  *sim.Keypad
	pins  *sim.Pins
}

func plugIn(t *testing.T, dir string) *devices {
	t.Helper()
	d := &devices{}
	var err error
	must := func(what string, e error) {
		if e != nil {
			t.Fatalf("plug in %s: %v", what, e)
		}
	}
	d.hall, err = sim.NewReader(filepath.Join(dir, "hall"))
	must("hall", err)
	d.desk, err = sim.NewLineReader(filepath.Join(dir, "desk"))
	must("desk", err)
	d.front, err = sim.NewReader(filepath.Join(dir, "front"))
	must("front", err)
	d.keys, err = sim.NewKeypad(filepath.Join(dir, "keys"))
	must("keys", err)
	d.pins, err = sim.NewPins(filepath.Join(dir, "pins.sock"))
	must("pins", err)
	t.Cleanup(func() {
		for _, c := range []interface{ Close() error }{d.hall, d.desk, d.front, d.keys, d.pins} {
			if err := c.Close(); err != nil {
				t.Errorf("unplug: %v", err)
			}
		}
	})
	return d
}

// openFor is how long a grant opens the lock: the least that can be configured.
const openFor = 100 * time.Millisecond

// config is the terminal's configuration, with everything below dir.
func (d *devices) config(dir string) string {
	return fmt.Sprintf(`state_dir = %q
control = %q

[kiosk]
listen = "127.0.0.1:0"

[[point]]
name = "hall"
kind = "print"

[[point]]
name = "desk"
kind = "print"

[[point]]
name = %q
kind = "door"
door = "front"
log_first = true
open_for = "%[9]s"
relay = "virtual:%[4]s#relay"
contact = "virtual:%[4]s#contact"
exit = "virtual:%[4]s#exit"

[[reader]]
name = "hall-badge"
point = "hall"
protocol = "rdm6300"
port = %[5]q

[[reader]]
name = "desk-badge"
point = "desk"
protocol = "line"
port = %[6]q
options = { charset = "hex" }

[[reader]]
name = "front-badge"
point = "front"
protocol = "rdm6300"
port = %[7]q

[[reader]]
name = "front-keys"
point = "front"
protocol = "asciikeypad"
port = %[8]q
`, filepath.Join(dir, "state"), filepath.Join(dir, "c.sock"), doorPoint, d.pins.Path(),
		d.hall.Path(), d.desk.Path(), d.front.Path(), d.keys.Path(), openFor)
}

// badge is a card as the readers read it: ten hex digits.
type badge string

// deck is the badges that people carry. Most swipes are of badges that came before;
// the others are new.
type deck struct {
	first uint32 // of the badges' numbers, so that decks differ or are shared
	mu    sync.Mutex
	rng   *rand.Rand // guarded by mu
	dealt uint32     // guarded by mu
}

// deal gives a badge: in one of eight cases one that nobody saw before.
func (d *deck) deal() badge {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.dealt
	if d.dealt == 0 || d.rng.IntN(8) == 0 {
		d.dealt++
	} else {
		n = d.rng.Uint32N(d.dealt)
	}
	return badge(fmt.Sprintf("01%08X", d.first+n))
}

// oneOf picks a badge.
func (d *deck) oneOf(badges []badge) badge {
	d.mu.Lock()
	defer d.mu.Unlock()
	return badges[d.rng.IntN(len(badges))]
}

// pause is the time until the next swipe: 5 to 45 ms, as if of a queue of people.
func (d *deck) pause() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return 5*time.Millisecond + time.Duration(d.rng.Int64N(int64(40*time.Millisecond)))
}

// swipe presents badges until ctx ends. A badge counts before it is on the wire, so
// that there are never fewer swipes than presentations. The device may be held by
// nobody: what it cannot send is lost, as it is when a terminal has no power.
func swipe(ctx context.Context, next func() badge, gap func() time.Duration, count func(badge), tap func(string) error) {
	for ctx.Err() == nil {
		b := next()
		count(b)
		_ = tap(string(b))
		pause(ctx, gap())
	}
}

// pause is the time that people take. Nothing is awaited with it.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
