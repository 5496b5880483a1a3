package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// budgetRSS is what an idle agent with 100,000 cards may hold, in MB.
const budgetRSS = 32

// Memory runs the agent at bin with that many cards in its store and no hub in reach,
// and reads what it holds of the machine's memory once it is idle: when it serves and
// its size no longer changes. A MB is a million bytes.
func Memory(ctx context.Context, bin string, cards int) (_ []Row, err error) {
	dir, err := os.MkdirTemp("", "badged-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the bench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := newSite(ctx, dir, cards); err != nil {
		return nil, err
	}
	t, err := startTerminal(ctx, bin, dir, 1, cards)
	if err != nil {
		return nil, err
	}
	rss, err := settled(ctx, t.proc.PID())
	if err := errors.Join(err, t.stop()); err != nil {
		return nil, err
	}
	return []Row{{Name: "rss_100k", Unit: "MB", Value: rss, Budget: budgetRSS, Met: rss <= budgetRSS, What: "resident memory of an idle agent"}}, nil
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
		now, err := residentMB(pid)
		if err != nil {
			return 0, err
		}
		if same++; now < mb*0.99 || now > mb*1.01 {
			same, mb = 0, now
		}
	}
	return mb, nil
}

// residentMB reads VmRSS of proc(5).
func residentMB(pid int) (float64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read the size of the agent: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var kib float64
		if n, _ := fmt.Sscanf(lines.Text(), "VmRSS: %f kB", &kib); n == 1 {
			return kib * 1024 / 1e6, nil
		}
	}
	return 0, errors.Join(fmt.Errorf("read the size of the agent: no VmRSS"), lines.Err())
}
