//go:build system

package systest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything may take that has no reason to take long. It is no
// measurement: a run in which it passes has failed.
const patience = 2 * time.Minute

// build makes the programs, as they ship, in a folder of this run.
func build(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	lookAtSources(t, root)
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", dir, "./cmd/badged", "./cmd/badgehub")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the programs: %v\n%s", err, out)
	}
	return dir
}

// lookAtSources makes every file of the module an input of this test, so that the
// test cache does not repeat a result of other programs.
func lookAtSources(t *testing.T, root string) {
	t.Helper()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && p != root && (strings.HasPrefix(name, ".") || name == "bin" || name == "dist") {
			return fs.SkipDir
		}
		_, err = os.Stat(p)
		return err
	})
	if err != nil {
		t.Fatalf("look at the sources: %v", err)
	}
}

// process is one program that runs. It dies with the test.
type process struct {
	name string
	cmd  *exec.Cmd
	log  *tail
	done chan struct{} // closed when it has ended
	err  error         // of its end; after done
}

func start(name string, stdout io.Writer, path string, args ...string) (*process, error) {
	p := &process{name: name, cmd: exec.Command(path, args...), log: &tail{}, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = stdout, p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // Pdeathsig is about the thread that forked
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.err = p.cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// kill is the power cut: no signal handler runs.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// stop asks the program to end, and wants it to end well.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		p.kill()
		return fmt.Errorf("stop %s: it did not end within %v\n%s", p.name, patience, p.log)
	}
	if p.err != nil {
		return fmt.Errorf("stop %s: %w\n%s", p.name, p.err, p.log)
	}
	return nil
}

// exitCode is that of a program that has ended by itself.
func (p *process) exitCode() int {
	var exit *exec.ExitError
	if errors.As(p.err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

// tail keeps the end of a log.
type tail struct {
	mu  sync.Mutex // guards buf
	buf []byte
}

const tailBytes = 8 << 10

func (l *tail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(l.buf, p...)
	if over := len(l.buf) - tailBytes; over > 0 {
		l.buf = bytes.Clone(l.buf[over:])
	}
	return len(p), nil
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.buf)
}

// within polls a condition of the world outside of this process.
func within(most time.Duration, ok func() bool) bool {
	deadline := time.After(most)
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for !ok() {
		select {
		case <-deadline:
			return false
		case <-poll.C:
		}
	}
	return true
}

// eventually wants a condition of the world outside to come true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	if !within(patience, ok) {
		t.Fatalf("%s: not within %v", what, patience)
	}
}
