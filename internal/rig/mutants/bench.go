package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// A test that a mutant makes hang has noticed it. It hangs when it takes hangFactor times
// as long as without the mutant, and at least hangTime.
const (
	hangFactor = 20
	hangTime   = 30 * time.Second
	saneTime   = 10 * time.Minute
)

// verdict is how one mutant went.
type verdict struct {
	caught  bool
	broken  bool   // the mutant could not be tried
	problem string // why it was not caught or not tried
}

func (v verdict) name() string {
	switch {
	case v.caught:
		return "caught"
	case v.broken:
		return "NOT TRIED"
	default:
		return "NOT CAUGHT"
	}
}

// bench compiles and runs tests of the module in root, jobs at a time.
type bench struct {
	root string
	jobs int
	out  io.Writer // where progress goes
	tmp  string    // of this run
}

// runAll tries the mutants and passes each verdict to say, one at a time. Its error
// is ctx's, or that of a folder.
func (b *bench) runAll(ctx context.Context, mutants []mutant, say func(mutant, verdict)) (err error) {
	if b.root, err = filepath.Abs(b.root); err != nil {
		return err
	}
	if b.tmp, err = os.MkdirTemp("", "mutants-*"); err != nil {
		return err
	}
	defer os.RemoveAll(b.tmp)
	sane := b.runSane(ctx, mutants)
	var saying sync.Mutex
	b.each(len(mutants), func(i int) {
		before := sane[testOf(mutants[i])]
		v := verdict{broken: true, problem: before.problem}
		if v.problem == "" {
			v = b.try(ctx, i, mutants[i], max(hangTime, hangFactor*before.took))
		}
		saying.Lock()
		defer saying.Unlock()
		if ctx.Err() == nil {
			say(mutants[i], v)
		}
	})
	return ctx.Err()
}

// each calls fn for 0 to n-1, jobs at a time, and returns when all are done.
func (b *bench) each(n int, fn func(int)) {
	var wait sync.WaitGroup
	free := make(chan struct{}, b.jobs)
	for i := range n {
		free <- struct{}{}
		wait.Go(func() {
			defer func() { <-free }()
			fn(i)
		})
	}
	wait.Wait()
}

// named is a test of a folder.
type named struct{ pkg, test string }

func testOf(m mutant) named { return named{m.pkg, m.test} }

// saneRun is how a test went without a mutant.
type saneRun struct {
	problem string // empty: it passed
	took    time.Duration
}

// runSane runs the tests on the code as it is. A test that fails, or does not exist,
// shows nothing about a mutant: its problem says so.
func (b *bench) runSane(ctx context.Context, mutants []mutant) map[named]saneRun {
	tests := map[string][]string{} // by folder
	for _, m := range mutants {
		if !slices.Contains(tests[m.pkg], m.test) {
			tests[m.pkg] = append(tests[m.pkg], m.test)
		}
	}
	var folders []string
	for pkg := range tests {
		folders = append(folders, pkg)
	}
	slices.Sort(folders)
	var mu sync.Mutex
	runs := map[named]saneRun{}
	b.each(len(folders), func(i int) {
		pkg := folders[i]
		fmt.Fprintf(b.out, "     %d tests of %s without a mutant\n", len(tests[pkg]), pkg)
		bin := filepath.Join(b.tmp, fmt.Sprintf("sane-%d.test", i))
		out, err := b.compile(ctx, pkg, bin, "")
		for _, test := range tests[pkg] {
			run := saneRun{problem: "the tests do not compile without the mutant:\n" + tail(out)}
			if err == nil {
				run = b.checkSane(ctx, bin, pkg, test)
			}
			mu.Lock()
			runs[named{pkg, test}] = run
			mu.Unlock()
		}
	})
	return runs
}

func (b *bench) checkSane(ctx context.Context, bin, pkg, test string) (run saneRun) {
	began := time.Now()
	switch out, err := b.runTest(ctx, bin, pkg, test, saneTime); {
	case err != nil:
		run.problem = "the test fails without the mutant:\n" + tail(out)
	case !bytes.Contains(out, []byte("--- PASS: "+test)):
		run.problem = fmt.Sprintf("there is no test %s in %s: was it renamed?", test, pkg)
	}
	run.took = time.Since(began)
	return run
}

// try applies one mutant and runs its test.
func (b *bench) try(ctx context.Context, i int, m mutant, limit time.Duration) verdict {
	dir := filepath.Join(b.tmp, fmt.Sprint(i))
	overlay, err := b.writeOverlay(dir, m)
	if err != nil {
		return verdict{broken: true, problem: err.Error()}
	}
	defer os.RemoveAll(dir)
	bin := filepath.Join(dir, "mutant.test")
	if out, err := b.compile(ctx, m.pkg, bin, overlay); err != nil {
		return verdict{broken: true, problem: m.at + ": the mutant does not compile:\n" + tail(out)}
	}
	if _, err := b.runTest(ctx, bin, m.pkg, m.test, limit); err != nil {
		return verdict{caught: true}
	}
	return verdict{problem: fmt.Sprintf("%s: the test passes all the same: make it notice, by what the code does", m.at)}
}

// writeOverlay writes the faulty file and the list that puts it in place of the good
// one.
func (b *bench) writeOverlay(dir string, m mutant) (overlay string, err error) {
	path := filepath.Join(b.root, filepath.FromSlash(m.file))
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w (was the file renamed?)", m.at, err)
	}
	faulty, err := m.apply(string(text))
	if err != nil {
		return "", err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	instead := filepath.Join(dir, "faulty.go")
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{path: instead}})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(instead, []byte(faulty), 0o600); err != nil {
		return "", err
	}
	return overlay, os.WriteFile(overlay, list, 0o600)
}

// compile makes the tests of a folder, without what only a debugger reads: most of a mutant's
// time is the linker's.
func (b *bench) compile(ctx context.Context, pkg, bin, overlay string) ([]byte, error) {
	args := []string{"test", "-c", "-ldflags=-s -w", "-o", bin}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	return b.command(ctx, b.root, "go", append(args, "./"+pkg)...)
}

func (b *bench) runTest(ctx context.Context, bin, pkg, test string, limit time.Duration) ([]byte, error) {
	pattern := "^" + strings.ReplaceAll(test, "/", "$/^") + "$"
	dir := filepath.Join(b.root, filepath.FromSlash(pkg))
	return b.command(ctx, dir, bin, "-test.v", "-test.count=1", "-test.timeout="+limit.String(), "-test.run="+pattern)
}

func (b *bench) command(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return cmd.CombinedOutput()
}

// tail is the last lines of an output, where it says what is wrong.
func tail(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strings.Join(lines[max(0, len(lines)-12):], "\n")
}
