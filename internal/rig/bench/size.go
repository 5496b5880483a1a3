package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"badged/internal/rig/sim"
	"badged/internal/sqlite"
)

// Size is a measurement of an agent with so many cards, each with an account and a grant.
type Size struct {
	Badged string // the agent's program
	Cards  int    // in the store; at least doors
	Swipes int    // before its memory is read a second time
}

// budgets are those of a size: what it may hold idle and after use, in MB, and how long
// it may take to its first badge, in ms.
type budgets struct{ idle, used, start float64 }

// budgetsOf gives the budgets of the next size for which there are some.
func budgetsOf(cards int) budgets {
	switch {
	case cards <= 100_000:
		return budgets{32, 36, 400}
	case cards <= 250_000:
		return budgets{64, 64, 1000}
	default:
		millions := max(1, float64(cards)/1e6)
		return budgets{220 * millions, 220 * millions, 4000 * millions}
	}
}

const (
	budgetPeak  = 1.2 // of what it holds once it is idle
	budgetReads = 1.6 // of reading the same rows, one after the other
)

// Measure takes the time from the start of the program to the first badge that opens a
// door, against reading and checking the same database in one thread; and what the agent
// holds of the machine's memory. Starts and readings take turns.
func (z Size) Measure(ctx context.Context) (_ []Row, err error) {
	dir, err := os.MkdirTemp("", "badged-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the bench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := newSite(ctx, dir, z.Cards); err != nil {
		return nil, err
	}
	var starts []Row
	for range rounds {
		start, err := z.start(ctx, dir)
		if err != nil {
			return nil, err
		}
		reads, err := readRows(ctx, dir)
		if err != nil {
			return nil, err
		}
		starts = append(starts, against("", "ms", millis(start), millis(reads), budgetReads))
	}
	r, err := z.reside(ctx, dir)
	return z.rows(starts, r), err
}

func (z Size) rows(starts []Row, r residence) []Row {
	b, of := budgetsOf(z.Cards), thousands(z.Cards)
	absolute := func(name, unit string, value, budget float64) Row {
		return Row{Name: name + "_" + of, Unit: unit, Value: value, Budget: budget, Met: value <= budget}
	}
	ratio := median(starts)
	ratio.Name = "start_reads_" + of
	slices.SortFunc(starts, func(a, b Row) int { return int(a.Value - b.Value) })
	return []Row{
		absolute("start", "ms", starts[len(starts)/2].Value, b.start).of("from exec to the first badge that opens a door"),
		ratio.of("the same, against checking the database and reading its rows in one thread"),
		absolute("rss", "MB", r.idle, b.idle).of("resident memory of an idle agent"),
		against("rss_peak_"+of, "MB", r.peak, r.idle+r.forgot, budgetPeak).
			of("the most that it held since its start, against that and the pages of its program that it gave back"),
		absolute("rss_used", "MB", r.used, b.used).of(fmt.Sprintf("resident memory after %d swipes", z.Swipes)),
	}
}

// thousands is a number of cards as names of rows have it.
func thousands(cards int) string {
	switch {
	case cards%1_000_000 == 0:
		return fmt.Sprintf("%dm", cards/1_000_000)
	case cards%1000 == 0:
		return fmt.Sprintf("%dk", cards/1000)
	default:
		return fmt.Sprint(cards)
	}
}

// start gives the time from the start of the program until a relay rises for one of the
// badges that are presented one after the other, from when the agent holds the relay.
func (z Size) start(ctx context.Context, dir string) (took time.Duration, err error) {
	t, err := newTerminal(dir, 1)
	defer func() { err = errors.Join(err, t.stop()) }()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, startBound)
	defer cancel()
	began := time.Now()
	if err := t.launch(z.Badged); err != nil {
		return 0, err
	}
	err = t.proc.Until(ctx, func(ctx context.Context) (err error) {
		took, err = t.doors[0].firstRise(ctx, began, z.Cards)
		return err
	})
	return took, err
}

// firstRise presents cards with a grant for the first door, each another one since a badge
// that stays is decided once, until the relay rises, and gives when it did.
func (r rig) firstRise(ctx context.Context, began time.Time, cards int) (time.Duration, error) {
	if err := r.attended(ctx); err != nil {
		return 0, err
	}
	for n := 0; ; n++ {
		if err := r.reader.Tap(cardNumber(n * doors % (cards / doors * doors))); err != nil {
			return 0, err
		}
		soon, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
		s, err := r.pins.Await(soon, func(s sim.PinsState) bool { return s.Ordered.After(began) })
		cancel()
		if err == nil || ctx.Err() != nil {
			return s.Ordered.Sub(began), err
		}
	}
}

// readRows is the yardstick: the time that the check of the same file takes, and its rows
// one after the other. It reads a copy.
func readRows(ctx context.Context, dir string) (took time.Duration, err error) {
	db, end, err := sqlite.Salvage(ctx, filepath.Join(dir, "badged.db"), sqlite.Options{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, end()) }()
	began := time.Now()
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return 0, err
	}
	rows, err := db.QueryContext(ctx, "SELECT collection, key, body FROM hub_row ORDER BY collection, key")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var collection int
		var key, body sql.RawBytes
		if err := rows.Scan(&collection, &key, &body); err != nil {
			return 0, err
		}
	}
	return time.Since(began), rows.Err()
}
