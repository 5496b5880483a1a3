package proc_test

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"badged/internal/rig/proc"
)

// shell starts a shell script, which says "up" once it runs.
func shell(t *testing.T, script string) *proc.Child {
	t.Helper()
	r, w := io.Pipe()
	c, err := proc.Start(proc.Command{
		Name: "the script", Bin: "/bin/sh", Args: []string{"-c", script}, Log: filepath.Join(t.TempDir(), "log"), Out: w,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Kill)
	if _, err := io.ReadFull(r, make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, r) }() // ends with the pipe
	go func() { <-c.Done(); w.Close() }()
	return c
}

func TestStop(t *testing.T) {
	c := shell(t, `trap 'exit 0' TERM; echo up; while :; do sleep 0.01; done`)
	if !c.Alive() {
		t.Error("it has not started")
	}
	if err := c.Stop(); err != nil || c.Alive() {
		t.Errorf("stop: %v, alive: %v", err, c.Alive())
	}
	if err := c.Stop(); err != nil {
		t.Errorf("stop again: %v", err)
	}
}

func TestKill(t *testing.T) {
	c := shell(t, `trap '' TERM; echo up; while :; do sleep 0.01; done`)
	c.Kill()
	if c.Alive() {
		t.Error("it lives")
	}
	c.Kill()
	if err := c.Ended(); !strings.Contains(err.Error(), "signal: killed") {
		t.Errorf("it ended: %v", err)
	}
}

func TestNobody(t *testing.T) {
	var c *proc.Child
	c.Kill()
	if err := c.Stop(); err != nil || c.Alive() {
		t.Errorf("stop: %v, alive: %v", err, c.Alive())
	}
}

// TestUntil ends a wait when the process ends, and tells its last words.
func TestUntil(t *testing.T) {
	c := shell(t, `echo up; echo "no such reader" >&2; exit 78`)
	err := c.Until(t.Context(), func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	if err == nil || !strings.Contains(err.Error(), "exit status 78") || !strings.Contains(err.Error(), "no such reader") {
		t.Errorf("got %v, want the exit code and the last words", err)
	}
}

func TestStartSaysWhatToDo(t *testing.T) {
	_, err := proc.Start(proc.Command{Name: "badged", Bin: "/nowhere/badged", Log: filepath.Join(t.TempDir(), "log")})
	if err == nil || !strings.Contains(err.Error(), "make build") {
		t.Errorf("got %v, want a hint", err)
	}
}

func TestNotify(t *testing.T) {
	n, err := proc.ListenNotify(filepath.Join(t.TempDir(), "notify"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := n.Ready(ctx); err == nil {
		t.Error("ready before anybody said so")
	}
	name, path, _ := strings.Cut(n.Env(), "=")
	if name != "NOTIFY_SOCKET" {
		t.Errorf("the variable is %s", name)
	}
	sendNotify(t, path, "STATUS=starting\n")
	sendNotify(t, path, "STATUS=up\nREADY=1\n")
	if err := n.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	n.Close()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("%s is left behind", path)
	}
}

// sendNotify sends a datagram, as sd_notify(3) does.
func sendNotify(t *testing.T, path, text string) {
	t.Helper()
	c, err := net.Dial("unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}
