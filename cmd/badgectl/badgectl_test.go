package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/ctl"
	"badged/internal/health"
	"badged/internal/sim"
)

// result is how a run of the program ended.
type result struct {
	code        int
	out, stderr string
}

// run runs the program as a person would, with stdin.
func run(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	return runIn(t.Context(), stdin, args...)
}

func runIn(ctx context.Context, stdin string, args ...string) result {
	var out, stderr bytes.Buffer
	err := Run(ctx, args, func(string) string { return "" }, Stdio{strings.NewReader(stdin), &out, &stderr})
	code := exitCode(err, &stderr)
	return result{code, out.String(), stderr.String()}
}

const (
	frame    = "0236324533303836434544303803"
	badFrame = "0236324533303836434544303903"
	card     = `{"kind":"card","number":"62E3086CED","hex":"62E3086CED","bits":40,"format":"EM4100"}` + "\n"
)

func TestDecode(t *testing.T) {
	tests := []struct {
		name, in string
		args     []string
		want     string
		code     int
	}{
		{"a badge", frame, []string{"--protocol", "rdm6300"}, card, 0},
		{"over two lines", frame[:10] + "\n" + frame[10:] + "\n", []string{"--protocol", "rdm6300"}, card, 0},
		{"a capture", "# device: x\n\n@0 " + frame + "\n@65 " + frame + "\n@4000 " + frame, []string{"--protocol", "rdm6300"}, card + card, 0},
		{"a wrong checksum", badFrame, []string{"--protocol", "rdm6300"}, `{"kind":"fault","why":"checksum"}` + "\n", 1},
		{"cut off", frame[:12], []string{"--protocol", "rdm6300"}, `{"kind":"fault","why":"timeout"}` + "\n", 1},
		{"cut off, then whole", "@0 " + frame[:12] + "\n@900 " + frame, []string{"--protocol", "rdm6300"}, `{"kind":"fault","why":"timeout"}` + "\n" + card, 1},
		{"keys", "2a37", []string{"--protocol", "asciikeypad"}, `{"kind":"key","key":"*"}` + "\n" + `{"kind":"key","key":"7"}` + "\n", 0},
		{"an option with a comma", "2c410d", []string{"--protocol", "line", "-o", "prefix=,"}, `{"kind":"card","number":"A","hex":"41","bits":8,"format":"text"}` + "\n", 0},
		{"a number rule", "31320d0a", []string{"--protocol", "line", "-o", "charset=digits", "--number", "lpad(4)"},
			`{"kind":"card","number":"0012","hex":"3132","bits":16,"format":"text"}` + "\n", 0},
		{"nothing", "", []string{"--protocol", "line"}, "", 0},
		{"no hex", "xyz", []string{"--protocol", "line"}, "", 1},
		{"time runs backwards", "@5 00\n@4 00", []string{"--protocol", "asciikeypad"}, "", 1},
		{"an unknown protocol", "", []string{"--protocol", "nope"}, "", 64},
		{"an unknown option", "", []string{"--protocol", "line", "-o", "x=1"}, "", 64},
		{"an option without value", "", []string{"--protocol", "line", "-o", "x"}, "", 64},
		{"a wrong rule", "", []string{"--protocol", "line", "--number", "nope"}, "", 64},
		{"too many files", "", []string{"--protocol", "line", "a", "b"}, "", 64},
		{"no such file", "", []string{"--protocol", "line", "/nowhere/x"}, "", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := run(t, tt.in, append([]string{"decode"}, tt.args...)...)
			if tt.want != "" && got.out != tt.want || got.code != tt.code {
				t.Errorf("code %d, want %d; printed\n%swant\n%s%s", got.code, tt.code, got.out, tt.want, got.stderr)
			}
			if silent := got.stderr == ""; got.code == 64 && silent {
				t.Error("it does not say what is wrong")
			}
		})
	}
}

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
	if got := run(t, "", "replay", file, "--protocol", "rdm6300"); got.code != 0 || !strings.HasPrefix(got.out, card) {
		t.Errorf("replay ended with %d and printed %s%s", got.code, got.out, got.stderr)
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
		played <- Run(t.Context(), []string{"replay", file, "--to", port}, os.Getenv, Stdio{in, &out, &stderr})
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

func TestConvert(t *testing.T) {
	tests := []struct {
		args []string
		out  string
		code int
	}{
		{[]string{"hex2dec | lpad(14)", "62E3086CED"}, "00424715775213\n", 0},
		{[]string{"", "x", "--json"}, `{"number":"x"}` + "\n", 0},
		{[]string{"hex2dec", "xyz"}, "", 1},
		{[]string{"upper | nope", "x"}, "", 64},
		{[]string{"upper"}, "", 64},
	}
	for _, tt := range tests {
		got := run(t, "", append([]string{"card", "convert"}, tt.args...)...)
		if got.out != tt.out || got.code != tt.code {
			t.Errorf("%q gave %d %q %s, want %d %q", tt.args, got.code, got.out, got.stderr, tt.code, tt.out)
		}
	}
	if got := run(t, "", "card", "convert", "upper | nope", "x"); !strings.Contains(got.stderr, "\n          ^") {
		t.Errorf("it does not point at the verb:\n%s", got.stderr)
	}
}

// box is an agent as its control socket shows it.
type box struct{ health []health.Item }

func (b box) Status(context.Context) (ctl.Status, error) {
	return ctl.Status{
		Version: "1.2", Device: "front", Site: "hq", Clock: "trusted", Uptime: 7300, Health: b.health,
		Points: []ctl.Point{
			{Name: "front", Kind: "door", State: "locked"},
			{Name: "hall", Kind: "print", State: "idle", Kiosk: "http://127.0.0.1:8631/p/hall?t=abc"},
		},
		Readers: []ctl.Reader{{Name: "front-rfid", Point: "front", Protocol: "rdm6300", Port: "/dev/x"}},
		Uplink:  ctl.Uplink{Hub: "hub:8883", Pending: 4},
	}, nil
}

func (box) Outbox(context.Context) (ctl.Outbox, error) {
	return ctl.Outbox{Pending: 4, Bytes: 200, Acked: 7}, nil
}

func (box) Recorded() uint64 { return 2 }

func (box) Events(_ context.Context, after uint64, n int) ([]ctl.Event, error) {
	all := []ctl.Event{
		{Order: 1, Kind: "device", Reason: "terminal_started", Device: "front"},
		{Order: 2, Kind: "presentation", Outcome: "faulty", Reason: "bad_read", Why: "checksum", Point: "front"},
	}
	return all[min(after, 2):], nil
}

// agent runs a control socket for a test.
func agent(t *testing.T, b box) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "c.sock")
	ln, err := ctl.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- ctl.Serve(ctx, ln, b, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return socket
}

