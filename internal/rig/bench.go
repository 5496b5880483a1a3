package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/internal/rig/bench"
)

// benchSizes are the sizes of the measurements.
type benchSizes struct{ cards, swipes, people int }

// family is one line of the table of measurements.
type family struct {
	name, short string
	measure     func(*rig, context.Context, benchSizes) ([]bench.Row, error)
}

var families = []family{
	{"path", "last byte on a pty to relay write, against a bare echo", (*rig).measurePath},
	{"size", "start and memory of an agent, by the number of its cards", (*rig).measureSize},
	{"frame", "the end of a frame of each family, by the decoders' own deadlines", (*rig).measureFrame},
	{"people", "import, one more account, search, and who may use a door at the hub", (*rig).measurePeople},
	{"ingest", "what the events of 1, 32 and 200 terminals cost the hub", (*rig).measureIngest},
	{"databases", "the hub on PostgreSQL beside the hub on SQLite; wants Debian's postgresql-15", (*rig).measureDatabases},
	{"flash", "blocks that a swipe writes to the disk; as root, on a loop device", (*rig).measureFlash},
}

func (r *rig) benchCommand() *cobra.Command {
	var sizes benchSizes
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure badged against yardsticks in the same run",
		Long: "bench runs the measurement that is named, or all. It ends with 1 when a budget is not met. Times\n" +
			"move from machine to machine: what counts is the ratio to the yardstick of the same run.",
		Example: "  rig bench\n  rig bench path --json\n  rig bench size --cards 250000",
		Args:    cli.OnlyCommands,
		RunE:    func(cmd *cobra.Command, _ []string) error { return r.measure(cmd.Context(), sizes, families) },
	}
	flags := cmd.PersistentFlags()
	flags.IntVar(&sizes.cards, "cards", 0, "cards in the store (default: path 100000, size 100000, 250000 and 1000000)")
	flags.IntVar(&sizes.swipes, "swipes", 500, "swipes in each of three rounds")
	flags.IntVar(&sizes.people, "people", 1_000_000, "accounts among which is searched")
	for _, f := range families {
		cmd.AddCommand(&cobra.Command{
			Use: f.name, Short: f.short, Args: cli.Args(0), Example: "  rig bench " + f.name + " --json",
			RunE: func(cmd *cobra.Command, _ []string) error { return r.measure(cmd.Context(), sizes, []family{f}) },
		})
	}
	cmd.AddCommand(&cobra.Command{
		Use: "echo [PORT PINS]...", Short: "Be the yardstick of path", Hidden: true, Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return bench.Echo(cmd.Context(), args) },
	})
	return cmd
}

// measure runs measurements and prints their rows.
func (r *rig) measure(ctx context.Context, sizes benchSizes, list []family) error {
	if sizes.cards != 0 && sizes.cards < 100 || sizes.cards > 5_000_000 || sizes.swipes < 10 || sizes.swipes > 1_000_000 {
		return cli.Usagef("--cards must be 100 to 5000000, --swipes 10 to 1000000")
	}
	if sizes.people < 100_000 || sizes.people > 5_000_000 {
		return cli.Usagef("--people must be 100000 to 5000000")
	}
	met := true
	for _, f := range list {
		fmt.Fprintf(r.io.Err, "measuring %s: %s ...\n", f.name, f.short)
		rows, err := f.measure(r, ctx, sizes)
		if err != nil {
			return fmt.Errorf("measure %s: %w", f.name, err)
		}
		if err := r.printRows(rows); err != nil {
			return err
		}
		met = met && !slices.ContainsFunc(rows, func(row bench.Row) bool { return !row.Met })
	}
	if !met {
		return cli.ErrReported
	}
	return nil
}

// printRows prints rows, and for people above each group what it is about.
func (r *rig) printRows(rows []bench.Row) error {
	what := ""
	for _, row := range rows {
		if row.What != what && !r.json {
			what = row.What
			fmt.Fprintln(r.io.Out, what)
		}
		if err := r.printRow(row); err != nil {
			return err
		}
	}
	return nil
}

func (r *rig) printRow(row bench.Row) error {
	if r.json {
		return r.print(row)
	}
	verdict := "met"
	if !row.Met {
		verdict = "NOT MET"
	}
	figures := fmt.Sprintf("%.1f %s, budget %.0f %s", row.Value, row.Unit, row.Budget, row.Unit)
	if row.Yardstick != 0 {
		figures = fmt.Sprintf("%.1f %s, yardstick %.1f %s, ratio %.2f, budget %.2f", row.Value, row.Unit, row.Yardstick, row.Unit, row.Ratio, row.Budget)
	}
	if _, err := fmt.Fprintf(r.io.Out, "  %-25s %s: %s\n", row.Name, figures, verdict); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

func (r *rig) measurePath(ctx context.Context, sizes benchSizes) ([]bench.Row, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the program of the yardstick: %w", err)
	}
	p := bench.Path{Badged: r.badged(), Echo: []string{self, "bench", "echo"}, Cards: cmp.Or(sizes.cards, 100_000), Swipes: sizes.swipes}
	return p.Measure(ctx)
}

// usedSwipes are the swipes after which the memory of an agent is read again.
const usedSwipes = 100_000

func (r *rig) measureSize(ctx context.Context, sizes benchSizes) (rows []bench.Row, err error) {
	numbers := []int{100_000, 250_000, 1_000_000}
	if sizes.cards != 0 {
		numbers = []int{sizes.cards}
	}
	for _, cards := range numbers {
		more, err := bench.Size{Badged: r.badged(), Cards: cards, Swipes: usedSwipes}.Measure(ctx)
		if err != nil {
			return rows, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// ingestEvents are the events of each measurement of the hub.
const ingestEvents = 64_000

func (r *rig) measureFrame(context.Context, benchSizes) ([]bench.Row, error) { return bench.Frame() }

func (r *rig) measurePeople(ctx context.Context, sizes benchSizes) ([]bench.Row, error) {
	return bench.People{Search: sizes.people}.Measure(ctx)
}

func (r *rig) measureIngest(ctx context.Context, _ benchSizes) ([]bench.Row, error) {
	return bench.Ingest{Events: ingestEvents}.Measure(ctx)
}

func (r *rig) measureDatabases(ctx context.Context, _ benchSizes) ([]bench.Row, error) {
	return bench.Databases{}.Measure(ctx)
}

func (r *rig) measureFlash(ctx context.Context, sizes benchSizes) ([]bench.Row, error) {
	return bench.Flash{Commits: sizes.swipes}.Measure(ctx)
}

func (r *rig) badged() string { return filepath.Join(r.bin, "badged") }
