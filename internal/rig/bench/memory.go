package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"badged/internal/ctl"
)

// residence is what an agent holds of the machine's memory, in MB of a million bytes: once
// it is idle, at most since its start, and after use.
type residence struct{ idle, peak, used float64 }

// reside starts an agent with a site's cards and no hub in reach, reads what it holds, lets
// many people badge, and reads again.
func (z Size) reside(ctx context.Context, dir string) (r residence, err error) {
	t, err := startTerminal(ctx, z.Badged, dir, 1, z.Cards)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	if r.idle, err = settled(ctx, t.proc.PID()); err != nil {
		return r, err
	}
	if r.peak, err = statusMB(t.proc.PID(), "VmHWM"); err != nil {
		return r, err
	}
	if err := z.use(ctx, t); err != nil {
		return r, err
	}
	r.used, err = settled(ctx, t.proc.PID())
	return r, err
}

// atOnce is how many badges are on their way: what a pseudo-terminal holds.
const atOnce = 256

// use presents cards, as fast as the agent decides them.
func (z Size) use(ctx context.Context, t *terminal) error {
	client := ctl.NewClient(t.path("badged.sock"))
	before, err := client.Outbox(ctx)
	if err != nil {
		return err
	}
	for done := 0; done < z.Swipes; {
		for range min(atOnce, z.Swipes-done) {
			done++
			if err := t.doors[0].reader.Tap(cardNumber(cardAt(done*doors, z.Cards))); err != nil {
				return fmt.Errorf("swipe %d: %w", done, err)
			}
		}
		if err := decided(ctx, client, before.Pending+uint64(done)); err != nil {
			return err
		}
	}
	return nil
}

// decided waits until so many events wait for the hub.
func decided(ctx context.Context, client *ctl.Client, events uint64) error {
	ctx, cancel := context.WithTimeout(ctx, startBound)
	defer cancel()
	for {
		o, err := client.Outbox(ctx)
		if err == nil && o.Pending >= events {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %d events of swipes, have %d: %w", events, o.Pending, errors.Join(ctx.Err(), err))
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// settled reads the size of a process each half second until it was the same, to a
// hundredth, four times in a row.
func settled(ctx context.Context, pid int) (mb float64, err error) {
	beat := time.NewTicker(500 * time.Millisecond)
	defer beat.Stop()
	for same, looks := 0, 0; same < 4 && looks < 60; looks++ {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-beat.C:
		}
		now, err := statusMB(pid, "VmRSS")
		if err != nil {
			return 0, err
		}
		if same++; now < mb*0.99 || now > mb*1.01 {
			same, mb = 0, now
		}
	}
	return mb, nil
}

// statusMB reads a size of proc(5).
func statusMB(pid int, name string) (float64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read the size of the agent: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var kib float64
		if n, _ := fmt.Sscanf(lines.Text(), name+": %f kB", &kib); n == 1 {
			return kib * 1024 / 1e6, nil
		}
	}
	return 0, errors.Join(fmt.Errorf("read the size of the agent: no %s", name), lines.Err())
}
