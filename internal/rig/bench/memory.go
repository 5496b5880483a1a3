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
// it is idle, at most since its start, and after use. forgot is what it gave back of its
// program's own pages after the start.
type residence struct{ idle, peak, used, forgot float64 }

// reside starts an agent with a site's cards and no hub in reach, reads what it holds, lets
// many people badge, and reads again.
func (z Size) reside(ctx context.Context, dir string) (r residence, err error) {
	t, err := startTerminal(ctx, z.Badged, dir, 1, z.Cards)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	program, err := statusMB(t.proc.PID(), "RssFile")
	if err != nil {
		return r, err
	}
	if r.idle, err = settled(ctx, t.proc.PID()); err != nil {
		return r, err
	}
	if r.forgot, err = statusMB(t.proc.PID(), "RssFile"); err != nil {
		return r, err
	}
	r.forgot = max(0, program-r.forgot)
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

// use presents cards, as fast as the agent decides them. On a machine that does much else, a
// frame can come in two pieces with a pause between, which is no badge: another is presented
// then, as a person would.
func (z Size) use(ctx context.Context, t *terminal) error {
	client := ctl.NewClient(t.path("badged.sock"))
	before, err := client.Outbox(ctx)
	if err != nil {
		return err
	}
	for tapped, done := 0, 0; done < z.Swipes; {
		n := min(atOnce, z.Swipes-done)
		for range n {
			tapped++
			if err := t.doors[0].reader.Tap(cardNumber(cardAt(tapped*doors, z.Cards))); err != nil {
				return fmt.Errorf("swipe %d: %w", tapped, err)
			}
		}
		pending, err := decided(ctx, client, before.Pending+uint64(done+n))
		if err != nil {
			return err
		}
		if now := int(pending - before.Pending); now > done {
			done = now
			continue
		}
		return fmt.Errorf("wait for the events of swipes: the agent decides none, it has %d", pending)
	}
	return nil
}

// decided waits until so many events wait for the hub, or no more come, and gives how many do.
func decided(ctx context.Context, client *ctl.Client, events uint64) (pending uint64, err error) {
	const still = 5 * time.Second
	last := time.Now()
	for {
		o, err := client.Outbox(ctx)
		if err == nil && o.Pending > pending {
			pending, last = o.Pending, time.Now()
		}
		if pending >= events || time.Since(last) > still {
			return pending, err
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
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
