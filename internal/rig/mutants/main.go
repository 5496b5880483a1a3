// Command mutants checks the tests: it applies one-line faults to the code one by one
// and runs the test that must notice. The faults stand in table/*.txt. The tree itself is
// never changed: the compiler sees a faulty file through an overlay.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"
	"strings"

	"badged/internal/rig/devtool"
)

func main() { devtool.Main("mutants", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	root := flags.String("C", ".", "the module's `folder`")
	only := flags.String("only", "", "only mutants with this `text` in name, file or test")
	jobs := flags.Int("j", max(1, runtime.NumCPU()), "how many run at a time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	all, err := readTable(builtin)
	if err != nil {
		return err
	}
	chosen := choose(all, *only)
	if len(chosen) == 0 {
		return fmt.Errorf("no mutant has %q in its name, file or test: they stand in internal/rig/mutants/table", *only)
	}
	return report(ctx, chosen, &bench{root: *root, jobs: max(1, *jobs), out: out})
}

// choose keeps the mutants that a person means.
func choose(all []mutant, only string) (chosen []mutant) {
	for _, m := range all {
		for _, s := range []string{m.name, m.file, m.pkg, m.test} {
			if strings.Contains(strings.ToLower(s), strings.ToLower(only)) {
				chosen = append(chosen, m)
				break
			}
		}
	}
	return chosen
}

// report runs the mutants, prints how each went as soon as it is known, and fails
// unless all were caught.
func report(ctx context.Context, mutants []mutant, b *bench) error {
	out := b.out
	fmt.Fprintf(out, "mutants: %d, each applied alone; first their tests run without any\n", len(mutants))
	caught, done := 0, 0
	err := b.runAll(ctx, mutants, func(m mutant, v verdict) {
		done++
		if v.caught {
			caught++
		}
		fmt.Fprintf(out, "%3d  %-10s  %s\n", done, v.name(), m.name)
		fmt.Fprintf(out, "     %-10s  %s by %s %s\n", "", m.file, m.pkg, m.test)
		if v.problem != "" {
			fmt.Fprintf(out, "     %s\n", strings.ReplaceAll(strings.TrimSpace(v.problem), "\n", "\n     "))
		}
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "mutants: caught %d / all %d\n", caught, len(mutants))
	if caught < len(mutants) {
		return errors.New("write the test that catches it, or mend the table as it says above")
	}
	return nil
}
