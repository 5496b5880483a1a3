package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"badged/enroll/store"
	"badged/internal/clock"
	"badged/internal/ctl"
	"badged/internal/rig/sim"
	"badged/sync/identity"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"badged": main}) }

// TestScripts tells stories of the whole program (DESIGN §12, T1, T3, T4): what is
// wrong, one clear message, the exit code, and nothing lost.
func TestScripts(t *testing.T) {
	cmds := map[string]func(*testscript.TestScript, bool, []string){
		"expand": expand, "exits": exits, "joined": joined, "token": token, "start": start, "end": end,
		"status": awaitStatus, "events": events, "reader": plug, "tap": tap, "limit": limit, "floor": floor, "give-away": giveAway,
	}
	maps.Copy(cmds, osdpCmds)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			w := &world{dir: env.WorkDir, readers: map[string]*sim.Reader{}, osdp: map[string]*sim.OSDPReader{}}
			env.Values[worldKey{}] = w
			env.Defer(w.end)
			return nil
		},
		Cmds: cmds,
	})
}

// world is what a script has around its program.
type world struct {
	dir     string
	readers map[string]*sim.Reader
	osdp    map[string]*sim.OSDPReader
	bus     *sim.OSDPBus // of osdp
	cmd     *exec.Cmd
	log     logBuffer
}

// logBuffer is what a program has logged so far.
type logBuffer struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

type worldKey struct{}

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

func (w *world) end() {
	for _, r := range w.readers {
		_ = r.Close()
	}
	if w.cmd != nil {
		_ = w.cmd.Process.Kill()
		_ = w.cmd.Wait()
	}
}

// patience is how long a condition may take to come true.
const patience = 2 * time.Minute

// await asks until ok, or fails with what was seen last.
func await(ts *testscript.TestScript, ok func() (bool, string)) {
	late := time.After(patience)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		good, seen := ok()
		if good {
			return
		}
		select {
		case <-again.C:
		case <-late:
			ts.Fatalf("waited in vain, last seen:\n%s\nlog:\n%s", seen, worldOf(ts).log.String())
		}
	}
}

// expand FILE puts the script's folder in the place of WORK.
func expand(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.ReplaceAll(ts.ReadFile(args[0]), "WORK", worldOf(ts).dir)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// exits CODE PROGRAM ARGS... runs a program to its end.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var ee *exec.ExitError
	switch got := 0; {
	case err != nil && !errors.As(err, &ee):
		ts.Fatalf("%v", err)
	default:
		if ee != nil {
			got = ee.ExitCode()
		}
		if got != want {
			ts.Fatalf("exit code %d, want %d", got, want)
		}
	}
}

// joined gives the terminal an identity whose hub is nowhere.
func joined(ts *testscript.TestScript, _ bool, _ []string) {
	id, err := identity.SelfMade("lyon", "hall")
	ts.Check(err)
	ts.Check(identity.Write(ts.MkAbs("state"), id))
}

// token used|other sets TOKEN to one of a join server: it was used, or another server
// answers at its address.
func token(ts *testscript.TestScript, _ bool, args []string) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are the point
	srv.StartTLS()
	ts.Defer(srv.Close)
	ca := srv.Certificate()
	if args[0] == "other" {
		id, err := identity.SelfMade("lyon", "hall")
		ts.Check(err)
		ca = id.CA
	}
	t, err := identity.NewToken("lyon", "hall", srv.Listener.Addr().String(), ca)
	ts.Check(err)
	ts.Setenv("TOKEN", t.Reveal())
}

// start ARGS... runs badged in the background, one at a time.
func start(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	path, err := exec.LookPath("badged")
	ts.Check(err)
	w.log = logBuffer{}
	w.cmd = exec.Command(path, args...)
	w.cmd.Dir = w.dir
	w.cmd.Stderr = &w.log
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	ts.Check(w.cmd.Start())
}

// end CODE [kill] asks the program to end, or kills it, and leaves its log in the file log.
func end(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	sig := syscall.SIGTERM
	if len(args) > 1 {
		sig = syscall.SIGKILL
	}
	ts.Check(w.cmd.Process.Signal(sig))
	_ = w.cmd.Wait()
	code := w.cmd.ProcessState.ExitCode()
	w.cmd = nil
	ts.Check(os.WriteFile(filepath.Join(w.dir, "log"), []byte(w.log.String()), 0o600))
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s; log:\n%s", code, args[0], w.log.String())
	}
}

func client(ts *testscript.TestScript) *ctl.Client {
	return ctl.NewClient(filepath.Join(worldOf(ts).dir, "c.sock"))
}

// status REGEXP waits until the status, as JSON, matches.
func awaitStatus(ts *testscript.TestScript, _ bool, args []string) {
	re := regexp.MustCompile(args[0])
	await(ts, func() (bool, string) {
		s, err := client(ts).Status(context.Background())
		if err != nil {
			return false, err.Error()
		}
		b, err := json.Marshal(s)
		ts.Check(err)
		return re.Match(b), string(b)
	})
}

// events REGEXP waits until the events, a line "kind reason" each, match.
func events(ts *testscript.TestScript, _ bool, args []string) {
	re := regexp.MustCompile(args[0])
	await(ts, func() (bool, string) {
		var b strings.Builder
		err := client(ts).Events(context.Background(), 1000, false, func(ev ctl.Event) error {
			_, err := fmt.Fprintln(&b, ev.Kind, ev.Reason)
			return err
		})
		if err != nil {
			return false, err.Error()
		}
		return re.MatchString(b.String()), b.String()
	})
}

// reader NAME plugs a reader in.
func plug(ts *testscript.TestScript, _ bool, args []string) {
	r, err := sim.NewReader(ts.MkAbs(args[0]))
	ts.Check(err)
	worldOf(ts).readers[args[0]] = r
}

// tap NAME CARD presents a badge.
func tap(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(worldOf(ts).readers[args[0]].Tap(args[1]))
}

// limit BYTES lets no file of the running program grow beyond that: what a full disk
// looks like without being root.
func limit(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.ParseUint(args[0], 10, 64)
	ts.Check(err)
	ts.Check(unix.Prlimit(worldOf(ts).cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: n, Max: n}, nil))
}

// floor DATE says that the hub once told this time, so that the clock is behind.
func floor(ts *testscript.TestScript, _ bool, args []string) {
	at, err := time.Parse(time.DateOnly, args[0])
	ts.Check(err)
	s, err := store.Open(context.Background(), store.Options{Path: ts.MkAbs("state/badged.db"), Terminal: "hall"})
	ts.Check(err)
	ts.Check(s.KeepTime(context.Background(), clock.From(at).Kept))
	ts.Check(s.Close())
}

// give-away FILE makes it somebody else's, or, without the right to, everybody's.
func giveAway(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	if os.Chown(path, 12345, -1) != nil {
		ts.Check(os.Chmod(path, 0o644))
	}
}
