package box

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// What the unit of a package says too (firmware/systemd/badged.service).
const (
	agentProgram  = "/bin/badged"
	notifySocket  = "/run/box-notify"
	stateDir      = "/var/lib/badged"
	startBound    = 90 * time.Second
	watchdogBound = 30 * time.Second
	restartWait   = 2 * time.Second
	stopBound     = 15 * time.Second
)

// agent keeps the agent running.
type agent struct {
	env []string
	log *slog.Logger
	out *os.File
	// refused is asked when the agent ended because starting again would mend nothing; it reports
	// whether it has mended something.
	refused func() bool
	works   func() // is called when the agent is ready

	mu     sync.Mutex // guards what follows
	state  string     // for people
	ready  time.Time  // since when it is ready; zero: it is not
	starts int
}

func (a *agent) setState(state string, ready bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state != state {
		a.log.Info("agent", "state", state)
	}
	a.state = state
	switch {
	case !ready:
		a.ready = time.Time{}
	case a.ready.IsZero():
		a.ready = time.Now()
	}
}

// State returns the agent's state in words for people.
func (a *agent) State() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.state
}

// readyFor is how long it has worked without a fall.
func (a *agent) readyFor() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ready.IsZero() {
		return 0
	}
	return time.Since(a.ready)
}

// startCount returns how often the agent was started.
func (a *agent) startCount() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.starts
}

// superviseAgent starts the agent, and again when it ends, until ctx ends. fed is called whenever the agent
// says that it works.
func (a *agent) superviseAgent(ctx context.Context, fed func()) error {
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notifySocket, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer socket.Close()
	if err := os.Chown(notifySocket, agentUser, badgedGID); err != nil {
		return err
	}
	for ctx.Err() == nil {
		err := a.runOnce(ctx, socket, fed)
		fed() // an agent that ends is no machine that stands still
		a.setState("ended: "+describeEnd(err), false)
		wait := restartWait
		if isLasting(err) && !a.refused() {
			wait = time.Minute // starting again mends nothing by itself, but a cable or a clock may
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	return nil
}

// isLasting reports whether the agent's exit code says that a restart changes nothing (64 or 78).
func isLasting(err error) bool {
	ended := (*exec.ExitError)(nil)
	return errors.As(err, &ended) && (ended.ExitCode() == 64 || ended.ExitCode() == 78)
}

func describeEnd(err error) string {
	if err == nil {
		return "by itself"
	}
	return err.Error()
}

// runOnce runs the agent until it ends. It stops an agent that no longer says that it works.
func (a *agent) runOnce(ctx context.Context, socket *net.UnixConn, fed func()) error {
	cmd := exec.Command(agentProgram, "run", "--config", configFile)
	cmd.Env = append(a.env, "NOTIFY_SOCKET="+notifySocket, "WATCHDOG_USEC=30000000")
	cmd.Stdout, cmd.Stderr = a.out, a.out
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: agentUser, Gid: badgedGID, Groups: []uint32{dialout, badgedIO}}}
	a.setState("starts", false)
	a.mu.Lock()
	a.starts++
	a.mu.Unlock()
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	stop := func(sig syscall.Signal) error {
		_ = cmd.Process.Signal(sig)
		select {
		case err := <-done:
			return err
		case <-time.After(stopBound):
			_ = cmd.Process.Kill()
			return <-done
		}
	}
	deadline := time.Now().Add(startBound)
	for {
		select {
		case err := <-done:
			return err
		case <-ctx.Done():
			return stop(syscall.SIGTERM)
		default:
		}
		if a.readNotification(socket) {
			deadline = time.Now().Add(watchdogBound)
			fed()
		}
		if time.Now().After(deadline) {
			a.log.Error("the agent stands still, and is started again")
			return stop(syscall.SIGQUIT)
		}
	}
}

// readNotification waits a moment for a notification of the agent (sd_notify(3)). It reports
// whether the notification says that the agent works.
func (a *agent) readNotification(socket *net.UnixConn) bool {
	b := make([]byte, 4096)
	_ = socket.SetReadDeadline(time.Now().Add(poll)) // on an open socket
	n, err := socket.Read(b)
	if err != nil {
		return false
	}
	works := false
	for line := range bytes.SplitSeq(b[:n], []byte("\n")) {
		switch text := string(line); {
		case text == "READY=1":
			a.setState("runs", true)
			a.works()
			works = true
		case text == "WATCHDOG=1", strings.HasPrefix(text, "EXTEND_TIMEOUT_USEC="):
			works = true
		}
	}
	return works
}
