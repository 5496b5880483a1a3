// Command flaky finds tests that fail sometimes: it compiles the tests of each package
// once, runs each of them many times in random order, and prints those that did not
// always pass, with what they said and the seed of the order.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"badged/internal/rig/devtool"
)

func main() { devtool.Main("flaky", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("flaky", flag.ContinueOnError)
	root := flags.String("C", ".", "the module's `folder`")
	times := flags.Int("n", 1000, "how often each test runs")
	test := flags.String("run", ".", "only tests that match this `pattern`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *times < 1 {
		return fmt.Errorf("-n %d: a test runs once or more often", *times)
	}
	packages := flags.Args()
	if len(packages) == 0 {
		packages = []string{"./..."}
	}
	h := &house{root: *root, run: *test, times: *times}
	found, err := h.packages(ctx, packages)
	if err != nil {
		return err
	}
	return report(ctx, h, found, out)
}

// report runs package after package and prints each result at once. It fails if a test
// did not always pass.
func report(ctx context.Context, h *house, packages []pkg, out io.Writer) error {
	uncertain := 0
	for i, p := range packages {
		fmt.Fprintf(out, "%3d/%d %s ", i+1, len(packages), p.path)
		began := time.Now()
		r, err := h.repeat(ctx, p)
		if ctx.Err() != nil {
			fmt.Fprintln(out, "interrupted")
			return ctx.Err()
		}
		if err != nil {
			fmt.Fprintln(out)
			return err
		}
		fmt.Fprintf(out, "%d tests, %d to %d times each, in %v\n", len(r.tests), r.least(), r.most(), time.Since(began).Round(time.Second))
		for _, name := range r.uncertain() {
			uncertain++
			printUncertain(out, name, r.tests[name])
		}
	}
	fmt.Fprintf(out, "flaky: %d tests did not always pass\n", uncertain)
	if uncertain > 0 {
		return errors.New("a test says the same each time: mend those above")
	}
	return nil
}

func printUncertain(out io.Writer, name string, c *count) {
	fmt.Fprintf(out, "  UNCERTAIN %s: failed %d of %d times; first with -test.shuffle=%s:\n", name, c.failed, c.failed+c.passed, c.seed)
	for line := range strings.Lines(c.said) {
		fmt.Fprintf(out, "    %s\n", strings.TrimRight(line, "\n"))
	}
}
