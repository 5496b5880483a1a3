// Package proc runs the programs of badged as children: for the workbench and the
// bench, which must leave nothing behind however they end.
package proc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// StopBound is how long a process may take to end after SIGTERM before it counts as hung: a
// busy machine may not run it at all for many seconds.
const StopBound = 2 * time.Minute

// Command is what to start.
type Command struct {
	Name string // in errors
	Bin  string
	Args []string
	Env  []string  // in addition to ours
	Log  string    // path of the file that its stderr is appended to
	Out  io.Writer // takes its stdout; nil: nobody
}

// Child is one process that we started. It ends with us, however we end: in order
// through Stop, and through Pdeathsig when we are killed. It has a process group of
// its own, so that Ctrl-C reaches us alone, and we stop our children in order. All
// methods are fine on nil, which is a process that has ended.
type Child struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{} // closed once the process is reaped
	err  error         // how it ended; read after done
}

// Start starts a process.
func Start(p Command) (*Child, error) {
	file, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", p.Name, err)
	}
	c := &Child{name: p.Name, log: p.Log, cmd: exec.Command(p.Bin, p.Args...), done: make(chan struct{})}
	c.cmd.Stdout, c.cmd.Stderr = p.Out, file
	c.cmd.Env = append(os.Environ(), p.Env...)
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		// Pdeathsig is about the thread that forked: keep it while the child lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer file.Close()
		err := c.cmd.Start()
		started <- err
		if err == nil {
			c.err = c.cmd.Wait()
			close(c.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w (is %s built? run make build)", p.Name, err, filepath.Base(p.Bin))
	}
	return c, nil
}

// PID is the id of the process.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// Alive reports whether the process runs.
func (c *Child) Alive() bool {
	if c == nil {
		return false
	}
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// Done is closed once the process has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Kill ends the process as a power cut would, and waits until it is gone.
func (c *Child) Kill() {
	if c == nil {
		return
	}
	_ = c.cmd.Process.Kill() // fails only when it is gone already
	<-c.done
}

// Stop asks the process to end and kills it when it does not within StopBound.
func (c *Child) Stop() error {
	if !c.Alive() {
		return nil
	}
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // fails only when it is gone already
	select {
	case <-c.done:
		return nil
	case <-time.After(StopBound):
		c.Kill()
		return fmt.Errorf("stop %s: still running %v after SIGTERM, killed (its log: %s)", c.name, StopBound, c.log)
	}
}

// Until runs wait, and ends it when the process ends before.
func (c *Child) Until(ctx context.Context, wait func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	waited := make(chan error, 1)
	go func() { waited <- wait(ctx) }()
	select {
	case err := <-waited:
		return err
	case <-c.done:
		cancel()
		<-waited
		return c.Ended()
	}
}

// Ended tells how a process ended that should have gone on.
func (c *Child) Ended() error {
	var exit *exec.ExitError
	how := "it exited"
	if errors.As(c.err, &exit) {
		how = exit.String()
	}
	return fmt.Errorf("%s ended: %s (its log: %s)\n%s", c.name, how, c.log, lastLines(c.log, 5))
}

// lastLines gives the end of a log, to stand below an error.
func lastLines(path string, n int) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	end := len(b)
	for end > 0 && b[end-1] == '\n' {
		end--
	}
	start := end
	for ; start > 0; start-- {
		if b[start-1] == '\n' {
			if n--; n == 0 {
				break
			}
		}
	}
	return string(b[start:end])
}
