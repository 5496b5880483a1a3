package main

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"badged/internal/cli"
	"badged/internal/ownfile"
)

// `badgehub serve --socket FILE` deleted FILE, whatever it was.
func TestServeNeverDeletesWhatIsNoSocket(t *testing.T) {
	file := filepath.Join(t.TempDir(), "accounts.ods")
	if err := os.WriteFile(file, []byte("a year of work"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience) // a hub that takes the file runs until then
	defer cancel()
	err := Run(ctx, []string{"serve", "--dir", t.TempDir(), "--listen-mqtt", "127.0.0.1:0", "--listen-web", "127.0.0.1:0", "--socket", file},
		os.Getenv, cli.Stdio{Out: t.Output(), Err: t.Output()})
	if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("serve gives %v", err)
	}
	if b, err := os.ReadFile(file); string(b) != "a year of work" {
		t.Errorf("the file holds %q, %v", b, err)
	}
}

// In a folder that others can change, serve makes no socket: they could put theirs there.
func TestServeMakesNoSocketInAFolderOfOthers(t *testing.T) {
	open := openFolder(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience) // a hub that is ready runs until then
	defer cancel()
	err := Run(ctx, []string{"serve", "--dir", t.TempDir(), "--listen-mqtt", "127.0.0.1:0", "--listen-web", "127.0.0.1:0", "--socket", filepath.Join(open, "hub.sock")},
		os.Getenv, cli.Stdio{Out: t.Output(), Err: t.Output()})
	if !errors.Is(err, ownfile.ErrUnsafe) || !strings.Contains(err.Error(), open) {
		t.Errorf("serve gives %v", err)
	}
}

// A fake hub in such a folder made `terminal add` print a token of its own choice. No command
// calls it.
func TestNoCommandCallsAHubThatMayBeSomebodyElses(t *testing.T) {
	open := openFolder(t)
	socket := filepath.Join(open, "hub.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	called := make(chan bool, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			_ = c.Close()
		}
		called <- err == nil
	}()
	for _, command := range []string{"terminal add hall", "terminal list", "event list", "site show", "restore old.db", "db copy --to new.db"} {
		args := append(strings.Fields(command), "--socket", socket, "--dir", t.TempDir())
		err := Run(t.Context(), args, os.Getenv, cli.Stdio{Out: t.Output(), Err: t.Output()})
		if !errors.Is(err, ownfile.ErrUnsafe) || !strings.Contains(err.Error(), open) {
			t.Errorf("%s gives %v", command, err)
		}
	}
	_ = l.Close()
	if <-called {
		t.Error("the fake hub was called")
	}
}

func openFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}
