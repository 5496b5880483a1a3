package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"badged/internal/cli"
	"badged/sync/hub/api"
)

// beProgram in the environment makes this test program badgehub.
const beProgram = "BADGEHUB_TEST_RUN"

// patience bounds how long a test waits for what must happen.
const patience = 2 * time.Minute

func TestMain(m *testing.M) {
	if os.Getenv(beProgram) == "" {
		os.Exit(m.Run())
	}
	main()
}

// process is a running `badgehub serve`.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	dir string
	log *bytes.Buffer // read it after the end
	ready
}

// serveIn starts a hub in dir, on the given addresses or on free ones.
func serveIn(t *testing.T, dir string, listen ...string) *process {
	t.Helper()
	p := &process{t: t, dir: dir, log: new(bytes.Buffer)}
	if listen == nil {
		listen = []string{"127.0.0.1:0", "127.0.0.1:0"}
	}
	p.cmd = exec.Command(os.Args[0], append([]string{"serve", "--json", "--dir", dir, "--listen-mqtt", listen[0], "--listen-web", listen[1]}, listen[2:]...)...)
	p.cmd.Env = append(os.Environ(), beProgram+"=1")
	p.cmd.Stderr = p.log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &p.ready)
	}
	if err != nil {
		_ = p.cmd.Wait() // the log tells more
		t.Fatalf("the hub is not ready: %v\n%s", err, p.log)
	}
	return p
}

// stop ends the hub with a signal and gives its exit code.
func (p *process) stop(sig os.Signal) int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatal(err)
	}
	_ = p.cmd.Wait() // the exit code tells
	return p.cmd.ProcessState.ExitCode()
}

// run runs badgehub with the socket of the hub.
func (p *process) run(args ...string) (string, error) {
	return runHub(p.t, append(args, "--socket", p.Socket)...)
}

func runHub(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, errs bytes.Buffer
	err := Run(t.Context(), args, func(string) string { return "" }, cli.Stdio{Out: &out, Err: &errs})
	return out.String(), err
}

// get runs badgehub --json and decodes what it prints.
func get[T any](p *process, args ...string) (v T) {
	p.t.Helper()
	out, err := p.run(append(args, "--json")...)
	if err == nil {
		err = json.Unmarshal([]byte(out), &v)
	}
	if err != nil {
		p.t.Fatalf("badgehub %s: %v", strings.Join(args, " "), err)
	}
	return v
}

