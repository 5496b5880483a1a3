// Command behaviours runs the tests that show what badged must do, and prints each statement
// of testdata/behaviours with its tests and their results. A test names its statements in its
// doc comment ("S1.03, S1.08: an unknown badge makes one account") or its name (TestS103_...), a
// suite in the table of scripts/test.sh.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"badged/internal/rig/devtool"
)

// list is where the statements stand, from the module's folder.
const list = "testdata/behaviours/behaviours.md"

func main() { devtool.Main("behaviours", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("behaviours", flag.ContinueOnError)
	root := flags.String("C", ".", "the module's `folder`")
	only := flags.String("only", "", "only statements whose code begins with `text`: S2, S2.04, O")
	dry := flags.Bool("list", false, "name the tests, and run none")
	if err := flags.Parse(args); err != nil {
		return err
	}
	statements, err := readStatements(filepath.Join(*root, list))
	if err != nil {
		return err
	}
	tests, err := findTests(*root)
	if err != nil {
		return err
	}
	if err := checkCodes(statements, tests); err != nil {
		return err
	}
	statements = choose(statements, *only)
	if len(statements) == 0 {
		return fmt.Errorf("no statement begins with %q: they stand in %s", *only, list)
	}
	r := runner{root: *root, progress: os.Stderr}
	if !*dry {
		r.runAll(ctx, wanted(statements, tests))
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return report(out, statements, tests, r.results, *dry)
}

// choose keeps the statements whose code begins with a text.
func choose(all []statement, only string) (chosen []statement) {
	for _, s := range all {
		if strings.HasPrefix(s.code, only) {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

// wanted are the tests of some statements.
func wanted(statements []statement, tests []test) (out []test) {
	for _, t := range tests {
		for _, s := range statements {
			if t.shows(s.code) {
				out = append(out, t)
				break
			}
		}
	}
	return out
}

// report prints each statement with its tests, and fails unless each has one and all passed.
func report(out io.Writer, statements []statement, tests []test, results map[test]string, dry bool) error {
	shown, bare, failed := 0, 0, 0
	for _, s := range statements {
		fmt.Fprintf(out, "%-6s %-3s %s\n", s.code, s.where, s.text)
		found := wanted([]statement{s}, tests)
		good := len(found) > 0
		for _, t := range found {
			result := "not run"
			if !dry {
				result = results[t]
				good = good && result == passed
			}
			fmt.Fprintf(out, "           %-8s %s %s%s\n", result, t.pkg, t.name, t.suite())
		}
		switch {
		case len(found) == 0:
			bare++
			fmt.Fprintln(out, "           no test")
		case good:
			shown++
		default:
			failed++
		}
	}
	if dry {
		fmt.Fprintf(out, "behaviours: %d of %d statements have a test\n", len(statements)-bare, len(statements))
		return nil
	}
	fmt.Fprintf(out, "behaviours: %d of %d statements shown, %d failed, %d without a test\n", shown, len(statements), failed, bare)
	if failed+bare > 0 {
		return errors.New("a statement holds when a test with its code passes")
	}
	return nil
}
