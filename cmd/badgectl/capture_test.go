package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"badged/internal/cli"
	"badged/internal/rig/sim"
)

// TestCaptureAndReplay takes down what a virtual reader sends and plays it back (T5).
func TestCaptureAndReplay(t *testing.T) {
	dir := t.TempDir()
	r, err := sim.NewReader(filepath.Join(dir, "reader"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	file := filepath.Join(dir, "hall.txt")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan result)
	go func() {
		ended <- runIn(ctx, "", "capture", r.Path(), file, "--protocol", "rdm6300", "--device", "RDM6300")
	}()
	for range time.Tick(time.Millisecond) { // what is sent before the port is open is lost
		if captured(file) {
			break
		}
		if err := r.Tap("62E3086CED"); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if got := <-ended; got.code != 0 || !strings.Contains(got.stderr, strings.TrimSpace(card)) {
		t.Errorf("capture ended with %d and said\n%s", got.code, got.stderr)
	}
	text, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(string(text), "# device: RDM6300\n") {
		t.Errorf("the capture begins with %.40q, %v", text, err)
	}
	got := run(t, "", "replay", file, "--protocol", "rdm6300")
	if got.code != 0 || !strings.HasPrefix(got.out, card) {
		t.Errorf("replay ended with %d and printed %s%s", got.code, got.out, got.stderr)
	}
	if !strings.Contains(got.stderr, "sent by RDM6300, firmware unknown, on 20") || !strings.Contains(got.stderr, "taken by badgectl capture at 9600 baud") {
		t.Errorf("it does not say where the capture comes from: %s", got.stderr)
	}
}

// captured reports whether a file holds a whole badge.
func captured(file string) bool {
	b, _ := os.ReadFile(file)
	return strings.Contains(string(b), frame)
}

// TestReplayToAPort sends a capture through a virtual port to another badgectl.
func TestReplayToAPort(t *testing.T) {
	dir := t.TempDir()
	file, port := filepath.Join(dir, "in.txt"), filepath.Join(dir, "port")
	if err := os.WriteFile(file, []byte("@0 "+frame+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	in, enter, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, stderr bytes.Buffer
	played := make(chan error, 1)
	go func() {
		played <- Run(t.Context(), []string{"replay", file, "--to", port}, os.Getenv, cli.Stdio{In: in, Out: &out, Err: &stderr})
	}()
	for range time.Tick(time.Millisecond) {
		if _, err := os.Stat(port); err == nil {
			break
		}
	}
	caught := make(chan result, 1)
	seen := filepath.Join(dir, "out.txt")
	go func() { caught <- runIn(ctx, "", "capture", port, seen) }()
	for range time.Tick(time.Millisecond) { // what is sent before the port is open is lost
		if captured(seen) {
			break
		}
		fmt.Fprintln(enter)
	}
	enter.Close()
	if err := <-played; err != nil {
		t.Error(err)
	}
	cancel()
	<-caught
}

func TestCaptureLeavesNoEmptyFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.txt")
	got := run(t, "", "capture", t.TempDir(), file)
	if got.code != 1 || !strings.Contains(got.stderr, "is a directory") {
		t.Errorf("code %d: %s", got.code, got.stderr)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("%s is left behind: %v", file, err)
	}
}

// TestReplayOverwritesNothing holds that only a serial port is ever written to.
func TestReplayOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	file, token, side := filepath.Join(dir, "in.txt"), filepath.Join(dir, "token"), filepath.Join(dir, "port.new")
	dangling := filepath.Join(dir, "link")
	for path, text := range map[string]string{file: "@0 " + frame + "\n", token: "secret", side: "secret"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(dir, "gone"), dangling); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, to, says string
		code           int
	}{
		{"a file", token, token + ": not a serial port", 1},
		{"the capture itself", file, file + ": not a serial port", 1},
		{"a folder", dir, dir + ": is a directory", 1},
		{"another device", "/dev/null", "/dev/null: not a serial port", 1},
		{"a path below a file", filepath.Join(token, "x"), "not a directory", 1},
		{"no folder", filepath.Join(dir, "no", "port"), "there is no folder " + filepath.Join(dir, "no"), 1},
		{"a link to nothing", dangling, "which is not there", 1},
		{"a virtual port", filepath.Join(dir, "port"), "press Enter", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := run(t, "", "replay", file, "--to", tt.to)
			if got.code != tt.code || !strings.Contains(got.stderr, tt.says) || strings.Contains(got.stderr, "symlink") {
				t.Errorf("code %d, want %d and %q: %s", got.code, tt.code, tt.says, got.stderr)
			}
		})
	}
	for path, want := range map[string]string{file: "@0 " + frame + "\n", token: "secret", side: "secret"} {
		if text, err := os.ReadFile(path); string(text) != want {
			t.Errorf("%s holds %q, %v", path, text, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "port")); !os.IsNotExist(err) {
		t.Errorf("the virtual port is left behind: %v", err)
	}
}

func TestReplayChecksFirst(t *testing.T) {
	dir := t.TempDir()
	file, port := filepath.Join(dir, "in.txt"), filepath.Join(dir, "port")
	if err := os.WriteFile(file, []byte("@0 "+frame+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, speed := range []string{"0", "-1", "NaN"} {
		if got := run(t, "", "replay", file, "--to", port, "--speed", speed); got.code != 64 || !strings.Contains(got.stderr, "--speed") {
			t.Errorf("speed %s: code %d: %s", speed, got.code, got.stderr)
		}
	}
	if got := run(t, "", "replay", file+"x", "--to", port); got.code != 1 || strings.Contains(got.stderr, "Enter") {
		t.Errorf("without a capture: code %d: %s", got.code, got.stderr)
	}
}

// TestCaptureChecksFirst holds that nothing is written about a port that cannot be read.
func TestCaptureChecksFirst(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		name string
		args []string
		says string
		code int
	}{
		{"no port", []string{filepath.Join(dir, "x")}, "no such file", 1},
		{"no speed", []string{dir, "--baud", "0"}, "--baud 0: must be 50 to 4000000", 64},
		{"a speed below nothing", []string{dir, "--baud", "-9600"}, "--baud -9600", 64},
		{"a header of two lines", []string{dir, "--device", "a\nb"}, "one line", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := run(t, "", append([]string{"capture"}, tt.args...)...)
			if got.code != tt.code || got.out != "" || !strings.Contains(got.stderr, tt.says) || strings.Contains(got.stderr, "captured") {
				t.Errorf("code %d, want %d and %q: %s%s", got.code, tt.code, tt.says, got.out, got.stderr)
			}
		})
	}
}
