package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"badged/internal/cli"
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
