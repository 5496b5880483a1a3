package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Ingest measures what the events of terminals cost a hub.
type Ingest struct {
	Events int // of each measurement
}

// crowdOf is how many terminals send at once, with the budgets of an event: of its CPU, and
// of that against the same rows written in transactions of one frame each.
type crowdOf struct {
	terminals int
	micros    float64
	rows      float64
}

var crowds = []crowdOf{{1, 20, 2}, {32, 10, 1.2}, {200, 10, 1.2}}

const (
	// budgetAck is of a lone frame's way to its acknowledgement, against writing its rows.
	budgetAck = 5.0
	loneAcks  = 400
)

// What the rows are about.
const (
	overIngest = "CPU of an event that is durable and acknowledged, in frames of 16 with a window of 4: signature, CBOR, database; 10 µs are 100,000 a CPU-second"
	overRaw    = "the same, against the CPU of its row alone, written in transactions of 16"
	overAck    = "from a lone frame of 16 events at the hub to its acknowledgement, against writing its rows alone"
)

// Measure gives the hub frames of terminals over a link without a broker, and counts the CPU
// of the process less that of the thread that plays the terminals. Events are made and
// signed before. The rows alone are written to a database of the same schema, in turn with
// the hub, so that whatever else the machine does meets both.
func (g Ingest) Measure(ctx context.Context) (_ []Row, err error) {
	dir, err := os.MkdirTemp("", "badged-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the bench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	raw, err := openRawRows(ctx, filepath.Join(dir, "raw"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, raw.close()) }()
	s, err := startIngest(ctx, dir, crowds[len(crowds)-1].terminals)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	return g.rows(ctx, s, raw)
}

func (g Ingest) rows(ctx context.Context, s *ingestSite, raw *rawRows) (rows []Row, err error) {
	all := make([][]Row, len(crowds))
	for range rounds {
		bare, err := g.bare(ctx, raw)
		if err != nil {
			return nil, err
		}
		for i, c := range crowds {
			spent, err := g.crowd(ctx, s, c.terminals)
			if err != nil {
				return nil, err
			}
			all[i] = append(all[i], against(fmt.Sprintf("ingest_%d_rows", c.terminals), "µs", spent, bare, c.rows).of(overRaw))
		}
	}
	for i, c := range crowds {
		rows = append(rows, c.absolute(all[i]))
	}
	for i := range crowds {
		rows = append(rows, median(all[i]))
	}
	ack, err := lone(ctx, s, raw)
	return append(rows, ack), err
}

// absolute is the round in the middle, without a yardstick.
func (c crowdOf) absolute(rounds []Row) Row {
	slices.SortFunc(rounds, func(a, b Row) int { return cmp.Compare(a.Value, b.Value) })
	spent := rounds[len(rounds)/2].Value
	return Row{Name: fmt.Sprintf("ingest_%d", c.terminals), Unit: "µs", Value: spent, Budget: c.micros, Met: spent <= c.micros}.of(overIngest)
}

// crowd gives the CPU of an event when so many terminals send at once.
func (g Ingest) crowd(ctx context.Context, s *ingestSite, terminals int) (float64, error) {
	senders := s.senders[:terminals]
	frames := max(1, g.Events/frameEvents/terminals)
	for _, t := range senders {
		if err := t.prepare(frames); err != nil {
			return 0, err
		}
	}
	runtime.GC()           // what the terminals left
	runtime.LockOSThread() // whose CPU is that of the terminals
	defer runtime.UnlockOSThread()
	before, err := othersCPU()
	if err != nil {
		return 0, err
	}
	if err := s.play(ctx, senders); err != nil {
		return 0, err
	}
	after, err := othersCPU()
	return micros(after-before) / float64(terminals*frames*frameEvents), err
}

// bare gives the CPU of an event whose row is all that is written.
func (g Ingest) bare(ctx context.Context, raw *rawRows) (float64, error) {
	runtime.GC()
	before := cpu()
	transactions := max(1, g.Events/frameEvents)
	for range transactions {
		if err := raw.write(ctx); err != nil {
			return 0, err
		}
	}
	return micros(cpu()-before) / float64(transactions*frameEvents), nil
}

// lone gives how long one frame alone takes to its acknowledgement.
func lone(ctx context.Context, s *ingestSite, raw *rawRows) (Row, error) {
	t := s.senders[0]
	if err := t.prepare(loneAcks); err != nil {
		return Row{}, err
	}
	var ours, bare []time.Duration
	for range loneAcks {
		start := time.Now()
		if err := s.one(ctx, t); err != nil {
			return Row{}, err
		}
		ours, start = append(ours, time.Since(start)), time.Now()
		if err := raw.write(ctx); err != nil {
			return Row{}, err
		}
		bare = append(bare, time.Since(start))
	}
	return ratioAt(0.5, "ingest_ack", ours, bare, budgetAck).of(overAck), nil
}

// othersCPU is the CPU of the process without this thread.
func othersCPU() (time.Duration, error) {
	var whole, own unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &whole); err != nil {
		return 0, fmt.Errorf("read the CPU of the process: %w", err)
	}
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &own); err != nil {
		return 0, fmt.Errorf("read the CPU of the thread: %w", err)
	}
	return time.Duration(whole.Nano() - own.Nano()), nil
}
