package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/clock"
	"badged/sync/wire"
)

// Flash measures what a swipe writes to the disk.
type Flash struct {
	Commits int // of each kind
}

// swipe is how swipes come.
type swipe struct {
	name   string
	atOnce int
	acked  bool    // the hub has each at once
	budget float64 // against one block that is written and synced
}

var swipes = []swipe{
	{"flash_alone", 1, false, 1.5},
	{"flash_acks", 1, true, 1.6},
	{"flash_ten", 10, false, 0.4},
}

const (
	flashBlock  = 4096
	flashWarmUp = 150 // commits before those that are measured: the log has its length then

	// flashRest is the time before each commit: longer than the kernel's times of files have
	// steps, which would be equal for commits in a row, and cost nothing.
	flashRest = 12 * time.Millisecond
)

// what the rows are about.
const overBlock = "blocks of 4 KiB that a swipe writes to an ext4, against one that is written in place and synced by fdatasync"

// Measure counts the blocks that reach a disk of its own, a loop device with an ext4: the
// events of swipes that the store writes one by one, one by one with the hub's word that it
// has them, and ten in one commit. It needs root.
func (f Flash) Measure(ctx context.Context) (_ []Row, err error) {
	d, err := newLoopDisk(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.remove(context.WithoutCancel(ctx))) }()
	block, err := f.bare(d)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, how := range swipes {
		written, err := f.stored(ctx, d, how)
		if err != nil {
			return nil, fmt.Errorf("count the blocks of %s: %w", how.name, err)
		}
		rows = append(rows, against(how.name, "blocks", written, block, how.budget).of(overBlock))
	}
	return rows, nil
}

// bare writes blocks in place, each synced, and gives how many reach the disk for one.
func (f Flash) bare(d *loopDisk) (float64, error) {
	const blocks = 128
	file, err := os.Create(filepath.Join(d.dir, "bare"))
	if err != nil {
		return 0, err
	}
	defer file.Close()
	if _, err := file.Write(make([]byte, blocks*flashBlock)); err != nil {
		return 0, err
	}
	b := make([]byte, flashBlock)
	return d.count(f.Commits, func() error {
		for n := range f.Commits {
			time.Sleep(flashRest)
			b[0]++
			if _, err := file.WriteAt(b, int64(n%blocks)*flashBlock); err != nil {
				return err
			}
			if err := syscall.Fdatasync(int(file.Fd())); err != nil {
				return err
			}
		}
		return nil
	})
}

// stored gives the blocks that reach the disk for one swipe.
func (f Flash) stored(ctx context.Context, d *loopDisk, how swipe) (float64, error) {
	s, err := store.Open(ctx, store.Options{Path: filepath.Join(d.dir, how.name+".db"), Terminal: "bench"})
	if err != nil {
		return 0, err
	}
	if err := how.write(ctx, s, flashWarmUp); err != nil {
		return 0, errors.Join(err, s.Close())
	}
	blocks, err := d.count(f.Commits*how.atOnce, func() error { return how.write(ctx, s, f.Commits) })
	return blocks, errors.Join(err, s.Close())
}

// write gives the store the events of swipes, and waits for each commit.
func (how swipe) write(ctx context.Context, s *store.Store, commits int) error {
	for n := range commits {
		time.Sleep(flashRest)
		if err := how.commit(ctx, s, n); err != nil {
			return err
		}
	}
	return nil
}

func (how swipe) commit(ctx context.Context, s *store.Store, n int) error {
	for i := range how.atOnce {
		if err := s.Queue(ctx, granted(n*how.atOnce+i)); err != nil {
			return err
		}
	}
	if err := s.Update(ctx, func(enroll.Tx) error { return nil }); err != nil { // in the same commit
		return err
	}
	if !how.acked {
		return nil
	}
	p, err := s.Position(ctx)
	if err != nil {
		return err
	}
	return s.Acked(ctx, wire.Durable{Incarnation: p.Incarnation, Stream: wire.StreamEvents, Upto: p.Next[wire.StreamEvents] - 1})
}

// granted is the event of a swipe that opened a door.
func granted(n int) enroll.Event {
	return enroll.Event{
		Kind: enroll.EventPresentation, Outcome: enroll.Granted, Reason: enroll.KnownCard, Point: "door0",
		At: clock.Stamp{Wall: time.Now().UTC(), State: clock.Trusted}, Account: derive('a', n), Card: derive('c', n),
	}
}
