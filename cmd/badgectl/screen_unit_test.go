//go:build units

package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nobody runs what refuses to run as root.
const nobody = 65534

var execStart = regexp.MustCompile(`(?m)^ExecStart=(.*)$`)

// T9: issue 7, 1.4: what firmware/systemd/badged-screen.service starts opens the panel's address
// in a real browser on a screen of its own; here the screen is in memory.
func TestTheScreenUnitOpensThePanel(t *testing.T) {
	opened := make(chan string, 1)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			select {
			case opened <- r.URL.RequestURI():
			default:
			}
		}
		_, _ = w.Write([]byte("<!DOCTYPE html><title>the panel</title>"))
	}))
	t.Cleanup(site.Close)
	home, err := os.MkdirTemp("", "screen")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	socket := agent(t, box{kiosk: site.URL + "/?t=abc"})
	cmd := screenCommand(t, home, socket)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
		for end := time.Now().Add(time.Minute); mentioned(home) && time.Now().Before(end); { // the browser's children
			time.Sleep(20 * time.Millisecond)
		}
	})
	select {
	case address := <-opened:
		if address != "/?t=abc" {
			t.Errorf("the browser asks for %q", address)
		}
	case err := <-ended:
		ended <- err
		t.Fatalf("what the unit starts has ended: %v\n%s", err, &said)
	case <-time.After(5 * time.Minute):
		t.Fatal("the browser has not opened the panel")
	}
}

// screenCommand is ExecStart of the unit, with what a test must do otherwise: this binary is
// badgectl, root becomes somebody else, whose browser has no sandbox in a container.
func screenCommand(t *testing.T, home, socket string) *exec.Cmd {
	t.Helper()
	unit, err := os.ReadFile("../../firmware/systemd/badged-screen.service")
	if err != nil {
		t.Fatal(err)
	}
	line := execStart.FindSubmatch(unit)
	if line == nil {
		t.Fatal("the unit starts nothing")
	}
	browser, tool := filepath.Join(home, "chromium"), filepath.Join(home, "badgectl")
	writeProgram(t, browser, "#!/bin/sh\nexec /usr/bin/chromium --no-sandbox \"$@\"\n")
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	writeProgram(t, tool, string(self))
	text := strings.NewReplacer("%t", home, "/usr/bin/badgectl", tool, "/usr/bin/chromium", browser).Replace(string(line[1]))
	words := strings.Fields(text)
	cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
	cmd.Env = append(os.Environ(), "BADGECTL_IS_RUN=1", "BADGED_SOCKET="+socket, "HOME="+home, "XDG_RUNTIME_DIR="+home,
		"WLR_BACKENDS=headless", "WLR_LIBINPUT_NO_DEVICES=1", "WLR_RENDERER=pixman")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
		handOver(t, home, socket)
	}
	return cmd
}

// mentioned reports whether a process is left whose command line names the folder.
func mentioned(folder string) bool {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		if b, err := os.ReadFile(path); err == nil && bytes.Contains(b, []byte(folder)) {
			return true
		}
	}
	return false
}

func writeProgram(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// handOver lets the other user work in home and ask the agent, and makes the folder that a
// Debian has for X, which cage asks for.
func handOver(t *testing.T, home, socket string) {
	t.Helper()
	x := "/tmp/.X11-unix"
	if err := os.Mkdir(x, 0o777); err == nil {
		if err := os.Chmod(x, 0o777|os.ModeSticky); err != nil {
			t.Fatal(err)
		}
	}
	for dir := filepath.Dir(socket); ; dir = filepath.Dir(dir) { // up to the folder that all share
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode()&os.ModeSticky != 0 || dir == filepath.Dir(dir) {
			break
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{home, socket} {
		if err := os.Chown(path, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
}