// TestStatus tells in one screen what is wrong and what to do about it (T3).
func TestStatus(t *testing.T) {
	well := agent(t, box{})
	if got := run(t, "", "status", "--socket", well); got.code != 0 || !strings.Contains(got.out, "everything works") || strings.Contains(got.out, "\x1b") {
		t.Errorf("code %d:\n%s%s", got.code, got.out, got.stderr)
	}
	ill := agent(t, box{[]health.Item{{Name: "store", State: health.Fail, Text: "nothing can be written", Do: "look at the disk"}, {Name: "clock"}}})
	got := run(t, "", "status", "--socket", ill)
	for _, want := range []string{"FAILED  store: nothing can be written", "what to do: look at the disk", "up 2 h 1 min", "4 events waiting", "locked", "http://127.0.0.1:8631/p/hall?t=abc\n"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("the screen does not say %q:\n%s", want, got.out)
		}
	}
	if got.code != 1 || strings.Count(got.out, "\n") > 24 {
		t.Errorf("code %d, %d lines", got.code, strings.Count(got.out, "\n"))
	}
	var s ctl.Status
	if got := run(t, "", "status", "--json", "--socket", ill); json.Unmarshal([]byte(got.out), &s) != nil || s.Device != "front" || got.code != 1 {
		t.Errorf("code %d: %s", got.code, got.out)
	}
}

func TestAskingTheAgent(t *testing.T) {
	socket := agent(t, box{})
	for _, tt := range []struct{ cmd, want, json string }{
		{"tail", "bad_read (checksum)", `"why":"checksum"`},
		{"readers", "front-rfid  rdm6300 at point front: well\n    /dev/x\n", `"name":"front-rfid"`},
		{"outbox", "every event up to 7", `"acked":7`},
	} {
		if got := run(t, "", tt.cmd, "--socket", socket); got.code != 0 || !strings.Contains(got.out, tt.want) {
			t.Errorf("%s: code %d:\n%s%s", tt.cmd, got.code, got.out, got.stderr)
		}
		if got := run(t, "", tt.cmd, "--json", "--socket", socket); got.code != 0 || !strings.Contains(got.out, tt.json) {
			t.Errorf("%s --json: code %d:\n%s%s", tt.cmd, got.code, got.out, got.stderr)
		}
		got := run(t, "", tt.cmd, "--socket", filepath.Join(t.TempDir(), "nobody"))
		if tt.cmd == "readers" { // it lists devices all the same
			if got.code != 0 || !strings.Contains(got.stderr, "no agent answers") {
				t.Errorf("readers without an agent: code %d: %s", got.code, got.stderr)
			}
			continue
		}
		if got.code != 1 || !strings.Contains(got.stderr, "what to do: start it") {
			t.Errorf("%s without an agent: code %d: %s", tt.cmd, got.code, got.stderr)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{"frob"}, {"--frob"}, {"status", "x"}, {"tail", "-n", "5000"}, {"card", "frob"}, {"bench", "frob"}, {"bench", "path", "--cards", "1"},
		{"replay", "x"}, {"replay", "x", "--protocol", "line", "--to", "y"}, {"capture"},
	} {
		if got := run(t, "", args...); got.code != 64 || got.stderr == "" {
			t.Errorf("%q: code %d: %s", args, got.code, got.stderr)
		}
	}
	if got := run(t, "", "stauts"); !strings.Contains(got.stderr, "did you mean status?") {
		t.Errorf("a slip of the pen: %s", got.stderr)
	}
}

// TestHelp holds that every command says what it does, with an example.
func TestHelp(t *testing.T) {
	var all func(*cobra.Command)
	all = func(cmd *cobra.Command) {
		if cmd.Short == "" || cmd.Example == "" && !cmd.Hidden {
			t.Errorf("%s has no example, or says nothing", cmd.CommandPath())
		}
		for _, sub := range cmd.Commands() {
			all(sub)
		}
	}
	all((&app{env: func(string) string { return "" }}).root())
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if got := run(t, "", "completion", shell); got.code != 0 || len(got.out) < 1000 {
			t.Errorf("completion %s: code %d, %d bytes", shell, got.code, len(got.out))
		}
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

func TestDecodeTellsALongLine(t *testing.T) {
	got := run(t, "00\n\n"+strings.Repeat("00", 1<<19)+"\n", "decode", "--protocol", "line")
	if want := "line 3: longer than 8256 characters"; got.code != 1 || !strings.Contains(got.stderr, want) || strings.Contains(got.stderr, "bufio") {
		t.Errorf("code %d, want 1 and %q: %s", got.code, want, got.stderr)
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