// rows runs a list with --json and decodes its lines.
func rows[T any](p *process, args ...string) (all []T) {
	p.t.Helper()
	out, err := p.run(append(args, "--json")...)
	if err != nil {
		p.t.Fatalf("badgehub %s: %v", strings.Join(args, " "), err)
	}
	for d := json.NewDecoder(strings.NewReader(out)); d.More(); {
		var v T
		if err := d.Decode(&v); err != nil {
			p.t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

// setting is the value of a setting of the site.
func setting(s api.Site, name string) string {
	for _, v := range s.Settings {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

func TestAnOperatorManagesTheHub(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "hub")
	p := serveIn(t, dir)
	ada := get[api.Account](p, "account", "add", "Ada Byron", "--email", "ada@example.com", "--lang", "en", "--active")
	if ada.State != "active" || ada.Kind != "person" || ada.Display != "Ada Byron" || len(ada.ID) != 32 {
		t.Errorf("account %+v", ada)
	}
	if d := get[api.Door](p, "door", "add", "front", "--fresh-for", "24h", "--stale", "staff"); d.FreshFor != 86400 || d.Stale != "staff" {
		t.Errorf("door %+v", d)
	}
	g := get[api.Grant](p, "grant", "add", "ada@example.com", "front", "--from", "2030-01-01", "--to", "2030-06-01T08:00:00Z")
	if g.AccountName != "Ada Byron" || g.From.IsZero() || g.To.IsZero() {
		t.Errorf("grant %+v", g)
	}
	c := get[api.IssuedClaim](p, "claim", "add", "Ada Byron", "--door", "front", "--minutes", "5")
	if len(c.Code) != 4 || time.Until(c.Ends.Time) > 5*time.Minute {
		t.Error("a claim of another length or life")
	}
	if l := rows[api.Claim](p, "claim", "list"); len(l) != 1 || l[0].State != "live" || l[0].Doors[0] != "front" {
		t.Errorf("claims %+v", l)
	}
	for _, args := range [][]string{
		{"claim", "remove", c.ID}, {"grant", "remove", g.ID}, {"account", "state", "Ada Byron", "suspended"},
		{"site", "set", "code_digits=6", "unknown-badge=refuse", "edit_profile=false"},
	} {
		if out, err := p.run(args...); err != nil {
			t.Errorf("%v: %v %s", args, err, out)
		}
	}
	if s := get[api.Site](p, "site", "reopen"); setting(s, "code_digits") != "6" || setting(s, "unknown_badge") != "refuse" || setting(s, "edit_profile") != "false" || s.ID != p.Site {
		t.Errorf("site %+v", s)
	}
	for _, what := range []string{"account", "door", "grant", "claim", "card", "terminal", "event"} {
		if _, err := p.run(what, "list"); err != nil {
			t.Errorf("%s list: %v", what, err)
		}
	}
	info, err := os.Stat(p.Socket)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", info.Mode(), err)
	}
	if code := p.stop(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.log)
	}
	if strings.Contains(p.log.String(), c.Code) {
		t.Error("the code is in the log")
	}
	again := serveIn(t, dir)
	if l := rows[api.Account](again, "account", "list"); len(l) != 1 || l[0].State != "suspended" || again.Site != p.Site {
		t.Errorf("after a restart: %+v", l)
	}
}

// Changing one setting of a door leaves the others, and says what they all are.
func TestADoorKeepsTheSettingsThatAreNotGiven(t *testing.T) {
	p := serveIn(t, t.TempDir())
	get[api.Door](p, "door", "add", "lab", "--anonymous", "--fresh-for", "24h", "--unknown-time", "allow")
	out, err := p.run("door", "add", "lab", "--stale", "staff")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"anonymous true", "fresh-for 24h", "stale staff", "unknown-time allow"} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), line) {
			t.Errorf("no %q in\n%s", line, out)
		}
	}
	if d := get[api.Door](p, "door", "add", "lab", "--anonymous=false"); d.Anonymous || d.FreshFor != 86400 || d.Stale != "staff" {
		t.Errorf("%+v", d)
	}
	for _, short := range []string{"500ms", "59s"} { // half a second is not 0, which is 72 hours
		if _, err := p.run("door", "add", "lab", "--fresh-for", short); err == nil || !strings.Contains(err.Error(), "60") {
			t.Errorf("--fresh-for %s: %v", short, err)
		}
	}
	if list, err := p.run("door", "list"); err != nil || !strings.Contains(list, "FRESH-FOR") || !strings.Contains(list, "24h ") {
		t.Errorf("%v\n%s", err, list)
	}
}

func TestANewCodeSaysThatTheFormerOneIsVoid(t *testing.T) {
	p := serveIn(t, t.TempDir())
	get[api.Account](p, "account", "add", "Ada Byron", "--active")
	for i, want := range []bool{false, true} {
		out, err := p.run("claim", "add", "Ada Byron")
		if err != nil || strings.Contains(out, "former code works no more") != want {
			t.Errorf("code %d: %v, says that the former one is void: %t", i+1, err, !want)
		}
	}
}

func TestTheVersionIsToldAndHelpIsReadable(t *testing.T) {
	if out, err := runHub(t, "--version"); err != nil || !strings.Contains(out, "badgehub version "+version) {
		t.Errorf("%q, %v", out, err)
	}
	out, err := runHub(t, "account", "add", "--help")
	if err != nil || !strings.Contains(out, "--active         usable") {
		t.Errorf("%v\n%s", err, out)
	}
}

