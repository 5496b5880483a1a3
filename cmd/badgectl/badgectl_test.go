package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/internal/ctl"
	"badged/internal/health"
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
	err := Run(ctx, args, func(string) string { return "" }, cli.Stdio{In: strings.NewReader(stdin), Out: &out, Err: &stderr})
	code := program.Exit(err, &stderr)
	return result{code, out.String(), stderr.String()}
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
type box struct {
	health []health.Item
	page   string // address of the technician's page
	kiosk  string // address of the panel; empty: one that leads nowhere
}

func (b box) Status(context.Context) (ctl.Status, error) {
	return ctl.Status{
		Version: "1.2", Terminal: "front", Site: "hq", Clock: "trusted", ClockWhy: "the hub's: its answers have agreed for 2h", Uptime: 7300, Health: b.health,
		Points: []ctl.Point{
			{Name: "front", Kind: "door", State: "locked"},
			{Name: "hall", Kind: "print", State: "idle", Kiosk: cmp.Or(b.kiosk, hallURL)},
		},
		Readers: []ctl.Reader{{Name: "front-rfid", Point: "front", Protocol: "rdm6300", Port: "/dev/x"}},
		Uplink:  ctl.Uplink{Hub: "hub:8883", Pending: 4}, Page: b.page,
	}, nil
}

func (box) Outbox(context.Context) (ctl.Outbox, error) {
	return ctl.Outbox{Pending: 4, Bytes: 200, Acked: 7}, nil
}

func (box) Recorded() uint64 { return 2 }

func (box) Events(_ context.Context, after uint64, n int) ([]ctl.Event, error) {
	all := []ctl.Event{
		{Order: 1, Kind: "device", Reason: "terminal_started"},
		{Order: 2, Kind: "presentation", Outcome: "faulty", Reason: "bad_read", Why: "checksum", Point: "front"},
	}
	return all[min(after, 2):], nil
}

// agent runs a control socket for a test.
func agent(t *testing.T, b ctl.Agent) (socket string) {
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
	ill := agent(t, box{health: []health.Item{{Name: "store", State: health.Fail, Text: "nothing can be written", Do: "look at the disk"}, {Name: "clock"}}})
	got := run(t, "", "status", "--socket", ill)
	for _, want := range []string{"FAILED  store: nothing can be written", "what to do: look at the disk", "up 2 h 1 min", "4 events waiting", "locked", "the hub's: its answers have agreed for 2h", "http://127.0.0.1:8631/p/hall?t=abc\n"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("the screen does not say %q:\n%s", want, got.out)
		}
	}
	if got.code != 1 || strings.Count(got.out, "\n") > 24 {
		t.Errorf("code %d, %d lines", got.code, strings.Count(got.out, "\n"))
	}
	worn := agent(t, box{health: []health.Item{{Name: "clock"}, {Name: "reader hall badges", State: health.Warn, Text: "bad reads", Do: "check its wiring"}}})
	if warned := run(t, "", "status", "--socket", worn); !strings.Contains(warned.out, "warning  reader hall badges: bad reads") || strings.Contains(got.out+warned.out, "everything works") {
		t.Errorf("something is wrong, and the screen says:\n%s%s", got.out, warned.out)
	}
	var s ctl.Status
	if got := run(t, "", "status", "--json", "--socket", ill); json.Unmarshal([]byte(got.out), &s) != nil || s.Terminal != "front" || got.code != 1 {
		t.Errorf("code %d: %s", got.code, got.out)
	}
}

// Issue 7, 5: each reader shows its badges and its faults, and when the last ones were.
func TestStatusShowsWhatReadersBrought(t *testing.T) {
	now := time.Now()
	var out strings.Builder
	a := &app{env: func(string) string { return "" }, io: cli.Stdio{Out: &out}}
	err := a.screen(ctl.Status{Readers: []ctl.Reader{
		{Name: "hall", Badges: 41, LastBadge: now.Add(-3*time.Hour - 5*time.Minute), Faults: 1, LastFault: now.Add(-50 * time.Hour)}, {Name: "front"},
	}})
	lines := strings.Split(out.String(), "\n")
	at := func(name string) int {
		return slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "reader") && strings.Contains(l, name) })
	}
	hall, front := at("hall"), at("front")
	if err != nil || hall < 0 || front != hall+2 {
		t.Fatalf("%v:\n%s", err, out.String())
	}
	for _, want := range []string{"41 badges, last 3 h 5 min ago", "1 fault, 2 days 2 h ago"} {
		if !strings.Contains(lines[hall+1], want) {
			t.Errorf("%q is not in %q", want, lines[hall+1])
		}
	}
	if got := strings.Join(strings.Fields(lines[front+1]), " "); got != "no badge no fault" {
		t.Errorf("a new reader shows %q", got)
	}
}

func TestAskingTheAgent(t *testing.T) {
	socket := agent(t, box{})
	for _, tt := range []struct{ cmd, want, json string }{
		{"tail --follow=false", "bad_read (checksum)", `"why":"checksum"`},
		{"readers", "front-rfid  rdm6300 at point front: well\n    /dev/x\n", `"name":"front-rfid"`},
		{"outbox", "every event up to 7", `"acked":7`},
	} {
		args := strings.Fields(tt.cmd)
		if got := run(t, "", append(args, "--socket", socket)...); got.code != 0 || !strings.Contains(got.out, tt.want) {
			t.Errorf("%s: code %d:\n%s%s", tt.cmd, got.code, got.out, got.stderr)
		}
		if got := run(t, "", append(args, "--json", "--socket", socket)...); got.code != 0 || !strings.Contains(got.out, tt.json) {
			t.Errorf("%s --json: code %d:\n%s%s", tt.cmd, got.code, got.out, got.stderr)
		}
		got := run(t, "", append(args, "--socket", filepath.Join(t.TempDir(), "nobody"))...)
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

// TestTailFollows: without any flag, tail goes on until Ctrl-C, as README says, and that
// is no failure.
func TestTailFollows(t *testing.T) {
	socket := agent(t, box{})
	ctx, interrupt := context.WithCancel(t.Context())
	out := &awaited{want: "bad_read", seen: make(chan struct{})}
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, []string{"tail", "--socket", socket}, func(string) string { return "" }, cli.Stdio{In: strings.NewReader(""), Out: out, Err: io.Discard})
	}()
	select {
	case <-out.seen:
	case err := <-ended:
		t.Fatalf("tail ended by itself: %v", err)
	}
	interrupt()
	if err := <-ended; err != nil {
		t.Errorf("after Ctrl-C: %v", err)
	}
}

// awaited closes seen once want was written to it.
type awaited struct {
	want string
	seen chan struct{}
	text strings.Builder
}

func (a *awaited) Write(p []byte) (int, error) {
	before := strings.Contains(a.text.String(), a.want)
	a.text.Write(p)
	if !before && strings.Contains(a.text.String(), a.want) {
		close(a.seen)
	}
	return len(p), nil
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{"frob"}, {"--frob"}, {"status", "x"}, {"tail", "-n", "5000"}, {"card", "frob"},
		{"replay", "x"}, {"replay", "x", "--protocol", "line", "--to", "y"}, {"capture"},
	} {
		if got := run(t, "", args...); got.code != 64 || got.stderr == "" {
			t.Errorf("%q: code %d: %s", args, got.code, got.stderr)
		}
	}
	if got := run(t, "", "bord"); !strings.Contains(got.stderr, "did you mean board?") {
		t.Errorf("%s: the nearest command is another", got.stderr)
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
