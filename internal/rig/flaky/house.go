package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A test program runs batch times in a row, so that one that dies costs few runs and
// nothing that it leaves behind helps for long. It may take batchTime.
const (
	batch     = 20
	batchTime = "20m"
)

// house is the module whose tests run.
type house struct {
	root  string
	run   string // pattern of tests
	times int
}

// pkg is a package with tests.
type pkg struct{ path, dir string }

// packages lists those of the patterns that have tests.
func (h *house) packages(ctx context.Context, patterns []string) (found []pkg, err error) {
	args := []string{"list", "-f", "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}\t{{.Dir}}{{end}}"}
	out, err := h.command(ctx, h.root, "go", append(args, patterns...)...)
	if err != nil {
		return nil, fmt.Errorf("list the packages: %w\n%s", err, out)
	}
	for _, line := range strings.Fields(strings.ReplaceAll(string(out), "\t", "|")) {
		path, dir, _ := strings.Cut(line, "|")
		found = append(found, pkg{path, dir})
	}
	return found, nil
}

// repeat compiles the tests of a package and runs them h.times times.
func (h *house) repeat(ctx context.Context, p pkg) (result, error) {
	r := newResult()
	tmp, err := os.MkdirTemp("", "flaky-*")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(tmp)
	bin := filepath.Join(tmp, "all.test")
	if out, err := h.command(ctx, h.root, "go", "test", "-c", "-o", bin, p.path); err != nil {
		return r, fmt.Errorf("compile the tests of %s: %w\n%s", p.path, err, out)
	}
	for left := h.times; left > 0 && ctx.Err() == nil; left -= batch {
		// The exit code says no more than the events do.
		out, _ := h.command(ctx, p.dir, "go", "tool", "test2json", bin, "-test.v=test2json", "-test.run="+h.run,
			"-test.shuffle=on", fmt.Sprintf("-test.count=%d", min(left, batch)), "-test.timeout="+batchTime)
		r.read(out)
	}
	return r, nil
}

func (h *house) command(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return cmd.CombinedOutput()
}

// event is one line of `go tool test2json`; `go doc test2json` describes it.
type event struct{ Action, Test, Output string }

// result is what the runs of one package gave.
type result struct {
	tests map[string]*count // by name, subtests apart
	said  map[string]string // of the present run of a test
	seed  string            // of the present batch
}

// count is how often a test passed and failed.
type count struct {
	passed, failed int
	said           string // when it failed first
	seed           string // then
}

func newResult() result {
	return result{tests: map[string]*count{}, said: map[string]string{}}
}

// mostSaid bounds what is kept of what one run says.
const mostSaid = 8 << 10

// read counts the events of one batch.
func (r *result) read(out []byte) {
	for line := range bytes.Lines(out) {
		var e event
		if json.Unmarshal(line, &e) != nil {
			continue // what a test's child wrote past the program
		}
		top, _, _ := strings.Cut(e.Test, "/")
		switch {
		case e.Test == "":
			if seed, ok := strings.CutPrefix(e.Output, "-test.shuffle "); ok {
				r.seed = strings.TrimSpace(seed)
			}
		case e.Action == "output":
			if len(r.said[top]) < mostSaid {
				r.said[top] += e.Output
			}
		case e.Test != top: // the test itself says how it went
		case e.Action == "run":
			r.said[top] = ""
		case e.Action == "pass":
			r.of(top).passed++
		case e.Action == "fail":
			r.fail(top)
		}
	}
}

func (r *result) of(test string) *count {
	if r.tests[test] == nil {
		r.tests[test] = &count{}
	}
	return r.tests[test]
}

func (r *result) fail(test string) {
	c := r.of(test)
	if c.failed++; c.failed == 1 {
		c.said, c.seed = r.said[test], r.seed
	}
}