// What a person gets wrong, and what they are told.
func TestErrorsSayWhatToDo(t *testing.T) {
	dir := t.TempDir()
	p := serveIn(t, dir)
	taken := p.MQTT
	broken := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(broken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	loose := t.TempDir()
	serveIn(t, loose).stop(syscall.SIGTERM)
	if err := os.Chmod(filepath.Join(loose, "hub.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		says string
		code int
	}{
		{[]string{"account", "list", "--dir", t.TempDir()}, "badgehub serve", cli.ExitTemporary},
		{[]string{"serve", "--dir", dir}, "another `badgehub serve`", 1},
		{[]string{"serve", "--dir", t.TempDir(), "--listen-mqtt", taken}, "another program", 1},
		{[]string{"serve", "--dir", t.TempDir(), "--listen-mqtt", "127.0.0.1:0", "--listen-web", p.Web}, "--listen-web", 1},
		{[]string{"serve", "--dir", broken}, "--dir", 1},
		{[]string{"serve", "--dir", loose}, "chmod 600", 1},
		{[]string{"serve", "--log", "xml"}, "text or json", cli.ExitUsage},
		{[]string{"serve", "--nonsense"}, "--help", cli.ExitUsage},
		{[]string{"account", "add"}, "`badgehub account add NAME` takes 1 argument,", cli.ExitUsage},
		{[]string{"account", "state", "x"}, "`badgehub account state ACCOUNT STATE` takes 2 arguments,", cli.ExitUsage},
		{[]string{"account", "add", "anonym7", "--socket", p.Socket}, "reserved", 1},
		{[]string{"terminal", "add", "a b", "--socket", p.Socket}, "1 to 63 lower-case letters", 1},
		{[]string{"claim", "add", "x", "--minutes", "0", "--socket", p.Socket}, "--minutes 0", cli.ExitUsage},
		{[]string{"claim", "add", "x", "--minutes", "-7", "--socket", p.Socket}, "one minute to 30 days", 1},
		{[]string{"claim", "add", "x", "--minutes", "9000000", "--socket", p.Socket}, "30 days", 1},
		{[]string{"schedule", "set", "office", "--socket", p.Socket}, "takes at least 2 arguments", cli.ExitUsage},
		{[]string{"admin", "link", "a", "b", "--socket", p.Socket}, "takes at most 1 argument", cli.ExitUsage},
		{[]string{"serve", "--tls-cert", "a", "--dir", t.TempDir()}, "badgehub serve --help", cli.ExitUsage},
		{[]string{"account", "nonsense"}, "no command", cli.ExitUsage},
		{[]string{"nonsense"}, "nonsense", cli.ExitUsage},
		{[]string{"site", "set", "--socket", p.Socket}, "nothing to set", cli.ExitUsage},
		{[]string{"site", "set", "guess_budget", "--socket", p.Socket}, "NAME=VALUE", cli.ExitUsage},
		{[]string{"site", "set", "guess_budget=-1", "--socket", p.Socket}, "guess_budget", 1},
		{[]string{"site", "set", "lang=de", "--socket", p.Socket}, "lang", 1},
		{[]string{"site", "set", "colour=red", "--socket", p.Socket}, "badgehub site show", 1},
		{[]string{"grant", "add", "x", "y", "--from", "yesterday", "--socket", p.Socket}, "yesterday", 1},
		{[]string{"card", "list", "--since", "today", "--socket", p.Socket}, "--unknown", cli.ExitUsage},
		{[]string{"schedule", "set", "office", "monday", "--socket", p.Socket}, "mon-fri/08:00-18:30", cli.ExitUsage},
		{[]string{"account", "erase", "x", "--socket", p.Socket}, "--yes", cli.ExitUsage},
		{[]string{"account", "edit", "x", "--socket", p.Socket}, "nothing to change", cli.ExitUsage},
		{[]string{"restore", "nowhere", "--dir", dir}, "stop it first", 1},
		{[]string{"claim", "add", "nobody", "--socket", p.Socket}, "badgehub account list", 1},
		{[]string{"claim", "remove", "x", "--socket", p.Socket}, "32 hex digits", 1},
		{[]string{"account", "state", "nobody", "happy", "--socket", p.Socket}, "badgehub account list", 1},
		{[]string{"terminal", "add", "Hall!", "--socket", p.Socket}, "lower-case", 1},
		{[]string{"event", "list", "--limit", "-3", "--socket", p.Socket}, "less than none", cli.ExitUsage},
	} {
		_, err := runHub(t, c.args...)
		if err == nil || !strings.Contains(err.Error(), c.says) || command.Exit(err, io.Discard) != c.code {
			t.Errorf("badgehub %s: %v (exit %d, want %d and %q)", strings.Join(c.args, " "), err, command.Exit(err, io.Discard), c.code, c.says)
		}
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	for _, c := range []string{
		"serve", "account add", "account list", "account show", "account edit", "account state", "account merge", "account erase",
		"account edits", "account requests", "account import", "account undo-import", "account export", "group list", "group add", "group rename", "group remove", "group join", "group leave",
		"card list", "card state", "card give", "card free", "claim add", "claim list", "claim remove", "pin add", "pin remove",
		"door add", "door list", "door remove", "grant add", "grant list", "grant remove", "schedule set", "schedule list",
		"schedule remove", "holiday add", "holiday list", "holiday remove", "terminal add", "terminal list", "terminal remove",
		"event list", "event follow", "audit list", "audit verify", "alarm list", "alarm acknowledge", "site show", "site set", "site reopen", "backup", "restore", "db copy",
	} {
		out, err := runHub(t, append(strings.Fields(c), "--help")...)
		if err != nil || !strings.Contains(out, "Examples:\n  badgehub "+c) {
			t.Errorf("badgehub %s --help: %v\n%s", c, err, out)
		}
	}
	if out, err := runHub(t); err != nil || !strings.Contains(out, "Available Commands") {
		t.Errorf("badgehub: %v", err)
	}
}
