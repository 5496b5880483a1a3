package main

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"badged/internal/cli"
	"badged/sync/identity"
)

// supervisor is a socket like that of systemd. The returned function waits for a state
// and gives it; empty: none came.
func supervisor(t *testing.T, dir string) func() string {
	t.Helper()
	path := filepath.Join(dir, "notify.sock")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return func() string {
		b := make([]byte, 256)
		_ = c.SetReadDeadline(time.Now().Add(patience))
		n, _ := c.Read(b)
		return string(b[:n])
	}
}

// A supervisor hears that the start goes on, when the agent is ready, that it works, and when it stops.
func TestSupervisorIsTold(t *testing.T) {
	dir := t.TempDir()
	heard := supervisor(t, dir)
	t.Setenv("WATCHDOG_USEC", "100000")
	id, err := identity.SelfMade("lyon", "hall")
	if err == nil {
		err = identity.Write(filepath.Join(dir, "state"), id)
	}
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "badged.toml")
	text := strings.ReplaceAll(`state_dir = "DIR/state"
control = "DIR/c.sock"
[kiosk]
listen = "127.0.0.1:0"
[[point]]
name = "hall"
kind = "print"
`, "DIR", dir)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, []string{"run", "--config", file}, os.Getenv, cli.Stdio{Out: io.Discard, Err: io.Discard})
	}()
	starting := "EXTEND_TIMEOUT_USEC=120000000\nSTATUS=starting, 0 rows read"
	for _, want := range []string{starting, "READY=1\nSTATUS=", "WATCHDOG=1", "WATCHDOG=1"} {
		if got := heard(); got != want {
			t.Fatalf("the supervisor heard %q, want %q", got, want)
		}
	}
	cancel()
	got := heard()
	for got == "WATCHDOG=1" {
		got = heard()
	}
	if got != "STOPPING=1" {
		t.Errorf("the supervisor heard %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
