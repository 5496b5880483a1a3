package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// The results of a test. One that is skipped or never ran shows nothing.
const (
	passed  = "passed"
	failed  = "FAILED"
	skipped = "SKIPPED"
	missing = "NOT RUN"
)

// runner runs tests, those of one package and tag together.
type runner struct {
	root     string
	progress io.Writer
	results  map[test]string
}

// batch is what one go command runs.
type batch struct{ pkg, tag string }

func (r *runner) runAll(ctx context.Context, tests []test) {
	r.results = map[test]string{}
	var order []batch
	groups := map[batch][]test{}
	for _, t := range tests {
		b := batch{t.pkg, t.tag}
		if groups[b] == nil {
			order = append(order, b)
		}
		groups[b] = append(groups[b], t)
		r.results[t] = missing
	}
	for i, b := range order {
		fmt.Fprintf(r.progress, "%3d/%d %s %s: %d tests\n", i+1, len(order), b.pkg, b.tag, len(groups[b]))
		if b.pkg == suites {
			r.runSuites(ctx, groups[b])
		} else {
			r.runBatch(ctx, b, groups[b])
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// runBatch runs tests of one package. What the go command's exit code says is in its events.
func (r *runner) runBatch(ctx context.Context, b batch, tests []test) {
	var names []string
	for _, t := range tests {
		names = append(names, t.name)
	}
	args := []string{"test", "-json", "-timeout", "30m", "-run", "^(" + strings.Join(names, "|") + ")$"}
	if b.tag != "" {
		args = append(args, "-tags", b.tag)
	}
	out, _ := r.command(ctx, "go", append(args, b.pkg)...).CombinedOutput()
	outcome := outcomes(out)
	for _, t := range tests {
		if result := outcome[t.name]; result != "" {
			r.results[t] = result
		}
		if r.results[t] != passed {
			fmt.Fprintf(r.progress, "        %s %s\n", t.name, r.results[t])
		}
	}
}

// runSuites runs whole suites, one after the other. A suite that cannot run has failed.
func (r *runner) runSuites(ctx context.Context, tests []test) {
	for _, t := range tests {
		cmd := r.command(ctx, suites, t.name)
		cmd.Env = append(os.Environ(), "CI=true")
		r.results[t] = passed
		if out, err := cmd.CombinedOutput(); err != nil {
			r.results[t] = failed
			fmt.Fprintf(r.progress, "        suite %s %s\n%s\n", t.name, failed, out)
		}
	}
}

func (r *runner) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = r.root
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// outcomes reads the results of whole tests out of the events of `go test -json`.
func outcomes(out []byte) map[string]string {
	names := map[string]string{"pass": passed, "fail": failed, "skip": skipped}
	results := map[string]string{}
	for line := range bytes.Lines(out) {
		var e struct{ Action, Test string }
		if json.Unmarshal(line, &e) != nil || e.Test == "" {
			continue
		}
		top, sub, _ := strings.Cut(e.Test, "/")
		result := names[e.Action]
		switch {
		case result == "":
		case sub == "" && results[top] != skipped:
			results[top] = result
		case result == skipped: // part of it did not run
			results[top] = skipped
		}
	}
	return results
}
