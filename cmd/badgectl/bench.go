package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"badged/internal/rig/bench"
)

// benchOptions are the sizes of the measurements.
type benchOptions struct {
	cards, swipes int
	bin           string
}

// measurement is one line of the table of measurements.
type measurement struct {
	name, short string
	run         func(*app, context.Context, benchOptions) ([]bench.Row, error)
}

var measurements = []measurement{
	{"path", "last byte on a pty to relay write, against a bare echo", (*app).benchPath},
	{"memory", "what an idle agent holds", (*app).benchMemory},
	{"frame", "the end of a frame of each family, by the decoders' own deadlines", (*app).benchFrame},
}

func (a *app) bench() *cobra.Command {
	o := benchOptions{}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure badged against yardsticks in the same run",
		Long: "bench runs the measurement that is named, or all. It ends with 1 when a budget is not met. Times\n" +
			"move from machine to machine: what counts is the ratio to the yardstick of the same run.",
		Example: "  badgectl bench\n  badgectl bench path --json\n  badgectl bench memory --cards 250000",
		Args:    known,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.measure(cmd.Context(), o, measurements) },
	}
	f := cmd.PersistentFlags()
	f.IntVar(&o.cards, "cards", 100_000, "cards in the store")
	f.IntVar(&o.swipes, "swipes", 500, "swipes in each of three rounds")
	f.StringVar(&o.bin, "bin", "", "folder of badged (default: that of badgectl)")
	f.BoolVar(&a.json, "json", false, "print JSON, one object a row")
	for _, m := range measurements {
		cmd.AddCommand(&cobra.Command{
			Use: m.name, Short: m.short, Args: takes(cobra.NoArgs), Example: "  badgectl bench " + m.name + " --json",
			RunE: func(cmd *cobra.Command, _ []string) error { return a.measure(cmd.Context(), o, []measurement{m}) },
		})
	}
	cmd.AddCommand(&cobra.Command{
		Use: "echo PORT PINS...", Short: "Be the yardstick of path", Hidden: true, Args: takes(cobra.MinimumNArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error { return bench.Echo(cmd.Context(), args) },
	})
	return cmd
}

// measure runs measurements and prints their rows.
func (a *app) measure(ctx context.Context, o benchOptions, list []measurement) error {
	if o.cards < 100 || o.cards > 5_000_000 || o.swipes < 10 || o.swipes > 1_000_000 {
		return usageError{fmt.Errorf("--cards must be 100 to 5000000, --swipes 10 to 1000000")}
	}
	met := true
	for _, m := range list {
		fmt.Fprintf(a.io.Err, "measuring %s: %s ...\n", m.name, m.short)
		rows, err := m.run(a, ctx, o)
		if err != nil {
			return fmt.Errorf("measure %s: %w", m.name, err)
		}
		if err := a.rows(rows); err != nil {
			return err
		}
		met = met && !slices.ContainsFunc(rows, func(r bench.Row) bool { return !r.Met })
	}
	if !met {
		return errFaulty
	}
	return nil
}

// rows prints rows, and for people above each group what it is about.
func (a *app) rows(rows []bench.Row) error {
	what := ""
	for _, r := range rows {
		if r.What != what && !a.json {
			what = r.What
			var head bytes.Buffer
			fill(&head, "", "", what)
			if _, err := head.WriteTo(a.io.Out); err != nil {
				return written(err)
			}
		}
		if err := a.row(r); err != nil {
			return err
		}
	}
	return nil
}

// row prints a row.
func (a *app) row(r bench.Row) error {
	if a.json {
		return a.print(r)
	}
	verdict := a.paint(green, "met")
	if !r.Met {
		verdict = a.paint(red, "NOT MET")
	}
	figures := fmt.Sprintf("%.1f %s, budget %.0f %s", r.Value, r.Unit, r.Budget, r.Unit)
	if r.Yardstick != 0 {
		figures = fmt.Sprintf("%.1f %s, yardstick %.1f %s, ratio %.2f, budget %.2f", r.Value, r.Unit, r.Yardstick, r.Unit, r.Ratio, r.Budget)
	}
	_, err := fmt.Fprintf(a.io.Out, "  %-25s %s: %s\n", r.Name, figures, verdict)
	return written(err)
}

func (a *app) benchPath(ctx context.Context, o benchOptions) ([]bench.Row, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find badgectl: %w", err)
	}
	bin, err := binDir(o.bin)
	if err != nil {
		return nil, err
	}
	p := bench.Path{Badged: filepath.Join(bin, "badged"), Echo: []string{self, "bench", "echo"}, Cards: o.cards, Swipes: o.swipes}
	return p.Measure(ctx)
}

func (a *app) benchMemory(ctx context.Context, o benchOptions) ([]bench.Row, error) {
	bin, err := binDir(o.bin)
	if err != nil {
		return nil, err
	}
	return bench.Memory(ctx, filepath.Join(bin, "badged"), o.cards)
}

func (a *app) benchFrame(context.Context, benchOptions) ([]bench.Row, error) { return bench.Frame() }
